"""Keys and certificates for specs, new ones each session, by the names that case files use: `$pem`.

No key stands in a file: somebody would have to find out whether it is a real one.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from keydeploy.keys.pem import base64_text
from keydeploy.keys.rsa_key import take_over, to_xml
from tests.node.contract import material

PASSWORD = "opens what these tests have made"
_ROUNDS = 2048
"""As `openssl pkcs12 -export` has it; Windows takes 2000."""
_PIECE = 16

_PKCS8, _PKCS1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


@cache
def texts() -> dict[str, str]:
    """Answer what each `$name` of a case file stands for."""
    return {"password": PASSWORD, **_keys(), **_wrong_keys(), **_certificates(), **_pfxs()}


def filled_in(value: Any) -> Any:
    """Answer *value* with what each `$name` in it stands for."""
    if isinstance(value, dict):
        return {name: filled_in(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [filled_in(inner) for inner in value]
    return texts().get(value[1:], value) if isinstance(value, str) and value.startswith("$") else value


def pieces(text: str) -> set[str]:
    """Answer the parts of *text* by which a message that quotes any of it is known."""
    lines = (line for line in text.splitlines() if not line.startswith("-----"))
    return {line[start : start + _PIECE] for line in lines for start in range(0, len(line) - _PIECE + 1, _PIECE)}


def pem(which: str, form: PrivateFormat = _PKCS8, encryption: KeySerializationEncryption | None = None) -> str:
    """Answer the RSA key of that name as PEM."""
    return _written(material.rsa_key(which), form, encryption)


def xml(which: str) -> str:
    """Answer the RSA key of that name as `aspnet_regiis` exports it."""
    return to_xml(take_over(material.rsa_key(which))).reveal().decode()


def pfx(which: str, leaf: x509.Certificate | None, chain: Sequence[x509.Certificate], password: str | None) -> str:
    """Answer a new PFX with the RSA key of that name, in base64."""
    key = material.rsa_key(which)
    encryption: KeySerializationEncryption = NoEncryption()
    if password is not None:
        builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(_ROUNDS)
        encryption = builder.build(password.encode())
    return base64_text(serialize_key_and_certificates(b"session", key, leaf, chain, encryption))


@cache
def leaf() -> x509.Certificate:
    return material.issued("session", "session")


@cache
def renewed() -> x509.Certificate:
    """Answer another certificate of the same key."""
    return material.issued("session", "session")


@cache
def other() -> x509.Certificate:
    return material.self_signed("other", "portal.example")


@cache
def authority() -> x509.Certificate:
    return material.self_signed("authority", "authority")


def _keys() -> dict[str, str]:
    encryption = BestAvailableEncryption(PASSWORD.encode())
    return {
        "pem": pem("first"),
        "pkcs1": pem("first", _PKCS1),
        "encrypted_pem": pem("first", encryption=encryption),
        "encrypted_pkcs1": pem("first", _PKCS1, encryption),
        "folded_pem": " ".join(pem("first").split("\n")),
        "xml": xml("first"),
        "other_pem": pem("other"),
        "other_xml": xml("other"),
        "third_pem": pem("third"),
        "session_pem": pem("session"),
        "encrypted_session_pem": pem("session", encryption=encryption),
    }


def _wrong_keys() -> dict[str, str]:
    public = material.rsa_key("first").public_key()
    return {
        "short_pem": _written(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - it is to be refused
        "ec_pem": _written(ec.generate_private_key(ec.SECP256R1())),
        "public_pem": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode(),
        "public_xml": f"{xml('first').partition('</Exponent>')[0]}</Exponent></RSAKeyValue>",
        "cut_pem": pem("first")[:600],
        "cut_xml": xml("first")[:600],
        "two_pems": pem("first") + pem("other"),
        "mixed_xml": xml("first").partition("<D>")[0] + "<D>" + xml("other").partition("<D>")[2],
    }


def _certificates() -> dict[str, str]:
    return {
        "certificate": _certificate(leaf()),
        "chain": _certificate(leaf()) + _certificate(authority()),
        "reversed_chain": _certificate(authority()) + _certificate(leaf()),
        "alien_chain": _certificate(leaf()) + _certificate(other()),
        "renewed_chain": _certificate(renewed()) + _certificate(authority()),
        "other_certificate": _certificate(other()),
        "cut_certificate": _certificate(leaf())[:500],
        "certificate_and_key": _certificate(leaf()) + pem("session"),
        "thumbprint": material.thumbprint(leaf()),
        "lower_thumbprint": material.thumbprint(leaf()).lower(),
        "other_thumbprint": material.thumbprint(other()),
    }


def _pfxs() -> dict[str, str]:
    chain = [authority()]
    return {
        "pfx": pfx("session", leaf(), chain, PASSWORD),
        "pfx_again": pfx("session", leaf(), chain, PASSWORD),
        "open_pfx": pfx("session", leaf(), chain, None),
        "pfx_without_chain": pfx("session", leaf(), [], PASSWORD),
        "other_pfx": pfx("other", other(), [], PASSWORD),
        "renewed_pfx": pfx("session", renewed(), chain, PASSWORD),
        "alien_pfx": pfx("session", leaf(), [other()], PASSWORD),
        "mixed_pfx": pfx("first", None, [leaf()], PASSWORD),
        "cut_pfx": pfx("session", leaf(), chain, PASSWORD)[:600],
    }


def _written(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    form: PrivateFormat = _PKCS8,
    encryption: KeySerializationEncryption | None = None,
) -> str:
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode()


def _certificate(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
