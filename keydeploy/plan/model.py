"""A plan as frozen values, and as JSON between the steps of a run and in files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from keydeploy.edit import Difference
from keydeploy.node.contract.codec import encode
from keydeploy.observation import Change, Undo, change_from_json, change_to_json, is_left_over


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
    BUSY = "busy"
    """Another run holds the node, or it has changed since it was observed."""
    REFUSED = "refused"
    UNFINISHED = "unfinished"
    SPEC = "spec"
    LIMIT = "limit"
    FORKS = "forks"
    MOVED = "moved"
    """A saved plan no longer holds."""
    POLICY = "policy"
    """What is declared must not be used, such as a certificate that has expired."""
    IRREVERSIBLE = "irreversible"
    """A part of it could not be undone, and nobody has accepted that."""


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
    in_waves: bool = False
    """Nodes may differ in it for a while."""
    irreversible: str | None = None
    """What it takes away for good, None where it can be put back."""
    impact: tuple[str, ...] = ()
    """What it does to others."""
    warnings: tuple[str, ...] = ()
    """What is legal but unwise, or only reported."""
    violations: tuple[str, ...] = ()
    """What must not be used, such as a certificate that has expired."""
    readers: tuple[str, ...] = ()
    """Who may use the private key, as the node showed it: names of accounts, sorted."""

    def to_json(self) -> dict[str, Any]:
        """Answer the operation as JSON values."""
        value: dict[str, Any] = encode(self)
        return value | {"action": self.action.value}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Operation":
        """Read what `to_json` wrote."""
        tuples = {name: tuple(value.get(name, ())) for name in ("impact", "warnings", "violations", "readers")}
        differences = tuple(Difference(**difference) for difference in value["differences"])
        return cls(**{**value, **tuples, "action": Action(value["action"]), "differences": differences})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """What is to be done on one node."""

    node: str
    operations: tuple[Operation, ...]
    to_stage: tuple[Change, ...]
    undoes: Undo | None = None
    """What is taken back here instead; the node itself knows the changes."""

    @property
    def changes(self) -> bool:
        """Tell whether anything is to be done here."""
        return any(operation.action is not Action.NO_OP for operation in self.operations)

    def is_as(self, other: "NodePlan") -> bool:
        """Tell whether the same is to be done as in *other*.

        What is only told may differ: warnings, such as the days that are left, and who may use a key.
        """
        return self._to_do() == other._to_do()

    def _to_do(self) -> "NodePlan":
        return replace(self, operations=tuple(replace(each, warnings=(), readers=()) for each in self.operations))

    @property
    def cleans(self) -> bool:
        """Tell whether something goes here that the spec does not name."""
        return any(each.action is Action.DELETE and is_left_over(each.address) for each in self.operations)

    @property
    def violations(self) -> bool:
        """Tell whether anything here must not be used."""
        return any(operation.violations for operation in self.operations)

    @property
    def may_go_in_waves(self) -> bool:
        """Tell whether all that is to be done here may differ between nodes for a while."""
        return all(operation.in_waves for operation in self.operations if operation.action is not Action.NO_OP)


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
    missing: tuple[Reason, ...] = ()
    """Members that cannot be reached, and that the spec lets the farm do without."""
    waves: tuple[tuple[str, ...], ...] = ()
    """The nodes of each wave; empty when all change at one instant."""

    @property
    def may_finish(self) -> bool:
        """Tell whether unfinished runs can be brought to their end: every member has answered.

        What cannot be compared on a node does not matter for that.
        """
        harmless = (Cause.UNFINISHED, Cause.REFUSED, Cause.SPEC, Cause.MOVED)
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
        alike: dict[NodePlan, list[str]] = {}
        for node in self.nodes:
            alike.setdefault(replace(node, node=""), []).append(node.node)
        return {
            "farm": self.farm,
            "spec": self.spec,
            "alike": [_to_json(names, node) for node, names in alike.items()],
            "reasons": [reason.to_json() for reason in self.reasons],
            "not_looked_at": list(self.not_looked_at),
            "finishes": [finish.to_json() for finish in self.finishes],
            "missing": [reason.to_json() for reason in self.missing],
            "waves": [list(wave) for wave in self.waves],
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
            missing=tuple(Reason.from_json(reason) for reason in value["missing"]),
            waves=tuple(tuple(wave) for wave in value["waves"]),
        )


def _to_json(nodes: Sequence[str], alike: NodePlan) -> dict[str, Any]:
    return {
        "nodes": list(nodes),
        "operations": [operation.to_json() for operation in alike.operations],
        "to_stage": [change_to_json(change) for change in alike.to_stage],
        "undoes": {"run": alike.undoes.run, "force": alike.undoes.force} if alike.undoes else None,
    }


def _from_json(value: Mapping[str, Any]) -> Iterator[NodePlan]:
    operations = tuple(Operation.from_json(operation) for operation in value["operations"])
    to_stage = tuple(change_from_json(change) for change in value["to_stage"])
    undoes = Undo(**value["undoes"]) if value["undoes"] else None
    alike = NodePlan(node="", operations=operations, to_stage=to_stage, undoes=undoes)
    return (replace(alike, node=node) for node in value["nodes"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """The nodes that must agree, and the digest of what they must agree on."""

    name: str
    spec: str
    members: tuple[str, ...]
    dispensable: frozenset[str] = frozenset()
    """Members that a change may do without where they cannot be reached."""
