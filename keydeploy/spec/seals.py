"""What one process of a run has checked, so that the others need not check it again.

The workers of a run are forks of one process and learn of each other through results, which anybody may read. So what
one hands on is public: certificates. Each thing is known by its tag under a key that lives in the memory of these
processes alone: nothing can be guessed from a tag, and nobody else can make one. What has another tag, or none, is
checked as ever.
"""

import base64
import datetime
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from keydeploy.secret import Secret
from keydeploy.spec.agreement import agreed
from keydeploy.spec.declaration import Declaration
from keydeploy.spec.load import build, load
from keydeploy.spec.material import know
from keydeploy.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Seals:
    """What has been found to be right, by tags."""

    declarations: frozenset[str] = frozenset()
    certificates: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """By the tag of what is declared: the DER of the certificate, and of its chain from below."""

    def to_json(self) -> dict[str, Any]:
        """Answer the seals as JSON values."""
        return {
            "declarations": sorted(self.declarations),
            "certificates": {
                tag: [base64.b64encode(der).decode() for der in members] for tag, members in self.certificates.items()
            },
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Seals":
        """Read what `to_json` wrote."""
        return cls(
            frozenset(value["declarations"]),
            {tag: tuple(map(base64.b64decode, members)) for tag, members in value["certificates"].items()},
        )


def sealed(checked: Iterable[tuple[Declaration, Spec]], key: Secret) -> Seals:
    """Seal declarations in which nothing is wrong, under *key*; each goes with the spec that it holds."""
    declarations: set[str] = set()
    certificates: dict[str, tuple[bytes, ...]] = {}
    for declaration, spec in checked:
        tag = _tag(declaration.value, key)
        if tag in declarations:
            continue
        declarations.add(tag)
        for name, value in _certificates(declaration):
            found = spec.certificates[name].certificate
            if found is not None:
                certificates[_tag(value, key)] = (found.der, *found.chain)
    return Seals(frozenset(declarations), certificates)


def load_sealed(declaration: Declaration, seals: Seals, key: Secret) -> Spec:
    """Answer the spec that *declaration* holds; what is not under a seal is checked, and raises `SpecError`."""
    if declaration.problems or _tag(declaration.value, key) not in seals.declarations:
        return load(declaration)
    for _, value in _certificates(declaration):
        members = seals.certificates.get(_tag(value, key))
        if members:
            know(value, members)
    return build(declaration, agreed(declaration.value))


def _certificates(declaration: Declaration) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from declaration.value.get("certificates", {}).items()


def _tag(value: Any, key: Secret) -> str:
    return Secret.of(json.dumps(value, sort_keys=True, default=_written)).tag(key)


def _written(value: Any) -> dict[str, str]:
    """Write what YAML reads as a date so that no text is equal to it."""
    if not isinstance(value, datetime.date):
        raise TypeError(f"no value of a spec: {type(value).__name__}")
    return {type(value).__name__: value.isoformat()}
