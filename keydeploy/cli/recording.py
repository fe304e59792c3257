"""Writes the records of a run that `--report KIND=FILE` asks for, beside what is printed.

What cannot be written is refused before anything is contacted. After that there are records, however the run ends.
"""

import argparse
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


def _problem(kind: str, name: str, taken: Sequence[tuple[Path, str]]) -> str | None:
    """Answer why there can be no such record, None where there can."""
    if kind not in records.KINDS:
        return f"there is no kind {kind}" if kind else "it names no kind"
    if name in ("", "-"):
        return f"it names no file; --format {kind} prints it"
    path = Path(name)
    clash = next((why for other, why in taken if _is_same(path, other)), None)
    return clash or new_files.refusal(path)


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
    except OSError:  # one of them is not there
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
    return True


def _before(file: Path) -> str:
    """Answer the text of the record that *file* holds, empty where it holds none."""
    with suppress(OSError, UnicodeError):
        return file.read_text("utf-8")
    return ""
