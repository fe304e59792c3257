"""Makes certificates for nodes, good ones and bad ones."""

import hashlib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from spnego.channel_bindings import GssChannelBindings

A_DAY = timedelta(days=1)
_SIGNS_CERTIFICATES = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)
"""Python 3.13 demands it of an authority."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its private key, in one file."""

    file: Path

    def context(self) -> ssl.SSLContext:
        """Answer the context of a TLS server that presents it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def binding(self) -> GssChannelBindings:
        """Answer the channel binding tls-server-end-point (RFC 5929); all certificates here are signed with SHA-256."""
        der = x509.load_pem_x509_certificate(self.file.read_bytes()).public_bytes(serialization.Encoding.DER)
        return GssChannelBindings(application_data=b"tls-server-end-point:" + hashlib.sha256(der).digest())


class Authority:
    """A certification authority whose certificate is in *file*, for the client to trust."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(f"keydeploy test {name}")
        builder = _builder(self._name, self._key.public_key(), A_DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_SIGNS_CERTIFICATES, critical=True)
        self._certificate = builder.issuer_name(self._name).sign(self._key, hashes.SHA256())
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str, lasts: timedelta = A_DAY) -> Certificate:
        """Make a certificate for the address or DNS name *name*; one that *lasts* a negative time has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _of_server(name, key.public_key(), lasts).issuer_name(self._name)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        return _write(self._folder, name, key, builder.sign(self._key, hashes.SHA256()))


def self_signed(folder: Path, name: str) -> Certificate:
    """Make a certificate for *name* that no authority vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _of_server(name, key.public_key(), A_DAY).issuer_name(_name(name))
    return _write(folder, name, key, builder.sign(key, hashes.SHA256()))


def _builder(subject: x509.Name, key: ec.EllipticCurvePublicKey, lasts: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).public_key(key)
    builder = builder.not_valid_before(now - 30 * A_DAY).not_valid_after(now + lasts)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _of_server(name: str, key: ec.EllipticCurvePublicKey, lasts: timedelta) -> x509.CertificateBuilder:
    builder = _builder(_name(name), key, lasts)
    return builder.add_extension(x509.SubjectAlternativeName([_alternative(name)]), critical=False)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _write(folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> Certificate:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / f"{name}-{certificate.serial_number:x}.pem"
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return Certificate(file)
