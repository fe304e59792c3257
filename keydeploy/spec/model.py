"""The spec of one host as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass

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
class Rollout:
    """How a farm switches; times in seconds."""

    health: Health | None = None
    margin: float | None = None
    """None measures it from the run."""
    grace: float = 2.0
    lease: float = 60.0
    clock_drift_limit: float = 0.5

    def timing(self) -> dict[str, float | None]:
        """Answer the times, which are equal on all members of a farm."""
        return {name: getattr(self, name) for name in ("margin", "grace", "lease", "clock_drift_limit")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What one host's node must look like."""

    host: str
    farm: str
    machine_keys: Mapping[str, MachineKey]
    applications: Mapping[str, Application]
    rollout: Rollout
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
