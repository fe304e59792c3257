"""Certificates in the likeness of others, with keys of the rehearsal.

Subject, issuer, dates, serial number and extensions of a declared certificate stay, as they are public; its thumbprint
becomes another one. Chains hold: the key of an authority follows from its name, so that whoever needs it, with or
without the authority's own certificate at hand, signs with the same one.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding

from keydeploy.keys.certificate import Certificate, thumbprint_of
from keydeploy.keys.chain import is_self_signed, parsed
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.node.contract import CertificateState
from keydeploy.rehearsal.keys import Keys, SigningKey
from keydeploy.rehearsal.names import named
from keydeploy.rehearsal.shelf import Shelf
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.spec.model import Spec

_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b")
_WEAK: Mapping[str, tuple[bytes, hashes.HashAlgorithm]] = {
    "1.2.840.113549.1.1.4": (bytes.fromhex("06092a864886f70d010104"), hashes.MD5()),  # noqa: S303 - as it was
    "1.2.840.113549.1.1.5": (bytes.fromhex("06092a864886f70d010105"), hashes.SHA1()),  # noqa: S303 - as it was
}
"""Signatures of RSA that are told to be weak, and that the library does not make any more."""
_STRONG: Mapping[str, hashes.SHA384 | hashes.SHA512] = {"sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
_LONGEST_SERIAL = 1 << 159
_FOUND = "found-"


class Certificates:
    """Makes the certificates of a rehearsal, and knows which one stands for which."""

    def __init__(self, made: StandIns, shelf: Shelf, keys: Keys) -> None:
        self._made = made
        self._shelf = shelf
        self._keys = keys
        self._ders: dict[str, bytes] = {}

    def thumbprints(self) -> dict[str, str]:
        """Answer the thumbprints of all certificates so far, and those of their stand-ins."""
        return {thumbprint: thumbprint_of(der) for thumbprint, der in self._ders.items()}

    def der(self, thumbprint: str) -> bytes | None:
        """Answer the stand-in of the certificate *thumbprint*, None where there is none."""
        return self._ders.get(thumbprint)

    def take_over(self, spec: Spec) -> None:
        """Make stand-ins of all certificates that *spec* declares, with their chains."""
        for declared in spec.certificates.values():
            if declared.certificate is not None:
                self.declared(declared.certificate)

    def declared(self, certificate: Certificate) -> Certificate:
        """Answer the stand-in of a declared *certificate*, with its key and its chain."""
        key = self._keys.of(certificate.key)
        der = self._kept(certificate.der, key.private())
        return Certificate(der=der, key=key, chain=tuple(self._kept(each, None) for each in certificate.chain))

    def found(self, state: CertificateState, key: RsaKey | None) -> bytes:
        """Answer a certificate that shows itself as *state*, for *key* where that is known.

        One that the spec declares is the stand-in that it has already.
        """
        if state.thumbprint not in self._ders:
            name = self._found_as(state.thumbprint)
            self._ders[state.thumbprint] = self._shelf.kept(name, lambda: self._made_up(state, key))
        return self._ders[state.thumbprint]

    def _found_as(self, thumbprint: str) -> str:
        return f"{_FOUND}{self._made.hexadecimal(thumbprint)}"

    def _kept(self, der: bytes, key: SigningKey | None) -> bytes:
        """Answer the stand-in of the certificate *der*, for *key* or, where that is None, for its authority's key."""
        thumbprint = thumbprint_of(der)
        if thumbprint not in self._ders:
            name = f"declared-{self._made.identity('certificate', thumbprint)}"
            self._ders[thumbprint] = self._shelf.kept(name, lambda: self._likeness(parsed(der), key))
        return self._ders[thumbprint]

    def _likeness(self, original: x509.Certificate, key: SigningKey | None) -> bytes:
        own = key or self._keys.of_authority(original.subject, *_kind_of_key(original))
        builder = (
            x509.CertificateBuilder()
            .subject_name(original.subject)
            .issuer_name(original.issuer)
            .public_key(own.public_key())
            .serial_number(original.serial_number % _LONGEST_SERIAL or 1)
            .not_valid_before(original.not_valid_before_utc)
            .not_valid_after(original.not_valid_after_utc)
        )
        for extension in original.extensions:
            try:
                content = extension.value.public_bytes()
            except NotImplementedError:  # nothing that planning looks at
                continue
            builder = builder.add_extension(x509.UnrecognizedExtension(extension.oid, content), extension.critical)
        issuer = (
            own if is_self_signed(original) else self._keys.of_authority(original.issuer, *_kind_of_signature(original))
        )
        return _signed(builder, issuer, original)

    def _made_up(self, state: CertificateState, key: RsaKey | None) -> bytes:
        own: SigningKey
        if state.algorithm == "RSA":
            own = (key or self._keys.of_nobody()).private()
        else:
            own = self._keys.of_nobody_with_curves()
        begin, end = (datetime.fromtimestamp(time, UTC) for time in (state.not_before, state.not_after))
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(state.subject))
            .issuer_name(named(state.issuer))
            .public_key(own.public_key())
            .serial_number(int(self._made.identity("serial number", state.thumbprint), 16) + 1)
            .not_valid_before(begin)
            .not_valid_after(max(begin, end))
        )
        return builder.sign(own, hashes.SHA256()).public_bytes(Encoding.DER)


def thumbprint_on(shelf: Shelf, stand_in: str) -> str:
    """Answer the thumbprint of the certificate that was made up for the one with the *stand_in* of a thumbprint.

    That is itself where no node has the certificate; to be asked once all nodes have been copied.
    """
    der = shelf.find(f"{_FOUND}{stand_in}")
    return stand_in if der is None else thumbprint_of(der)


def _kind_of_key(certificate: x509.Certificate) -> tuple[str, int]:
    key = certificate.public_key()
    return ("rsa", key.key_size) if isinstance(key, rsa.RSAPublicKey) else ("ec", 0)


def _kind_of_signature(certificate: x509.Certificate) -> tuple[str, int]:
    """Answer the kind of key that has signed: a signature of RSA is as long as its key."""
    is_rsa = certificate.signature_algorithm_oid.dotted_string.startswith(("1.2.840.113549.1.1.", "1.3.14.3.2."))
    return ("rsa", 8 * len(certificate.signature)) if is_rsa else ("ec", 0)


def _signed(builder: x509.CertificateBuilder, issuer: SigningKey, original: x509.Certificate) -> bytes:
    """Answer the certificate, signed with a hash as weak or as strong as that of *original*."""
    algorithm = original.signature_algorithm_oid.dotted_string
    if algorithm not in _WEAK or not isinstance(issuer, rsa.RSAPrivateKey):
        return builder.sign(issuer, _hash_of(original)).public_bytes(Encoding.DER)
    made = builder.sign(issuer, hashes.SHA256())
    identifier, weak = _WEAK[algorithm]
    # Identifiers of the same length: nothing moves. The first one stands before all names.
    content = made.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, identifier, 1)
    signature = issuer.sign(content, PKCS1v15(), weak)
    der = made.public_bytes(Encoding.DER)
    outer = der[: -len(signature)].replace(made.tbs_certificate_bytes, content).replace(_SHA256_WITH_RSA, identifier)
    return outer + signature


def _hash_of(certificate: x509.Certificate) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    try:
        name = getattr(certificate.signature_hash_algorithm, "name", None)
    except UnsupportedAlgorithm:
        name = None
    return _STRONG.get(name or "", hashes.SHA256())
