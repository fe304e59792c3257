"""Certificates in the likeness of others: the same to look at, with keys of the rehearsal, in chains that hold."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.keys.certificate import Certificate, Use, load_pem, thumbprint_of, violations, warnings
from keydeploy.keys.chain import parsed
from keydeploy.keys.distinguished_name import as_windows_shows
from keydeploy.keys.rsa_key import RsaKey, take_over, to_pem
from keydeploy.node.contract import CertificateState
from keydeploy.rehearsal.certificates import Certificates
from keydeploy.rehearsal.keys import Keys
from keydeploy.rehearsal.names import named
from keydeploy.rehearsal.shelf import Shelf
from tests.keys.authorities import NOW, authority, certificate, days, pem, usage
from tests.keys.openssl import openssl
from tests.node.contract import material
from tests.rehearsal.copying import MADE

law = settings(max_examples=100, deadline=None, derandomize=True, database=None)
ENDS = days(900).timestamp()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def certificates(shelf: Shelf) -> Certificates:
    return Certificates(MADE, shelf, Keys(MADE, shelf))


@cache
def curve() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@cache
def short() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - it shall be weak


def key_of(which: str) -> RsaKey:
    return take_over(material.rsa_key(which))


def chains() -> dict[str, tuple[x509.Certificate, ...]]:
    """Answer chains of all kinds, the leaf first."""
    root = certificate("root", "root", extensions=[authority()])
    upper = certificate("upper", "upper", ("root", "root"), extensions=[authority(), usage("keyCertSign")])
    with_curve = certificate("curve", curve(), extensions=[authority()])
    weak_root = certificate("weak", short(), extensions=[authority()])
    old = certificate("of the first version", "root")
    names = [(x509.SubjectAlternativeName([x509.DNSName("portal.contoso.com")]), False)]
    return {
        "self-signed": (certificate("alone", "leaf"),),
        "self-signed authority": (certificate("alone", "leaf", extensions=[authority()]),),
        "without its issuer": (certificate("portal", "leaf", ("elsewhere", "root")),),
        "of a root": (
            certificate("portal", "leaf", ("root", "root"), extensions=[usage("digitalSignature"), *names]),
            root,
        ),
        "long": (certificate("portal", "leaf", ("upper", "upper")), upper, root),
        "of a curve": (certificate("portal", "leaf", ("curve", curve())), with_curve),
        "of a weak root": (certificate("portal", "leaf", ("weak", short())), weak_root),
        "of a root without extensions": (certificate("portal", "leaf", ("of the first version", "root")), old),
    }


def declared(chain: Sequence[x509.Certificate]) -> Certificate:
    return load_pem(pem(*chain), to_pem(key_of("leaf")).reveal().decode(), None)


@pytest.mark.parametrize("kind", chains())
def test_a_declared_certificate_has_a_stand_in_that_is_declared_alike(kind: str, certificates: Certificates) -> None:
    original = declared(chains()[kind])
    made = certificates.declared(original)
    pem_of_all = pem(*map(parsed, (made.der, *made.chain)))

    assert load_pem(pem_of_all, to_pem(made.key).reveal().decode(), None) == made
    assert made.thumbprint not in (original.thumbprint, *map(thumbprint_of, original.chain))
    assert made.key.bits == original.key.bits
    assert (made.key.modulus, original.key.modulus) != (original.key.modulus, made.key.modulus)
    for one, other in zip((original.der, *original.chain), (made.der, *made.chain), strict=True):
        assert shown(one) == shown(other)
    for look in (warned, violated):
        assert look(made) == look(original)


def shown(content: bytes) -> list[object]:
    found = parsed(content)
    dates = [found.not_valid_before_utc, found.not_valid_after_utc]
    return [found.subject, found.issuer, *dates, found.serial_number, [*found.extensions]]


def warned(each: Certificate) -> tuple[str, ...]:
    return warnings(each, now=NOW)


def violated(each: Certificate) -> tuple[str, ...]:
    return violations(each, now=NOW, uses=tuple(Use))


def test_an_authority_signs_with_one_key_also_where_its_own_certificate_is_not_at_hand(
    certificates: Certificates,
) -> None:
    leaf, upper, root = chains()["long"]
    alone, whole = declared((leaf,)), declared((leaf, upper, root))

    first = certificates.declared(alone)
    then = certificates.declared(whole)

    assert first.der == then.der
    assert load_pem(pem(*map(parsed, (then.der, *then.chain))), to_pem(then.key).reveal().decode(), None) == then


@pytest.mark.parametrize("weak", ["md5", "sha1"])
def test_a_weak_signature_is_told_of_the_stand_in_too(weak: str, certificates: Certificates, tmp_path: Path) -> None:
    key = to_pem(key_of("leaf")).reveal()
    (tmp_path / "key").write_bytes(key)
    request = ("req", "-x509", "-key", tmp_path / "key", "-subj", "/CN=weak", "-days", "3000", f"-{weak}")
    text = openssl(*request).decode()
    original = load_pem(text, key.decode(), None)

    made = certificates.declared(original)

    assert violated(original)
    assert [each.split(";")[0] for each in violated(made)] == [each.split(";")[0] for each in violated(original)]
    (tmp_path / "made").write_text(pem(parsed(made.der)), "utf-8")
    assert b"OK" in openssl("verify", "-CAfile", tmp_path / "made", "-auth_level", "0", tmp_path / "made")


def state(**others: object) -> CertificateState:
    told = {
        "thumbprint": "AB" * 20,
        "subject": "CN=portal, O=Contoso",
        "issuer": "CN=issuer",
        "not_before": NOW,
        "not_after": ENDS,
        "algorithm": "RSA",
    }
    return CertificateState(**{**told, **others})  # type: ignore[arg-type]


@pytest.mark.parametrize("algorithm", ["RSA", "EC", "1.2.840.10040.4.1"])
def test_a_certificate_of_which_only_a_listing_is_known_looks_like_it(
    algorithm: str, certificates: Certificates
) -> None:
    thumbprint = algorithm.encode().hex().upper().ljust(40, "0")[:40]
    content = certificates.found(state(thumbprint=thumbprint, algorithm=algorithm), None)
    found = parsed(content)

    assert as_windows_shows(found.subject) == "CN=portal, O=Contoso"
    assert as_windows_shows(found.issuer) == "CN=issuer"
    assert (found.not_valid_before_utc.timestamp(), found.not_valid_after_utc.timestamp()) == (NOW, ENDS)
    assert isinstance(found.public_key(), rsa.RSAPublicKey) == (algorithm == "RSA")
    assert certificates.thumbprints()[thumbprint] == thumbprint_of(content)


def test_two_certificates_that_look_the_same_stay_two_and_all_workers_have_the_same_ones(
    certificates: Certificates, shelf: Shelf
) -> None:
    others = Certificates(MADE, shelf, Keys(MADE, shelf))
    first, second = state(thumbprint="C1" * 20), state(thumbprint="C2" * 20)

    assert certificates.found(first, None) != certificates.found(second, None)
    assert others.found(first, None) == certificates.found(first, None)


def test_one_that_is_declared_is_not_made_up(certificates: Certificates) -> None:
    original = declared(chains()["self-signed"])
    made = certificates.declared(original)

    assert certificates.found(state(thumbprint=original.thumbprint), None) == made.der


PARTS = st.tuples(
    st.sampled_from(["CN", "O", "OU", "L", "S", "DC", "E", "T", "STREET", "OID.1.2.3.4"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("é€"), min_size=1, max_size=20),
)


@law
@given(st.lists(PARTS, min_size=1, max_size=4))
def test_a_name_is_read_as_windows_shows_it(parts: list[tuple[str, str]]) -> None:
    identifiers = {"CN": "2.5.4.3", "O": "2.5.4.10", "OU": "2.5.4.11", "L": "2.5.4.7", "S": "2.5.4.8", "T": "2.5.4.12"}
    identifiers |= {"DC": "0.9.2342.19200300.100.1.25", "E": "1.2.840.113549.1.9.1", "STREET": "2.5.4.9"}
    oids = [x509.ObjectIdentifier(identifiers.get(name, name.removeprefix("OID."))) for name, _ in parts]
    name = x509.Name([x509.NameAttribute(oid, value) for oid, (_, value) in zip(oids, parts, strict=True)])

    assert as_windows_shows(named(as_windows_shows(name))) == as_windows_shows(name)


@pytest.mark.parametrize("text", ["portal", "CN", "CN=", "XX=portal", 'CN="portal', "CN=a + O=b, C=DE", "C=Germany"])
def test_any_text_gives_some_name(text: str) -> None:
    assert as_windows_shows(named(text))


def test_dates_that_make_no_sense_do_no_harm(certificates: Certificates) -> None:
    content = certificates.found(state(thumbprint="DD" * 20, not_before=ENDS, not_after=NOW), None)

    assert parsed(content).not_valid_after_utc == datetime.fromtimestamp(ENDS, UTC)
