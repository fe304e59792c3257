"""Findings that somebody knows and lives with for now: a file that a run of lint writes, and later runs read.

An entry is recognised by rule, file, subject and application, not by lines, and on whatever node: so it holds when
lines move, and for a node that is added. Nothing in it is made from a key.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
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

    @classmethod
    def of(cls, findings: Sequence[Finding], before: "Baseline | None" = None) -> "Baseline":
        """Answer the baseline that accepts *findings*, with the reasons that *before* gives for them."""
        reasons = {entry.fingerprint: entry.reason for entry in before.entries} if before else {}
        found = {
            mark: Entry(
                rule=finding.rule.id,
                file=finding.file,
                subject=finding.subject,
                application=finding.application,
                fingerprint=mark,
                reason=reasons.get(mark, ""),
            )
            for finding, mark in marked(findings)
        }
        order = sorted(found.values(), key=lambda entry: (entry.file, entry.rule, entry.subject, entry.fingerprint))
        return cls(tuple(order))

    @classmethod
    def read(cls, file: Path) -> "Baseline":
        """Read *file*; raises `BaselineError` when it is no baseline."""
        hint = f"keydeploy lint ... --write-baseline {file} writes one"
        try:
            value = json.loads(file.read_text("utf-8"))
        except OSError as error:
            raise BaselineError(f"the baseline {file} cannot be read: {error.strerror}", hint=hint) from None
        except ValueError:
            raise BaselineError(f"the baseline {file} is not JSON", hint=hint) from None
        mistake = next(iter(validator("baseline").iter_errors(value)), None)
        if mistake is not None:  # whose own text quotes the value
            where = "/".join(map(str, mistake.absolute_path)) or "its top level"
            raise BaselineError(f"{file} is no baseline of keydeploy: {where} is not as its schema says", hint=hint)
        return cls(tuple(Entry(**entry) for entry in value["entries"]))

    def write(self, file: Path) -> None:
        """Write the baseline to *file*; raises `BaselineError` when that cannot be done."""
        try:
            file.write_text(json.dumps(self.to_json(), indent=2) + "\n", "utf-8")
        except OSError as error:
            raise BaselineError(f"the baseline {file} cannot be written: {error.strerror}") from None

    def to_json(self) -> dict[str, Any]:
        """Answer the baseline as JSON values."""
        return {"baseline": VERSION, "entries": [asdict(entry) for entry in self.entries]}

    def entry(self, mark: str) -> Entry | None:
        """Answer the entry with the fingerprint *mark*."""
        return next((entry for entry in self.entries if entry.fingerprint == mark), None)


def marked(findings: Sequence[Finding]) -> Iterator[tuple[Finding, str]]:
    """Yield *findings*, each with a fingerprint that stays when lines move.

    Where a rule strikes several times at the same subject, each time on one node has a fingerprint of its own.
    """
    seen: Counter[tuple[str | None, ...]] = Counter()
    for finding in findings:
        what = (finding.rule.id, finding.file.replace("\\", "/"), finding.subject, finding.application or "")
        number = seen[finding.node, *what]
        seen[finding.node, *what] += 1
        yield finding, hashlib.sha256("\0".join((*what, str(number))).encode("utf-8", "surrogatepass")).hexdigest()
