"""Keys and certificates in the forms in which a spec declares them, sealed by the password that it declares."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import PBES, serialize_key_and_certificates

from keydeploy.keys.certificate import Certificate, load_pem, load_pfx
from keydeploy.keys.chain import parsed
from keydeploy.keys.pem import base64_text, blocks
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.secret import Secret

_ROUNDS = 100_000
"""Of deriving a key from the password: what each guess of it costs."""


def given_pfx(content: bytes, password: str | None) -> Certificate:
    """Read a PFX file, in DER or base64; raises `KeyMaterialError`."""
    text = base64_text(content) if content[:1] == b"\x30" else content.decode("ascii", "replace")
    return load_pfx(text, password)


def given_pem(content: bytes, password: str | None) -> Certificate:
    """Read a PEM file with a certificate, its key, and its chain, in any order; raises `KeyMaterialError`."""
    found = blocks(content.decode("utf-8", "replace"))
    public = "".join(block.pem().decode() for block in found if not block.label.endswith("PRIVATE KEY"))
    private = "".join(block.pem().decode() for block in found if block.label.endswith("PRIVATE KEY"))
    return load_pem(public, private, password)


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
    """Pack certificate, key and chain as a PFX in base64, encrypted (AES-256) where there is a *password*."""
    encryption: KeySerializationEncryption = NoEncryption()
    if password is not None:
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(_ROUNDS)
            .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(password.encode())
        )
    chain = [parsed(der) for der in certificate.chain]
    content = serialize_key_and_certificates(
        None, certificate.key.private(), parsed(certificate.der), chain, encryption
    )
    return Secret.of(base64_text(content))
