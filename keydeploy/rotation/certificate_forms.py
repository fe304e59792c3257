"""Keys and certificates in the forms in which a spec declares them, sealed by the password that it declares."""

from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from keydeploy.errors import PasswordMissing
from keydeploy.keys import pfx
from keydeploy.keys.certificate import Certificate, load_pem, load_pfx
from keydeploy.keys.chain import parsed
from keydeploy.keys.pem import base64_text, blocks
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.secret import Secret

_GIVEN_BY = "write its password into a file, and name that with --pfx-password-file FILE"


def given_pfx(content: bytes, password: str | None) -> Certificate:
    """Read a PFX file, in DER or base64; raises `KeyMaterialError`."""
    text = base64_text(content) if content[:1] == b"\x30" else content.decode("ascii", "replace")
    with _asking_for_password():
        return load_pfx(text, password)


def given_pem(content: bytes, password: str | None) -> Certificate:
    """Read a PEM file with a certificate, its key, and its chain, in any order; raises `KeyMaterialError`."""
    found = blocks(content.decode("utf-8", "replace"))
    public = "".join(block.pem().decode() for block in found if not block.label.endswith("PRIVATE KEY"))
    private = "".join(block.pem().decode() for block in found if block.label.endswith("PRIVATE KEY"))
    with _asking_for_password():
        return load_pem(public, private, password)


@contextmanager
def _asking_for_password() -> Iterator[None]:
    """Tell where a password is given for what was given by a file; elsewhere the spec declares it."""
    try:
        yield
    except PasswordMissing as error:
        raise PasswordMissing(error.message, hint=_GIVEN_BY) from None


def key_pem(key: RsaKey, password: str | None) -> Secret:
    """Write *key* as PKCS#8 in PEM, encrypted where there is a *password*."""
    encryption: KeySerializationEncryption = (
        BestAvailableEncryption(password.encode()) if password is not None else NoEncryption()
    )
    return Secret(key.private().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))


def chain_pem(certificate: Certificate) -> Secret:
    """Write the certificate and those that vouch for it in PEM; it is public, and only of one type with the others."""
    written = (parsed(der).public_bytes(Encoding.PEM) for der in (certificate.der, *certificate.chain))
    return Secret(b"".join(written))


def pfx_base64(certificate: Certificate, password: str | None) -> Secret:
    """Pack certificate, key and chain as a PFX in base64, encrypted where there is a *password*."""
    sealing = None if password is None else Secret.of(password)
    made = pfx.sealed(certificate.der, certificate.key, certificate.chain, sealing)
    return Secret.of(base64_text(made.reveal()))
