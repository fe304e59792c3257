"""Writes the records of a run that `--report KIND=FILE` asks for, beside what is printed.

What cannot be written is refused before anything is contacted, and so is a file that holds anything but a record:
nobody loses an inventory to a slip of the hand. After that there are records, however the run ends.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from keydeploy import new_files
from keydeploy.cli import complain
from keydeploy.errors import KeydeployError
from keydeploy.report import records
from keydeploy.report.model import Made, Report

_FOR_OTHERS = {"prometheus": 0o644}
"""Modes of files that somebody else has to read: the node exporter is another user."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One record that is to be written."""

    kind: str
    file: Path


def wanted(options: argparse.Namespace) -> tuple[Wanted, ...]:
    """Answer the records that *options* ask for; raises `KeydeployError` with all that is wrong with them."""
    found: list[Wanted] = []
    problems: list[str] = []
    taken = list(_used(options))
    for value in getattr(options, "report", ()):
        kind, equals, name = value.partition("=")
        problem = _problem(kind, name, taken) if equals else "it is no KIND=FILE"
        if problem is None:
            found.append(Wanted(kind, Path(name)))
            taken.append((Path(name), f"{kind} is written to the same file"))
        else:
            problems.append(f"--report {value}: {problem}")
    if problems:
        hint = f"KIND is one of {', '.join(records.KINDS)}, and FILE a file in a folder that is there"
        raise KeydeployError("; ".join(problems), hint=hint)
    return tuple(found)


def write(records_wanted: Sequence[Wanted], report: Report, made: Made) -> bool:
    """Write each of *records_wanted*; answer whether all were, and tell of those that were not."""
    unwritten = [each for each in records_wanted if not _write(each, report, made)]
    return not unwritten


def refusal(path: Path) -> str | None:
    """Answer why no record can be put in the place of *path*, as far as can be told before; None where one can."""
    why = new_files.refusal(path)
    if why is not None or not path.exists():
        return why
    if any(_is_open_as(descriptor, path) for descriptor in (1, 2)):
        return "this is where the standard output, or the standard error, goes"
    try:
        with path.open("rb") as file:
            beginning = file.read(records.BEGINNING)
    except OSError as error:
        return f"what it holds cannot be read: {error.strerror}"
    if beginning and not records.is_record(beginning):
        return "it is there and holds something else than a report; name another file, or remove it"
    return None


def _is_open_as(descriptor: int, path: Path) -> bool:
    with suppress(OSError):  # it is closed
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def _problem(kind: str, name: str, taken: Sequence[tuple[Path, str]]) -> str | None:
    """Answer why there can be no such record, None where there can."""
    if kind not in records.KINDS:
        return f"there is no kind {kind}" if kind else "it names no kind"
    if name in ("", "-"):
        return f"it names no file; --format {kind} prints it"
    path = Path(name)
    clash = next((why for other, why in taken if _is_same(path, other)), None)
    return clash or refusal(path)


def _used(options: argparse.Namespace) -> Iterator[tuple[Path, str]]:
    """Yield the files that the same command reads or writes otherwise, and what they are."""
    inventories = [getattr(options, "inventory", None), *getattr(options, "more", ())]
    for name in inventories:
        if name is not None:
            yield Path(name), "this is the inventory"
    for name, what in (("plan", "this is the plan to apply"), ("out", "the plan is written to the same file")):
        if getattr(options, name, None):
            yield Path(getattr(options, name)), what
    for name in getattr(options, "vault_password_file", ()):
        yield Path(name), "this is the file with the vault password"


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.resolve() == other.resolve() or path.samefile(other)
    except (OSError, RuntimeError):  # one of them is not there, or a link leads to itself
        return False


def _write(each: Wanted, report: Report, made: Made) -> bool:
    try:
        before = _before(each.file) if each.kind in records.GO_ON else ""
        text = records.render(each.kind, report, made, records.Earlier(each.file.stem, before))
        new_files.replace(each.file, text, mode=_FOR_OTHERS.get(each.kind))
    except OSError as error:
        complain(
            f"the report {each.file} cannot be written: {error.strerror}",
            "what it was to hold is lost; look at the file system, and run it again",
        )
        return False
    except Exception as error:  # what is printed, and the other records, must not be lost with it
        complain(
            f"the report {each.file} was not made: internal error: {type(error).__name__}",
            "report this line as a bug of keydeploy; the JSON report holds the same",
        )
        return False
    return True


def _before(file: Path) -> str:
    """Answer the text of the record that *file* holds, empty where it holds none."""
    with suppress(OSError, UnicodeError):
        return file.read_text("utf-8")
    return ""
