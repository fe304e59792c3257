"""`keydeploy doctor`: tell whether every node can be reached and is fit for a roll-out."""

import argparse
from typing import Any

from keydeploy.cli.options import add_inventory, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "doctor",
        "tell whether every node can be reached and is fit for a roll-out; read-only",
        "keydeploy doctor inventory.yml -l web2",
    )
    add_inventory(parser)
    parser.add_argument("-l", "--limit", metavar="HOSTS", help="look at these hosts only")
    parser.add_argument("-f", "--forks", type=int, metavar="N", help="nodes at a time; all of them is the default")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    import json  # noqa: PLC0415
    import sys  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    from rich.console import Console  # noqa: PLC0415

    from keydeploy.cli.running import complain_of_nothing_declared  # noqa: PLC0415
    from keydeploy.report import checkup  # noqa: PLC0415

    found = checkup.Checkup(controller=checkup.controller(), nodes=_examine(options))
    if options.format == "json":
        json.dump(found.to_json(datetime.now(UTC).isoformat(timespec="seconds")), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        console = Console(no_color=options.no_color or None, highlight=False, soft_wrap=True)
        for line in found.lines():
            console.print(line)
    if not found.nodes:
        complain_of_nothing_declared()
    return int(found.exit_code)


def _examine(options: argparse.Namespace) -> dict[str, Any]:
    """Answer the result of each node that declares something."""
    from rich.console import Console  # noqa: PLC0415

    from keydeploy.cli.options import arguments  # noqa: PLC0415
    from keydeploy.cli.running import progress  # noqa: PLC0415
    from keydeploy.engine import Engine  # noqa: PLC0415
    from keydeploy.report.checkup import NodeCheckup  # noqa: PLC0415

    messages = Console(stderr=True, no_color=options.no_color or None, highlight=False, soft_wrap=True)
    engine = Engine("doctor", arguments(options))
    found = {}
    try:
        with progress(messages) as show:
            for event in engine.events():
                show(event)
                if event.kind == "result" and event.host and event.result.get("state") != "skipped":
                    found[event.host] = NodeCheckup.of(event.result)
    finally:
        engine.kill()
    return found
