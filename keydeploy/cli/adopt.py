"""`keydeploy adopt`: read a farm that people have set up, and write a spec that says the same."""

import argparse
from typing import Any

from keydeploy.cli.options import add_disclosed, add_inventory, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "adopt",
        "read a farm that people have set up, and write a spec that says the same, its keys in a vault; read-only"
        " on the nodes",
        "keydeploy adopt inventory.yml --farm portal --vault-password-file ~/.vault",
        codes({0: "written", 2: "written, and nodes differ", 3: "there is no host to adopt"}, 1, 4, 6, 130),
    )
    add_inventory(parser)
    parser.add_argument("-l", "--limit", metavar="HOSTS", help="these hosts are the farm")
    parser.add_argument("-f", "--forks", type=int, metavar="N", help="nodes at a time; all of them is the default")
    parser.add_argument(
        "--farm", metavar="NAME", help="what the farm is called (default: the group that holds exactly these hosts)"
    )
    parser.add_argument(
        "--output",
        metavar="FOLDER",
        help="where to write (default: the inventory's folder, in group_vars of the group that holds these hosts)",
    )
    parser.add_argument(
        "--container-key",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="the private key of a key container, as PEM or RSAKeyValue: Windows gives none away",
    )
    parser.add_argument(
        "--partial", action="store_true", help="write also where nodes could not be read, from those that could"
    )
    parser.add_argument(
        "--encrypt-vault-id", metavar="ID", help="the vault identity that encrypts, where several are named"
    )
    add_disclosed(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import adopting  # noqa: PLC0415

    return adopting.run(options)
