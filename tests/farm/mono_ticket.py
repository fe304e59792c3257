"""Makes forms-authentication tickets as Mono's System.Web does, without Mono.

Written from the bytes that Mono 6.8 produces; shares no code with keydeploy, so that a ticket which a node accepts
proves which keys the node really has.
"""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

_BLOCK = 16
_FIRST_DAY = datetime(1, 1, 1, tzinfo=UTC)  # of .NET's calendar; a tick is 100 ns


def make_ticket(user: str, *, validation_key: str, decryption_key: str, iv: bytes, issued: datetime) -> str:
    """Return the value of a cookie that logs *user* in for half an hour from *issued*.

    The keys are hex as in web.config; *iv* is 16 bytes. The result is base64 of IV | AES-CBC | HMAC-SHA256 over both.
    Mono's nodes take the two times for local ones; the farm's run in UTC.
    """
    padder = PKCS7(8 * _BLOCK).padder()
    clear = padder.update(_serialize(user, issued, issued + timedelta(minutes=30))) + padder.finalize()
    encryptor = Cipher(AES(bytes.fromhex(decryption_key)), CBC(iv)).encryptor()
    encrypted = iv + encryptor.update(clear) + encryptor.finalize()
    signature = hmac.digest(bytes.fromhex(validation_key), encrypted, hashlib.sha256)
    return base64.b64encode(encrypted + signature).decode("ascii")


def _serialize(user: str, issued: datetime, expires: datetime) -> bytes:
    """Lay a ticket out as .NET's BinaryWriter does: version 1, not persistent, times, name, cookie path, user data."""
    times = b"".join(_ticks(instant).to_bytes(8, "little") for instant in (issued, expires))
    return b"\x01\0\0\0" + b"\0" + times + _text(user) + _text("/") + _text("")


def _ticks(instant: datetime) -> int:
    return (instant - _FIRST_DAY) // timedelta(microseconds=1) * 10


def _text(value: str) -> bytes:
    encoded = value.encode()
    assert len(encoded) < 0x80, "longer texts have a length of several bytes"
    return b"\x01" + bytes([len(encoded)]) + encoded
