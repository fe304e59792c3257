"""`keydeploy lint`: point out what is legal and unwise in configuration files, or on nodes."""

import argparse
from typing import Any

from keydeploy.cli.options import add_disclosed, add_telling, add_vault, codes, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "lint",
        "point out what is legal and unwise, in configuration files or on the nodes of an inventory; read-only",
        "keydeploy lint src/Web/web.config\n  keydeploy lint inventory.yml --format sarif",
        codes({0: "nothing that counts as an error", 6: "an error was found, or --strict and a warning"}, 1, 3, 4, 130),
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH|INVENTORY",
        help="a folder or a .config file is looked at here; an inventory file is asked for its nodes",
    )
    parser.add_argument(
        "-i",
        "--inventory",
        dest="more",
        action="append",
        default=[],
        metavar="INVENTORY",
        help="an inventory, as for Ansible: its nodes are asked",
    )
    parser.add_argument("--offline", action="store_true", help="look at files only, also at inventories; for commits")
    parser.add_argument(
        "--single", action="store_true", help="files are of one server, not of a farm behind a balancer"
    )
    add_disclosed(parser)
    parser.add_argument("--baseline", metavar="FILE", help="accept the findings in it; docs/lint.md")
    parser.add_argument("--write-baseline", metavar="FILE", help="write what is found now, to be accepted from now on")
    parser.add_argument(
        "--error",
        dest="errors",
        action="append",
        default=[],
        metavar="RULE",
        help="count what this rule finds as errors; may be given more than once",
    )
    parser.add_argument("--strict", action="store_true", help="let warnings and unreadable files count as errors do")
    parser.add_argument("--rules", action="store_true", help="list the rules and end")
    parser.add_argument("--rule", metavar="ID", help="tell why a rule is one and what to do, and end")
    parser.add_argument("-l", "--limit", metavar="HOSTS", help="look at these hosts only")
    parser.add_argument("-f", "--forks", type=int, metavar="N", help="nodes at a time; all of them is the default")
    parser.add_argument("-e", "--extra-vars", action="append", default=[], metavar="VARS", help="name=value or @FILE")
    add_vault(parser)
    parser.add_argument("-v", "--verbose", action="count", default=0, help="show Ansible's own output; -vvv shows more")
    parser.add_argument("--format", choices=("text", "json", "sarif"), default="text", help="how to print the result")
    add_telling(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import linting  # noqa: PLC0415

    return linting.run(options)
