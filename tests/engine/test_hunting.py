"""The hunt for secrets finds private keys however they are written, and takes nothing public for one."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from keydeploy.keys import rsa_key as keys
from tests.engine.declaring import PASSWORD_OF_KEY, container, issued, pem, pfx
from tests.engine.farm import Stand
from tests.engine.hunting import declared, find
from tests.keys import authorities
from tests.node.contract.material import rsa_key


def _private(form: PrivateFormat, encoding: Encoding = Encoding.PEM) -> Callable[[RSAPrivateKey], bytes]:
    return lambda key: key.private_bytes(encoding, form, NoEncryption())


WRITTEN: dict[str, Callable[[RSAPrivateKey], bytes]] = {
    "PKCS#8": _private(PrivateFormat.PKCS8),
    "PKCS#1": _private(PrivateFormat.TraditionalOpenSSL),
    "PEM in JSON": lambda key: _private(PrivateFormat.PKCS8)(key).replace(b"\n", b"\\n"),
    "PEM in one line": lambda key: _private(PrivateFormat.PKCS8)(key).replace(b"\n", b" "),
    "DER": _private(PrivateFormat.PKCS8, Encoding.DER),
    "base64 in one line": lambda key: base64.b64encode(_private(PrivateFormat.PKCS8, Encoding.DER)(key)),
    "half of it": lambda key: _private(PrivateFormat.PKCS8)(key)[900:],
    "RSAKeyValue": lambda key: keys.to_xml(keys.take_over(key)).reveal(),
    "a number": lambda key: str(key.private_numbers().p).encode(),
    "hex": lambda key: f"{key.private_numbers().d:x}".encode(),
    "hex in upper case": lambda key: f"{key.private_numbers().q:X}".encode(),
    "a blob of CryptoAPI": lambda key: key.private_numbers().d.to_bytes(256, "little"),
}


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """Answer an inventory that declares the key `portal` in one place, and `previous` in a PFX."""
    certificates = {"packed": pfx(issued("hunted", "previous"), "previous")}
    return (
        Stand(tmp_path)
        .add_farm("portal", "web1", key_containers={"Portal": container("portal")}, certificates=certificates)
        .inventory
    )


@pytest.mark.parametrize("which", ["portal", "previous"])
@pytest.mark.parametrize("form", WRITTEN)
def test_a_private_key_that_is_declared_is_found_in_every_form(inventory: Path, which: str, form: str) -> None:
    assert find(b"before " + WRITTEN[form](rsa_key(which)) + b" after", declared(inventory))


def test_a_password_is_found(inventory: Path) -> None:
    assert find(PASSWORD_OF_KEY.encode("utf-16-le"), declared(inventory))


def test_neither_what_is_public_nor_another_key_is_taken_for_one(inventory: Path) -> None:
    public = rsa_key("portal").public_key()
    shown = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        authorities.pem(issued("hunted", "previous")).encode(),
        str(public.public_numbers().n).encode(),
        pem("others").encode(),
    ]
    assert [find(content, declared(inventory)) for content in shown] == [set()] * len(shown)
