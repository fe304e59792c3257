"""A rehearsal as text and as JSON: what was copied, what was left out, and how the roll-out on the copies went."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.report import data, text
from keydeploy.report.exit_code import ExitCode, exit_code, most_telling
from keydeploy.report.model import Made, Report

VERSION = 1
COPIED, UNREACHABLE, NOT_ASKED = "copied", "unreachable", "not_asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCopy:
    """One node, and whether there is a copy of it."""

    node: str
    state: str
    """`copied`, `unreachable`, `failed`, or `not_asked` where the run was told to leave it out."""
    cause: str | None = None
    hint: str | None = None
    left_out: tuple[str, ...] = ()
    """The addresses of what is declared for it and would reach outside."""
    unlike: tuple[str, ...] = ()
    """The addresses under which the copy shows something else than the node."""
    unfinished: str | None = None
    """The run that is unfinished on the node; the copy is at rest."""

    @classmethod
    def of(cls, node: str, result: Mapping[str, Any] | None) -> "NodeCopy":
        """Read what copying a host answered, None where nothing was asked of it."""
        if result is None:
            return cls(node=node, state=NOT_ASKED, cause="the limit leaves it out", hint="check -l")
        if "state" not in result:
            hint = "a connection variable of it cannot be resolved; see ansible-inventory --host"
            return cls(node=node, state="failed", cause="it gave no answer", hint=hint)
        return cls(
            node=node,
            state=result["state"],
            cause=result.get("cause"),
            hint=result.get("hint"),
            left_out=tuple(result.get("left_out", ())),
            unlike=tuple(result.get("unlike", ())),
            unfinished=result.get("unfinished"),
        )

    def __str__(self) -> str:
        return f"{self.node}: {self.cause}"

    def to_json(self) -> dict[str, Any]:
        """Answer the copy as JSON values."""
        return {
            "node": self.node,
            "state": self.state,
            "cause": self.cause,
            "hint": self.hint,
            "left_out": list(self.left_out),
            "unlike": list(self.unlike),
            "unfinished": self.unfinished,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A rehearsal that has ended."""

    copies: tuple[NodeCopy, ...] = ()
    not_rehearsed: Mapping[str, tuple[NodeCopy, ...]]
    """The farms that were not rehearsed, with the nodes of which there is no copy."""
    faults: tuple[str, ...] = ()
    """What was told to go wrong, as it was written."""
    report: Report | None
    """How the roll-out went; of the spec alone where that is invalid; None where there was nothing to roll out."""

    @property
    def exit_code(self) -> ExitCode:
        """Answer that of the roll-out, or of what kept a farm from it; 3 where there was no farm."""
        if self.report is None and not self.not_rehearsed:
            return ExitCode.SPEC
        missing = [node for nodes in self.not_rehearsed.values() for node in nodes]
        codes = {ExitCode.UNREACHABLE if node.state == UNREACHABLE else ExitCode.ERROR for node in missing}
        codes |= {exit_code(self.report)} if self.report else set()
        return most_telling(codes)

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer the rehearsal as JSON values; *time* is when it was made (RFC 3339)."""
        return {
            "rehearsal": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "copies": [copy.to_json() for copy in self.copies],
            "not_rehearsed": list(self.not_rehearsed),
            "faults": list(self.faults),
            "report": data.to_json(self.report, Made(time)) if self.report else None,
        }

    def lines(self, *, with_diff: bool = False) -> Iterator[Text]:
        """Yield the rehearsal line by line; *with_diff* adds the redacted edits."""
        rehearsed = [copy for copy in self.copies if copy.state == COPIED]
        if rehearsed:
            count = f"{len(rehearsed)} node{'' if len(rehearsed) == 1 else 's'}"
            told = f"REHEARSAL on copies of {count}: the nodes themselves do not change, and every secret is made up"
            yield Text(told, style="bold")
        yield from self._notes()
        if self.report is not None:
            yield from text.lines(self.report, with_diff=with_diff)
        if rehearsed:
            yield Text("this was a rehearsal: nothing has changed on the nodes", style="bold")

    def _notes(self) -> Iterator[Text]:
        left_out = dict.fromkeys(address for copy in self.copies for address in copy.left_out)
        if left_out:
            yield Text(f"  left out, because it would reach outside: {', '.join(left_out)}")
        for fault in self.faults:
            yield Text(f"  told to go wrong: {fault}")
        for copy in self.copies:
            if copy.unlike:
                where = ", ".join(copy.unlike)
                yield Text(f"  ! {copy.node}: its copy is not like it in {where}; do not rely on that", style="red")
            if copy.unfinished:
                told = f"run {copy.unfinished} is unfinished there; the copy is at rest"
                yield Text(f"  ! {copy.node}: {told}", style="yellow")
        for farm, nodes in self.not_rehearsed.items():
            yield Text(f"farm {farm}: not rehearsed; a roll-out needs a copy of every node", style="red")
            for node in nodes:
                yield Text(f"  ! {node}", style="red")
                if node.hint:
                    yield Text(f"    hint: {node.hint}")
