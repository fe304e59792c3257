"""`keydeploy rotate`: replace keys where they are kept, and on every node at one instant."""

import argparse
from typing import Any

from keydeploy.cli.options import add_acceptance, add_disclosed, add_reading, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "rotate",
        "replace keys where they are kept, encrypted, and on every node at one instant or not at all",
        "keydeploy rotate inventory.yml machine_keys.portal --vault-password-file ~/.vault\n"
        "  keydeploy rotate inventory.yml portal PortalConfiguration --check\n"
        "  keydeploy rotate inventory.yml certificates.session --pfx new.pfx --pfx-password-file password.txt",
        codes({0: "replaced, and verified", 2: "--check: what would be replaced was told"}, 1, 3, 4, 5, 6, 130),
    )
    parser.add_argument("inventory", metavar="INVENTORY", help="an Ansible inventory: file, folder or script")
    parser.add_argument(
        "names",
        nargs="+",
        metavar="NAME",
        help="a machine key, key container or certificate of the spec: portal, machine_keys.portal, or with its farm"
        " in front farm/machine_keys.portal",
    )
    add_reading(parser)
    add_disclosed(parser)
    given = parser.add_argument_group("for certificates, which others issue")
    given.add_argument("--pfx", metavar="FILE", help="the new certificate with its key, as PFX")
    given.add_argument("--pem", metavar="FILE", help="the same as PEM: certificate, key and chain in one file")
    given.add_argument(
        "--pfx-password-file", metavar="FILE", help="a file that holds the password of the PFX or of the key"
    )
    parser.add_argument(
        "--print", action="store_true", help="print new keys in clear, for another secret store; nothing is rolled out"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask; without a terminal it is needed")
    parser.add_argument("--check", action="store_true", help="only tell what would be replaced and what that ends")
    parser.add_argument(
        "--with-pending", action="store_true", help="roll out what else is pending on the nodes of these farms, too"
    )
    parser.add_argument(
        "--compromised",
        action="store_true",
        help="the present keys are known to others: remove all backups of them once the change is confirmed",
    )
    add_acceptance(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import rotating  # noqa: PLC0415

    return rotating.run(options)
