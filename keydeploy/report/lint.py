"""What lint found: findings, what was accepted and by whom, and what could not be looked at; as values and as JSON."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keydeploy import __version__
from keydeploy.errors import Problem
from keydeploy.lint.baseline import Baseline, Entry, marked
from keydeploy.lint.codec import finding_to_json
from keydeploy.lint.model import Finding, Linted, Rule, Severity, Suppressed
from keydeploy.report.exit_code import ExitCode, most_telling

VERSION = 1
LOOKED_AT, UNREACHABLE = "looked_at", "unreachable"

BASELINE = "baseline"
"""Who accepts a finding."""

NOTHING = "there is nothing to look at"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLooked:
    """One node that was asked, or was to be."""

    node: str
    state: str
    """`looked_at`, `unreachable` or `failed`."""
    cause: str | None = None
    hint: str | None = None
    unread: Mapping[str, str] | None = None
    """What of it could not be looked at, with the reason."""

    @classmethod
    def of(cls, node: str, result: Mapping[str, Any]) -> "NodeLooked":
        """Read what the inspection of a host answered."""
        if result.get("state") == "inspected":
            return cls(node=node, state=LOOKED_AT, unread=result["linted"]["unread"])
        unknown = "a connection variable cannot be resolved; see ansible-inventory --host"
        return cls(
            node=node,
            state=UNREACHABLE if result.get("state") == "unreachable" else "failed",
            cause=result.get("cause") or "it gave no answer",
            hint=result.get("hint") if result.get("cause") else unknown,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that does not count."""

    finding: Finding
    by: str
    """`comment` in the file, or `baseline`."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """A run of lint that has ended."""

    linted: Linted
    """Of files and of nodes together; what could not be read of a node is in `nodes`."""
    nodes: tuple[NodeLooked, ...] = ()
    problems: tuple[Problem, ...] = ()
    """The mistakes of the spec; with any of them no node was asked."""
    baseline: Baseline | None = None
    strict: bool = False
    """Whether warnings, and files that could not be read, count as errors do."""
    asked: bool = False
    """Whether there were to be nodes."""
    named: frozenset[str] = frozenset()
    """Files that were named one by one; that one of them cannot be read is an error."""
    is_empty: bool = False
    """Whether there was no file to look at, where that is no error."""

    @property
    def looks_at_no_node(self) -> bool:
        """Tell whether there were to be nodes, the spec is valid, and none is left to look at."""
        return self.asked and not self.nodes and not self.problems

    @property
    def is_complete(self) -> bool:
        """Tell whether all was looked at that had to be."""
        return not self.problems and self.exit_code in (ExitCode.FINE, ExitCode.POLICY)

    @property
    def folder(self) -> Path:
        """Answer from where fingerprints tell files: where the baseline lies, or without one from here."""
        return self.baseline.folder if self.baseline else Path()

    @property
    def notes(self) -> tuple[str, ...]:
        """Answer what there is to know beside."""
        return (*self.linted.notes, NOTHING) if self.is_empty else self.linted.notes

    @property
    def marked(self) -> list[tuple[Finding, str]]:
        """Answer every finding that no comment accepts, with its fingerprint, by file and place."""
        return sorted(marked(self.linted.findings, self.folder), key=lambda pair: _order(pair[0]))

    @property
    def findings(self) -> tuple[tuple[Finding, str], ...]:
        """Answer what counts, with fingerprints."""
        return tuple(pair for pair in self.marked if self._entry(pair[1]) is None)

    @property
    def accepted(self) -> tuple[Accepted, ...]:
        """Answer what does not count, with the reason."""
        at_once = [Accepted(finding=each.finding, by=each.by, reason=each.reason) for each in self._suppressed]
        entries = ((finding, self._entry(mark)) for finding, mark in self.marked)
        known = [
            Accepted(finding=finding, by=BASELINE, reason=entry.why) for finding, entry in entries if entry is not None
        ]
        return (*at_once, *known)

    @property
    def stale(self) -> tuple[Entry, ...]:
        """Answer the entries of the baseline that accept nothing any more."""
        marks = {mark for _, mark in self.marked}
        return tuple(
            entry for entry in (self.baseline.entries if self.baseline else ()) if entry.fingerprint not in marks
        )

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Answer the rules that strike where it counts, the most severe first."""
        struck = dict.fromkeys(finding.rule for finding, _ in self.findings)
        return tuple(sorted(struck, key=lambda rule: (list(Severity).index(rule.severity), rule.id)))

    @property
    def exit_code(self) -> ExitCode:
        """Answer 6 where an error was found, 4 where a node was not reached, 3 where the spec is invalid.

        1 where something could not be looked at, so that nobody knows.
        """
        codes = {_of_problem(problem) for problem in self.problems}
        codes |= {_of_node(node) for node in self.nodes}
        if self.looks_at_no_node:
            codes.add(ExitCode.SPEC)
        if self._missed:
            codes.add(ExitCode.ERROR)
        counting = (Severity.ERROR, Severity.WARNING) if self.strict else (Severity.ERROR,)
        if any(finding.rule.severity in counting for finding, _ in self.findings):
            codes.add(ExitCode.POLICY)
        return most_telling(codes)

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer the report as JSON values; *time* is when it was made (RFC 3339)."""
        return {
            "lint": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "summary": {**self._counts(), "accepted": len(self.accepted)},
            "findings": [_finding(finding) | {"fingerprint": mark} for finding, mark in self.findings],
            "accepted": [_finding(each.finding) | {"by": each.by, "reason": each.reason} for each in self.accepted],
            "rules": [rule_to_json(rule) for rule in self.rules],
            "unread": [{"node": node, "file": file, "reason": why} for node, file, why in self.unread()],
            "nodes": [{"node": n.node, "state": n.state, "cause": n.cause, "hint": n.hint} for n in self.nodes],
            "problems": [asdict(problem) for problem in self.problems],
            "stale": [asdict(entry) for entry in self.stale],
            "notes": list(self.notes),
        }

    def unread(self) -> Iterator[tuple[str | None, str, str]]:
        """Yield what could not be looked at: the node or None, the file, and why."""
        yield from ((None, file, reason) for file, reason in self.linted.unread.items())
        yield from ((node.node, file, why) for node in self.nodes for file, why in (node.unread or {}).items())

    def must_be_read(self, node: str | None, file: str) -> bool:
        """Tell whether it is an error that *file*, one of `unread`, could not be looked at."""
        return node is not None or file in self._missed

    @property
    def _missed(self) -> frozenset[str]:
        """Answer the files here that could not be looked at, and had to be."""
        unread = self.linted.unread.keys()
        return frozenset(unread if self.strict else (unread & self.named) | self.linted.broken)

    def _counts(self) -> dict[str, int]:
        found = Counter(finding.rule.severity for finding, _ in self.findings)
        return {f"{severity.value}s": found[severity] for severity in Severity}

    @property
    def _suppressed(self) -> tuple[Suppressed, ...]:
        return tuple(sorted(self.linted.suppressed, key=lambda each: _order(each.finding)))

    def _entry(self, mark: str) -> Entry | None:
        return self.baseline.entry(mark) if self.baseline else None


def rule_to_json(rule: Rule) -> dict[str, str]:
    """Answer *rule* as JSON values."""
    return {**asdict(rule), "severity": rule.severity.value}


def _finding(finding: Finding) -> dict[str, Any]:
    return finding_to_json(finding) | {"severity": finding.rule.severity.value}


def _order(finding: Finding) -> tuple[Any, ...]:
    place = (finding.line or 0, finding.column or 0)
    return (finding.file, *place, finding.rule.id, finding.subject, finding.node or "", finding.text)


def _of_problem(problem: Problem) -> ExitCode:
    return ExitCode.POLICY if problem.policy else ExitCode.SPEC


def _of_node(node: NodeLooked) -> ExitCode:
    if node.state == UNREACHABLE:
        return ExitCode.UNREACHABLE
    return ExitCode.ERROR if node.state != LOOKED_AT or node.unread else ExitCode.FINE
