"""The command line: one file a verb. Printing and exit codes live here only."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
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

_PACKAGE = Path(__file__).parent.parent

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
    """Run one command and answer its exit code; whatever goes wrong is told in a line or two."""
    try:
        return _run(arguments)
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:  # before or after a run, which has an end of its own
        return 130
    except Exception as error:  # its text, and the lines of a traceback, may quote anything
        _tell(error)
        return 1


def _run(arguments: Sequence[str] | None) -> int:
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

    code: int = options.run(options)
    return code


def _tell(error: Exception) -> None:
    """Tell what went wrong; of an *error* that nobody expected, only its type and where it came up."""
    from keydeploy.errors import KeydeployError  # noqa: PLC0415 - late, so that --help answers at once

    if isinstance(error, KeydeployError):
        complain(error.message, error.hint)
        return
    complain(
        f"internal error: {type(error).__name__} at {', from '.join(_places(error))}",
        "report this line as a bug of keydeploy; what the error says is left out, because it might quote a secret",
    )


def _places(error: Exception) -> list[str]:
    """Answer as FILE:LINE where *error* was raised, and the line of keydeploy that led there where that is another."""
    import traceback  # noqa: PLC0415

    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    own = [frame for frame in frames if Path(frame[0]).is_relative_to(_PACKAGE)]
    return [f"{Path(file).name}:{line}" for file, line in dict.fromkeys((frames[-1], own[-1]))]


def complain(message: str, hint: str | None = None) -> None:
    """Tell an error, and the next step, on the standard error."""
    print(f"keydeploy: error: {message}", file=sys.stderr)  # noqa: T201
    if hint:
        print(f"keydeploy: hint: {hint}", file=sys.stderr)  # noqa: T201
