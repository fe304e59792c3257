"""`keydeploy show`: print a saved plan."""

import argparse
from typing import Any

from keydeploy.cli.options import verb


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(commands, "show", "print a plan that plan --out saved", "keydeploy show plan.json --diff")
    parser.add_argument("file", metavar="FILE", help="the saved plan")
    parser.add_argument("--diff", action="store_true", help="show the edits, with secrets as their addresses")
    parser.add_argument("--no-color", action="store_true", help="plain text, as with NO_COLOR")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from pathlib import Path  # noqa: PLC0415

    from rich.text import Text  # noqa: PLC0415

    from keydeploy.cli import screen  # noqa: PLC0415
    from keydeploy.report import text  # noqa: PLC0415
    from keydeploy.report.saved_plan import of_saved_plan  # noqa: PLC0415
    from keydeploy.saved_plan import SavedPlan  # noqa: PLC0415

    saved = SavedPlan.read(Path(options.file))
    console = screen.standard_output(options)
    screen.write(console, [Text(f"plan of {saved.time}", style="dim")])
    screen.write(console, text.lines(of_saved_plan(saved), with_diff=options.diff))
    return 0
