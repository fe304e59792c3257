"""What one process of a run has checked, so that the others need not check it again.

The workers of a run are forks of one process and learn of each other through results, which anybody may read. So what
one hands on is public, certificates, or encrypted: the key of the farm's tags, for which all keys must be opened. Each
thing is known by its tag under a key that lives in the memory of these processes alone: nothing can be guessed from a
tag, and nobody else can make one. What has another tag, or none, is checked as ever.
"""

import base64
import datetime
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keydeploy.secret import Secret, derive_key
from keydeploy.spec.agreement import agreed
from keydeploy.spec.declaration import Declaration
from keydeploy.spec.load import build, load
from keydeploy.spec.material import know
from keydeploy.spec.model import Spec

_NONCE = 12
"""Bytes, as AES-GCM has it."""


@dataclass(frozen=True, slots=True)
class Seals:
    """What has been found to be right, by tags."""

    declarations: Mapping[str, bytes | None] = field(default_factory=dict)
    """By the tag of the whole: the key of the farm's tags, encrypted; None where there is no secret to make one of."""
    certificates: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict)
    """By the tag of what is declared: the DER of the certificate, and of its chain from below."""

    def to_json(self) -> dict[str, Any]:
        """Answer the seals as JSON values."""
        return {
            "declarations": {tag: key and _text(key) for tag, key in self.declarations.items()},
            "certificates": {tag: [_text(der) for der in members] for tag, members in self.certificates.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Seals":
        """Read what `to_json` wrote."""
        return cls(
            {tag: key and base64.b64decode(key) for tag, key in value["declarations"].items()},
            {tag: tuple(map(base64.b64decode, members)) for tag, members in value["certificates"].items()},
        )


def sealed(checked: Iterable[tuple[Declaration, Spec]], key: Secret) -> Seals:
    """Seal declarations in which nothing is wrong, under *key*; each goes with the spec that it holds."""
    declarations: dict[str, bytes | None] = {}
    certificates: dict[str, tuple[bytes, ...]] = {}
    for declaration, spec in checked:
        tag = _tag(declaration.value, key)
        if tag in declarations:
            continue
        tag_key = spec.tag_key()
        declarations[tag] = None if tag_key is None else _hidden(tag_key, tag, key)
        for name, value in _certificates(declaration):
            found = spec.certificates[name].certificate
            if found is not None:
                certificates[_tag(value, key)] = (found.der, *found.chain)
    return Seals(declarations, certificates)


def load_sealed(declaration: Declaration, seals: Seals, key: Secret) -> Spec:
    """Answer the spec that *declaration* holds; what is not under a seal is checked, and raises `SpecError`."""
    tag = None if declaration.problems else _tag_if_any(declaration.value, key)
    if tag is None or tag not in seals.declarations:
        return load(declaration)
    for _, value in _certificates(declaration):
        members = seals.certificates.get(_tag(value, key))
        if members:
            know(value, members)
    hidden = seals.declarations[tag]
    tag_key = None if hidden is None else _shown(hidden, tag, key)
    return replace(build(declaration, agreed(declaration.value)), known_tag_key=tag_key)


def _certificates(declaration: Declaration) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from declaration.value.get("certificates", {}).items()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _hidden(secret: Secret, tag: str, key: Secret) -> bytes:
    """Encrypt *secret*, which belongs to *tag*, so that only processes that have *key* in memory can read it."""
    nonce = secrets.token_bytes(_NONCE)
    return nonce + _cipher(key).encrypt(nonce, secret.reveal(), tag.encode())


def _shown(hidden: bytes, tag: str, key: Secret) -> Secret:
    return Secret(_cipher(key).decrypt(hidden[:_NONCE], hidden[_NONCE:], tag.encode()))


def _cipher(key: Secret) -> AESGCM:
    return AESGCM(derive_key([key], "keys of tags").reveal())


def _tag_if_any(value: Any, key: Secret) -> str | None:
    """Answer the tag of *value*, None of what no checked declaration can hold."""
    try:
        return _tag(value, key)
    except TypeError:
        return None


def _tag(value: Any, key: Secret) -> str:
    return Secret.of(json.dumps(value, sort_keys=True, default=_written)).tag(key)


def _written(value: Any) -> dict[str, str]:
    """Write what YAML reads as a date so that no text is equal to it."""
    if not isinstance(value, datetime.date):
        raise TypeError(f"no value of a spec: {type(value).__name__}")
    return {type(value).__name__: value.isoformat()}
