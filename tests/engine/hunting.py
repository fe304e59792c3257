"""Looks for secrets in everything that a run left behind, in every form in which one could slip out.

A secret may lie where it is used: on the nodes and in the inventory that declares it. Nowhere else.
"""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from tests.engine.farm import (
    DECRYPTION_KEY,
    OLD_DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    PASSWORD,
    VALIDATION_KEY,
    Ran,
    Stand,
)

KEYS = (VALIDATION_KEY, DECRYPTION_KEY, OLD_VALIDATION_KEY, OLD_DECRYPTION_KEY)
_FRAGMENT = 16
"""Hex digits of a key that are enough to call it one: half an answer holds half a key."""
_PUBLIC_LINES = 8
"""Lines of a private key in PEM, the first one among them, that may hold something of its public half."""


def forms(keys: Sequence[str] = KEYS, words: Sequence[str] = (PASSWORD,)) -> dict[bytes, str]:
    """Answer what to look for, in lower case or as it is, and of which secret it is a form."""
    found: dict[bytes, str] = {}
    for number, key in enumerate(keys):
        for start in range(0, len(key) - _FRAGMENT + 1, _FRAGMENT):
            found |= dict.fromkeys(_of_text(key[start : start + _FRAGMENT]), f"key {number}")
        found |= dict.fromkeys(_of_bytes(key.encode()), f"key {number}")
        found |= dict.fromkeys(_of_bytes(key.lower().encode()), f"key {number}")
        found |= dict.fromkeys([bytes.fromhex(key)[:12], *_of_bytes(bytes.fromhex(key))], f"key {number}")
    for number, word in enumerate(words):
        found |= dict.fromkeys([*_of_text(word), *_of_bytes(word.encode())], f"word {number}")
    return found


def declared(inventory: Path) -> dict[bytes, str]:
    """Answer the forms of the private keys that *inventory* declares, and of the passwords that open them."""
    found: dict[bytes, str] = {}
    for number, (key, password) in enumerate(_private_keys(yaml.safe_load(inventory.read_text("utf-8")))):
        found |= dict.fromkeys(forms_of_private(key), f"private key {number}")
        if password:
            found |= dict.fromkeys([*_of_text(password), *_of_bytes(password.encode())], f"password {number}")
    return found


def forms_of_private(key: RSAPrivateKey) -> Iterator[bytes]:
    """Yield how the private parts of *key* may be written: from either end, in hex, base64, as numbers, as PEM."""
    numbers, size = key.private_numbers(), key.key_size // 8
    parts = (numbers.d, numbers.p, numbers.q, numbers.dmp1, numbers.dmq1, numbers.iqmp)
    for number in parts:
        yield str(number).encode()
        part = number.to_bytes(size if number == numbers.d else size // 2)
        for piece in (part[8:40], part[8:40][::-1]):
            yield from (piece, piece.hex().encode(), *_of_bytes(piece))
    for form in (PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL):
        lines = key.private_bytes(Encoding.PEM, form, NoEncryption()).splitlines()
        yield from lines[_PUBLIC_LINES:-2]  # before them stands the public half


def leaks(stand: Stand, *runs: Ran) -> list[str]:
    """Answer where a secret stands that must not stand there, and in which form."""
    wanted = forms() | declared(stand.inventory)
    places = {f"{name} of run {n}": text for n, ran in enumerate(runs) for name, text in _told(ran).items()}
    files = (file for file in stand.folder.rglob("*") if file.is_file() and not stand.may_hold_secrets(file))
    places |= {str(file.relative_to(stand.folder)): file.read_bytes() for file in files}
    return [f"{place}: {secret}" for place, content in places.items() for secret in find(content, wanted)]


def find(content: bytes, wanted: dict[bytes, str]) -> set[str]:
    """Answer the secrets of which *content* holds a form."""
    lower = content.lower()
    return {f"{secret} ({form!r})" for form, secret in wanted.items() if form in content or form in lower}


def processes(pid: int) -> dict[str, bytes]:
    """Answer the command line and the environment of the process *pid* and of all below it that still run."""
    folder = Path("/proc") / str(pid)
    try:
        own = {f"{pid} {name}": (folder / name).read_bytes() for name in ("cmdline", "environ")}
        children = (folder / "task" / str(pid) / "children").read_text().split()
    except OSError:  # it has ended meanwhile
        return {}
    for child in children:
        own |= processes(int(child))
    return own


def _private_keys(value: Any) -> Iterator[tuple[RSAPrivateKey, str | None]]:
    """Yield the private keys below *value* with their passwords, once each; templates are none."""
    if isinstance(value, Mapping):
        for name, opened_by in (("private_key", "password"), ("previous_key", "previous_password")):
            text, password = str(value.get(name, "")), value.get(opened_by)
            if text.startswith("-----BEGIN") and "PRIVATE KEY" in text:
                key = load_pem_private_key(text.encode(), password.encode() if password else None)
                assert isinstance(key, RSAPrivateKey)
                yield key, password
        if isinstance(value.get("pfx"), str) and "{{" not in value["pfx"]:
            password = value.get("password")
            content = base64.b64decode(value["pfx"])
            packed = pkcs12.load_pkcs12(content, password.encode() if password else None).key
            assert isinstance(packed, RSAPrivateKey)
            yield packed, password
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _private_keys(inner)


def _told(ran: Ran) -> dict[str, bytes]:
    return {"stdout": ran.out.encode(), "stderr": ran.err.encode(), "results": json.dumps(ran.dumped).encode()}


def _of_text(text: str) -> Iterator[bytes]:
    """Yield forms in lower case, which are looked for without regard to case."""
    yield text.lower().encode()
    yield text.lower().encode("utf-16-le")
    yield text.lower().encode("utf-16-be")


def _of_bytes(content: bytes) -> Iterator[bytes]:
    """Yield base64 wherever the content begins in the encoded text, without the digits that depend on neighbours."""
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + content)[(0, 2, 3)[shift] :]
        inner = encoded[: len(encoded) // 4 * 4 - 4]
        yield inner[:32]
        yield inner[:32].replace(b"+", b"-").replace(b"/", b"_")
