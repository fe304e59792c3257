"""Certification authorities for tests: certificates of any kind for the keys of the suite, made once a session."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.node.contract import material

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2028, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC).timestamp()

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def named(common: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, "Contoso"), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(*part) for part in parts])


def certificate(  # noqa: PLR0913 - all that tells one certificate from another
    subject: str | x509.Name,
    which: str | Key,
    issuer: tuple[str | x509.Name, str | Key] | None = None,
    *,
    start: datetime = START,
    end: datetime = END,
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> x509.Certificate:
    """Answer a new certificate of the key *which*; without an *issuer* (name and key) it is self-signed."""
    issuing_name, signer = issuer or (subject, which)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuing_name))
        .public_key(_key(which).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    return builder.sign(_key(signer), hashes.SHA256())


def usage(*allowed: str) -> tuple[x509.KeyUsage, bool]:
    """Answer the extension that allows these uses of the key alone, by their names in RFC 5280."""
    names = {
        "digitalSignature": "digital_signature",
        "nonRepudiation": "content_commitment",
        "keyEncipherment": "key_encipherment",
        "dataEncipherment": "data_encipherment",
        "keyAgreement": "key_agreement",
        "keyCertSign": "key_cert_sign",
        "cRLSign": "crl_sign",
        "encipherOnly": "encipher_only",
        "decipherOnly": "decipher_only",
    }
    return x509.KeyUsage(**{attribute: name in allowed for name, attribute in names.items()}), True


def authority() -> tuple[x509.BasicConstraints, bool]:
    return x509.BasicConstraints(ca=True, path_length=None), True


def days(count: float) -> datetime:
    """Answer the instant that many days after `NOW`."""
    return datetime.fromtimestamp(NOW, UTC) + timedelta(days=count)


def pem(*certificates: x509.Certificate) -> str:
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in certificates)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _name(name: str | x509.Name) -> x509.Name:
    return named(name) if isinstance(name, str) else name


def _key(which: str | Key) -> Key:
    return material.rsa_key(which) if isinstance(which, str) else which
