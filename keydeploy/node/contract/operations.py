"""The operations of a request, one class for each; *do* is an operation's name on the wire.

A reading changes nothing. Whatever is *staged* waits in the run's journal together with what it replaces,
switches at `Commit` in the order of staging, and goes back with `RollBack`. Each names the state that it
replaces: where the node shows another one, nothing is staged and nothing switches.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from keydeploy.edit import Splice
from keydeploy.node.contract import answers
from keydeploy.node.contract.answers import (
    AppPoolSettings,
    BoundCertificate,
    Done,
    PublicKey,
    RegistryValue,
    StoreName,
)
from keydeploy.node.contract.codec import Instant, Seconds
from keydeploy.secret import Secret


@dataclass(frozen=True, slots=True)
class Step:
    """Go down to the elements named *element*, at any depth; where *attribute* is given, to those that equal *value*.

    Values compare without regard to case, as IIS compares site names and paths.
    """

    element: str
    attribute: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A file that another file names: *attribute* of the first element that *walk* leads to in *file*.

    A relative path is meant from the folder of *file*; *append* is added to it. So one request can ask
    for the web.config of an application whose folder only applicationHost.config knows.
    """

    file: "Location"
    walk: tuple[Step, ...]
    attribute: str
    append: str | None = None


Location = str | Pointer
"""A path with environment variables such as `%windir%`, or a pointer to one."""


@dataclass(frozen=True, slots=True)
class ReadSystem:
    """Read the clock and what the node is."""

    do: ClassVar = "system.read"
    answer: ClassVar = answers.SystemState


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Read a file; one that does not exist is an answer, not an error."""

    at: Location
    do: ClassVar = "file.read"
    answer: ClassVar = answers.FileState


@dataclass(frozen=True, slots=True)
class ReadRegistry:
    """Read *value* of *key*, which begins with `HKLM\\`, in the 64-bit or the 32-bit *view*."""

    view: Literal[64, 32]
    key: str
    value: str
    do: ClassVar = "registry.read"
    answer: ClassVar = answers.RegistryState


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """Read the security identifier of the account *name*.

    A name is `DOMAIN\\name`, `name`, `name@domain`, `IIS AppPool\\NAME` or a security identifier, which is its own
    answer. That of an app pool can be computed, and need not be asked for: Windows knows it once IIS has the pool.
    """

    name: str
    do: ClassVar = "account.read"
    answer: ClassVar = answers.AccountState


@dataclass(frozen=True, slots=True)
class ReadContainer:
    """Read the machine-wide key container *name*; none is made by looking."""

    name: str
    do: ClassVar = "container.read"
    answer: ClassVar = answers.ContainerState


@dataclass(frozen=True, slots=True)
class ListContainers:
    """List the machine-wide containers whose name begins with *prefix*."""

    prefix: str
    do: ClassVar = "container.list"
    answer: ClassVar = answers.ContainerList


@dataclass(frozen=True, slots=True)
class ListCertificates:
    """List LocalMachine's *store*; the keys of those in *prove* (thumbprints) are tried by signing."""

    store: StoreName
    prove: tuple[str, ...] = ()
    do: ClassVar = "certificate.list"
    answer: ClassVar = answers.CertificateList


@dataclass(frozen=True, slots=True)
class ListAppPools:
    """List the app pools of IIS with the settings in force."""

    do: ClassVar = "app_pool.list"
    answer: ClassVar = answers.AppPoolList


@dataclass(frozen=True, slots=True)
class ListBindings:
    """List the HTTPS bindings of IIS with the certificates that http.sys uses for them."""

    do: ClassVar = "binding.list"
    answer: ClassVar = answers.BindingList


@dataclass(frozen=True, slots=True)
class ReadJournal:
    """Read who holds the lock, whether a run is unfinished, how the last one ended and what backups there are."""

    do: ClassVar = "journal.read"
    answer: ClassVar = answers.JournalState


@dataclass(frozen=True, slots=True)
class ReadBackup:
    """Compare the node with the backup of *run* (None: of the run that was confirmed last)."""

    run: str | None
    do: ClassVar = "backup.read"
    answer: ClassVar = answers.BackupState


@dataclass(frozen=True, slots=True)
class AcquireLock:
    """Take the node for this run, for *lease* seconds.

    Refused while another run's lease lasts or it is unfinished, and when this run has ended here already.
    """

    holder: str
    lease: Seconds
    do: ClassVar = "lock.acquire"
    answer: ClassVar = answers.Acquired


@dataclass(frozen=True, slots=True)
class ResumeLock:
    """Take the node over to end the run that was left unfinished on it, for *lease* seconds.

    The request goes under that run's name; refused while its lease lasts, because then it may still be alive.
    """

    holder: str
    lease: Seconds
    do: ClassVar = "lock.resume"
    answer: ClassVar = answers.Acquired


@dataclass(frozen=True, slots=True)
class BeginJournal:
    """Begin the run's journal; refused while another run is unfinished."""

    do: ClassVar = "journal.begin"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class StageFile:
    """Prepare the new content of the file at *path*, which must still have *tag* (None: must not exist)."""

    path: str
    tag: str | None
    splices: tuple[Splice, ...]
    do: ClassVar = "file.stage"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class StageRegistry:
    """Prepare *value* of *key* to become *after* (None: deleted) where it is *before* (None: absent)."""

    view: Literal[64, 32]
    key: str
    value: str
    before: RegistryValue | None
    after: RegistryValue | None
    do: ClassVar = "registry.stage"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """An RSA private key, in the parts and lengths of .NET's `RSAParameters`: big-endian.

    *modulus* and *d* are of the key's length, the others but *exponent* of half of it.
    """

    modulus: Secret
    exponent: Secret
    d: Secret
    p: Secret
    q: Secret
    dp: Secret
    dq: Secret
    inverse_q: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenContainer:
    """What a container showed when it was observed, letter for letter."""

    public_key: PublicKey
    sddl: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a container shall hold. Without a *key* it keeps its own, and only the access changes."""

    key: PrivateKey | None
    provider_type: int
    """24 (RSA and AES, the default of .NET) or 1 (the older one, of the stock configuration provider)."""
    exportable: bool
    sddl: str
    """The exact access of the container; nothing is inherited or kept."""


@dataclass(frozen=True, slots=True)
class StageContainer:
    """Prepare the machine-wide container *name* to become *after* (None: deleted) where it is *before* (None: absent).

    *previous* is the key of *before*, to undo with; an exportable key needs none, whoever made it. Where neither helps,
    a switch that takes the key away cannot be undone. With *early* the container is made at once: only where nothing
    reads it yet.
    """

    name: str
    before: SeenContainer | None
    after: Container | None
    previous: PrivateKey | None = None
    early: bool = False
    do: ClassVar = "container.stage"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCertificate:
    """What a store showed of a certificate when it was observed."""

    container: str | None
    friendly_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCertificate:
    """A certificate as it shall lie in a store, linked to its *container* (None: without a key)."""

    der: bytes
    container: str | None
    provider_type: int
    friendly_name: str | None


@dataclass(frozen=True, slots=True)
class StageCertificate:
    """Prepare a certificate in *store* to become *after* (None: removed) where it is *before* (None: absent).

    A linked key is proved to be the certificate's by signing. Its container is staged before it; one whose
    certificate is removed is deleted after it. A link that is replaced comes back as it was, whoever made it, usable
    or not. With *early* it is added at once: only where nothing reads it yet.
    """

    store: StoreName
    thumbprint: str
    before: SeenCertificate | None
    after: StoredCertificate | None
    early: bool = False
    do: ClassVar = "certificate.stage"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class StageAppPool:
    """Prepare the settings of the app pool *name* to become *after* where they are *before*."""

    name: str
    before: AppPoolSettings
    after: AppPoolSettings
    do: ClassVar = "app_pool.stage"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class RecycleAppPool:
    """Let the app pool *name* begin anew after the switch, and after going back; one that is stopped stays so."""

    name: str
    do: ClassVar = "app_pool.recycle"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class StageBinding:
    """Prepare the certificate of an HTTPS binding to become *after* where it is *before*; its other flags stay."""

    site: str
    address: str
    port: int
    host: str
    before: BoundCertificate | None
    after: BoundCertificate
    do: ClassVar = "binding.stage"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class StageBackup:
    """Prepare all that *run* changed to become what it was before that run.

    A place that is not as *run* left it is refused, unless *force* says that the later change goes, too.
    """

    run: str
    force: bool
    do: ClassVar = "backup.stage"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class Commit:
    """Wait until *at*, an instant of the node's own clock, and switch everything that is staged.

    A node that is later than *grace* seconds does not switch.
    """

    at: Instant
    grace: Seconds
    do: ClassVar = "journal.commit"
    answer: ClassVar = answers.Committed


@dataclass(frozen=True, slots=True)
class Confirm:
    """End the run: what was switched stays, staged data goes, the lock is released.

    Backups remain of the last *keep* runs, this one among them, each for *expire* seconds.
    """

    keep: int = 5
    expire: Seconds = 30 * 24 * 3600.0
    do: ClassVar = "journal.confirm"
    answer: ClassVar = Done


@dataclass(frozen=True, slots=True)
class RollBack:
    """End the run: what was switched goes back, staged data goes, the lock is released.

    What somebody else has changed since is refused, unless *leave* says that it stays and the rest goes back. Where a
    key was replaced that was not kept, nothing goes back: the node stays whole, and the run can be confirmed.
    """

    leave: bool = False
    do: ClassVar = "journal.roll_back"
    answer: ClassVar = Done


Reading = (
    ReadSystem
    | ReadFile
    | ReadRegistry
    | ReadAccount
    | ReadContainer
    | ListContainers
    | ListCertificates
    | ListAppPools
    | ListBindings
    | ReadJournal
    | ReadBackup
)

Staging = StageFile | StageRegistry | StageContainer | StageCertificate | StageAppPool | RecycleAppPool | StageBinding

Operation = Reading | Staging | StageBackup | AcquireLock | ResumeLock | BeginJournal | Commit | Confirm | RollBack
