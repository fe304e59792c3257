"""`keydeploy doctor`: tell whether every node can be reached and is fit for a roll-out."""

import argparse
from typing import Any

from keydeploy.cli.options import add_inventory, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "doctor",
        "tell whether every node can be reached and is fit for a roll-out; read-only",
        "keydeploy doctor inventory.yml -l web2",
        codes({0: "every node is fit", 1: "an error, or a node is not fit"}, 3, 4, 130),
    )
    add_inventory(parser)
    parser.add_argument("-l", "--limit", metavar="HOSTS", help="look at these hosts only")
    parser.add_argument("-f", "--forks", type=int, metavar="N", help="nodes at a time; all of them is the default")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import looking  # noqa: PLC0415
    from keydeploy.report.checkup import Checkup, NodeCheckup, controller  # noqa: PLC0415

    results = looking.results("doctor", options)
    nodes = {node: NodeCheckup.of(result) for node, result in results.items()}
    found = Checkup(controller=controller(), nodes=nodes)
    looking.show(found, options, looked=bool(nodes))
    return int(found.exit_code)
