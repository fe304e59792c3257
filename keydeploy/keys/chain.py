"""Certificates and the links between them: who has issued whom."""

from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.distinguished_name import as_windows_shows


def parsed(der: bytes) -> x509.Certificate:
    """Parse a certificate and whatever is read of it; raises `KeyMaterialError` where that cannot be done."""
    certificate = _parsed(der)
    if certificate is None:
        raise KeyMaterialError(
            "a certificate is cut or damaged, or holds a field that cannot be read", hint="export it once more"
        )
    return certificate


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Tell whether subject and issuer are one, by which Windows' stores tell roots from the others."""
    return certificate.subject == certificate.issuer


def in_order(leaf: x509.Certificate, others: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Order *others* from the issuer of *leaf* upwards, each once.

    Where a certification authority has several certificates for one key (cross-signing), all that are given stay.
    Raises `KeyMaterialError` when a certificate does not lead to *leaf*: it would get into a store of the machine
    for nothing, and behind a gap it is of no use to those who verify.
    """
    rest = [each for each in dict.fromkeys(others) if each != leaf]
    level: Sequence[x509.Certificate] = (leaf,)
    chain: list[x509.Certificate] = []
    while level:
        level = [each for each in rest if any(_has_issued(each, issued) for issued in level)]
        rest = [each for each in rest if each not in level]
        chain += level
    if rest:
        raise KeyMaterialError(
            f"{as_windows_shows(rest[0].subject)} does not belong to the chain of {as_windows_shows(leaf.subject)}",
            hint="leave it out, or add the certificates between the two",
        )
    return tuple(chain)


def _has_issued(issuer: x509.Certificate, issued: x509.Certificate) -> bool:
    """Tell whether the key of *issuer* has signed *issued*; a self-signed certificate needs nobody else."""
    # Windows compares names as they are encoded.
    if is_self_signed(issued) or issuer.subject.public_bytes() != issued.issuer.public_bytes():
        return False
    try:
        issued.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError):
        return False
    except (ValueError, UnsupportedAlgorithm):
        # A signature too weak to be verified by the library: the names must do. It is a violation of its own.
        return True
    return True


def _parsed(der: bytes) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(der)
        _read_all(certificate)
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return None
    return certificate


def _read_all(certificate: x509.Certificate) -> None:
    """Read what the library decodes only when it is asked for."""
    for name in (certificate.subject, certificate.issuer):
        name.public_bytes()
        as_windows_shows(name)
    _ = certificate.extensions, certificate.not_valid_before_utc, certificate.not_valid_after_utc
