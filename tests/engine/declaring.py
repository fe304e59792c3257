"""Keys and certificates as specs declare them: PEM and PFX with their chain, made once a session."""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.keys import authorities
from tests.keys.authorities import authority
from tests.node.contract.material import rsa_key

PASSWORD_OF_KEY = "Marked-Passw0rd-of-a-key"
POOL = "IIS AppPool\\Portal"
POOL_SID = "S-1-5-82-804347906-3255526606-2247985595-1028908625-2942376404"
"""Of `POOL`: five little-endian numbers out of the SHA-1 of `portal` in UTF-16."""

_DAY = timedelta(days=1)


def pem(which: str, password: str | None = None) -> str:
    """Answer the key *which* as PKCS#8 in PEM, encrypted where there is a *password*."""
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password.encode())
    return rsa_key(which).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def container(which: str, **more: Any) -> dict[str, Any]:
    """Declare a container with the key *which*, which the pool of the application may use."""
    return {"private_key": pem(which), "readers": [POOL], **more}


@cache
def issued(subject: str, which: str = "portal", *, starts: float = -1, ends: float = 365) -> x509.Certificate:
    """Answer a certificate of the key *which* that the intermediate authority has issued; times are days from now."""
    return _certificate(subject, which, ("Contoso Issuing CA", "issuing"), starts=starts, ends=ends)


@cache
def intermediate() -> x509.Certificate:
    return _certificate("Contoso Issuing CA", "issuing", ("Contoso Root CA", "root"), (authority(),), ends=3650)


@cache
def root() -> x509.Certificate:
    return _certificate("Contoso Root CA", "root", None, (authority(),), ends=3650)


def certificate(leaf: x509.Certificate, which: str = "portal", **more: Any) -> dict[str, Any]:
    """Declare the certificate *leaf* of the key *which*, which the pool of the application may use."""
    return {"certificate": authorities.pem(leaf), "private_key": pem(which), "readers": [POOL], **more}


def with_chain(leaf: x509.Certificate, which: str = "portal", **more: Any) -> dict[str, Any]:
    """Declare the certificate *leaf* of the key *which* with those that vouch for it."""
    return certificate(leaf, which, **more) | {"certificate": authorities.pem(leaf, intermediate(), root())}


def pfx(leaf: x509.Certificate, which: str = "portal", **more: Any) -> dict[str, Any]:
    """Declare the certificate *leaf* of the key *which* with its chain, as an encrypted PFX."""
    secured = BestAvailableEncryption(PASSWORD_OF_KEY.encode())
    content = serialize_key_and_certificates(b"portal", rsa_key(which), leaf, [intermediate(), root()], secured)
    return {"pfx": base64.b64encode(content).decode(), "password": PASSWORD_OF_KEY, "readers": [POOL], **more}


def _certificate(  # noqa: PLR0913 - what tells them apart
    subject: str,
    which: str,
    issuer: tuple[str, str] | None,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
    *,
    starts: float = -1,
    ends: float = 365,
) -> x509.Certificate:
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now + starts * _DAY, now + ends * _DAY
    return authorities.certificate(subject, which, issuer, start=start, end=end, extensions=extensions)
