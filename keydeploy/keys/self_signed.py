"""Certificates that vouch for themselves, for WIF session cookies and for tests of HTTPS.

What this makes passes the checks of `keydeploy.keys.certificate` without a warning. Time is an argument.
"""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keydeploy.errors import KeyMaterialError
from keydeploy.keys import rsa_key
from keydeploy.keys.certificate import Certificate
from keydeploy.keys.chain import parsed
from keydeploy.secret import Secret

MOST_DAYS = 3650
_HEAD_START = timedelta(hours=1)
"""It is valid from an hour ago, so that a node whose clock is behind takes it at once."""
_LONGEST_COMMON_NAME = 64
"""`ub-common-name` of RFC 5280."""
_DNS_NAME = re.compile(
    r"(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*"
)
_LONGEST_DNS_NAME = 253
_BETWEEN_PARTS = re.compile(r"(?<!\\)([,+])\s+")


def generate(subject: str, dns_names: Sequence[str], *, bits: int, days: int, now: float) -> Certificate:
    """Make an RSA key of *bits* and a certificate for it, signed with SHA-256, that is valid for *days* from *now*.

    *subject* is a common name, or a whole name as Windows shows it and RFC 4514 has it, such as
    `CN=portal, O=Contoso`. Its key may sign and wrap keys, which session cookies and TLS need; with *dns_names* it is
    one for servers of these names, without them one for no particular purpose. *now* is in seconds since 1970.
    Raises `KeyMaterialError` for a name, a length or a time that cannot be.
    """
    if not 1 <= days <= MOST_DAYS:
        raise KeyMaterialError(f"{days} days; a certificate lasts from 1 to {MOST_DAYS} days", hint="365 are usual")
    name = _name(subject)
    extensions = tuple(_extensions(dns_names))
    key = rsa_key.generate(bits)
    start = datetime.fromtimestamp(int(now), UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.private().public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _HEAD_START)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.private().public_key()), critical=False)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    certificate = builder.sign(key.private(), hashes.SHA256())
    return Certificate(der=certificate.public_bytes(Encoding.DER), key=key, chain=())


def to_pem(certificate: Certificate) -> Secret:
    """Write *certificate* and its key as PEM, the key as PKCS#8, not encrypted."""
    key = rsa_key.to_pem(certificate.key).reveal()
    return Secret(parsed(certificate.der).public_bytes(Encoding.PEM) + key)


def _extensions(dns_names: Sequence[str]) -> Iterator[tuple[x509.ExtensionType, bool]]:
    yield x509.BasicConstraints(ca=False, path_length=None), True
    yield (
        x509.KeyUsage(
            digital_signature=True,
            key_encipherment=True,
            content_commitment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        ),
        True,
    )
    if dns_names:
        yield x509.SubjectAlternativeName([x509.DNSName(_checked(name)) for name in dns_names]), False
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False


def _checked(name: str) -> str:
    if _is_address(name):
        raise KeyMaterialError(f"{name} is an address", hint="give the name under which it is called")
    if not _DNS_NAME.fullmatch(name) or len(name) > _LONGEST_DNS_NAME:
        raise KeyMaterialError(
            f"{name!r} is no DNS name",
            hint="such as portal.example.com or *.example.com; names with other letters in their form with xn--",
        )
    return name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _name(text: str) -> x509.Name:
    """Read a subject; raises `KeyMaterialError` where it is none."""
    text = text.strip()
    try:
        if "=" in text:
            name = x509.Name.from_rfc4514_string(_BETWEEN_PARTS.sub(r"\1", text))
        else:
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    except ValueError:
        raise _no_name() from None
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not all(part.value for part in name) or any(len(part.value) > _LONGEST_COMMON_NAME for part in common):
        raise _no_name()
    return name


def _no_name() -> KeyMaterialError:
    return KeyMaterialError(
        "the subject is no name of a certificate",
        hint=f"a common name of at most {_LONGEST_COMMON_NAME} letters, or a whole name such as 'CN=portal, O=Contoso'",
    )
