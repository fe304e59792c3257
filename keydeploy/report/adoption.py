"""An adoption as text and as JSON: what was read, what was written, in what nodes differ, and what comes next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.adoption.proposal import Disagreement, Proposal
from keydeploy.report.exit_code import ExitCode, most_telling

VERSION = 1
READ, UNREACHABLE, FAILED = "read", "unreachable", "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReading:
    """One node, and whether it was read."""

    node: str
    state: str
    cause: str | None = None
    hint: str | None = None

    @classmethod
    def of(cls, node: str, result: Mapping[str, Any]) -> "NodeReading":
        """Read what looking at a host answered."""
        if "state" not in result:
            hint = "a connection variable of it cannot be resolved; see ansible-inventory --host"
            return cls(node=node, state=FAILED, cause="it gave no answer", hint=hint)
        return cls(node=node, state=result["state"], cause=result.get("cause"), hint=result.get("hint"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """An adoption that has ended."""

    farm: str
    nodes: tuple[NodeReading, ...]
    proposal: Proposal | None = None
    """None where nodes are missing, so that nothing was compared."""
    disclosed: tuple[str, ...] = ()
    """The machine keys that are publicly known."""
    written: tuple[str, ...] = ()
    following: str | None = None
    """The next command, to be pasted."""

    @property
    def exit_code(self) -> ExitCode:
        """Answer 4 or 1 where nodes could not be read, 6 for a key that is publicly known, 2 where nodes differ."""
        if not self.nodes:
            return ExitCode.SPEC
        by_state = {READ: ExitCode.FINE, UNREACHABLE: ExitCode.UNREACHABLE}
        codes = {by_state.get(node.state, ExitCode.ERROR) for node in self.nodes}
        if self.proposal is not None and self.proposal.disagreements:
            codes.add(ExitCode.CHANGES)
        if self.disclosed:
            codes.add(ExitCode.POLICY)
        return most_telling(codes)

    @property
    def machine_keys(self) -> Mapping[str, str]:
        """Answer the fingerprints of the machine keys that were adopted, by their names."""
        return {each.name: each.facts.fingerprint for each in self.proposal.keys} if self.proposal else {}

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer the adoption as JSON values; *time* is when it was made (RFC 3339)."""
        found = self.proposal
        return {
            "adoption": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "farm": self.farm,
            "nodes": [
                {"node": each.node, "state": each.state, "cause": each.cause, "hint": each.hint} for each in self.nodes
            ],
            "disclosed": list(self.disclosed),
            "machine_keys": {**self.machine_keys},
            "applications": [_application(found, name) for name in _declared(found)] if found else [],
            "differences": [_difference(each) for each in found.disagreements] if found else [],
            "not_declared": list(_silent(found)) if found else [],
            "told": list(found.told) if found else [],
            "written": list(self.written),
            "next": self.following,
        }

    def lines(self) -> Iterator[Text]:
        """Yield the adoption line by line."""
        for node in self.nodes:
            if node.state != READ:
                yield Text(f"  ! {node.node}: {node.cause}", style="red")
                if node.hint:
                    yield Text(f"    hint: {node.hint}")
        if self.proposal is None:
            return
        yield Text(f"farm {self.farm}: {_summary(self.proposal)}", style="bold")
        for file in self.written:
            yield Text(f"  + {file}", style="green")
        yield from _table(self.proposal)
        silent = _silent(self.proposal)
        if silent and self.written:
            yield Text(f"  not declared: {', '.join(silent)}; {self.written[0]} tells why", style="yellow")
        for told in self.proposal.told:
            yield Text(f"  ~ {told}", style="yellow")
        if self.following is not None:
            yield Text(f"next: {self.following}")


def _summary(proposal: Proposal) -> str:
    counts = (
        (len(proposal.keys), "machine key"),
        (len(_declared(proposal)), "application"),
        (len(proposal.containers), "key container"),
    )
    told = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts if count)
    nodes = f"{len(proposal.nodes)} node{'' if len(proposal.nodes) == 1 else 's'}"
    differ = len(proposal.disagreements)
    agreement = f"they differ in {differ} respect{'' if differ == 1 else 's'}" if differ else "they agree"
    return f"adopted {told or 'nothing'} from {nodes}; {agreement if len(proposal.nodes) > 1 else 'it stands alone'}"


def _table(proposal: Proposal) -> Iterator[Text]:
    """Yield what nodes differ in, in columns."""
    width = max((len(", ".join(c.nodes)) for each in proposal.disagreements for c in each.camps), default=0)
    for each in proposal.disagreements:
        yield Text(f"  {each.about}", style="yellow")
        for number, camp in enumerate(each.camps):
            word = "  (proposed)" if number == 0 else ""
            yield Text(f"    {', '.join(camp.nodes):{width}}  {camp.label}{word}")
        if each.is_tied:
            yield Text("    as many nodes have the one as the other; look at the proposal before you apply it")
        if each.why_not is not None:
            yield Text(f"    not declared: {each.why_not}")


def _declared(proposal: Proposal) -> tuple[str, ...]:
    return tuple(each.name for each in proposal.applications if each.declares)


def _silent(proposal: Proposal) -> tuple[str, ...]:
    """Answer what there is and is not declared, or not all."""
    applications = [
        f"applications.{each.name}{'.machine_key' if each.declares else ''}"
        for each in proposal.applications
        if not each.declares or each.offered_key is not None
    ]
    containers = [f"key_containers.{each.name}" for each in proposal.unread_containers]
    certificates = [f"certificate {each.name}" for each in proposal.unread_certificates]
    return (*applications, *containers, *certificates)


def _application(proposal: Proposal, name: str) -> dict[str, Any]:
    found = next(each for each in proposal.applications if each.name == name)
    return {"name": name, "site": found.site, "path": found.path, "machine_key": found.machine_key}


def _difference(found: Disagreement) -> dict[str, Any]:
    return {
        "about": found.about,
        "camps": [{"nodes": list(camp.nodes), "value": camp.label} for camp in found.camps],
        "tied": found.is_tied,
        "not_declared": found.why_not,
    }
