"""What would have to be done so that every node of a farm is as declared.

Pure: `plan` compares nothing with a node again, it orders what the observations say. A plan holds no
secret: edits name secrets by their address.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from keydeploy.edit import Difference
from keydeploy.observation import FileChange, Observation, State, Subject


class Action(Enum):
    """What happens to one thing on one node."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NO_OP = "no-op"

    @property
    def symbol(self) -> str:
        """The sign that stands for the action in a listing."""
        return {"create": "+", "update": "~", "delete": "-", "no-op": " "}[self.value]


class Cause(Enum):
    """Why a farm cannot be changed."""

    UNREACHABLE = "unreachable"
    FAILED = "failed"
    REFUSED = "refused"
    UNFINISHED = "unfinished"
    SPEC = "spec"
    LIMIT = "limit"
    FORKS = "forks"
    MOVED = "moved"
    """A saved plan no longer holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something may not go on; on which *node*, where it is one node's."""

    cause: Cause
    text: str
    node: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = f"{self.node}: " if self.node else ""
        return where + self.text

    def to_json(self) -> dict[str, Any]:
        """Answer the reason as JSON values."""
        return {"cause": self.cause.value, "node": self.node, "text": self.text, "hint": self.hint}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Reason":
        """Read what `to_json` wrote."""
        return cls(cause=Cause(value["cause"]), node=value["node"], text=value["text"], hint=value["hint"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One thing on one node, and what is to be done about it."""

    address: str
    action: Action
    target: str | None
    """Where it stands on the node, such as the path of a web.config."""
    differences: tuple[Difference, ...] = ()
    refusal: str | None = None
    """Why it could not be compared, and is therefore left alone."""
    found: str | None = None
    """The fingerprint of the key in effect, where there is an explicit one."""
    wanted: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Answer the operation as JSON values."""
        return {
            "address": self.address,
            "action": self.action.value,
            "target": self.target,
            "differences": [{"name": d.name, "found": d.found, "wanted": d.wanted} for d in self.differences],
            "refusal": self.refusal,
            "found": self.found,
            "wanted": self.wanted,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Operation":
        """Read what `to_json` wrote."""
        differences = tuple(Difference(**difference) for difference in value["differences"])
        return cls(**{**value, "action": Action(value["action"]), "differences": differences})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What is to be done on one node."""

    node: str
    operations: tuple[Operation, ...]
    files: tuple[FileChange, ...]

    @property
    def changes(self) -> bool:
        """Tell whether anything is to be done here."""
        return any(operation.action is not Action.NO_OP for operation in self.operations)


@dataclass(frozen=True, slots=True)
class Finish:
    """Bring *run*, which was left unfinished on *node*, to its end: *forward* to what it staged, or back."""

    node: str
    run: str
    forward: bool

    def to_json(self) -> dict[str, Any]:
        """Answer it as JSON values."""
        return {"node": self.node, "run": self.run, "forward": self.forward}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done on a farm, and why it may not be."""

    farm: str
    spec: str
    """The digest of the spec that the plan fulfils."""
    nodes: tuple[NodePlan, ...]
    reasons: tuple[Reason, ...] = ()
    """Why this plan cannot be applied; empty when it can."""
    not_looked_at: tuple[str, ...] = ()
    """Members that the run was told to leave out."""
    finishes: tuple[Finish, ...] = ()
    """What is to be done first, and alone, where a run was left unfinished."""

    @property
    def may_finish(self) -> bool:
        """Tell whether unfinished runs can be brought to their end: every member has answered.

        What cannot be compared on a node does not matter for that.
        """
        harmless = (Cause.UNFINISHED, Cause.REFUSED, Cause.SPEC)
        return bool(self.finishes) and all(reason.cause in harmless for reason in self.reasons)

    @property
    def changes(self) -> bool:
        """Tell whether anything is to be done anywhere."""
        return any(node.changes for node in self.nodes)

    @property
    def may_apply(self) -> bool:
        """Tell whether there is something to do and nothing that stands against it."""
        return self.changes and not self.reasons

    def node(self, name: str) -> NodePlan | None:
        """Answer the plan of the node *name*, None when it has none."""
        return next((node for node in self.nodes if node.node == name), None)

    def to_json(self) -> dict[str, Any]:
        """Answer the plan as JSON values; what is the same for several nodes stands there once, under `alike`."""
        alike: dict[tuple[tuple[Operation, ...], tuple[FileChange, ...]], list[str]] = {}
        for node in self.nodes:
            alike.setdefault((node.operations, node.files), []).append(node.node)
        return {
            "farm": self.farm,
            "spec": self.spec,
            "alike": [_to_json(names, operations, files) for (operations, files), names in alike.items()],
            "reasons": [reason.to_json() for reason in self.reasons],
            "not_looked_at": list(self.not_looked_at),
            "finishes": [finish.to_json() for finish in self.finishes],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Plan":
        """Read what `to_json` wrote."""
        return cls(
            farm=value["farm"],
            spec=value["spec"],
            nodes=tuple(node for alike in value["alike"] for node in _from_json(alike)),
            reasons=tuple(Reason.from_json(reason) for reason in value["reasons"]),
            not_looked_at=tuple(value["not_looked_at"]),
            finishes=tuple(Finish(**finish) for finish in value["finishes"]),
        )


def _to_json(nodes: Sequence[str], operations: Sequence[Operation], files: Sequence[FileChange]) -> dict[str, Any]:
    return {
        "nodes": list(nodes),
        "operations": [operation.to_json() for operation in operations],
        "files": [file.to_json() for file in files],
    }


def _from_json(value: Mapping[str, Any]) -> Iterator[NodePlan]:
    operations = tuple(Operation.from_json(operation) for operation in value["operations"])
    files = tuple(FileChange.from_json(file) for file in value["files"])
    return (NodePlan(node=node, operations=operations, files=files) for node in value["nodes"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """The nodes that must agree, and the digest of what they must agree on."""

    name: str
    spec: str
    members: tuple[str, ...]


def plan(farm: Farm, observations: Sequence[Observation], not_looked_at: Sequence[str] = ()) -> Plan:
    """Answer what is to be done on *farm*; the order of *observations* does not matter.

    A member without an observation is a reason not to go on, unless it is in *not_looked_at*.
    """
    by_node = {observation.node: observation for observation in observations}
    reasons: list[Reason] = []
    nodes: list[NodePlan] = []
    for member in farm.members:
        if member in not_looked_at:
            continue
        observation = by_node.get(member)
        if observation is None:
            reasons.append(Reason(cause=Cause.FAILED, node=member, text="it gave no answer"))
        else:
            reasons.extend(_reasons(observation, farm))
            if observation.state is State.OBSERVED:
                nodes.append(_node_plan(observation))
    return Plan(
        farm=farm.name,
        spec=farm.spec,
        nodes=tuple(nodes),
        reasons=tuple(reasons),
        not_looked_at=tuple(sorted(not_looked_at)),
        finishes=_finishes([by_node[node.node] for node in nodes]),
    )


def _finishes(observations: Sequence[Observation]) -> tuple[Finish, ...]:
    """Answer how unfinished runs end: forward when a member has confirmed the run already, otherwise back."""
    confirmed = {observation.confirmed for observation in observations}
    return tuple(
        Finish(observation.node, observation.unfinished, observation.unfinished in confirmed)
        for observation in sorted(observations, key=lambda each: each.node)
        if observation.unfinished is not None
    )


def _reasons(observation: Observation, farm: Farm) -> list[Reason]:
    node = observation.node
    if observation.state is not State.OBSERVED:
        cause = Cause.UNREACHABLE if observation.state is State.UNREACHABLE else Cause.FAILED
        text = observation.cause or "it gave no answer"
        return [Reason(cause=cause, node=node, text=text, hint=observation.hint)]
    reasons = []
    if observation.spec != farm.spec:
        reasons.append(
            Reason(
                cause=Cause.SPEC,
                node=node,
                text="its spec resolved to other values the second time",
                hint="a lookup that answers something new each time cannot be deployed",
            )
        )
    if observation.unfinished:
        reasons.append(
            Reason(
                cause=Cause.UNFINISHED,
                node=node,
                text=f"run {observation.unfinished} is unfinished here; the lock: {observation.holder or 'free'}",
                hint="keydeploy apply brings it to its end, once its lease has run out",
            )
        )
    reasons.extend(
        Reason(cause=Cause.REFUSED, node=node, text=f"{subject.address}: {subject.refusal}")
        for subject in observation.subjects
        if subject.refusal
    )
    return reasons


def _node_plan(observation: Observation) -> NodePlan:
    return NodePlan(
        node=observation.node,
        operations=tuple(_operation(subject) for subject in observation.subjects),
        files=observation.files,
    )


def _operation(subject: Subject) -> Operation:
    return Operation(
        address=subject.address,
        action=_action(subject),
        target=subject.target,
        differences=subject.differences,
        refusal=subject.refusal,
        found=subject.found,
        wanted=subject.wanted,
    )


def _action(subject: Subject) -> Action:
    if subject.refusal or not subject.differences:
        return Action.NO_OP
    nothing_there = all(difference.found == "absent" for difference in subject.differences)
    return Action.CREATE if nothing_there else Action.UPDATE
