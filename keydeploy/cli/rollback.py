"""`keydeploy rollback`: take back all that an earlier run changed, on every node at one instant or not at all."""

import argparse
from typing import Any

from keydeploy.cli.options import RECORDS, add_change, add_inventory, add_nodes, add_report, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "rollback",
        "take back all that a run changed, on every node at one instant or not at all",
        "keydeploy rollback inventory.yml --to 5c2d61f0a8b74c0e9d3f6b1a7e4c8d90",
        codes(
            {
                0: "taken back, and verified",
                1: "an error, or not taken back",
                2: "--check: something can be taken back",
            },
            3,
            4,
            5,
            130,
        ),
    )
    add_inventory(parser, RECORDS)
    add_report(parser)
    add_nodes(parser)
    parser.add_argument(
        "--to", metavar="RUN", help="go back to before this run, which keydeploy status names; the last one by default"
    )
    parser.add_argument(
        "--force", action="store_true", help="also where somebody has changed something since; that change goes, too"
    )
    add_change(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import running  # noqa: PLC0415
    from keydeploy.report.model import Verb  # noqa: PLC0415

    return running.run(Verb.ROLLBACK, options)
