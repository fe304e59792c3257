"""How long declared key material lasts: the days that its owner, or its issuer, has set.

Pure and without secrets: what a report tells of a farm although no node answers.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from keydeploy.spec.model import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """One declared machine key, key container or certificate."""

    address: str
    """Such as `machine_keys.portal`."""
    created: date | None = None
    """When the key was made, where the spec says so; the first valid day of a certificate."""
    due: date | None = None
    """The last day on which the spec lets it be used; the last valid day of a certificate."""
    fingerprint: str | None = None
    """Of the public key, where there is one; None for secret keys."""

    def to_json(self) -> dict[str, Any]:
        """Answer the material as JSON values; days as YYYY-MM-DD."""
        days = {"created": self.created, "due": self.due}
        return {
            "address": self.address,
            **{name: None if day is None else day.isoformat() for name, day in days.items()},
            "fingerprint": self.fingerprint,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Material":
        """Read what `to_json` wrote."""
        days = {name: value[name] and date.fromisoformat(value[name]) for name in ("created", "due")}
        return cls(address=value["address"], fingerprint=value["fingerprint"], **days)


def materials_of(spec: Spec) -> Iterator[Material]:
    """Yield what *spec* declares that there shall be, in its order."""
    for name in spec.machine_keys:
        yield _aging(spec, f"machine_keys.{name}")
    for name, container in spec.key_containers.items():
        if container.private_key is not None:
            yield _aging(spec, f"key_containers.{name}", container.private_key.fingerprint)
    for name, installed in spec.certificates.items():
        certificate = installed.certificate
        if certificate is not None:
            yield Material(
                address=f"certificates.{name}",
                created=_day(certificate.not_before),
                due=_day(certificate.not_after),
                fingerprint=certificate.key.fingerprint,
            )


def _aging(spec: Spec, address: str, fingerprint: str | None = None) -> Material:
    lifetime = spec.lifetimes.get(address)
    if lifetime is None:
        return Material(address=address, fingerprint=fingerprint)
    due = None if lifetime.max_age is None else lifetime.created + lifetime.max_age
    return Material(address=address, created=lifetime.created, due=due, fingerprint=fingerprint)


def _day(instant: float) -> date:
    return datetime.fromtimestamp(instant, UTC).date()
