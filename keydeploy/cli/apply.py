"""`keydeploy apply`: bring every node of each farm to what is declared, at one instant or not at all."""

import argparse
from typing import Any

from keydeploy.cli.options import (
    RECORDS,
    add_acceptance,
    add_change,
    add_disclosed,
    add_inventory,
    add_nodes,
    add_report,
    codes,
    verb,
)


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "apply",
        "bring every node of each farm to what is declared, at one instant or not at all",
        "keydeploy apply inventory.yml",
        codes(
            {
                0: "as declared, and verified",
                1: "an error, or rolled back and verified",
                2: "--check: changes are pending",
            },
            3,
            4,
            5,
            6,
            130,
        ),
    )
    add_inventory(parser, RECORDS)
    add_report(parser)
    add_disclosed(parser)
    add_nodes(parser)
    parser.add_argument(
        "--plan", metavar="FILE", help="only what this saved plan shows: refused when anything has moved"
    )
    parser.add_argument(
        "--compromised",
        action="store_true",
        help="the keys that are replaced are known to others: remove all backups of them once the change is confirmed",
    )
    add_acceptance(parser)
    add_change(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from pathlib import Path  # noqa: PLC0415

    from keydeploy.cli import running  # noqa: PLC0415
    from keydeploy.report.model import Verb  # noqa: PLC0415
    from keydeploy.saved_plan import SavedPlan  # noqa: PLC0415

    if options.plan:
        SavedPlan.read(Path(options.plan))  # one that is none is told before anything is contacted
    return running.run(Verb.APPLY, options)
