"""The command line: one file a verb. Printing and exit codes live here only."""

import argparse
import sys
from collections.abc import Sequence
from typing import NoReturn

from keydeploy import __version__
from keydeploy.cli import (
    adopt,
    apply,
    doctor,
    drift,
    explain,
    generate,
    init,
    lint,
    plan,
    rehearse,
    rollback,
    rotate,
    sandbox,
    show,
    status,
    validate,
)

_VERBS = (
    init,
    adopt,
    validate,
    plan,
    show,
    apply,
    rollback,
    rotate,
    drift,
    status,
    doctor,
    lint,
    explain,
    rehearse,
    generate,
    sandbox,
)

_EPILOG = """\
exit codes:
  0 fine · 1 error, or rolled back · 2 changes pending, or drift · 3 spec invalid, or no node declared
  4 a node could not be reached · 5 roll-out incomplete · 6 policy · 130 interrupted

example:
  keydeploy plan inventory.yml && keydeploy apply inventory.yml
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        complain(message, f"{self.prog} --help shows what it takes")
        raise SystemExit(1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code."""
    parser = _Parser(
        prog="keydeploy",
        description="Configuration as code for key material on load-balanced ASP.NET nodes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"keydeploy {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=_Parser)
    for verb in _VERBS:
        verb.add(commands)
    options = parser.parse_args(arguments)
    if "inventory" in options and not (options.inventory or options.more):
        parser.error("name an inventory, such as inventory.yml")

    from keydeploy.errors import KeydeployError  # noqa: PLC0415 - after parsing, so that --help answers at once

    try:
        code: int = options.run(options)
    except KeydeployError as error:
        complain(error.message, error.hint)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:  # before or after a run, which has an end of its own
        return 130
    return code


def complain(message: str, hint: str | None = None) -> None:
    """Tell an error, and the next step, on the standard error."""
    print(f"keydeploy: error: {message}", file=sys.stderr)  # noqa: T201
    if hint:
        print(f"keydeploy: hint: {hint}", file=sys.stderr)  # noqa: T201
