"""An observation as frozen values, and as JSON between the steps of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from keydeploy.edit import Difference, Edit
from keydeploy.node.contract import BackupState, RegistryValue
from keydeploy.node.contract.codec import decode, encode


class State(Enum):
    """How asking a node went."""

    OBSERVED = "observed"
    UNREACHABLE = "unreachable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """The edits that mend one file; *tag* names the content they are for, None when there is no file yet."""

    path: str
    tag: str | None
    encoding: str
    edits: tuple[Edit, ...]

    @property
    def place(self) -> str:
        """The place for a person."""
        return self.path

    def to_json(self) -> dict[str, Any]:
        """Answer the change as JSON values."""
        edits = [edit.to_json() for edit in self.edits]
        return {"noun": "file", "path": self.path, "tag": self.tag, "encoding": self.encoding, "edits": edits}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FileChange":
        """Read what `to_json` wrote."""
        edits = tuple(Edit.from_json(edit) for edit in value["edits"])
        return cls(path=value["path"], tag=value["tag"], encoding=value["encoding"], edits=edits)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryChange:
    """A value of the registry in one *view* (64 or 32) that becomes *after* where it is *before* (None: absent)."""

    view: Literal[64, 32]
    key: str
    value: str
    before: RegistryValue | None
    after: RegistryValue | None

    @property
    def place(self) -> str:
        """The place for a person."""
        return f"{self.key}\\{self.value} ({self.view}-bit view)"

    def to_json(self) -> dict[str, Any]:
        """Answer the change as JSON values."""
        return {"noun": "registry", **encode(self)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "RegistryChange":
        """Read what `to_json` wrote."""
        change: RegistryChange = decode(cls, {name: value[name] for name in value if name != "noun"})
        return change


Change = FileChange | RegistryChange
"""What a node is asked to stage. Secrets in it are references."""


def change_from_json(value: Mapping[str, Any]) -> Change:
    """Read what `to_json` of a change wrote."""
    return RegistryChange.from_json(value) if value["noun"] == "registry" else FileChange.from_json(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One declared thing on one node."""

    address: str
    target: str | None
    differences: tuple[Difference, ...] = ()
    refusal: str | None = None
    """Why it could not be compared, with the next step."""
    found: str | None = None
    """The fingerprint of the key in effect, where there is an explicit one."""
    wanted: str | None = None
    in_waves: bool = False
    """Nodes may differ in it for a while, so that a farm need not change it at one instant."""

    def to_json(self) -> dict[str, Any]:
        """Answer the subject as JSON values."""
        return {
            "address": self.address,
            "target": self.target,
            "differences": [[d.name, d.found, d.wanted] for d in self.differences],
            "refusal": self.refusal,
            "found": self.found,
            "wanted": self.wanted,
            "in_waves": self.in_waves,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Subject":
        """Read what `to_json` wrote."""
        differences = tuple(Difference(*difference) for difference in value["differences"])
        return cls(**{**value, "differences": differences})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One node against the spec."""

    node: str
    state: State
    cause: str | None = None
    """Why there is nothing to see, in words of ours."""
    hint: str | None = None
    spec: str | None = None
    """The digest of the spec that the node was compared with."""
    clock: float = 0.0
    """The node's own time, in seconds since 1970."""
    unfinished: str | None = None
    """A run that began on the node and did not end."""
    switched: bool = False
    """Whether that run has begun to switch here."""
    confirmed: str | None = None
    """The run that was confirmed last on the node."""
    holder: str | None = None
    """Who holds the node's lock, and since when."""
    subjects: tuple[Subject, ...] = ()
    to_stage: tuple[Change, ...] = ()
    """What would mend it."""
    ended: Literal["confirmed", "rolled_back"] | None = None
    """How the last run on the node has ended."""
    backup: BackupState | None = None
    """The node against what an earlier run replaced, where that was asked."""

    def to_json(self) -> dict[str, Any]:
        """Answer the observation as JSON values."""
        return {
            "node": self.node,
            "state": self.state.value,
            "cause": self.cause,
            "hint": self.hint,
            "spec": self.spec,
            "clock": self.clock,
            "unfinished": self.unfinished,
            "switched": self.switched,
            "confirmed": self.confirmed,
            "holder": self.holder,
            "subjects": [subject.to_json() for subject in self.subjects],
            "to_stage": [change.to_json() for change in self.to_stage],
            "ended": self.ended,
            "backup": encode(self.backup),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Observation":
        """Read what `to_json` wrote."""
        return cls(
            **{
                **value,
                "state": State(value["state"]),
                "subjects": tuple(Subject.from_json(subject) for subject in value["subjects"]),
                "to_stage": tuple(change_from_json(change) for change in value["to_stage"]),
                "backup": decode(BackupState | None, value["backup"]),
            }
        )
