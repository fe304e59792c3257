"""`keydeploy drift`: tell whether every node is as declared; read-only, for a scheduler."""

import argparse
from typing import Any

from keydeploy.cli.options import add_disclosed, add_inventory, add_nodes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "drift",
        "tell whether every node is as declared; read-only, for a scheduler",
        "keydeploy drift inventory.yml --format json",
    )
    add_inventory(parser)
    add_disclosed(parser)
    add_nodes(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import running  # noqa: PLC0415
    from keydeploy.report.model import Verb  # noqa: PLC0415

    return running.run(Verb.DRIFT, options)
