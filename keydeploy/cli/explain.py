"""`keydeploy explain`: what an error means, its causes told apart, and what settles which."""

import argparse
from typing import TYPE_CHECKING, Any

from keydeploy.cli.options import codes, verb

if TYPE_CHECKING:
    from pathlib import Path

    from keydeploy.errors import KeydeployError
    from keydeploy.explain import Log, Pasted
    from keydeploy.report.explanation import Explanation

_EXAMPLE = """\
keydeploy explain 0x80090016
  keydeploy explain "Validation of viewstate MAC failed"
  keydeploy explain application.evtx
  keydeploy explain - < trace.txt"""
_SUFFIXES = (".xml", ".evtx", ".txt", ".log", ".csv")
_NO_FILE_NAME = frozenset(" \t\r\n\0")
_WIDEST = 120
"""Characters of a line of prose."""
_LIST = "keydeploy explain --list shows what it knows"


def add(commands: Any) -> None:
    """Add the verb."""
    parser = verb(
        commands,
        "explain",
        "tell what an error means, and what settles which cause it has",
        _EXAMPLE,
        codes({0: "recognised", 1: "an error, or nothing was recognised"}),
    )
    parser.add_argument(
        "what",
        metavar="CODE|TEXT|FILE|-",
        nargs="*",
        help="an error code in any spelling, a message or a trace, a file with one or with an exported event log "
        "(.evtx, .xml, .csv, .txt), or - for the standard input",
    )
    parser.add_argument("--list", action="store_true", help="list what is known")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how to print the result")
    parser.add_argument("--no-color", action="store_true", help="plain text, as with NO_COLOR")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Carry it out."""
    from keydeploy.errors import KeydeployError  # noqa: PLC0415
    from keydeploy.report.explanation import everything  # noqa: PLC0415

    if options.list == bool(options.what):
        raise KeydeployError("name either an error or --list", hint="such as keydeploy explain 0x80090016")
    found = everything() if options.list else _explain(options.what)
    if options.format == "json":
        _print_json(found)
    elif found.exit_code:
        raise _complaint(found)
    else:
        _print_text(found, options)
    return int(found.exit_code)


def _explain(what: list[str]) -> "Explanation":
    import sys  # noqa: PLC0415

    from keydeploy.explain import look_up, read, read_text  # noqa: PLC0415
    from keydeploy.report.explanation import Explanation  # noqa: PLC0415

    text = " ".join(what)
    if text == "-":
        return _of(read(sys.stdin.buffer))
    path = _file(text) if len(what) == 1 and text else None
    if path is not None:
        with path.open("rb") as stream:
            return _of(read(stream, path))
    named = look_up(text)
    if named:
        return Explanation(recognised=named, in_full=len(named))
    return _of(read_text(text))


def _of(given: "Pasted | Log") -> "Explanation":
    """Explain what was read."""
    from keydeploy.explain import Pasted, nearest_to, recognise, summarise  # noqa: PLC0415
    from keydeploy.report.explanation import Explanation  # noqa: PLC0415

    if not isinstance(given, Pasted):
        return Explanation(log=summarise(given.events))
    recognised = recognise(given.text)
    unknown = None if recognised else nearest_to(given.text)
    return Explanation(recognised=recognised, unknown=unknown, was_cut=given.was_cut)


def _file(name: str) -> "Path | None":
    """Answer the file that *name* is; None where it is none, but a code or a text.

    Raises `KeydeployError` for a folder, and for what can only be the name of a file that does not exist.
    """
    from pathlib import Path  # noqa: PLC0415

    from keydeploy.errors import KeydeployError  # noqa: PLC0415

    path = Path(name)
    try:
        if path.is_dir():
            raise KeydeployError("that is a folder", hint="name a file in it")
        if path.exists():
            return path
    except OSError:  # too long for a name, or out of reach
        return None
    if name.casefold().endswith(_SUFFIXES) and _NO_FILE_NAME.isdisjoint(name):
        raise KeydeployError("there is no such file", hint="keydeploy explain - reads from the standard input")
    return None


def _complaint(found: "Explanation") -> "KeydeployError":
    """Say that nothing was recognised, without a word of what was given."""
    from keydeploy.errors import KeydeployError  # noqa: PLC0415

    if found.log is not None:
        read = f"{found.log.events} events were read" + (
            f", {found.log.unread} could not be" if found.log.unread else ""
        )
        return KeydeployError(f"nothing in the log is known to be about keys; {read}", hint=_LIST)
    unknown = found.unknown
    near = f"near it: {', '.join(unknown.nearest)}; {_LIST}" if unknown and unknown.nearest else _LIST
    if unknown and unknown.code:
        return KeydeployError(f"{unknown.code} is known by name only: {unknown.code.text.rstrip('.')}", hint=near)
    if unknown and unknown.number is not None:
        return KeydeployError(f"0x{unknown.number:08X} is not known to be about keys", hint=near)
    return KeydeployError("nothing in it is known to be about keys", hint=near)


def _print_json(found: "Explanation") -> None:
    import json  # noqa: PLC0415
    import sys  # noqa: PLC0415
    from datetime import UTC, datetime  # noqa: PLC0415

    json.dump(found.to_json(datetime.now(UTC).isoformat(timespec="seconds")), sys.stdout, indent=2)
    sys.stdout.write("\n")


def _print_text(found: "Explanation", options: argparse.Namespace) -> None:
    from keydeploy.cli import screen  # noqa: PLC0415

    console = screen.standard_output(options)
    width = min(console.width, _WIDEST) if screen.is_screen(console) else _WIDEST
    screen.write(console, found.lines(width))
