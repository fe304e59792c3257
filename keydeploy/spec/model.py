"""The spec of one host as frozen values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from itertools import chain
from typing import Any, Literal

from keydeploy.keys.certificate import Certificate
from keydeploy.keys.machine_key import MachineKey
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.secret import Secret, derive_key


@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a key was made, and how old it may become; None: as old as it will."""

    created: date
    max_age: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Why a publicly known machine key may be used, and until which day; None: without an end."""

    reason: str
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyContainer:
    """A machine-wide RSA key container, by the name under which programs open it."""

    private_key: RsaKey | None
    """None: there shall be no such container."""
    previous_key: RsaKey | None = None
    """The key before; it lets a replaced key be put back, and sections that it protects be read."""
    provider_type: int = 24
    """24 (RSA and AES, the default of .NET) or 1 (the older one, of the stock configuration provider)."""
    exportable: bool = False
    readers: tuple[str, ...] = ()
    """Who may use the key beside SYSTEM and Administrators: accounts, `IIS AppPool\\NAME` or SIDs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledCertificate:
    """A certificate in LocalMachine's *store* with its key in a container of its own."""

    thumbprint: str
    """SHA-1 in upper-case hex, Windows' name for a certificate."""
    certificate: Certificate | None
    """None: it shall not be there."""
    store: Literal["My"] = "My"
    readers: tuple[str, ...] = ()
    exportable: bool = False
    friendly_name: str | None = None
    """None: whatever it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedSections:
    """Sections of a configuration file that are encrypted with the key of a *container*."""

    container: str
    sections: tuple[str, ...]
    """Paths below `<configuration>`, such as `connectionStrings` or `system.web/machineKey`."""
    provider: str | None = None
    """The name of the provider entry to add where none leads to the container; None: that of the container."""
    cipher: Literal["aes256", "3des"] | None = None
    """None: a section that is encrypted keeps its own, another gets aes256."""
    key_wrap: Literal["oaep", "rsa1_5"] | None = None
    """None: a section that is encrypted keeps its own, another gets oaep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AppPool:
    """Settings of the pool that an application runs in; None is not declared."""

    load_user_profile: bool | None = None
    set_profile_environment: bool | None = None
    identity: str | None = None
    """The account that the pool is expected to run as; it is compared, never changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An ASP.NET application: *site* and *path*, or *web_config*."""

    site: str | None = None
    path: str | None = None
    web_config: str | None = None
    machine_key: str | None = None
    session_tokens: str | None = None
    """The machine key that protects WIF session cookies."""
    session_certificate: str | None = None
    """The certificate that protects WIF session cookies, in place of a machine key."""
    protected_sections: ProtectedSections | None = None
    app_pool: AppPool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the configuration files of .NET itself hold, for all applications of a node."""

    level: Literal["root_web_config", "machine_config"]
    machine_key: str | None = None
    runtimes: tuple[str, ...] | None = None
    """Of `v2.0` and `v4.0`; None: all that are installed."""
    protected_sections: ProtectedSections | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """An HTTPS binding of an IIS site, and the certificate that it serves."""

    site: str
    port: int
    host: str
    """Empty: all names."""
    address: str
    """`*` or an IP address."""
    certificate: str
    sni: bool | None = None
    """Whether the binding is expected to tell hosts apart by name; it is compared, never changed."""


@dataclass(frozen=True, slots=True)
class Health:
    """How to tell that a node serves after the commit; *within* is in seconds."""

    url: str
    expect: int = 200
    within: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """What takes a node out of the load balancer, or lets it in again: a file of *tasks*, or a call of *url*."""

    tasks: str | None = None
    """An Ansible tasks file, relative to the folder of the inventory."""
    url: str | None = None
    method: str = "POST"
    expect: int = 200
    within: float = 10.0
    """Seconds in which the address must answer so."""
    wait: float = 0.0
    """Seconds to wait afterwards, such as for open requests to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waves:
    """How a farm changes what its nodes may differ in: first *canary* nodes, then more and more, then the rest."""

    canary: int = 1
    fractions: tuple[float, ...] = (0.25,)
    """The share of all nodes that has changed after each wave between the canaries and the rest; from 0 to 1."""
    pause: float = 0.0
    """Seconds between two waves."""
    tolerate: int = 0
    """How many nodes may fail before the run stops; those go back by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backups:
    """How many runs back a node can go, and for how many seconds."""

    keep: int = 5
    expire: float = 30 * 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How a farm switches; times in seconds."""

    margin: float | None = None
    """None measures it from the run."""
    grace: float = 2.0
    lease: float = 60.0
    clock_drift_limit: float = 0.5
    waves: Waves | None = None
    """None: all nodes at one instant."""
    may_be_missing: tuple[str, ...] = ()
    """Members that a change does without where they cannot be reached."""
    backups: Backups = Backups()
    health: Health | None = None
    drain: Hook | None = None
    undrain: Hook | None = None

    def shared(self) -> dict[str, Any]:
        """Answer as JSON values what is equal on all members of a farm; `of_shared` reads it."""
        return asdict(replace(self, health=None, drain=None, undrain=None))

    @classmethod
    def of_shared(cls, value: Mapping[str, Any]) -> "Rollout":
        """Read what `shared` wrote."""
        waves, backups = value["waves"], Backups(**value["backups"])
        names = ("margin", "grace", "lease", "clock_drift_limit")
        return cls(
            **{name: value[name] for name in names},
            waves=Waves(**{**waves, "fractions": tuple(waves["fractions"])}) if waves else None,
            may_be_missing=tuple(value["may_be_missing"]),
            backups=backups,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartCards:
    """After how many milliseconds Windows ends a transaction on a smart card; None is not declared.

    For programs that use the older provider (CSP) and the newer one (KSP).
    """

    csp: int | None = None
    ksp: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What one host's node must look like."""

    host: str
    farm: str
    machine_keys: Mapping[str, MachineKey]
    applications: Mapping[str, Application]
    rollout: Rollout
    key_containers: Mapping[str, KeyContainer] = field(default_factory=dict)
    certificates: Mapping[str, InstalledCertificate] = field(default_factory=dict)
    bindings: tuple[Binding, ...] = ()
    machine: Machine | None = None
    smart_cards: SmartCards = SmartCards()
    lifetimes: Mapping[str, Lifetime] = field(default_factory=dict)
    """By the address of what they are of, such as `machine_keys.portal`."""
    acceptances: Mapping[str, Acceptance] = field(default_factory=dict)
    """By the name of the machine key."""
    shared: Secret
    """All that members must agree on, as one text; see `agreement`."""
    known_tag_key: Secret | None = field(default=None, compare=False)
    """What `tag_key` answers, where another process has computed it; see `seals`."""

    def secrets(self) -> dict[str, Secret]:
        """Answer every declared secret that may stand in a file by its address."""
        return {
            f"machine_keys.{name}.{attribute}": secret
            for name, key in sorted(self.machine_keys.items())
            for attribute, secret in (
                ("validation_key", key.validation_key),
                ("decryption_key", key.decryption_key),
            )
        }

    def private_keys(self) -> dict[str, RsaKey]:
        """Answer every declared RSA key by its address."""
        return {
            **{
                f"key_containers.{name}.{attribute}": key
                for name, container in sorted(self.key_containers.items())
                for attribute, key in (
                    ("private_key", container.private_key),
                    ("previous_key", container.previous_key),
                )
                if key is not None
            },
            **{
                f"certificates.{name}.private_key": each.certificate.key
                for name, each in sorted(self.certificates.items())
                if each.certificate is not None
            },
        }

    def readers(self) -> tuple[str, ...]:
        """Answer the accounts that the spec lets use keys, each once."""
        of_containers = (container.readers for container in self.key_containers.values())
        of_certificates = (certificate.readers for certificate in self.certificates.values())
        return tuple(dict.fromkeys(chain.from_iterable((*of_containers, *of_certificates))))

    def tag_key(self) -> Secret | None:
        """Answer the key under which this farm's tags are made; None when the farm declares no secret.

        It is the same on members that write the same keys in upper and in lower case.
        """
        if self.known_tag_key is not None:
            return self.known_tag_key
        secrets = [Secret(secret.reveal().upper()) for secret in self.secrets().values()]
        secrets += [key.content for key in self.private_keys().values()]
        return derive_key(secrets, "tags") if secrets else None

    def digest(self) -> str:
        """Answer a tag of all that members must agree on: equal for equal specs, and nothing can be guessed from it."""
        return self.shared.tag(self.tag_key() or Secret(b""))
