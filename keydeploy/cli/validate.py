"""`keydeploy validate`: check the spec alone; no node is contacted."""

import argparse
from typing import Any

from keydeploy.cli.options import RECORDS, add_disclosed, add_inventory, add_report, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "validate",
        "check the spec alone; no node is contacted",
        "keydeploy validate inventory.yml",
        codes({0: "the spec is valid"}, 1, 3, 6, 130),
    )
    add_inventory(parser, RECORDS)
    add_report(parser)
    add_disclosed(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import running  # noqa: PLC0415
    from keydeploy.report.model import Verb  # noqa: PLC0415

    return running.run(Verb.VALIDATE, options)
