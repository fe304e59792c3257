"""Keys and certificates for the suite, made once a session, and the hunt for what is left of a private key."""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from keydeploy.node.contract import PrivateKey, PublicKey
from keydeploy.secret import Secret

NOT_BEFORE, NOT_AFTER = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2036, 1, 2, 3, 4, 5, tzinfo=UTC)
ORGANIZATION = "keydeploy tests"


@cache
def rsa_key(which: str) -> rsa.RSAPrivateKey:  # noqa: ARG001 - it tells one from another
    """Answer the RSA key of that name: a new one each session."""
    return rsa.generate_private_key(65537, 2048)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def parts(which: str) -> PrivateKey:
    """Answer the RSA key of that name in the parts of the contract."""
    numbers = rsa_key(which).private_numbers()
    size = rsa_key(which).key_size // 8
    exponent = numbers.public_numbers.e
    return PrivateKey(
        modulus=_part(numbers.public_numbers.n, size),
        exponent=_part(exponent, (exponent.bit_length() + 7) // 8),
        d=_part(numbers.d, size),
        p=_part(numbers.p, size // 2),
        q=_part(numbers.q, size // 2),
        dp=_part(numbers.dmp1, size // 2),
        dq=_part(numbers.dmq1, size // 2),
        inverse_q=_part(numbers.iqmp, size // 2),
    )


def public(which: str) -> PublicKey:
    key = parts(which)
    return PublicKey(modulus=key.modulus.reveal(), exponent=key.exponent.reveal())


def self_signed(which: str, name: str = "self-signed") -> x509.Certificate:
    """Answer a new certificate of the RSA key *which*, signed by it."""
    return _certificate(name, name, rsa_key(which).public_key(), rsa_key(which))


def issued(which: str, name: str = "issued") -> x509.Certificate:
    """Answer a new certificate of the RSA key *which*, signed by a certification authority."""
    return _certificate(name, "authority", rsa_key(which).public_key(), rsa_key("authority"))


def elliptic() -> x509.Certificate:
    """Answer a new self-signed certificate of an elliptic curve."""
    return _certificate("elliptic", "elliptic", ec_key().public_key(), ec_key())


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def thumbprint(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 - Windows' name for it


def left_of(tree: Mapping[str, bytes], *keys: str) -> list[str]:
    """Answer the files of *tree* that hold something of the private *keys*, in clear or as text."""
    marks = [mark for key in keys for mark in _marks(parts(key))]
    return [name for name, content in tree.items() if any(mark in content for mark in marks)]


def shown_of(text: str, *keys: str) -> bool:
    """Tell whether *text* holds something of the private *keys*."""
    return bool(left_of({"text": text.encode()}, *keys))


def _marks(key: PrivateKey) -> Iterator[bytes]:
    """Yield how a part of a private key may be written: as bytes from either end, in hex, base64 or as a number."""
    for secret in (key.d, key.p, key.q, key.dp, key.dq, key.inverse_q):
        part = secret.reveal()
        yield str(int.from_bytes(part)).encode()
        for piece in (part[8:40], part[8:40][::-1]):
            yield from (piece, piece.hex().encode(), piece.hex().upper().encode())
            # Three bytes make four letters, so that a piece is written in one of three ways.
            yield from (base64.b64encode(piece[skipped:][:24]) for skipped in range(3))


def _part(number: int, length: int) -> Secret:
    return Secret(number.to_bytes(length))


def _certificate(
    subject: str,
    issuer: str,
    public_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    signer: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOT_BEFORE)
        .not_valid_after(NOT_AFTER)
        .sign(signer, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    """Answer a name as certificates have it: the most general part first."""
    attributes = (
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.ORGANIZATION_NAME, ORGANIZATION),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(*attribute) for attribute in attributes])
