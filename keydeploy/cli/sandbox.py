"""`keydeploy sandbox`: folders that play Windows nodes."""

import argparse
from typing import Any

from keydeploy.cli.options import verb

_DEFAULT_APPLICATION = "/portal"


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "sandbox",
        "make folders that play Windows nodes, for rehearsals and tests",
        "keydeploy sandbox create demo/web1 demo/web2 --application /portal=web.config",
    )
    kinds = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=type(parser))
    create = verb(
        kinds,
        "create",
        "lay out folders like a Windows Server with IIS",
        "keydeploy sandbox create demo/web1 demo/web2 --application /portal=web.config",
    )
    create.add_argument("folders", nargs="+", metavar="DIR", help="a new folder for each node")
    create.add_argument(
        "--application",
        action="append",
        default=[],
        metavar="PATH[=FILE]",
        help=f"an application, with a copy of FILE as its web.config (default: {_DEFAULT_APPLICATION})",
    )
    create.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from pathlib import Path  # noqa: PLC0415

    from keydeploy.errors import KeydeployError  # noqa: PLC0415
    from keydeploy.node import layout  # noqa: PLC0415

    applications: dict[str, bytes | None] = {}
    for text in options.application or [_DEFAULT_APPLICATION]:
        path, _, file = text.partition("=")
        try:
            applications[path] = Path(file).read_bytes() if file else None
        except OSError:
            raise KeydeployError(f"{file} cannot be read", hint="name the web.config to copy") from None
    for folder in options.folders:
        try:
            layout.create(Path(folder), applications)
        except OSError as error:
            raise KeydeployError(
                f"{folder} cannot be made: {error.strerror}", hint="name a folder where you may write"
            ) from None
        print(f"made {folder}")  # noqa: T201
    return 0
