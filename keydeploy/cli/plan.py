"""`keydeploy plan`: show what apply would change, without changing anything."""

import argparse
from typing import Any

from keydeploy.cli.options import (
    RECORDS,
    add_acceptance,
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
        "plan",
        "show what apply would change, without changing anything",
        "keydeploy plan inventory.yml --out plan.json",
        codes({0: "nothing is to be changed", 2: "changes are pending"}, 1, 3, 4, 5, 6, 130),
    )
    add_inventory(parser, RECORDS)
    add_report(parser)
    add_disclosed(parser)
    add_nodes(parser)
    add_acceptance(parser)
    parser.add_argument("--out", metavar="FILE", help="save the plan, for show and for apply --plan")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import running  # noqa: PLC0415
    from keydeploy.report.model import Verb  # noqa: PLC0415

    return running.run(Verb.PLAN, options)
