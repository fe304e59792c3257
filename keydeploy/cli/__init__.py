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
    completion,
    doctor,
    drift,
    explain,
    generate,
    init,
    lint,
    plan,
    rehearse,
    report,
    rollback,
    rotate,
    sandbox,
    schedule,
    show,
    status,
    streams,
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
    report,
    schedule,
    status,
    doctor,
    lint,
    explain,
    rehearse,
    generate,
    sandbox,
    completion,
)

_PACKAGE = Path(__file__).parent.parent
_WIDTH = 80
"""Columns of a terminal that does not know how many it has."""

_EPILOG = """\
exit codes:
  0 fine · 1 error, or rolled back · 2 changes pending, or drift
  3 spec invalid, or no node declared · 4 a node could not be reached
  5 roll-out incomplete · 6 policy · 130 interrupted

example:
  keydeploy plan inventory.yml && keydeploy apply inventory.yml

keydeploy COMMAND --help tells more.
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        complain(message, f"{self.prog} --help shows what it takes")
        raise SystemExit(1)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code; whatever goes wrong is told in a line or two.

    A standard output that cannot be written turns only "fine" into an error; any other code says more.
    """
    streams.secure()
    try:
        code = _run(arguments)
        unwritten = _unwritten()
        return code or unwritten
    except SystemExit as ended:  # argparse's, after --help or an error
        raise SystemExit(ended.code or _unwritten()) from None
    except KeyboardInterrupt:  # before or after a run, which has an end of its own
        return 130
    except Exception as error:  # its text, and the lines of a traceback, may quote anything
        _tell(error)
        return 1


def _unwritten() -> int:
    """Answer 1 where the standard output does not hold all that was written to it, and tell that; else 0."""
    failure = streams.lost(sys.stdout)
    if failure is None:
        return 0
    complain(f"the standard output cannot be written: {failure.strerror}", "what it was to hold is lost")
    return 1


def parser() -> argparse.ArgumentParser:
    """Answer the parser of the whole command line, without running anything; quick, because verbs import late.

    What is made of the command line is made of it alone: `--help`, completion, the manual page and the documentation.
    """
    parser = _Parser(
        prog="keydeploy",
        description="Configuration as code for key material on load-balanced ASP.NET nodes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"keydeploy {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True, parser_class=_Parser
    )
    for verb in _VERBS:
        verb.add(commands)
    return parser


def _run(arguments: Sequence[str] | None) -> int:
    understands = parser()
    options, unknown = understands.parse_known_args(arguments)
    asked = f"{understands.prog} {options.command} --help shows what it takes"
    if unknown:
        complain(f"unrecognized arguments: {' '.join(unknown)}", asked)
        raise SystemExit(1)
    if "inventory" in options and not (options.inventory or options.more):
        complain("name an inventory, such as inventory.yml", asked)
        raise SystemExit(1)

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
    tell(f"keydeploy: error: {message}")
    if hint:
        tell(f"keydeploy: hint: {hint}")


def tell(line: str) -> None:
    """Write *line* on the standard error; on a terminal it breaks between words and goes on further in."""
    if sys.stderr.isatty():
        import os  # noqa: PLC0415
        import shutil  # noqa: PLC0415
        import textwrap  # noqa: PLC0415

        own = os.get_terminal_size(sys.stderr.fileno())  # the standard output may be a pipe
        width = shutil.get_terminal_size(own).columns or _WIDTH
        parts = textwrap.wrap(line, width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)
        line = "\n".join(parts)
    print(line, file=sys.stderr)  # noqa: T201
