"""How the runs stand on each node, as text and as JSON."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.node.contract import Backup, JournalState, from_instant
from keydeploy.node.contract.codec import decode, encode
from keydeploy.report.exit_code import ExitCode

VERSION = 1

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
_ENDS = {"confirmed": "confirmed", "rolled_back": "rolled back"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeStatus:
    """One node: its journal, or why there is none to see."""

    node: str
    farm: str | None = None
    clock: float = 0.0
    """The node's own time, by which all ages are told."""
    journal: JournalState | None = None
    unreachable: bool = False
    cause: str | None = None
    hint: str | None = None

    @classmethod
    def of(cls, node: str, result: Mapping[str, Any]) -> "NodeStatus":
        """Read what the look at a host answered."""
        if result.get("state") != "seen":
            hint = "a connection variable cannot be resolved; see ansible-inventory --host"
            return cls(
                node=node,
                unreachable=result.get("state") == "unreachable",
                cause=result.get("cause") or "it gave no answer",
                hint=result.get("hint") if result.get("cause") else hint,
            )
        journal = decode(JournalState, result["journal"])
        return cls(node=node, farm=result["farm"], clock=result["clock"], journal=journal)

    @property
    def is_unfinished(self) -> bool:
        """Tell whether a run has begun here and not ended."""
        return self.journal is not None and self.journal.run is not None

    def to_json(self) -> dict[str, Any]:
        """Answer the status as JSON values."""
        return {
            "node": self.node,
            "farm": self.farm,
            "cause": self.cause,
            "hint": self.hint,
            "journal": encode(self.journal) if self.journal else None,
        }


@dataclass(frozen=True, slots=True)
class Status:
    """All nodes that declare something."""

    nodes: tuple[NodeStatus, ...]

    @property
    def exit_code(self) -> ExitCode:
        """Answer 5 where a run is unfinished, 4 where a node was not reached, 3 where there is no node."""
        if not self.nodes:
            return ExitCode.SPEC
        if any(node.is_unfinished for node in self.nodes):
            return ExitCode.INCOMPLETE
        if any(node.unreachable for node in self.nodes):
            return ExitCode.UNREACHABLE
        return ExitCode.FINE if all(node.journal for node in self.nodes) else ExitCode.ERROR

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer the status as JSON values; *time* is when it was made (RFC 3339)."""
        return {
            "status": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "nodes": [node.to_json() for node in self.nodes],
        }

    def lines(self) -> Iterator[Text]:
        """Yield the status line by line, farm by farm."""
        by_farm = sorted(self.nodes, key=lambda node: (node.farm is None, node.farm or "", node.node))
        for farm, nodes in groupby(by_farm, key=lambda node: node.farm):
            yield Text(f"farm {farm}" if farm is not None else "not known to belong to a farm", style="bold")
            for node in nodes:
                yield from _node(node)


def _node(node: NodeStatus) -> Iterator[Text]:
    yield Text(f"  {node.node}", style="bold")
    if node.journal is None:
        yield Text(f"    ! {node.cause}", style="red")
        if node.hint:
            yield Text(f"    hint: {node.hint}")
        return
    journal = node.journal
    if journal.run is not None:
        yield Text(f"    ! run {journal.run} is unfinished ({journal.phase})", style="red")
        yield Text("    hint: keydeploy apply, or rollback, brings it to its end once its lease has run out")
    if journal.holder is not None and journal.since is not None:
        left = from_instant(journal.expires) - node.clock if journal.expires else 0.0
        lease = f"its lease runs out in {_span(left)}" if left > 0 else "its lease has run out"
        yield Text(f"    lock: {journal.holder}, for {_span(node.clock - from_instant(journal.since))}; {lease}")
    else:
        yield Text(f"    lock: free (generation {journal.generation})")
    last = journal.last
    if last is None:
        yield Text("    last run: none")
    else:
        by = f" by {last.holder}" if last.holder else ""
        yield Text(f"    last run: {last.run}, {_ENDS[last.how]} {_span(node.clock - last.at)} ago{by}")
    for backup in reversed(journal.backups):
        yield Text(f"    backup: {backup.run}, {_span(node.clock - backup.committed)} old{_gone(backup)}", style="dim")


def _gone(backup: Backup) -> str:
    return "" if backup.kept else "; its contents are removed"


def _span(seconds: float) -> str:
    """Write a span of time in its largest whole unit."""
    name, size = next((unit for unit in _UNITS if seconds >= unit[1]), _UNITS[-1])
    return f"{max(0, int(seconds // size))} {name}"
