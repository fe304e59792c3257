"""`keydeploy report`: tell a saved report in any form, or what has changed between two."""

import argparse
from typing import Any

from keydeploy.cli.options import RECORDS, verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "report",
        "tell a saved report in any form, or what has changed between two runs",
        "keydeploy report drift.json --format html --out drift.html\n"
        "  keydeploy report before.json after.json\n"
        "  keydeploy drift inventory.yml --format json | keydeploy report - --format html --out drift.html",
        {0: "it could be told, whatever the runs had found", 1: "a file is no report, or cannot be read or written"},
    )
    parser.add_argument("file", metavar="FILE", help="what --format json or --report json=FILE has saved; - reads it")
    parser.add_argument("new", nargs="?", metavar="NEW", help="a later report, to be compared with FILE")
    parser.add_argument(
        "--format", choices=RECORDS, default="text", help="how to tell it; two runs as text, json or html"
    )
    parser.add_argument("--out", metavar="FILE", help="write it there, in the place of what is there")
    parser.add_argument("--diff", action="store_true", help="in text, show the edits, with secrets as their addresses")
    parser.add_argument("--timings", action="store_true", help="in text, tell how long each step took")
    parser.add_argument("--no-color", action="store_true", help="plain text, as with NO_COLOR")
    parser.set_defaults(run=run, quiet=False, verbose=0)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.cli import reporting  # noqa: PLC0415

    return reporting.run(options)
