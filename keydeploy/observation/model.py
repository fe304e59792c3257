"""An observation as frozen values, and as JSON between the steps of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from keydeploy.edit import Difference, Edit
from keydeploy.node.contract import (
    AppPoolSettings,
    BackupState,
    BoundCertificate,
    RegistryValue,
    SeenCertificate,
    SeenContainer,
)
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
        return {"path": self.path, "tag": self.tag, "encoding": self.encoding, "edits": edits}

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


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldKey:
    """What a container shall hold; *key* is the address of a declared key, None where it keeps its own."""

    key: str | None
    provider_type: int
    exportable: bool
    sddl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerChange:
    """A key container that becomes *after* (None: deleted) where it is *before* (None: absent)."""

    name: str
    before: SeenContainer | None
    after: HeldKey | None
    previous: str | None = None
    """The address of the declared key that it holds now, to undo with."""
    early: bool = False
    """It is made before the instant of commit: nothing reads it yet."""

    @property
    def place(self) -> str:
        """The place for a person."""
        return f"key container {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCertificate:
    """A declared certificate, or one of its chain, as it shall lie in a store."""

    declared: str
    """The name under which the spec declares it, or the certificate whose chain it is of."""
    container: str | None
    friendly_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateChange:
    """A certificate of LocalMachine's *store* that becomes *after* (None: removed) where it is *before*."""

    store: Literal["My", "CA", "Root"]
    thumbprint: str
    before: SeenCertificate | None
    after: PlacedCertificate | None
    early: bool = False

    @property
    def place(self) -> str:
        """The place for a person."""
        return f"certificate {self.thumbprint} in {self.store}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPoolChange:
    """Settings of the app pool *name*; None in *after* is left as it is."""

    name: str
    before: AppPoolSettings
    after: AppPoolSettings

    @property
    def place(self) -> str:
        """The place for a person."""
        return f"app pool {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recycling:
    """The app pool *name* begins anew after the switch, so that its applications read their keys again."""

    name: str

    @property
    def place(self) -> str:
        """The place for a person."""
        return f"workers of app pool {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingChange:
    """The certificate of an HTTPS binding."""

    site: str
    address: str
    port: int
    host: str
    before: BoundCertificate | None
    after: BoundCertificate

    @property
    def place(self) -> str:
        """The place for a person."""
        return f"binding {self.address}:{self.port}:{self.host} of {self.site}"


Change = FileChange | RegistryChange | ContainerChange | CertificateChange | AppPoolChange | Recycling | BindingChange
"""What a node is asked to stage. Secrets in it are references."""

_NOUNS: dict[str, type[Change]] = {
    "file": FileChange,
    "registry": RegistryChange,
    "container": ContainerChange,
    "certificate": CertificateChange,
    "app_pool": AppPoolChange,
    "recycling": Recycling,
    "binding": BindingChange,
}


def change_to_json(change: Change) -> dict[str, Any]:
    """Answer *change* as JSON values, its noun first."""
    if isinstance(change, FileChange):
        return {"noun": "file", **change.to_json()}
    noun = next(noun for noun, kind in _NOUNS.items() if isinstance(change, kind))
    return {"noun": noun, **encode(change)}


def change_from_json(value: Mapping[str, Any]) -> Change:
    """Read what `change_to_json` wrote."""
    fields = {name: value[name] for name in value if name != "noun"}
    if value["noun"] == "file":
        return FileChange.from_json(fields)
    change: Change = decode(_NOUNS[value["noun"]], fields)
    return change


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
    vanishes: bool = False
    """It shall not be there any more."""
    irreversible: str | None = None
    """What mending it takes away for good, None where it can be put back."""
    impact: tuple[str, ...] = ()
    """What mending it does to others."""
    warnings: tuple[str, ...] = ()
    """What is legal but unwise, or only reported."""
    violations: tuple[str, ...] = ()
    """What no spec may ask for, such as a certificate that has expired."""
    readers: tuple[str, ...] = ()
    """Who may use the private key, as the node shows it: names of accounts, sorted; empty where there is no key."""

    def to_json(self) -> dict[str, Any]:
        """Answer the subject as JSON values."""
        value: dict[str, Any] = encode(self)
        return value | {"differences": [[each.name, each.found, each.wanted] for each in self.differences]}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Subject":
        """Read what `to_json` wrote."""
        tuples = {name: tuple(value.get(name, ())) for name in ("impact", "warnings", "violations", "readers")}
        differences = tuple(Difference(*difference) for difference in value["differences"])
        return cls(**{**value, **tuples, "differences": differences})


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
            "to_stage": [change_to_json(change) for change in self.to_stage],
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
