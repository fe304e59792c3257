"""A self-signed certificate passes keydeploy's own checks and those of OpenSSL, and its PFX opens elsewhere."""

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from keydeploy.errors import KeyMaterialError
from keydeploy.keys import certificate, pfx, self_signed, variables
from keydeploy.keys.certificate import Certificate, Use
from keydeploy.secret import Secret
from tests.keys.authorities import NOW
from tests.keys.openssl import openssl

PASSWORD = "Marked-Passw0rd of a PFX"
DAY = 86400
AES_256_CBC = bytes.fromhex("060960864801650304012a")
PBE_WITH_SHA_1 = bytes.fromhex("060a2a864886f70d010c01")
"""How DER writes these algorithms; of the second, the older ones of PFX, the last number is left open."""


@pytest.fixture(scope="module")
def made() -> Certificate:
    """Answer a certificate for two servers."""
    names = ("portal.example.com", "*.example.com")
    return self_signed.generate("CN=portal, O=Contoso\\, Ltd.", names, bits=2048, days=365, now=NOW)


@pytest.fixture(scope="module")
def plain() -> Certificate:
    """Answer a certificate for no server."""
    return self_signed.generate("Portal session", (), bits=3072, days=1, now=NOW + 0.75)


def of(made: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(made.der)


def test_it_passes_every_check_without_a_warning(made: Certificate) -> None:
    for instant in (NOW, NOW + 300 * DAY):
        assert certificate.violations(made, now=instant, uses=tuple(Use)) == ()
        assert certificate.warnings(made, now=instant) == ()


def test_without_server_names_it_serves_both_uses_too(plain: Certificate) -> None:
    assert certificate.violations(plain, now=NOW + 1, uses=tuple(Use)) == ()
    assert certificate.warnings(plain, now=NOW + 1) == ("the certificate expires in less than a day, on 2026-06-02",)
    assert not any(isinstance(each.value, x509.ExtendedKeyUsage) for each in of(plain).extensions)


def test_it_is_valid_for_the_days_that_were_asked_for_and_an_hour_before(made: Certificate) -> None:
    assert made.not_after == NOW + 365 * DAY
    assert made.not_before == NOW - 3600


def test_it_holds_the_names_the_key_and_the_uses(made: Certificate, plain: Certificate) -> None:
    extensions = of(made).extensions
    assert made.subject == 'CN=portal, O="Contoso, Ltd."'
    assert plain.subject == "CN=Portal session"
    assert extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName) == [
        "portal.example.com",
        "*.example.com",
    ]
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert (made.key.bits, plain.key.bits) == (2048, 3072)
    assert made.chain == ()
    assert made.thumbprint != plain.thumbprint


def test_openssl_takes_it_for_a_server_and_for_nothing_above_it(made: Certificate, tmp_path: Path) -> None:
    (tmp_path / "made.pem").write_bytes(self_signed.to_pem(made).reveal())

    verified = openssl(
        "verify", "-purpose", "sslserver", "-verify_hostname", "portal.example.com", "-x509_strict", "-attime",
        str(int(NOW)), "-CAfile", tmp_path / "made.pem", tmp_path / "made.pem",
    )  # fmt: skip

    assert verified.endswith(b": OK\n")
    assert b"CA:FALSE" in openssl("x509", "-in", tmp_path / "made.pem", "-noout", "-text")


def test_pem_holds_the_certificate_and_its_key(made: Certificate) -> None:
    text = self_signed.to_pem(made).reveal().decode()
    end = text.index("-----BEGIN PRIVATE KEY-----")

    assert certificate.load_pem(text[:end], text[end:], None) == made


def test_openssl_opens_the_pfx_and_finds_aes_and_sha_256_in_it(made: Certificate, tmp_path: Path) -> None:
    fields = variables.of_certificate(made, Secret.of(PASSWORD))
    (tmp_path / "made.pfx").write_bytes(base64.b64decode(fields["pfx"].reveal()))
    (tmp_path / "password").write_text(PASSWORD, "utf-8")
    opened = ("pkcs12", "-in", tmp_path / "made.pfx", "-passin", f"file:{tmp_path}/password")

    assert (
        openssl("x509", "-fingerprint", given=openssl(*opened, "-nokeys"))
        .decode()
        .splitlines()[0]
        .replace(":", "")
        .endswith(made.thumbprint)
    )
    content = (tmp_path / "made.pfx").read_bytes()
    assert (content.count(AES_256_CBC), content.count(PBE_WITH_SHA_1)) == (2, 0)
    assert b"sha256" in openssl("asn1parse", "-inform", "DER", "-in", tmp_path / "made.pfx")  # of the MAC
    assert certificate.load_pfx(fields["pfx"].reveal().decode(), PASSWORD) == made
    with pytest.raises(KeyMaterialError, match="the password does not open the PFX"):
        certificate.load_pfx(fields["pfx"].reveal().decode(), PASSWORD[:-1])


def test_a_new_password_has_192_bits_and_letters_that_every_tool_takes() -> None:
    assert pfx.new_password(lambda count: bytes(range(count))).reveal() == b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
    assert set(pfx.new_password(lambda count: b"\xff" * count).reveal()) == set(b"_")


@pytest.mark.parametrize("subject", ["", " ", "=", "CN=", "O=", "CN=portal, O=", "CN=a,b", "C=DEU", "x=1", "p" * 65])
def test_a_subject_that_is_none_is_refused(subject: str) -> None:
    with pytest.raises(KeyMaterialError, match="the subject is no name of a certificate"):
        self_signed.generate(subject, (), bits=2048, days=1, now=NOW)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("10.0.0.1", "10.0.0.1 is an address"),
        ("fe80::1", "fe80::1 is an address"),
        ("", "'' is no DNS name"),
        ("a..b", "'a..b' is no DNS name"),
        ("pörtal.example.com", "'pörtal.example.com' is no DNS name"),
        ("portal.*.com", r"'portal.\*.com' is no DNS name"),
        ("https://portal", "'https://portal' is no DNS name"),
        (".".join(["p" * 63] * 4), "is no DNS name"),
        ("p" * 64, "is no DNS name"),
    ],
)
def test_a_server_name_that_is_none_is_refused(name: str, told: str) -> None:
    with pytest.raises(KeyMaterialError, match=told):
        self_signed.generate("portal", (name,), bits=2048, days=1, now=NOW)


@pytest.mark.parametrize("days", [-1, 0, 3651, 10**9])
def test_a_time_that_is_none_is_refused(days: int) -> None:
    with pytest.raises(KeyMaterialError, match=f"{days} days; a certificate lasts from 1 to 3650 days"):
        self_signed.generate("portal", (), bits=2048, days=days, now=NOW)


def test_a_weak_key_is_refused() -> None:
    with pytest.raises(KeyMaterialError, match="1024 bits, which is weak"):
        self_signed.generate("portal", (), bits=1024, days=1, now=NOW)
