"""What a node answers, one class for each kind of answer."""

from dataclasses import dataclass
from typing import Literal

from keydeploy.node.contract.codec import Instant
from keydeploy.secret import Secret

StoreName = Literal["My", "CA", "Root"]
"""A certificate store of LocalMachine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Carried out; there is nothing more to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """What a node is. None: the node is not Windows, or cannot tell."""

    clock: Instant
    """The node's own time, read last."""
    os: str
    machine: str
    bits: int | None = None
    """64 in a 64-bit process."""
    elevated: bool | None = None
    dotnet: int | None = None
    """The release number of the .NET Framework: 378389 is 4.5, 528040 is 4.8."""
    powershell: str | None = None
    language_mode: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file as it was read."""

    path: str | None
    """None where a pointer leads nowhere."""
    content: Secret | None
    """None where there is no file."""
    tag: str | None
    sddl: str | None = None
    """Owner and access, in the security descriptor definition language; None where there is no such thing."""
    attributes: tuple[str, ...] = ()
    """Those of `read_only`, `hidden`, `system`, `reparse_point`, `compressed` and `encrypted` that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryValue:
    """A value and its kind; `binary` and `none` are base64, `dword` and `qword` not negative."""

    kind: Literal["string", "expand_string", "multi_string", "dword", "qword", "binary", "none"]
    data: int | str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryState:
    """A value of the registry; an absent key and an absent value are two things, an empty value is a third."""

    key_exists: bool
    value: RegistryValue | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """An account, by the name under which it was asked for."""

    sid: str | None
    """Its security identifier, such as `S-1-5-32-545`; None: there is no such account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """An RSA public key: big-endian numbers without leading zeros."""

    modulus: bytes
    exponent: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """A machine-wide RSA key container.

    *state*: `absent`; `denied` (there is one, and this account may not open it); `keyless` (without a key);
    `present`. Everything else is None unless present. One that does not tell who may use it cannot be read at all.
    """

    state: Literal["absent", "denied", "keyless", "present"]
    provider: str | None = None
    provider_type: int | None = None
    key_number: int | None = None
    """1: for exchange, which encrypts and signs. 2: for signatures only."""
    bits: int | None = None
    exportable: bool | None = None
    unique_name: str | None = None
    """Differs from node to node; for diagnosis."""
    sddl: str | None = None
    """Who may use it, with what denies access and what is inherited; Windows tells it in a form of its own.

    `D:NO_ACCESS_CONTROL`: anybody.
    """
    public_key: PublicKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContainer:
    """A machine-wide container and what it shows."""

    name: str
    state: ContainerState


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerList:
    """Machine-wide containers by name."""

    containers: tuple[ListedContainer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateKey:
    """The private key that a certificate refers to."""

    container: str
    provider: str
    provider_type: int
    """0: not of CryptoAPI but of a key storage provider (CNG)."""
    key_number: int
    machine: bool
    usable: bool | None = None
    """Proved by signing. None: it was not asked for, or is no key of a machine."""
    sddl: str | None = None
    """Told only where the key was proved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateState:
    """A certificate in a store of LocalMachine."""

    thumbprint: str
    """SHA-1 in upper-case hex, Windows' name for a certificate."""
    subject: str
    """As Windows writes a name: the most specific part first, such as `CN=portal, O=Contoso`."""
    issuer: str
    not_before: Instant
    not_after: Instant
    algorithm: str
    """Of the public key: `RSA`, `EC` or an object identifier."""
    friendly_name: str | None = None
    key: CertificateKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateList:
    """The certificates of one store, by thumbprint."""

    store: StoreName
    certificates: tuple[CertificateState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPoolSettings:
    """Settings in force for an app pool; None: not known, or not to be changed."""

    load_user_profile: bool | None
    set_profile_environment: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPoolState:
    """An app pool of IIS."""

    name: str
    state: Literal["started", "stopped"] | None
    identity: str
    """IIS' own word, such as `ApplicationPoolIdentity` or `SpecificUser`."""
    user: str | None
    settings: AppPoolSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPoolList:
    """The app pools of IIS."""

    app_pools: tuple[AppPoolState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCertificate:
    """The certificate that http.sys uses for a binding."""

    thumbprint: str
    store: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingState:
    """An HTTPS binding of an IIS site."""

    site: str
    address: str
    """`*` or an IP address."""
    port: int
    host: str
    """Empty where the binding takes all names."""
    flags: int
    """IIS' sslFlags: 1 is SNI, 2 the central certificate store; others are kept as they are."""
    certificate: BoundCertificate | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingList:
    """The HTTPS bindings of IIS."""

    bindings: tuple[BindingState, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedRun:
    """A run that has ended on a node."""

    run: str
    how: Literal["confirmed", "rolled_back"]
    at: Instant
    holder: str | None
    """None where the run never had the lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a confirmed run replaced."""

    run: str
    committed: Instant
    """When the run switched, on the node's clock."""
    kept: bool
    """False: its contents are gone, so that it cannot go back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState:
    """The run that is unfinished on a node, if any, the lock, and what earlier runs left."""

    run: str | None = None
    phase: Literal["staged", "committing", "committed"] | None = None
    confirmed: str | None = None
    """The run that was confirmed last."""
    lock: str | None = None
    """The run that holds the lock."""
    holder: str | None = None
    since: str | None = None
    expires: str | None = None
    generation: int = 0
    last: EndedRun | None = None
    backups: tuple[Backup, ...] = ()
    """The latest last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """A place that a run changed, and how it stands now.

    *state*: `as_left` by the run; `as_before` it; `changed` since by somebody else; `irreversible` (what was there
    before was a key that could not be kept).
    """

    noun: str
    place: str
    state: Literal["as_left", "as_before", "changed", "irreversible"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupState:
    """The node against a backup."""

    run: str | None
    """None where there is no such backup, or its contents are gone."""
    committed: Instant | None = None
    places: tuple[BackedUp, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquired:
    """The generation under which the lock was taken."""

    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The instant, on the node's clock, at which it switched."""

    committed: Instant


Answer = (
    Done
    | SystemState
    | FileState
    | RegistryState
    | AccountState
    | ContainerState
    | ContainerList
    | CertificateList
    | AppPoolList
    | BindingList
    | JournalState
    | BackupState
    | Acquired
    | Committed
)
