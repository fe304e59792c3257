"""X.509 certificates with their RSA key and chain: reading, what identifies them, and whether they may be used.

Time is an argument. Whether a chain is complete is not asked: a gap in it is refused at reading, and what is above
its last member, or all of it, may well be on the node already.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, SignatureAlgorithmOID

from keydeploy.errors import KeyMaterialError
from keydeploy.keys import pfx, rsa_key
from keydeploy.keys.chain import in_order, is_self_signed, parsed
from keydeploy.keys.distinguished_name import as_windows_shows
from keydeploy.keys.pem import blocks
from keydeploy.keys.rsa_key import RsaKey

OWN_CONTAINERS = "keydeploy-"
"""Begins the name of the container that holds a certificate's key; the thumbprint follows."""
PROVIDER_TYPE = 24
"""Of those containers: RSA and AES, so that .NET Framework code that reads `PrivateKey` can sign with SHA-256."""
NEAR_EXPIRY_DAYS = 30
_DAY = 86400
_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
_RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
_WEAK_SIGNATURES = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.3": "MD4",
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.3.14.3.2.2": "MD4",
    "1.3.14.3.2.3": "MD5",
    "1.3.14.3.2.4": "MD4",
    "1.3.14.3.2.15": "SHA",
    "1.3.14.3.2.27": "SHA-1",
    "1.3.14.3.2.29": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
}
"""Signature algorithms with a weak hash: PKCS#1, the older ones of OIW that Windows' tools wrote, DSA and ECDSA."""
_E = TypeVar("_E", bound=x509.ExtensionType)
_ANY_USE = x509.ObjectIdentifier("2.5.29.37.0")


class Use(Enum):
    """What a certificate serves."""

    SESSION_TOKENS = auto()
    """WIF signs and encrypts session cookies with its key."""
    TLS = auto()
    """IIS serves HTTPS with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate, the private key that belongs to it, and those that vouch for it."""

    der: bytes
    key: RsaKey
    chain: tuple[bytes, ...]
    """DER of the others, from the issuer upwards, without duplicates; empty for a self-signed certificate."""

    @property
    def thumbprint(self) -> str:
        """Windows' name for the certificate; see `thumbprint_of`."""
        return thumbprint_of(self.der)

    @property
    def fingerprint(self) -> str:
        """Identify the certificate, which is public: `sha256:` and the SHA-256 of its DER, in hex."""
        return f"sha256:{hashlib.sha256(self.der).hexdigest()}"

    @property
    def subject(self) -> str:
        """The subject as Windows shows it, the most specific part first."""
        return as_windows_shows(parsed(self.der).subject)

    @property
    def not_before(self) -> float:
        """The first instant at which it is valid, in seconds since 1970."""
        return parsed(self.der).not_valid_before_utc.timestamp()

    @property
    def not_after(self) -> float:
        """The last instant at which it is valid, in seconds since 1970."""
        return parsed(self.der).not_valid_after_utc.timestamp()

    @property
    def intermediates(self) -> tuple[bytes, ...]:
        """The members of the chain for the store CA: those that somebody else has issued."""
        return tuple(der for der in self.chain if not is_self_signed(parsed(der)))

    @property
    def roots(self) -> tuple[bytes, ...]:
        """The members of the chain for the store Root, which takes self-signed ones alone (KB2802568)."""
        return tuple(der for der in self.chain if is_self_signed(parsed(der)))


def thumbprint_of(der: bytes) -> str:
    """Answer Windows' name for the certificate *der*: its SHA-1, in upper-case hex."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def load_pfx(base64_text: str, password: str | None) -> Certificate:
    """Read a PFX in base64; see `keydeploy.keys.pfx.opened` for what it may look like.

    Raises `KeyMaterialError` when it does not open, or holds anything but one RSA key with its certificate and the
    chain of that.
    """
    key, certificates = pfx.opened(base64_text, password)
    return _assembled(rsa_key.take_over(key), certificates)


def load_pem(certificate_text: str, key_text: str, password: str | None) -> Certificate:
    """Read a certificate with its chain, in any order, and the private key, which *password* may open.

    *key_text* is all that `rsa_key.load` reads. Raises `KeyMaterialError` when the key is not that of any of the
    certificates, or when one of them does not belong to the chain.
    """
    key = rsa_key.load(key_text, password)
    found = blocks(certificate_text)
    if any(block.label.endswith("PRIVATE KEY") for block in found):
        raise KeyMaterialError(
            "a private key among the certificates, where nothing keeps it secret", hint="move it to private_key"
        )
    certificates = [block.der() for block in found if block.label in _LABELS]
    if not certificates:
        raise KeyMaterialError(
            "no certificate: no -----BEGIN CERTIFICATE-----",
            hint="openssl x509 -inform DER -in FILE writes PEM, and so does openssl pkcs7 -print_certs",
        )
    return _assembled(key, certificates)


def violations(certificate: Certificate, *, now: float, uses: Collection[Use]) -> tuple[str, ...]:
    """Tell why *certificate* may not be deployed for *uses*; *now* is in seconds since 1970.

    The signature of a self-signed member of the chain does not count: nobody trusts it because of that.
    """
    leaf, chain = _all_of(certificate)
    return (
        *_dates(leaf, now),
        *_weak_signatures(leaf, chain),
        *_short_keys(leaf, chain),
        *(text for use in Use if use in uses for text in _misfits(leaf, use)),
    )


def warnings(certificate: Certificate, *, now: float) -> tuple[str, ...]:
    """Tell what of *certificate* is legal but unwise; *now* is in seconds since 1970."""
    leaf, chain = _all_of(certificate)
    return (*_near_expiry(leaf, now), *_authority(leaf), *_dates_of_chain(leaf, chain, now))


def _assembled(key: RsaKey, certificates: Iterable[bytes]) -> Certificate:
    """Find the first certificate of *key*, and put the others in order."""
    held = [parsed(der) for der in certificates]
    leaf = next((each for each in held if _is_of(each, key)), None)
    if leaf is None:
        raise KeyMaterialError(
            "the private key is not that of the certificate",
            hint="after a renewal both may be new; declare those that belong together",
        )
    if leaf.public_key_algorithm_oid.dotted_string != _RSA_ENCRYPTION:
        raise KeyMaterialError(
            "the certificate limits its key to RSASSA-PSS, which containers of CryptoAPI do not know",
            hint="request it for a plain RSA key",
        )
    chain = in_order(leaf, held)
    return Certificate(der=_der(leaf), key=key, chain=tuple(map(_der, chain)))


def _is_of(certificate: x509.Certificate, key: RsaKey) -> bool:
    try:
        public_key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(public_key, rsa.RSAPublicKey) and public_key == key.private().public_key()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _all_of(certificate: Certificate) -> tuple[x509.Certificate, Sequence[x509.Certificate]]:
    return parsed(certificate.der), [parsed(der) for der in certificate.chain]


def _dates(leaf: x509.Certificate, now: float) -> Iterator[str]:
    if now > leaf.not_valid_after_utc.timestamp():
        yield f"the certificate expired on {_day(leaf.not_valid_after_utc)}; renew it"
    if now < leaf.not_valid_before_utc.timestamp():
        yield f"the certificate is not valid before {_day(leaf.not_valid_before_utc)}"


def _weak_signatures(leaf: x509.Certificate, chain: Iterable[x509.Certificate]) -> Iterator[str]:
    weak = _weak_hash(leaf)
    if weak:
        yield f"the certificate is signed with {weak}, which can be forged; request one that is signed with SHA-256"
    for member in chain:
        weak = _weak_hash(member)
        if weak and not is_self_signed(member):
            yield f"{_name(member)} in its chain is signed with {weak}, which can be forged; get a newer chain"


def _weak_hash(certificate: x509.Certificate) -> str | None:
    algorithm = certificate.signature_algorithm_oid
    if algorithm == SignatureAlgorithmOID.RSASSA_PSS:
        return {"sha1": "SHA-1", "md5": "MD5"}.get(_hash_of_pss(certificate))
    return _WEAK_SIGNATURES.get(algorithm.dotted_string)


def _hash_of_pss(certificate: x509.Certificate) -> str:
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return ""
    return algorithm.name if algorithm else ""


def _short_keys(leaf: x509.Certificate, chain: Iterable[x509.Certificate]) -> Iterator[str]:
    for certificate in (leaf, *chain):
        bits = _rsa_bits(certificate)
        if bits is not None and bits < rsa_key.FEWEST_BITS:
            what = "the certificate" if certificate is leaf else f"{_name(certificate)} in its chain"
            yield f"{what} has a key of {bits} bits, which is weak; {rsa_key.FEWEST_BITS} is the least"


def _rsa_bits(certificate: x509.Certificate) -> int | None:
    try:
        public_key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return public_key.key_size if isinstance(public_key, rsa.RSAPublicKey) else None


def _misfits(leaf: x509.Certificate, use: Use) -> Iterator[str]:
    """Yield what a certificate forbids; without an extension that says so it allows everything (RFC 5280)."""
    usage = _extension(leaf, x509.KeyUsage)
    match use:
        case Use.SESSION_TOKENS:
            if usage and not (usage.key_encipherment and usage.digital_signature):
                yield (
                    "its key usage does not allow keyEncipherment and digitalSignature, "
                    "with which session cookies are encrypted and signed; request one that does"
                )
        case Use.TLS:
            if usage and not (usage.key_encipherment or usage.digital_signature):
                yield "its key usage allows neither digitalSignature nor keyEncipherment, one of which TLS needs"
            purposes = _extension(leaf, x509.ExtendedKeyUsage)
            if purposes and not {ExtendedKeyUsageOID.SERVER_AUTH, _ANY_USE}.intersection(purposes):
                yield "its extended key usage does not hold serverAuth, without which browsers refuse it"


def _near_expiry(leaf: x509.Certificate, now: float) -> Iterator[str]:
    days = int((leaf.not_valid_after_utc.timestamp() - now) // _DAY)
    if 0 <= days < NEAR_EXPIRY_DAYS:
        left = {0: "less than a day", 1: "1 day"}.get(days, f"{days} days")
        yield f"the certificate expires in {left}, on {_day(leaf.not_valid_after_utc)}"


def _authority(leaf: x509.Certificate) -> Iterator[str]:
    constraints = _extension(leaf, x509.BasicConstraints)
    if constraints and constraints.ca:
        yield "the certificate is one of a certification authority: whoever may use its key can issue others"


def _dates_of_chain(leaf: x509.Certificate, chain: Iterable[x509.Certificate], now: float) -> Iterator[str]:
    for member in chain:
        if now > member.not_valid_after_utc.timestamp():
            yield f"{_name(member)} in its chain expired on {_day(member.not_valid_after_utc)}; get a newer chain"
        elif now < member.not_valid_before_utc.timestamp():
            yield f"{_name(member)} in its chain is not valid before {_day(member.not_valid_before_utc)}"
        elif member.not_valid_after_utc < leaf.not_valid_after_utc:
            yield f"{_name(member)} in its chain expires before it, on {_day(member.not_valid_after_utc)}"


def _extension(certificate: x509.Certificate, kind: type[_E]) -> _E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _name(certificate: x509.Certificate) -> str:
    return as_windows_shows(certificate.subject)


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d}"
