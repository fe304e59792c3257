"""Facts about RSA keys: what is read, whoever wrote it, and what no container of CryptoAPI should hold."""

import base64
import hashlib
import math
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import KeyMaterialError
from keydeploy.keys import rsa_key
from keydeploy.keys.rsa_key import RsaKey, generate, load, take_over, to_pem, to_xml
from keydeploy.secret import Secret
from tests.keys.openssl import LEGACY, openssl
from tests.keys.refusing import refusal
from tests.node.contract import material

PASSWORD = "the key's own pässword"
NAMES = ("Modulus", "Exponent", "P", "Q", "DP", "DQ", "InverseQ", "D")


@cache
def key(which: str = "first") -> RsaKey:
    return take_over(material.rsa_key(which))


def pem(which: str = "first") -> str:
    return to_pem(key(which)).reveal().decode()


def xml(which: str = "first") -> str:
    return to_xml(key(which)).reveal().decode()


def written(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def traditional(private: rsa.RSAPrivateKey) -> str:
    return private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def encrypted(password: str = PASSWORD) -> str:
    encryption = BestAvailableEncryption(password.encode())
    return material.rsa_key("first").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


def as_xml(**numbers: int) -> str:
    """Write the first key, with other numbers in place of some."""
    held = material.rsa_key("first").private_numbers()
    public = held.public_numbers
    values = (public.n, public.e, held.p, held.q, held.dmp1, held.dmq1, held.iqmp, held.d)
    parts = dict(zip(NAMES, values, strict=True)) | numbers
    return f"<RSAKeyValue>{''.join(element(name, number) for name, number in parts.items())}</RSAKeyValue>"


def element(name: str, number: int) -> str:
    content = number.to_bytes((number.bit_length() + 7) // 8)
    return f"<{name}>{base64.b64encode(content).decode()}</{name}>"


def of_primes(p: int, q: int, exponent: int = 65537) -> rsa.RSAPrivateNumbers:
    d = pow(exponent, -1, math.lcm(p - 1, q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=rsa.rsa_crt_dmp1(d, p),
        dmq1=rsa.rsa_crt_dmq1(d, q),
        iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(exponent, p * q),
    )


def numbers_as_xml(numbers: rsa.RSAPrivateNumbers) -> str:
    return as_xml(
        Modulus=numbers.public_numbers.n,
        Exponent=numbers.public_numbers.e,
        P=numbers.p,
        Q=numbers.q,
        DP=numbers.dmp1,
        DQ=numbers.dmq1,
        InverseQ=numbers.iqmp,
        D=numbers.d,
    )


@cache
def with_exponent(exponent: int) -> rsa.RSAPrivateNumbers:
    """Answer a key of 2048 bits whose public exponent is any odd number."""
    while True:
        held = rsa.generate_private_key(65537, 2048).private_numbers()
        if math.gcd(exponent, math.lcm(held.p - 1, held.q - 1)) == 1:
            return of_primes(held.p, held.q, exponent)


# What a key is.


def test_a_key_does_not_show_itself() -> None:
    assert repr(key()) == "RsaKey(content=<secret>)"
    assert not material.shown_of(f"{key()} {key().fingerprint}", "first")


def test_a_key_knows_its_length_and_its_public_half_in_the_contracts_form() -> None:
    assert key().bits == 2048
    assert (key().modulus, key().exponent) == (material.public("first").modulus, material.public("first").exponent)


def test_the_parts_have_the_names_and_lengths_of_the_contract() -> None:
    contract = material.parts("first")
    parts = key().parts()

    assert list(parts) == ["modulus", "exponent", "d", "p", "q", "dp", "dq", "inverse_q"]
    assert all(parts[name] == getattr(contract, name) for name in parts)


@pytest.mark.parametrize("bits", [2048, 2056, 3072])
def test_short_parts_are_filled_up_with_zeros(bits: int) -> None:
    parts = {name: len(part.reveal()) for name, part in generate(bits).parts().items()}
    half = (bits // 8 + 1) // 2

    assert parts == {"modulus": bits // 8, "exponent": 3, "d": bits // 8} | dict.fromkeys(
        ("p", "q", "dp", "dq", "inverse_q"), half
    )


def test_a_fingerprint_is_the_hash_of_the_public_key_as_other_tools_have_it() -> None:
    public = openssl("pkey", "-pubout", "-outform", "DER", given=pem().encode())

    assert key().fingerprint == f"sha256:{hashlib.sha256(public).hexdigest()}"
    assert key().fingerprint != key("second").fingerprint


def test_new_keys_differ_and_have_the_usual_length_and_exponent() -> None:
    one, other = generate(), generate()

    assert (one.bits, one.exponent) == (2048, b"\x01\x00\x01")
    assert one.modulus != other.modulus


@pytest.mark.parametrize("bits", [-8, 0, 512, 1024, 2040, 2047, 2049, 2052, 16385, 16392, 1 << 40])
def test_no_key_is_made_of_a_length_that_would_be_refused(bits: int) -> None:
    assert refusal(lambda: generate(bits)).message.startswith(f"{bits} bits")


def test_content_that_is_no_rsa_key_is_no_key() -> None:
    content = material.ec_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    with pytest.raises(KeyMaterialError, match="no RSA key"):
        RsaKey(Secret(content)).private()


# What is read.


def test_what_was_written_is_read_again() -> None:
    for which in ("first", "second"):
        assert load(pem(which)) == key(which)
        assert load(xml(which)) == key(which)
    assert key("first") != key("second")


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    text=st.sampled_from(["pkcs8", "pkcs1", "xml"]),
    before=st.sampled_from(["", "\ufeff", "\n", "\r\n\t ", "\ufeff\r\n"]),
    after=st.sampled_from(["", "\n\n", "\r\n", " \t\n"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r", " ", "\n\n", "\r\n    "]),
    width=st.integers(1, 3000),
)
def test_white_space_and_line_ends_do_not_count(text: str, before: str, after: str, line_end: str, width: int) -> None:
    if text == "xml":
        shaped = line_end.join(re.split("(?=<)", xml()))
    else:
        begin, *body, end = (pem() if text == "pkcs8" else traditional(material.rsa_key("first"))).splitlines()
        letters = "".join(body)
        lines = [letters[start : start + width] for start in range(0, len(letters), width)]
        shaped = line_end.join([begin, *lines, end])

    assert load(before + shaped + after) == key()


@settings(derandomize=True, max_examples=30, deadline=None)
@given(
    order=st.permutations(NAMES),
    gap=st.sampled_from(["", "\n  ", "\r\n", "<!-- a note, with ümlauts -->"]),
    declaration=st.sampled_from(
        ["", '<?xml version="1.0" encoding="utf-8"?>\r\n', "<?xml version='1.0' encoding='utf-16'?>"]
    ),
    wrap=st.integers(20, 400),
)
def test_the_elements_of_xml_may_stand_in_any_order_and_shape(
    order: list[str], gap: str, declaration: str, wrap: int
) -> None:
    texts = {name: base64.b64decode(found) for name, found in re.findall(r"<(\w+)>([^<]+)</\1>", xml())}
    inner = "".join(f"{gap}<{name}>{wrapped(texts[name], wrap)}</{name} >" for name in order)

    assert load(f"{declaration}<RSAKeyValue>{inner}{gap}</RSAKeyValue>") == key()


def wrapped(content: bytes, width: int) -> str:
    letters = base64.b64encode(content).decode()
    return "\r\n".join(["", *(letters[start : start + width] for start in range(0, len(letters), width)), " "])


def test_xml_of_xml_signatures_namespace_is_read() -> None:
    namespace = "http://www.w3.org/2000/09/xmldsig#"

    assert load(xml().replace("<RSAKeyValue>", f'<RSAKeyValue xmlns="{namespace}">')) == key()
    assert load(re.sub(r"<(/?)", r"<\1ds:", xml()).replace("Value>", f'Value xmlns:ds="{namespace}">', 1)) == key()


def test_one_key_has_one_content_whichever_prime_comes_first_and_however_d_was_made() -> None:
    held = material.rsa_key("first").private_numbers()
    swapped = as_xml(P=held.q, Q=held.p, DP=held.dmq1, DQ=held.dmp1, InverseQ=rsa.rsa_crt_iqmp(held.q, held.p))
    by_phi = as_xml(D=pow(65537, -1, (held.p - 1) * (held.q - 1)))

    assert load(swapped) == load(by_phi) == key()


def test_leading_zeros_of_a_number_do_not_count() -> None:
    padded = re.sub(r"<(\w+)>([^<]+)<", lambda found: f"<{found[1]}>{zero_in_front(found[2])}<", xml())

    assert padded != xml()
    assert load(padded) == key()


def zero_in_front(letters: str) -> str:
    return base64.b64encode(b"\0" + base64.b64decode(letters)).decode()


def test_a_certificate_beside_the_key_is_passed_over_and_so_is_text_around_them() -> None:
    certificate = material.self_signed("first").public_bytes(Encoding.PEM).decode()

    assert (
        load(f"Bag Attributes\n    friendlyName: Pörtal\n{certificate}Key Attributes: <No Attributes>\n{pem()}")
        == key()
    )


@pytest.mark.parametrize("exponent", [3, 17, 2**32 - 1])
def test_an_exponent_of_up_to_32_bits_is_read(exponent: int) -> None:
    private = with_exponent(exponent).private_key(unsafe_skip_rsa_key_validation=True)

    assert int.from_bytes(load(written(private)).exponent) == exponent
    assert load(numbers_as_xml(with_exponent(exponent))) == load(traditional(private))


@pytest.mark.parametrize("arguments", [("-traditional",), ()], ids=["PKCS#1", "PKCS#8"])
def test_openssls_own_keys_are_read(arguments: tuple[str, ...]) -> None:
    made = openssl("genrsa", *arguments, "2048")
    public = openssl("pkey", "-pubout", "-outform", "DER", given=made)

    assert load(made.decode()).fingerprint == f"sha256:{hashlib.sha256(public).hexdigest()}"


@pytest.mark.parametrize("cipher", ["-aes256", "-aes128", "-des3"])
def test_a_key_that_openssl_encrypted_in_the_traditional_form_is_opened(cipher: str) -> None:
    made = openssl("rsa", "-traditional", cipher, "-passout", f"pass:{PASSWORD}", given=pem().encode()).decode()

    assert "Proc-Type: 4,ENCRYPTED" in made
    assert load(made, PASSWORD) == key()
    assert load(made.replace("\n", "\r\n"), PASSWORD) == key()
    assert load(" ".join(made.split("\n")), PASSWORD) == key()


@pytest.mark.parametrize(
    "options",
    ["-v2 aes-256-cbc", "-v2 aes-128-cbc -v2prf hmacWithSHA1", "-v2 des3", "-scrypt", "-v1 PBE-SHA1-3DES"],
)
def test_a_key_that_openssl_encrypted_as_pkcs8_is_opened(options: str) -> None:
    command = ("pkcs8", "-topk8", *options.split(), "-passout", f"pass:{PASSWORD}")
    made = openssl(*command, given=pem().encode()).decode()

    assert "BEGIN ENCRYPTED PRIVATE KEY" in made
    assert load(made, PASSWORD) == key()


def test_what_openssl_takes_out_of_a_pfx_is_read(tmp_path: Path) -> None:
    (tmp_path / "both.pem").write_text(pem() + material.self_signed("first").public_bytes(Encoding.PEM).decode())
    export = ("-passout", "pass:x", "-name", "portal", "-out", tmp_path / "session.pfx")
    openssl("pkcs12", "-export", "-in", tmp_path / "both.pem", *export)
    made = openssl("pkcs12", "-in", tmp_path / "session.pfx", "-passin", "pass:x", "-nodes").decode()

    assert made.startswith("Bag Attributes")
    assert load(made) == key()


def test_a_key_that_is_meant_for_pss_alone_is_the_same_in_a_container() -> None:
    made = openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048").decode()

    assert load(made).bits == 2048
    assert load(made) == load(to_pem(load(made)).reveal().decode())


PROGRAM = """
using System;
using System.Security.Cryptography;
using System.Text;

static class Program
{
    // The first line of the input is a key of ours; the answer is a text that was encrypted with it and a new key.
    static void Main()
    {
        using (var ours = new RSACryptoServiceProvider())
        using (var own = new RSACryptoServiceProvider(2048))
        {
            ours.FromXmlString(Console.In.ReadLine());
            byte[] text = ours.Decrypt(ours.Encrypt(Encoding.ASCII.GetBytes("read by .NET"), true), true);
            Console.WriteLine(Encoding.ASCII.GetString(text));
            Console.WriteLine(ours.ToXmlString(true));
            Console.WriteLine(own.ToXmlString(true));
            Console.WriteLine(own.ToXmlString(false));
        }
    }
}
"""


@pytest.mark.usefixtures("mono_runtime")
def test_xml_is_that_of_dotnets_own_class_both_ways(tmp_path: Path) -> None:
    (tmp_path / "Program.cs").write_text(PROGRAM)
    subprocess.run(["mcs", f"-out:{tmp_path / 'program.exe'}", tmp_path / "Program.cs"], check=True)
    made = subprocess.run(
        ["mono", tmp_path / "program.exe"],
        input=xml() + "\n",
        env={"XDG_CONFIG_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    text, ours, own, public = made.stdout.splitlines()

    assert text == "read by .NET"
    assert load(ours) == key()
    assert load(to_xml(load(own)).reveal().decode()) == load(own)
    assert refusal(lambda: load(public), public).message == "a public key only: <RSAKeyValue> without D"


# What is refused.


def encrypted_as_before() -> str:
    command = ("rsa", "-traditional", "-aes256", "-passout", f"pass:{PASSWORD}")
    return openssl(*command, given=pem().encode()).decode()


@pytest.mark.parametrize("password", [None, ""])
@pytest.mark.parametrize("encrypt", [encrypted, encrypted_as_before], ids=["PKCS#8", "traditional"])
def test_a_key_that_is_encrypted_needs_its_password(encrypt: Callable[[], str], password: str | None) -> None:
    text = encrypt()

    assert refusal(lambda: load(text, password), text).message == "the key is encrypted, and no password is given"


@pytest.mark.parametrize("password", ["another password", PASSWORD.upper(), PASSWORD + " ", "x" * 2000])
@pytest.mark.parametrize("encrypt", [encrypted, encrypted_as_before], ids=["PKCS#8", "traditional"])
def test_a_wrong_password_does_not_open_a_key(encrypt: Callable[[], str], password: str) -> None:
    text = encrypt()

    assert refusal(lambda: load(text, password), text, password).message == "the password does not open the key"


def test_a_password_that_is_no_text_is_refused_without_it() -> None:
    with pytest.raises(KeyMaterialError, match="lone surrogate"):
        load(encrypted(), "\udc80")


@pytest.mark.parametrize("form", ["pem", "xml"])
@pytest.mark.parametrize("password", [PASSWORD, ""])
def test_a_password_for_a_key_that_is_not_encrypted_is_a_mistake(form: str, password: str) -> None:
    error = refusal(lambda: load({"pem": pem(), "xml": xml()}[form], password), PASSWORD)

    assert error.message == "the key is not encrypted, and a password is given"
    assert error.hint == "leave the password out"


def test_a_key_in_an_encryption_that_nobody_reads_is_refused_with_a_way_out() -> None:
    text = encrypted().replace("ENCRYPTED PRIVATE KEY", "RSA PRIVATE KEY")
    text = text.replace(
        "KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: ROT-13,00112233445566778899AABBCCDDEEFF\n\n", 1
    )

    assert "openssl pkcs8 -topk8" in (refusal(lambda: load(text, PASSWORD), text).hint or "")


OTHER_TEXTS: dict[str, tuple[Callable[[], str], str]] = {
    "nothing": (lambda: "", "no private key: neither PEM"),
    "white space": (lambda: " \r\n\t", "no private key: neither PEM"),
    "some text": (lambda: "MARK-of-a-password-1234567890", "no private key: neither PEM"),
    "a lone surrogate": (lambda: "\udc80MARK", "no private key: neither PEM"),
    "bare base64": (lambda: "".join(pem().splitlines()[1:-1]), "no private key: neither PEM"),
    "a public key": (
        lambda: (
            material.rsa_key("first")
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            .decode()
        ),
        "a public key only",
    ),
    "a public key of PKCS#1": (
        lambda: material.rsa_key("first").public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(),
        "a public key only",
    ),
    "a certificate": (
        lambda: material.self_signed("first").public_bytes(Encoding.PEM).decode(),
        "a certificate, where its private key is needed",
    ),
    "a certificate request": (
        lambda: "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
        "no private key: neither PEM",
    ),
    "OpenSSH's own form": (
        lambda: material.rsa_key("first").private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
        "the key is in OpenSSH's own form",
    ),
    "two keys": (lambda: pem("first") + pem("second"), "2 private keys in one text"),
    "the same key twice": (lambda: pem() + pem(), "2 private keys in one text"),
    "a cut end": (lambda: pem()[:-40], "the PEM text breaks off"),
    "a cut beginning": (lambda: pem()[20:], "the PEM text breaks off"),
    "a cut key before a whole one": (lambda: pem()[:-40] + pem(), "the PEM text breaks off"),
    "an end of something else": (lambda: pem().replace("END PRIVATE", "END RSA PRIVATE"), "the PEM text breaks off"),
    "a cut middle": (lambda: "\n".join(pem().splitlines()[:9] + pem().splitlines()[12:]), "the key is cut or damaged"),
    "line ends in words": (lambda: pem().strip().replace("\n", r"\n"), "what stands between the BEGIN and END lines"),
    "letters of another script": (
        lambda: pem().replace("\nM", "\n\N{CYRILLIC CAPITAL LETTER EM}", 1),
        "what stands between",
    ),
    "an empty body": (lambda: "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----", "the key is cut or damaged"),
}


@pytest.mark.parametrize(("write", "told"), OTHER_TEXTS.values(), ids=OTHER_TEXTS.keys())
def test_what_is_no_private_key_is_refused_with_what_it_is(write: Callable[[], str], told: str) -> None:
    text = write()

    assert refusal(lambda: load(text), text).message.startswith(told)


OTHER_KINDS: dict[str, tuple[Callable[[], str], str]] = {
    "EC in PKCS#8": (lambda: written(material.ec_key()), "an EC key"),
    "EC in its own form": (
        lambda: openssl("ecparam", "-name", "secp256k1", "-genkey").decode(),
        "an EC key",
    ),
    "Ed25519": (lambda: openssl("genpkey", "-algorithm", "ED25519").decode(), "an Ed25519 key"),
    "X25519": (lambda: openssl("genpkey", "-algorithm", "X25519").decode(), "a key of another kind"),
    "DSA": (lambda: openssl("gendsa", "/dev/stdin", given=openssl("dsaparam", "2048")).decode(), "a DSA key"),
}


@pytest.mark.parametrize(("write", "kind"), OTHER_KINDS.values(), ids=OTHER_KINDS.keys())
def test_other_kinds_of_keys_have_no_container_yet(write: Callable[[], str], kind: str) -> None:
    text = write()
    error = refusal(lambda: load(text), text)

    assert error.message == f"{kind}; RSA only for now, because containers of CryptoAPI hold no other"


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        (512, "512 bits, which is weak"),
        (1024, "1024 bits, which is weak"),
        (2047, "2047 bits, which"),
        (2052, "2052 bits; containers of CryptoAPI take a multiple of 8"),
    ],
)
def test_a_key_of_another_length_is_refused(bits: int, told: str) -> None:
    made = openssl("genrsa", str(bits)).decode()

    assert refusal(lambda: load(made), made).message.startswith(told)


def test_lengths_are_judged_before_anything_is_computed() -> None:
    longest, too_long = (1 << 16383) | 1, (1 << 16391) | 1

    assert refusal(lambda: load(as_xml(Modulus=too_long))).message.startswith("16392 bits; containers")
    assert refusal(lambda: load(as_xml(Modulus=longest))).message == "the parts of the key do not belong together"


@pytest.mark.parametrize("exponent", [0, 1, 2, 4, 65536, 2**32, 2**32 + 1, 2**64 + 13])
def test_an_exponent_that_cryptoapi_does_not_take_is_refused(exponent: int) -> None:
    text = as_xml(Exponent=exponent) if exponent else as_xml().replace(">AQAB<", ">AA==<")

    assert refusal(lambda: load(text), text).message.startswith("the public exponent is not an odd number")


def test_a_long_exponent_is_refused_in_pem_too() -> None:
    text = written(with_exponent(2**32 + 15).private_key(unsafe_skip_rsa_key_validation=True))

    assert refusal(lambda: load(text), text).message.startswith("the public exponent is not an odd number")


@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_another_key_is_noticed(name: str) -> None:
    other = dict(re.findall(r"<(\w+)>([^<]+)</\1>", xml("second"))) | {"Exponent": "Aw=="}
    text = re.sub(rf"<{name}>[^<]+<", f"<{name}>{other[name]}<", xml())

    assert text != xml()
    assert refusal(lambda: load(text), text).message == "the parts of the key do not belong together"


@settings(derandomize=True, max_examples=40, deadline=None)
@given(name=st.sampled_from([*NAMES[2:]]), change=st.integers(1, 2**1000))
def test_a_number_with_anything_added_to_it_is_noticed(name: str, change: int) -> None:
    held = {each: int.from_bytes(base64.b64decode(found)) for each, found in re.findall(r"<(\w+)>([^<]+)</\1>", xml())}
    text = as_xml(**{name: held[name] + change})

    assert refusal(lambda: load(text), text).message == "the parts of the key do not belong together"


@pytest.mark.parametrize("prime", ["P", "Q"])
def test_a_d_that_fits_one_prime_alone_is_noticed(prime: str) -> None:
    held = material.rsa_key("first").private_numbers()
    d = held.d + {"P": held.p - 1, "Q": held.q - 1}[prime]
    text = as_xml(D=d, DP=d % (held.p - 1), DQ=d % (held.q - 1))

    assert refusal(lambda: load(text), text).message == "the parts of the key do not belong together"


def test_one_is_no_prime() -> None:
    modulus = material.rsa_key("first").public_key().public_numbers().n
    for p, q in ((1, modulus), (modulus, 1)):
        text = as_xml(P=p, Q=q, D=1, DP=1, DQ=1, InverseQ=1)
        with pytest.raises(KeyMaterialError, match="do not belong together"):
            load(text)


def test_an_even_number_is_no_prime() -> None:
    while True:
        numbers = rsa.generate_private_key(65537, 2046).private_numbers()  # noqa: S505 - one bit more makes it even
        p, q = 4 * numbers.p, numbers.q
        if (p * q).bit_length() == 2048 and math.gcd(65537, p - 1) == 1:
            break
    text = numbers_as_xml(of_primes(p, q))

    assert refusal(lambda: load(text), text).message == "the parts of the key do not belong together"


def test_a_prime_that_is_none_is_noticed() -> None:
    short_key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - two primes that make one that is none
    two_primes = short_key.public_key().public_numbers().n
    while True:
        prime = rsa.generate_private_key(65537, 2048).private_numbers().p
        if (two_primes * prime).bit_length() == 2048 and math.gcd(65537, two_primes - 1) == 1:
            break
    text = numbers_as_xml(of_primes(two_primes, prime))

    assert refusal(lambda: load(text), text).message == "the parts of the key do not belong together"


def test_primes_of_different_lengths_fit_no_container() -> None:
    long = rsa.generate_private_key(65537, 2080).private_numbers().p
    short = rsa.generate_private_key(65537, 2016).private_numbers().q  # noqa: S505 - its prime alone
    text = numbers_as_xml(of_primes(long, short))

    assert (long * short).bit_length() == 2048
    assert refusal(lambda: load(text), text).message.startswith("the primes of the key differ in length")


def test_a_key_of_three_primes_fits_no_container() -> None:
    bits, primes = "rsa_keygen_bits:2048", "rsa_keygen_primes:3"
    made = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", bits, "-pkeyopt", primes).decode()

    refusal(lambda: load(made), made)


WRONG_XML: dict[str, tuple[Callable[[], str], str]] = {
    "a document type": (lambda: f"<!DOCTYPE RSAKeyValue>{xml()}", "the XML of the key has a document type"),
    "an entity": (
        lambda: f'<!DOCTYPE k [<!ENTITY m SYSTEM "file:///etc/passwd">]>{xml().replace("<D>", "<D>&m;")}',
        "the XML of the key has a document type",
    ),
    "an unknown entity": (lambda: xml().replace("<D>", "<D>&m;"), "the XML of the key is cut or damaged"),
    "a cut end": (lambda: xml()[:-20], "the XML of the key is cut or damaged"),
    "a second key": (lambda: xml() * 2, "the XML of the key is cut or damaged"),
    "a lone surrogate": (lambda: xml().replace("<D>", "<D>\udc80"), "the XML of the key is cut or damaged"),
    "another element": (lambda: "<configuration><MARK/></configuration>", "XML, but not <RSAKeyValue>"),
    "the public half": (lambda: re.sub(r"<P>.*</D>", "", xml()), "a public key only: <RSAKeyValue> without D"),
    "no D": (lambda: re.sub(r"<D>.*</D>", "", xml()), "<RSAKeyValue> without D"),
    "two parts less": (lambda: re.sub(r"<DP>.*</DQ>", "", xml()), "<RSAKeyValue> without DP and DQ"),
    "no modulus": (lambda: re.sub(r"<Modulus>.*</Modulus>", "", xml()), "<RSAKeyValue> without Modulus"),
    "nothing in it": (lambda: "<RSAKeyValue/>", "<RSAKeyValue> without Modulus and Exponent"),
    "a part twice": (
        lambda: xml().replace("<D>", "<P>AQAB</P><D>"),
        "<RSAKeyValue> with an element that is unknown or repeated",
    ),
    "an unknown part": (
        lambda: xml().replace("<D>", "<d>AQAB</d><D>"),
        "<RSAKeyValue> with an element that is unknown",
    ),
    "an element in a part": (
        lambda: xml().replace("<D>", "<D><D/>"),
        "<RSAKeyValue> with elements inside its elements",
    ),
    "text beside the parts": (lambda: xml().replace("<D>", "MARK<D>"), "<RSAKeyValue> with text between its elements"),
    "no base64": (lambda: xml().replace("<D>", "<D>*"), "D of the <RSAKeyValue> is not base64"),
    "an empty part": (lambda: re.sub(r"<D>.*</D>", "<D></D>", xml()), "D of the <RSAKeyValue> is not base64"),
}


@pytest.mark.parametrize(("write", "told"), WRONG_XML.values(), ids=WRONG_XML.keys())
def test_xml_that_is_no_private_key_is_refused_with_the_reason(write: Callable[[], str], told: str) -> None:
    text = write()

    assert refusal(lambda: load(text), text).message.startswith(told)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    at=st.integers(0, 5000), length=st.integers(0, 200), other=st.text(max_size=8), form=st.sampled_from(["pem", "xml"])
)
def test_a_damaged_key_is_read_as_the_same_key_or_refused(at: int, length: int, other: str, form: str) -> None:
    whole = {"pem": pem(), "xml": xml()}[form]
    start = at % len(whole)
    text = whole[:start] + other + whole[start + length :]
    try:
        found = load(text)
    except KeyMaterialError as error:
        assert not material.shown_of(f"{error} {error.hint}", "first")  # noqa: PT017 - not every damage is one
    else:
        assert found == key()


@settings(derandomize=True, max_examples=200, deadline=None)
@given(text=st.text() | st.text("<>/?!-BEGIN PRIVATEKY\n", max_size=80))
def test_any_other_text_is_refused(text: str) -> None:
    refusal(lambda: load(text))


def test_the_default_length_is_one_that_is_taken() -> None:
    assert rsa_key.FEWEST_BITS <= rsa_key.DEFAULT_BITS <= rsa_key.MOST_BITS


def test_legacy_algorithms_of_openssl_are_opened_as_far_as_the_library_knows_them() -> None:
    for options in ("-v1 PBE-MD5-DES", "-v1 PBE-SHA1-RC2-40"):
        command = ("pkcs8", "-topk8", *options.split(), "-passout", f"pass:{PASSWORD}", *LEGACY)
        made = openssl(*command, given=pem().encode()).decode()
        try:
            assert load(made, PASSWORD) == key()
        except KeyMaterialError as error:
            assert error.message == "the password does not open the key"  # noqa: PT017 - depends on the library
