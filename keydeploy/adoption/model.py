"""What one node shows of its key material, as frozen values and as JSON between a worker and the command line.

No value here is a secret: keys are told by their fingerprints, and texts that a person wrote are those that IIS and
Windows show to any administrator.
"""

from dataclasses import dataclass
from typing import Any, Literal

from keydeploy.node.contract.codec import decode, encode

Level = Literal["root_web_config", "machine_config"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFacts:
    """A machine key with explicit keys that stands in one file."""

    identity: str
    """Equal where all that a spec declares of two keys is equal."""
    effect: str
    """Equal where two keys do the same, also where their files say so in other words."""
    fingerprint: str
    validation: str
    decryption: str
    mode: str
    """`omit` where no file sets it."""
    others: tuple[str, ...] = ()
    """What else is declared, such as `data_protector_type`; texts of anybody's choosing, sealed with the keys."""
    missing: tuple[str, ...] = ()
    """The attributes that its file leaves to files above or to defaults; keydeploy would write them."""
    sealed_by: str | None = None
    """The key container whose key opens the section."""

    @property
    def label(self) -> str:
        """Answer it in a few words."""
        return f"{short(self.fingerprint)}, {self.spelling}"

    @property
    def spelling(self) -> str:
        """Answer in a few words how its file says it."""
        parts = [f"{self.validation}/{self.decryption}", f"mode {self.mode}"]
        if self.others:
            parts.append(f"with {', '.join(self.others)}")
        if self.missing:
            parts.append(f"without {', '.join(self.missing)}")
        return ", ".join(parts)

    def beside(self, proposed: "KeyFacts | None") -> str:
        """Answer in a few words how it differs from the key that is *proposed*."""
        if proposed is not None and self.effect == proposed.effect and self.identity != proposed.identity:
            return f"the same keys, written as {self.spelling}"
        return self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFacts:
    """One application of IIS."""

    site: str
    path: str
    key: KeyFacts | None = None
    is_exact: bool = False
    """Whether the spec that declares the key, and nothing else, finds nothing to change in its file."""
    why: str | None = None
    """Why there is no key, or none that can be declared as it stands."""
    obstacle: str | None = None
    """Why no machine key can be written, so that a plan for this node would be refused."""
    uses_handler: bool = False
    """Whether WIF session cookies are protected by the machine key, as the spec would have it."""
    handler_obstacle: str | None = None
    container: str | None = None
    """The brought container with whose key the *sections* are encrypted."""
    sections: tuple[str, ...] = ()
    load_user_profile: bool | None = None
    """In force."""
    set_profile_environment: bool | None = None
    explicit: tuple[str, ...] = ()
    """The settings of the pool that are its own, not the defaults of all pools."""
    told: tuple[str, ...] = ()
    """What a person should know beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """A machine key in the files of .NET itself."""

    level: Level
    runtimes: tuple[str, ...]
    """The versions that hold it, each in all of its files."""
    key: KeyFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerFacts:
    """A machine-wide key container."""

    name: str
    fingerprint: str | None
    """Of the public key."""
    readers: tuple[str, ...] = ()
    exportable: bool = False
    is_exact: bool = False
    """Whether its key was brought, and the spec that declares it finds nothing to change."""
    why: str | None = None
    """Why it is not: the key that was brought is another one, or others may use the key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """A certificate of LocalMachine\\My with a private key."""

    thumbprint: str
    subject: str
    not_after: str
    """The day (RFC 3339) on which it ends."""
    container: str
    uses: tuple[str, ...] = ()
    """The bindings and applications that name it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeFacts:
    """All that one node shows."""

    applications: tuple[ApplicationFacts, ...] = ()
    machine: MachineFacts | None = None
    machine_obstacles: tuple[str, ...] = ()
    """Why no machine key can be written into the files of .NET itself."""
    csp: int | None = None
    """Milliseconds after which Windows ends a transaction on a smart card; None where nothing is set."""
    ksp: int | None = None
    smart_card_obstacles: tuple[str, ...] = ()
    """Of `csp` and `ksp`, those for which Windows has no provider here."""
    containers: tuple[ContainerFacts, ...] = ()
    certificates: tuple[CertificateFacts, ...] = ()
    told: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Answer the facts as JSON values."""
        value: dict[str, Any] = encode(self)
        return value

    @classmethod
    def from_json(cls, value: Any) -> "NodeFacts":
        """Read what `to_json` wrote; raises `ValueError` for anything else."""
        facts: NodeFacts = decode(cls, value)
        return facts


def short(fingerprint: str) -> str:
    """Answer as much of *fingerprint* as a person compares."""
    return fingerprint[: len("sha256:") + 16]
