"""An observation as frozen values, and as JSON between the steps of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from keydeploy.edit import Difference, Edit


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

    def to_json(self) -> dict[str, Any]:
        """Answer the change as JSON values."""
        edits = [edit.to_json() for edit in self.edits]
        return {"path": self.path, "tag": self.tag, "encoding": self.encoding, "edits": edits}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FileChange":
        """Read what `to_json` wrote."""
        edits = tuple(Edit.from_json(edit) for edit in value["edits"])
        return cls(path=value["path"], tag=value["tag"], encoding=value["encoding"], edits=edits)


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

    def to_json(self) -> dict[str, Any]:
        """Answer the subject as JSON values."""
        return {
            "address": self.address,
            "target": self.target,
            "differences": [[d.name, d.found, d.wanted] for d in self.differences],
            "refusal": self.refusal,
            "found": self.found,
            "wanted": self.wanted,
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
    confirmed: str | None = None
    """The run that was confirmed last on the node."""
    holder: str | None = None
    """Who holds the node's lock, and since when."""
    subjects: tuple[Subject, ...] = ()
    files: tuple[FileChange, ...] = ()

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
            "confirmed": self.confirmed,
            "holder": self.holder,
            "subjects": [subject.to_json() for subject in self.subjects],
            "files": [file.to_json() for file in self.files],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Observation":
        """Read what `to_json` wrote."""
        return cls(
            **{
                **value,
                "state": State(value["state"]),
                "subjects": tuple(Subject.from_json(subject) for subject in value["subjects"]),
                "files": tuple(FileChange.from_json(file) for file in value["files"]),
            }
        )
