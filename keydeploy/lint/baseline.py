"""Findings that somebody knows and lives with for now: a file that a run of lint writes, and later runs read.

An entry is recognised by rule, file, subject and application, not by lines, and on whatever node: so it holds when
lines move, and for a node that is added. Files here are told from the folder of the baseline, so that an entry holds
from whatever folder lint is run and however its paths are named. Nothing in it is made from a key.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from keydeploy.errors import KeydeployError
from keydeploy.lint.model import Finding
from keydeploy.schema import validator

VERSION = 1

_WITHOUT_REASON = "accepted in the baseline, without a reason"


class BaselineError(KeydeployError):
    """A baseline that cannot be read or written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finding that is accepted."""

    rule: str
    file: str
    """From the folder of the baseline with `/` between its parts, or as a node calls it."""
    subject: str
    application: str | None
    fingerprint: str
    reason: str = ""
    """For people to fill in."""

    @property
    def why(self) -> str:
        """Answer the reason, or that there is none."""
        return self.reason.strip() or _WITHOUT_REASON

    def __str__(self) -> str:
        of = f", application {self.application}" if self.application else ""
        return f"{self.rule} in {self.file} ({self.subject}{of})"


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is accepted."""

    entries: tuple[Entry, ...] = ()
    folder: Path = field(default=Path(), compare=False)
    """Where it lies."""
    _by_mark: Mapping[str, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_mark", {entry.fingerprint: entry for entry in self.entries})

    @classmethod
    def of(cls, findings: Sequence[Finding], folder: Path, before: "Baseline | None" = None) -> "Baseline":
        """Answer the baseline in *folder* that accepts *findings*, with the reasons that *before* gives for them."""
        known = before or cls()
        reasons = [entry.reason if (entry := known.entry(mark)) else "" for _, mark in marked(findings, known.folder)]
        entries: dict[str, Entry] = {}
        place_of = _Places(folder).of
        for (finding, mark), reason in zip(marked(findings, folder), reasons, strict=True):
            file, application = place_of(finding)
            entry = Entry(
                rule=finding.rule.id,
                file=file,
                subject=finding.subject,
                application=application,
                fingerprint=mark,
                reason=reason,
            )
            entries.setdefault(mark, entry)
        order = sorted(entries.values(), key=lambda entry: (entry.file, entry.rule, entry.subject, entry.fingerprint))
        return cls(tuple(order), folder)

    @classmethod
    def read(cls, file: Path) -> "Baseline":
        """Read *file*; raises `BaselineError` when it is no baseline."""
        hint = f"keydeploy lint ... --write-baseline {file} writes one"
        try:
            value = json.loads(file.read_text("utf-8-sig"))
            mistake = next(iter(validator("baseline").iter_errors(value)), None)
        except OSError as error:
            raise BaselineError(f"the baseline {file} cannot be read: {error.strerror}", hint=hint) from None
        except ValueError:
            raise BaselineError(f"the baseline {file} is not JSON", hint=hint) from None
        except RecursionError:
            raise BaselineError(f"the baseline {file} is nested too deeply to be one", hint=hint) from None
        if mistake is not None:  # whose own text quotes the value
            where = "/".join(map(str, mistake.absolute_path)) or "its top level"
            raise BaselineError(f"{file} is no baseline of keydeploy: {where} is not as its schema says", hint=hint)
        return cls(tuple(Entry(**entry) for entry in value["entries"]), file.parent)

    def write(self, file: Path) -> None:
        """Write the baseline to *file*, which then is there whole or as it was; raises `BaselineError`."""
        text = json.dumps(self.to_json(), indent=2) + "\n"
        try:
            if file.exists() and not file.is_file():  # such as a pipe, in whose place no file may be put
                file.write_text(text, "utf-8")
            else:
                _put(file.resolve(), text)
        except OSError as error:
            told = f"the baseline {file} cannot be written: {error.strerror}"
            raise BaselineError(told, hint="name another file with --write-baseline") from None

    def to_json(self) -> dict[str, Any]:
        """Answer the baseline as JSON values."""
        return {"baseline": VERSION, "entries": [asdict(entry) for entry in self.entries]}

    def entry(self, mark: str) -> Entry | None:
        """Answer the entry with the fingerprint *mark*."""
        return self._by_mark.get(mark)


def marked(findings: Sequence[Finding], folder: Path) -> Iterator[tuple[Finding, str]]:
    """Yield *findings*, each with a fingerprint that stays when lines move, for files here as told from *folder*.

    Where a rule strikes several times at the same subject, each time on one node has a fingerprint of its own.
    """
    seen: Counter[tuple[str | None, ...]] = Counter()
    place_of = _Places(folder).of
    for finding in findings:
        file, application = place_of(finding)
        what = (finding.rule.id, file.replace("\\", "/"), finding.subject, application or "")
        number = seen[finding.node, *what]
        seen[finding.node, *what] += 1
        yield finding, hashlib.sha256("\0".join((*what, str(number))).encode("utf-8", "surrogatepass")).hexdigest()


class _Places:
    """What files and applications are called, as told from one folder.

    Here it is the same however their folders are named or linked to; what a node has is called as the node does.
    """

    def __init__(self, folder: Path) -> None:
        self._start = os.path.realpath(folder)
        self._folders: dict[str, str] = {}

    def of(self, finding: Finding) -> tuple[str, str | None]:
        """Answer the file of *finding*, and its application."""
        if finding.node is not None:
            return finding.file, finding.application
        folder, name = os.path.split(finding.file.replace("\\", "/"))
        application = finding.application and self._folder(finding.application)
        return (PurePosixPath(self._folder(folder)) / name).as_posix(), application

    def _folder(self, path: str) -> str:
        if path not in self._folders:
            self._folders[path] = Path(os.path.relpath(os.path.realpath(path), self._start)).as_posix()
        return self._folders[path]


def _put(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.new")
    try:
        temporary.write_text(text, "utf-8")
        temporary.replace(file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
