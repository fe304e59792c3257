"""The spec of one host as frozen values."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from keydeploy.keys.machine_key import MachineKey
from keydeploy.secret import Secret, derive_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """An ASP.NET application: *site* and *path*, or *web_config*."""

    site: str | None = None
    path: str | None = None
    web_config: str | None = None
    machine_key: str | None = None
    session_tokens: str | None = None
    """The machine key that protects WIF session cookies."""


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
    smart_cards: SmartCards = SmartCards()
    shared: Secret
    """All that members must agree on, as one text; see `agreement`."""

    def secrets(self) -> dict[str, Secret]:
        """Answer every declared secret by its address."""
        return {
            f"machine_keys.{name}.{attribute}": secret
            for name, key in sorted(self.machine_keys.items())
            for attribute, secret in (
                ("validation_key", key.validation_key),
                ("decryption_key", key.decryption_key),
            )
        }

    def tag_key(self) -> Secret | None:
        """Answer the key under which this farm's tags are made; None when the farm declares no secret.

        It is the same on members that write the same keys in upper and in lower case.
        """
        secrets = [Secret(secret.reveal().upper()) for secret in self.secrets().values()]
        return derive_key(secrets, "tags") if secrets else None

    def digest(self) -> str:
        """Answer a tag of all that members must agree on: equal for equal specs, and nothing can be guessed from it."""
        return self.shared.tag(self.tag_key() or Secret(b""))
