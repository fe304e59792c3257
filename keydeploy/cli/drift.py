"""`keydeploy drift`: tell whether every node is as declared; read-only, for a scheduler."""

import argparse
from typing import Any

from keydeploy.cli.options import RECORDS, add_disclosed, add_inventory, add_nodes, add_report, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "drift",
        "tell whether every node is as declared; read-only, for a scheduler",
        "keydeploy drift inventory.yml --format json",
        codes({0: "every node is as declared", 2: "drift"}, 1, 3, 4, 5, 6, 130),
    )
    add_inventory(parser, RECORDS)
    add_report(parser)
    add_disclosed(parser)
    add_nodes(parser)
    parser.add_argument(
        "--on-drift",
        metavar="COMMAND",
        help="run this by /bin/sh where the exit code is not 0, with the JSON report as its standard input and"
        " KEYDEPLOY_SUMMARY in its environment; docs/schedule.md",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import notifying  # noqa: PLC0415

    return notifying.look(options)
