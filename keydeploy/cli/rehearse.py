"""`keydeploy rehearse`: roll out on copies of the nodes, with made-up secrets."""

import argparse
from typing import Any

from keydeploy.cli.options import add_acceptance, add_disclosed, add_inventory, add_nodes, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "rehearse",
        "roll out on copies of the nodes, with made-up secrets and with faults where asked; the nodes are only read",
        "keydeploy rehearse inventory.yml --fault web2:journal.commit:fail",
        codes({0: "the roll-out on the copies would do"}, 1, 3, 4, 5, 6, 130),
    )
    add_inventory(parser)
    add_disclosed(parser)
    add_nodes(parser)
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="HOST:OPERATION:WHAT",
        help="what goes wrong on the copy of a node, as docs/sandbox.md tells; details behind commas: fail,code=io",
    )
    add_acceptance(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import rehearsing  # noqa: PLC0415

    return rehearsing.run(options)
