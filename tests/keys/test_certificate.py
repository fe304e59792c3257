"""Facts about certificates: how they are read with their key and chain, and which of them may be deployed."""

import base64
import hashlib
import subprocess
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.certificate import Certificate, Use, load_pem, load_pfx, violations, warnings
from keydeploy.keys.distinguished_name import as_windows_shows
from keydeploy.keys.rsa_key import load, take_over, to_pem, to_xml
from tests.conftest import missing
from tests.keys.authorities import NOW, authority, certificate, days, der, pem, usage
from tests.keys.openssl import LEGACY, openssl
from tests.keys.refusing import refusal
from tests.node.contract import material

PASSWORD = "the PFX's own pässword"
EVERYTHING = tuple(Use)


def key_text(which: str = "leaf") -> str:
    return to_pem(take_over(material.rsa_key(which))).reveal().decode()


@cache
def root() -> x509.Certificate:
    return certificate("root", "root", extensions=[authority()])


@cache
def upper() -> x509.Certificate:
    return certificate("upper", "upper", ("root", "root"), extensions=[authority()])


@cache
def lower() -> x509.Certificate:
    return certificate("lower", "lower", ("upper", "upper"), extensions=[authority()])


@cache
def leaf() -> x509.Certificate:
    return certificate("portal", "leaf", ("lower", "lower"))


@cache
def alone() -> x509.Certificate:
    return certificate("alone", "leaf")


def whole() -> Certificate:
    return load_pem(pem(leaf(), lower(), upper(), root()), key_text(), None)


def of(*certificates: x509.Certificate) -> Certificate:
    """Answer the value for a certificate of the leaf's key and a chain, in this order."""
    first, *others = certificates
    return Certificate(der=der(first), key=load(key_text()), chain=tuple(map(der, others)))


def pfx(
    which: str = "leaf",
    held: x509.Certificate | None = None,
    others: Iterable[x509.Certificate] = (),
    password: str | None = PASSWORD,
) -> str:
    encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    content = pkcs12.serialize_key_and_certificates(
        b"portal", material.rsa_key(which), held or alone(), list(others), encryption
    )
    return base64.b64encode(content).decode()


# What a certificate is.


def test_a_certificate_is_known_by_windows_name_and_by_ours() -> None:
    found = whole()

    assert found.thumbprint == hashlib.sha1(der(leaf()), usedforsecurity=False).hexdigest().upper()
    assert found.fingerprint == f"sha256:{hashlib.sha256(der(leaf())).hexdigest()}"
    assert found.subject == "CN=portal, O=Contoso"
    assert (found.not_before, found.not_after) == (1767225600.0, 1830297600.0)


def test_a_chain_is_split_for_the_stores_of_windows() -> None:
    found = whole()

    assert found.chain == (der(lower()), der(upper()), der(root()))
    assert found.intermediates == (der(lower()), der(upper()))
    assert found.roots == (der(root()),)


def test_a_self_signed_certificate_has_no_chain() -> None:
    found = load_pem(pem(alone()), key_text(), None)

    assert (found.chain, found.intermediates, found.roots) == ((), (), ())


def test_a_certificate_does_not_show_its_key() -> None:
    assert not material.shown_of(repr(whole()), "leaf")
    assert "<secret>" in repr(whole())


# The order of a chain.


@given(order=st.permutations(range(4)), again=st.lists(st.integers(0, 3), max_size=3))
@settings(derandomize=True, max_examples=40, deadline=None)
def test_a_chain_is_put_in_order_and_duplicates_are_dropped(order: list[int], again: list[int]) -> None:
    held = (leaf(), lower(), upper(), root())

    assert load_pem(pem(*(held[each] for each in (*order, *again))), key_text(), None) == whole()


def test_a_chain_may_end_below_the_root() -> None:
    assert load_pem(pem(leaf()), key_text(), None).chain == ()
    assert load_pem(pem(leaf(), lower()), key_text(), None).chain == (der(lower()),)


def test_every_certificate_of_a_cross_signed_authority_stays() -> None:
    other_root = certificate("other root", "other root", extensions=[authority()])
    crossed = certificate("root", "root", ("other root", "other root"), extensions=[authority()])
    found = load_pem(pem(other_root, crossed, root(), upper(), lower(), leaf()), key_text(), None)

    assert found.chain == tuple(map(der, (lower(), upper(), crossed, root(), other_root)))
    assert found.roots == (der(root()), der(other_root))


def test_of_two_authorities_with_one_name_the_one_that_signed_counts() -> None:
    namesake = certificate("lower", "namesake", ("upper", "upper"), extensions=[authority()])

    assert load_pem(pem(leaf(), lower()), key_text(), None).chain == (der(lower()),)
    error = refusal(lambda: load_pem(pem(leaf(), namesake, lower()), key_text(), None), key_text())
    assert error.message == "CN=lower, O=Contoso does not belong to the chain of CN=portal, O=Contoso"


STRAYS: dict[str, Callable[[], tuple[x509.Certificate, ...]]] = {
    "somebody else's": lambda: (leaf(), lower(), certificate("stranger", "stranger")),
    "behind a gap": lambda: (leaf(), upper()),
    "beside a self-signed one": lambda: (alone(), root()),
    "the same key, issued before": lambda: (alone(), certificate("alone", "leaf")),
    "of the same key by another authority": lambda: (leaf(), certificate("portal", "leaf", ("root", "root"))),
}


@pytest.mark.parametrize("made", STRAYS.values(), ids=STRAYS.keys())
def test_what_does_not_belong_to_the_chain_is_refused_by_name(
    made: Callable[[], tuple[x509.Certificate, ...]],
) -> None:
    held = made()
    error = refusal(lambda: load_pem(pem(*held), key_text(), None), key_text())

    assert error.message.startswith(as_windows_shows(held[-1].subject) + " does not belong to the chain of")
    assert error.hint == "leave it out, or add the certificates between the two"


# PEM.


@pytest.mark.parametrize("form", ["PEM", "XML"])
def test_the_key_may_be_all_that_a_key_may_be(form: str) -> None:
    text = {"PEM": key_text(), "XML": to_xml(load(key_text())).reveal().decode()}[form]

    assert load_pem(pem(alone()), text, None).key == load(key_text())


def test_the_password_opens_the_key() -> None:
    command = ("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{PASSWORD}")
    text = openssl(*command, given=key_text().encode()).decode()

    assert load_pem(pem(alone()), text, PASSWORD) == load_pem(pem(alone()), key_text(), None)
    assert (
        refusal(lambda: load_pem(pem(alone()), text, "another"), text).message == "the password does not open the key"
    )


@pytest.mark.parametrize("shape", ["\ufeff{}", "  \r\n{}\n\n", "subject=CN = pörtal\n{}\nissuer=CN = x\n"])
def test_text_around_the_certificates_does_not_count(shape: str) -> None:
    text = shape.format(pem(leaf(), lower()).replace("\n", "\r\n"))

    assert load_pem(text, key_text(), None).chain == (der(lower()),)
    assert load_pem(text.replace("CERTIFICATE", "X509 CERTIFICATE"), key_text(), None).chain == (der(lower()),)


WRONG_PEM: dict[str, tuple[Callable[[], str], str]] = {
    "nothing": (lambda: "", "no certificate: no"),
    "a password": (lambda: "MARK1234567890MARK1234567890", "no certificate: no"),
    "bare base64": (lambda: base64.b64encode(der(leaf())).decode(), "no certificate: no"),
    "a request": (lambda: pem(leaf()).replace("CERTIFICATE", "CERTIFICATE REQUEST"), "no certificate: no"),
    "its key beside it": (lambda: pem(alone()) + key_text(), "a private key among the certificates"),
    "the key in its place": (key_text, "a private key among the certificates"),
    "a cut end": (lambda: pem(alone())[:-30], "the PEM text breaks off"),
    "no base64": (lambda: pem(alone()).replace("\nMI", "\n*I", 1), "what stands between the BEGIN and END lines"),
    "a cut certificate": (lambda: shortened(pem(alone())), "a certificate is cut or damaged"),
    "another certificate": (lambda: pem(root()), "the private key is not that of the certificate"),
    "the chain alone": (lambda: pem(lower(), upper(), root()), "the private key is not that of the certificate"),
    "an elliptic one": (lambda: pem(material.elliptic()), "the private key is not that of the certificate"),
}


def shortened(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(lines[:5] + lines[7:])


@pytest.mark.parametrize(("write", "told"), WRONG_PEM.values(), ids=WRONG_PEM.keys())
def test_what_is_not_the_certificate_of_the_key_is_refused_with_the_reason(write: Callable[[], str], told: str) -> None:
    text = write()

    assert refusal(lambda: load_pem(text, key_text(), None), text, key_text()).message.startswith(told)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(at=st.integers(0, 2000), length=st.integers(0, 60), other=st.binary(max_size=4))
def test_a_damaged_certificate_is_refused_or_still_one_of_the_key(at: int, length: int, other: bytes) -> None:
    content = der(alone())
    start = at % len(content)
    damaged = content[:start] + other + content[start + length :]
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(damaged).decode()}\n-----END CERTIFICATE-----\n"
    try:
        found = load_pem(text, key_text(), None)
    except KeyMaterialError:
        return
    assert violations(found, now=NOW, uses=EVERYTHING) is not None
    assert warnings(found, now=NOW) is not None
    assert found.key == load(key_text())


DAMAGES = {
    "an extension twice": ("0603551d25", "0603551d0f"),
    "a version that there is not": ("a003020102", "a003020105"),
    "a name in a form that nobody uses": ("820b706f7274616c2e74657374", "a30b0c09" + b"X.400:abc".hex()),
    "a key usage that is none": ("030205a0", "040205a0"),
    "a date that is none": (b"260101000000Z".hex(), b"261301000000Z".hex()),
}


@pytest.mark.parametrize(("found", "other"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_certificate_is_read_to_its_last_field_before_it_is_taken(found: str, other: str) -> None:
    names = x509.SubjectAlternativeName([x509.DNSName("portal.test")])
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    allowed = usage("digitalSignature", "keyEncipherment")
    made = der(certificate("portal", "leaf", extensions=[allowed, (purposes, False), (names, False)]))
    content = made.replace(bytes.fromhex(found), bytes.fromhex(other), 1)
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(content).decode()}\n-----END CERTIFICATE-----\n"

    assert content != made
    assert refusal(lambda: load_pem(text, key_text(), None), text).message.startswith("a certificate is cut or damaged")


def test_a_key_that_its_certificate_limits_to_pss_is_refused(tmp_path: Path) -> None:
    made = ("-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", "-nodes", "-keyout", tmp_path / "key.pem")
    text = openssl("req", "-x509", *made, "-subj", "/CN=pss").decode()
    key = (tmp_path / "key.pem").read_text()

    assert refusal(lambda: load_pem(text, key, None), key).message.startswith("the certificate limits its key to")


# PFX.


@pytest.mark.parametrize("password", [PASSWORD, None])
def test_a_pfx_gives_its_certificate_key_and_chain(password: str | None) -> None:
    text = pfx(held=leaf(), others=[root(), lower(), upper()], password=password)

    assert load_pfx(text, password) == whole()


@pytest.mark.parametrize("width", [1, 64, 76])
def test_a_pfx_may_have_line_breaks_and_the_lines_of_certutil(width: int) -> None:
    letters = pfx()
    text = "\r\n".join(letters[start : start + width] for start in range(0, len(letters), width))

    assert load_pfx(f"\ufeff{text}\r\n", PASSWORD) == of(alone())
    assert load_pfx(f"-----BEGIN CERTIFICATE-----\r\n{text}\r\n-----END CERTIFICATE-----\r\n", PASSWORD) == of(alone())


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Answer a folder with what `openssl` needs to make a PFX, and with a PKI of its own."""
    folder = tmp_path_factory.mktemp("openssl")
    (folder / "key.pem").write_text(key_text())
    (folder / "leaf.pem").write_text(pem(leaf()))
    (folder / "chain.pem").write_text(pem(root(), upper(), lower()))
    return folder


def exported(files: Path, *options: str) -> str:
    source = ("-inkey", files / "key.pem", "-in", files / "leaf.pem", "-certfile", files / "chain.pem")
    made = openssl("pkcs12", "-export", *source, "-passout", f"pass:{PASSWORD}", *options)
    return base64.b64encode(made).decode()


@pytest.mark.parametrize(
    "options",
    [
        "",
        "-keypbe AES-128-CBC -certpbe AES-256-CBC -macalg sha512",
        "-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1",
        "-certpbe NONE",
        "-name portal -CSP Microsoft_Enhanced_RSA_and_AES_Cryptographic_Provider -LMK",
        "-nomac",
    ],
)
def test_a_pfx_of_openssl_is_read(files: Path, options: str) -> None:
    assert load_pfx(exported(files, *options.split()), PASSWORD) == whole()


@pytest.mark.parametrize("options", ["-legacy", "-keypbe PBE-SHA1-RC4-128"])
def test_an_old_pfx_is_read(files: Path, options: str) -> None:
    try:
        text = exported(files, *LEGACY, *options.split())
    except subprocess.CalledProcessError:
        missing("the legacy provider of OpenSSL 3 (Debian: openssl)")

    assert load_pfx(text, PASSWORD) == whole()


def test_a_pfx_whose_password_is_empty_opens_with_it_and_without_one(files: Path) -> None:
    text = exported(files, "-passout", "pass:")

    assert load_pfx(text, None) == load_pfx(text, "") == whole()


@pytest.mark.parametrize("options", [(), ("-legacy",)])
def test_a_pfx_does_not_open_with_another_password(files: Path, options: tuple[str, ...]) -> None:
    text = exported(files, *options)

    assert refusal(lambda: load_pfx(text, None), text).message == "the PFX does not open without a password"
    for wrong in ("another password", PASSWORD + " ", PASSWORD.swapcase(), ""):
        error = refusal(lambda: load_pfx(text, wrong), text, wrong)  # noqa: B023 - called at once
        assert error.message == "the password does not open the PFX"
        assert "Export-PfxCertificate" in (error.hint or "")


def test_a_pki_of_another_tool_is_read_with_its_key_usages(tmp_path: Path) -> None:
    ask = ("req", "-newkey", "rsa:2048", "-nodes")
    root_files = ("-keyout", tmp_path / "root.key", "-out", tmp_path / "root.pem")
    openssl(*ask, "-x509", *root_files, "-subj", "/O=Contoso/CN=Root", "-days", "3650")
    (tmp_path / "ca.ext").write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    (tmp_path / "tls.ext").write_text("keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n")
    for name, signer, extensions in (("ca", "root", "ca.ext"), ("portal", "ca", "tls.ext")):
        request = openssl(*ask, "-keyout", tmp_path / f"{name}.key", "-subj", f"/O=Contoso/CN={name}")
        by = ("-CA", tmp_path / f"{signer}.pem", "-CAkey", tmp_path / f"{signer}.key", "-CAcreateserial")
        sign = ("x509", "-req", *by, "-days", "365", "-extfile", tmp_path / extensions)
        (tmp_path / f"{name}.pem").write_bytes(openssl(*sign, given=request))
    text = "".join((tmp_path / f"{name}.pem").read_text() for name in ("root", "portal", "ca"))
    found = load_pem(text, (tmp_path / "portal.key").read_text(), None)

    shown = openssl("x509", "-in", tmp_path / "portal.pem", "-noout", "-fingerprint", "-sha1").decode()
    assert found.thumbprint == shown.strip().rpartition("=")[2].replace(":", "")
    assert (len(found.intermediates), len(found.roots)) == (1, 1)
    now = found.not_before + 1
    assert violations(found, now=now, uses=[Use.TLS]) == ()
    assert len(violations(found, now=now, uses=[Use.SESSION_TOKENS])) == 1


def without_key() -> str:
    made = openssl("pkcs12", "-export", "-nokeys", "-passout", f"pass:{PASSWORD}", given=pem(alone()).encode())
    return base64.b64encode(made).decode()


def elliptic() -> str:
    encryption = BestAvailableEncryption(PASSWORD.encode())
    content = pkcs12.serialize_key_and_certificates(None, material.ec_key(), material.elliptic(), None, encryption)
    return base64.b64encode(content).decode()


WRONG_PFX: dict[str, tuple[Callable[[], str], str]] = {
    "nothing": (lambda: "", "the PFX is not base64"),
    "a file read as text": (lambda: base64.b64decode(pfx()).decode("latin-1"), "the PFX is not base64"),
    "a password": (lambda: "MARK-of-a-password-1234567890", "the PFX is not base64"),
    "a cut end": (lambda: pfx()[:-3], "the PFX is not base64"),
    "a cut end at four letters": (lambda: pfx()[:-80], "the password does not open the PFX"),
    "a certificate": (lambda: base64.b64encode(der(alone())).decode(), "base64, but not of a PFX"),
    "a certificate with lines": (lambda: pem(alone()), "base64, but not of a PFX"),
    "two bytes": (lambda: "MIA=", "base64, but not of a PFX"),
    "one byte": (lambda: "MA==", "base64, but not of a PFX"),
    "zeros": (lambda: "AAAAAAAA", "base64, but not of a PFX"),
    "another text": (lambda: base64.b64encode(b"some other text").decode(), "base64, but not of a PFX"),
    "a PEM key": (key_text, "PEM, not a PFX in base64"),
    "PEM in base64": (lambda: base64.b64encode(key_text().encode()).decode(), "PEM, not a PFX in base64"),
    "no key": (without_key, "no private key in the PFX"),
    "an EC key": (elliptic, "an EC key; RSA only for now"),
    "a stranger": (lambda: pfx(others=[root()]), "CN=root, O=Contoso does not belong to the chain of CN=alone"),
}


@pytest.mark.parametrize(("write", "told"), WRONG_PFX.values(), ids=WRONG_PFX.keys())
def test_what_is_not_one_certificate_with_its_key_is_refused_with_the_reason(
    write: Callable[[], str], told: str
) -> None:
    text = write()

    assert refusal(lambda: load_pfx(text, PASSWORD), text).message.startswith(told)


def test_a_pfx_without_the_certificate_of_its_key_is_refused() -> None:
    key = openssl("pkcs12", "-export", "-nomac", "-nocerts", "-passout", "pass:", given=key_text().encode())
    other = openssl("pkcs12", "-export", "-nomac", "-nokeys", "-passout", "pass:", given=pem(root()).encode())

    for content, told in ((key, "no certificate in the PFX"), (joined(key, other), "the private key is not that of")):
        text = base64.b64encode(content).decode()
        with pytest.raises(KeyMaterialError, match=told):
            load_pfx(text, None)


def test_a_weak_key_in_a_pfx_is_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - refused
    held = certificate("weak", weak)
    content = pkcs12.serialize_key_and_certificates(None, weak, held, None, NoEncryption())
    text = base64.b64encode(content).decode()

    assert refusal(lambda: load_pfx(text, None), text).message == "1024 bits, which is weak; 2048 is the least"


def test_a_pfx_with_several_keys_is_refused() -> None:
    both = (("leaf", alone()), ("root", root()))
    made = joined(*(base64.b64decode(pfx(which, held, password=None)) for which, held in both))
    text = base64.b64encode(made).decode()

    assert refusal(lambda: load_pfx(text, None), text).message == "several private keys in the PFX"


def joined(*several: bytes) -> bytes:
    """Answer a PFX that holds what *several* hold, without the code that authenticates it."""
    data = "06092a864886f70d010701"
    contents = b"".join(inner(content, 0, 1, 1, 0) for content in several)
    safe = tagged(0x04, tagged(0x30, contents))
    return tagged(0x30, b"\x02\x01\x03" + tagged(0x30, bytes.fromhex(data) + tagged(0xA0, safe)))


def inner(content: bytes, *path: int) -> bytes:
    """Answer what stands in a value of DER: at each step of *path* the value of that place in it."""
    for place in path:
        content = values(content)[place]
    return values(content)[0]


def values(content: bytes) -> list[bytes]:
    """Split DER into the contents of the values that follow each other."""
    found = []
    while content:
        size, header = content[1], 2
        if size & 0x80:
            header += size & 0x7F
            size = int.from_bytes(content[2:header])
        found.append(content[header : header + size])
        content = content[header + size :]
    return found


def tagged(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8)
    return bytes([tag, *([0x80 | len(size)] if len(content) > 0x7F else []), *size]) + content


# Names.


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([(NameOID.COUNTRY_NAME, "DE"), (NameOID.COMMON_NAME, "portal")], "CN=portal, C=DE"),
        ([(NameOID.COMMON_NAME, "Contoso, Ltd.")], 'CN="Contoso, Ltd."'),
        ([(NameOID.COMMON_NAME, 'the "best"')], 'CN="the ""best"""'),
        ([(NameOID.COMMON_NAME, " blank ")], 'CN=" blank "'),
        ([(NameOID.STATE_OR_PROVINCE_NAME, "Bayern"), (NameOID.EMAIL_ADDRESS, "a@b.c")], "E=a@b.c, S=Bayern"),
        ([(NameOID.DOMAIN_COMPONENT, "com"), (NameOID.DOMAIN_COMPONENT, "contoso")], "DC=contoso, DC=com"),
        ([(x509.ObjectIdentifier("1.2.3.4"), "mine")], "OID.1.2.3.4=mine"),
        ([], ""),
    ],
)
def test_a_name_is_written_as_windows_shows_it(parts: list[tuple[x509.ObjectIdentifier, str]], shown: str) -> None:
    name = x509.Name([x509.NameAttribute(*part) for part in parts])

    assert as_windows_shows(name) == shown


def test_an_empty_value_stands_in_quotes() -> None:
    empty = x509.NameAttribute(NameOID.TITLE, "")

    assert as_windows_shows(x509.Name([empty])) == 'T=""'


def test_parts_of_one_rank_stand_together() -> None:
    both = [x509.NameAttribute(NameOID.COMMON_NAME, "portal"), x509.NameAttribute(NameOID.USER_ID, "7")]
    text = as_windows_shows(x509.Name([x509.RelativeDistinguishedName(both)]))

    assert text in ("CN=portal + OID.0.9.2342.19200300.100.1.1=7", "OID.0.9.2342.19200300.100.1.1=7 + CN=portal")


# What may be deployed.


def test_a_usual_certificate_may_be_used_for_everything() -> None:
    for uses in ((), (Use.TLS,), EVERYTHING):
        assert violations(whole(), now=NOW, uses=uses) == ()
    assert warnings(whole(), now=NOW) == ()


def test_a_certificate_is_valid_from_its_first_to_its_last_second() -> None:
    found = whole()

    for now in (found.not_before, found.not_after):
        assert violations(found, now=now, uses=()) == ()
    assert violations(found, now=found.not_before - 1, uses=()) == ("the certificate is not valid before 2026-01-01",)
    assert violations(found, now=found.not_after + 1, uses=()) == ("the certificate expired on 2028-01-01; renew it",)


@settings(derandomize=True, max_examples=100)
@given(left=st.floats(-100, 500))
def test_near_expiry_is_a_warning_and_expiry_a_violation_and_never_both(left: float) -> None:
    found = whole()
    now = found.not_after - left * 86400
    early = [text for text in warnings(found, now=now) if text.startswith("the certificate expires in")]

    assert bool(early) == (0 <= found.not_after - now < 30 * 86400)
    assert bool(violations(found, now=now, uses=())) == (now > found.not_after)


@pytest.mark.parametrize(
    ("left", "told"),
    [(29.9, "29 days"), (2.5, "2 days"), (1.5, "1 day"), (0.5, "less than a day"), (0, "less than a day")],
)
def test_a_warning_says_how_many_days_are_left(left: float, told: str) -> None:
    now = whole().not_after - left * 86400

    assert warnings(whole(), now=now)[0] == f"the certificate expires in {told}, on 2028-01-01"


def signed_with(certificate: x509.Certificate, algorithm: str) -> x509.Certificate:
    """Answer *certificate* with the signature algorithm of this identifier (hex) in place of SHA-256 with RSA."""
    usual = bytes.fromhex("06092a864886f70d01010b")
    assert der(certificate).count(usual) == 2
    content = der(certificate).replace(usual, bytes.fromhex(algorithm))
    return x509.load_der_x509_certificate(content)


@pytest.mark.parametrize(
    ("last", "weak"), [("02", "MD2"), ("03", "MD4"), ("04", "MD5"), ("05", "SHA-1"), ("0c", None), ("0e", None)]
)
def test_a_weak_signature_is_a_violation_but_not_on_a_root(last: str, weak: str | None) -> None:
    algorithm = f"06092a864886f70d0101{last}"
    in_leaf = of(signed_with(leaf(), algorithm), lower(), upper(), root())
    in_chain = of(leaf(), lower(), signed_with(upper(), algorithm), root())
    in_root = of(leaf(), lower(), upper(), signed_with(root(), algorithm))

    assert [text.partition(" with ")[2][: len(weak or "")] for text in violations(in_leaf, now=NOW, uses=())] == (
        [weak] if weak else []
    )
    assert [text.partition(",")[0] for text in violations(in_chain, now=NOW, uses=())] == (["CN=upper"] if weak else [])
    assert violations(in_root, now=NOW, uses=()) == ()


def test_certificates_with_weak_signatures_are_still_put_in_order() -> None:
    sha1 = "06092a864886f70d010105"
    chain = [signed_with(each, sha1) for each in (leaf(), lower(), upper(), root())]

    assert load_pem(pem(*reversed(chain)), key_text(), None).chain == tuple(map(der, chain[1:]))


@pytest.mark.parametrize(
    ("digest", "padding", "weak"), [("sha1", "pkcs1", "SHA-1"), ("md5", "pkcs1", "MD5"), ("sha1", "pss", "SHA-1")]
)
def test_a_weak_signature_of_another_tool_is_noticed(tmp_path: Path, digest: str, padding: str, weak: str) -> None:
    (tmp_path / "key.pem").write_text(key_text())
    command = ("req", "-x509", f"-{digest}", "-sigopt", f"rsa_padding_mode:{padding}", "-key", tmp_path / "key.pem")
    found = load_pem(openssl(*command, "-subj", "/CN=old", "-days", "300").decode(), key_text(), None)
    (told,) = violations(found, now=found.not_before, uses=())

    assert told.startswith(f"the certificate is signed with {weak},")


def test_a_short_key_of_an_authority_is_a_violation() -> None:
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - noticed
    short = certificate("short", weak, extensions=[authority()])
    found = of(certificate("portal", "leaf", ("short", weak)), short)

    assert violations(found, now=NOW, uses=()) == (
        "CN=short, O=Contoso in its chain has a key of 1024 bits, which is weak; 2048 is the least",
    )


def test_an_authority_with_an_elliptic_curve_is_no_violation() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    issued = certificate("portal", "leaf", ("curve", curve))
    found = load_pem(pem(issued, certificate("curve", curve, extensions=[authority()])), key_text(), None)

    assert violations(found, now=NOW, uses=EVERYTHING) == ()


@pytest.mark.parametrize(
    ("allowed", "tokens", "tls"),
    [
        (("digitalSignature", "keyEncipherment"), True, True),
        (("digitalSignature", "keyEncipherment", "dataEncipherment"), True, True),
        (("digitalSignature",), False, True),
        (("keyEncipherment",), False, True),
        (("keyAgreement",), False, False),
        (("keyCertSign", "cRLSign"), False, False),
        (("keyAgreement", "encipherOnly"), False, False),
    ],
)
def test_a_key_usage_must_allow_what_the_certificate_serves(allowed: tuple[str, ...], tokens: bool, tls: bool) -> None:
    found = of(certificate("portal", "leaf", extensions=[usage(*allowed)]))

    assert violations(found, now=NOW, uses=()) == ()
    assert (violations(found, now=NOW, uses=[Use.SESSION_TOKENS]) == ()) is tokens
    assert (violations(found, now=NOW, uses=[Use.TLS]) == ()) is tls
    assert len(violations(found, now=NOW, uses=EVERYTHING)) == (not tokens) + (not tls)


@pytest.mark.parametrize(
    ("purposes", "tls"),
    [
        ((ExtendedKeyUsageOID.SERVER_AUTH,), True),
        ((ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH), True),
        ((ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,), True),
        ((ExtendedKeyUsageOID.CLIENT_AUTH,), False),
        ((ExtendedKeyUsageOID.CODE_SIGNING, x509.ObjectIdentifier("1.2.3")), False),
    ],
)
def test_only_tls_asks_for_the_extended_key_usage(purposes: tuple[x509.ObjectIdentifier, ...], tls: bool) -> None:
    found = of(certificate("portal", "leaf", extensions=[(x509.ExtendedKeyUsage(purposes), False)]))

    assert violations(found, now=NOW, uses=[Use.SESSION_TOKENS]) == ()
    assert (violations(found, now=NOW, uses=[Use.TLS]) == ()) is tls


def test_the_certificate_of_an_authority_is_unwise_but_no_violation() -> None:
    found = of(certificate("portal", "leaf", extensions=[authority()]))

    assert violations(found, now=NOW, uses=EVERYTHING) == ()
    assert [text.partition(":")[0] for text in warnings(found, now=NOW)] == [
        "the certificate is one of a certification authority"
    ]


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (-400, -1, "expired on 2026-05-31; get a newer chain"),
        (1, 1000, "is not valid before 2026-06-02"),
        (-400, 100, "expires before it, on 2026-09-09"),
    ],
)
@pytest.mark.parametrize("is_root", [False, True])
def test_the_dates_of_a_chain_are_warnings(start: float, end: float, told: str, is_root: bool) -> None:
    issuer = ("above", "above") if is_root else ("root", "root")
    above = certificate("above", "above", issuer, start=days(start), end=days(end), extensions=[authority()])
    found = of(certificate("portal", "leaf", ("above", "above")), above)

    assert warnings(found, now=NOW) == (f"CN=above, O=Contoso in its chain {told}",)
    assert violations(found, now=NOW, uses=EVERYTHING) == ()


def test_a_chain_that_is_not_complete_may_be_so_on_the_node_and_is_no_warning() -> None:
    for chain in ((), (lower(),), (lower(), upper())):
        assert warnings(of(leaf(), *chain), now=NOW) == ()


def test_all_violations_are_told_together() -> None:
    old = certificate("portal", "leaf", start=days(-9), end=days(-1), extensions=[usage("cRLSign")])
    found = of(signed_with(old, "06092a864886f70d010105"))

    assert len(violations(found, now=NOW, uses=EVERYTHING)) == 4


def test_parts_of_a_name_are_called_as_windows_calls_them() -> None:
    """Source: [MS-OSCO], the table of a subject's parts, and CertNameToStr."""
    parts = [
        (NameOID.POSTAL_CODE, "98052"),
        (NameOID.SURNAME, "Doe"),
        (NameOID.GIVEN_NAME, "Jane"),
        (NameOID.INITIALS, "JD"),
        (NameOID.COMMON_NAME, "portal"),
    ]
    name = x509.Name([x509.NameAttribute(*part) for part in parts])
    assert as_windows_shows(name) == "CN=portal, I=JD, G=Jane, SN=Doe, PostalCode=98052"
