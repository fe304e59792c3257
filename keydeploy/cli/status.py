"""`keydeploy status`: tell how runs stand on each node."""

import argparse
from typing import Any

from keydeploy.cli.options import add_inventory, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "status",
        "tell for each node the last run, unfinished work, who holds it, and the backups; read-only",
        "keydeploy status inventory.yml",
        codes({0: "every node has answered, and none holds an unfinished run"}, 1, 3, 4, 5, 130),
    )
    add_inventory(parser)
    parser.add_argument("-l", "--limit", metavar="HOSTS", help="look at these hosts only")
    parser.add_argument("-f", "--forks", type=int, metavar="N", help="nodes at a time; all of them is the default")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import looking  # noqa: PLC0415
    from keydeploy.report.status import NodeStatus, Status  # noqa: PLC0415

    results = looking.results("status", options)
    status = Status(tuple(NodeStatus.of(node, result) for node, result in results.items()))
    looking.show(status, options, looked=bool(results))
    return int(status.exit_code)
