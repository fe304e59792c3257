"""PFX (PKCS#12): opening one in base64, and making one.

It is opened here, never on a node: Windows leaves or deletes key files when one is merely looked at
(dotnet/runtime#97121). Source of the form: RFC 7292.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import (
    PBES,
    PKCS12KeyAndCertificates,
    load_pkcs12,
    serialize_key_and_certificates,
)

from keydeploy.errors import KeyMaterialError, PasswordMissing
from keydeploy.keys.chain import parsed
from keydeploy.keys.pem import blocks, from_base64
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.secret import Secret

_KEY_BAGS = tuple(bytes.fromhex(f"060b2a864886f70d010c0a01{last:02x}") for last in (1, 2))
"""How DER writes the kinds of a bag with a private key: keyBag and pkcs8ShroudedKeyBag."""
_ROUNDS = 100_000
"""Of deriving a key from the password: what each guess of it costs."""
_TO_BASE64 = "base64 -w0 FILE.pfx writes it; so does [Convert]::ToBase64String([IO.File]::ReadAllBytes('FILE.pfx'))"
_EXPORT_ANEW = "export it with its private key: Export-PfxCertificate -CryptoAlgorithmOption AES256_SHA256"


def opened(text: str, password: str | None) -> tuple[PrivateKeyTypes, list[bytes]]:
    """Answer the private key in the PFX *text*, not checked yet, and the certificates in DER, in any order.

    *text* is base64 with or without line breaks, or with the lines that `certutil -encode` adds, which call
    everything a CERTIFICATE. Raises `KeyMaterialError` when it is no PFX, when *password* does not open it, or when
    it holds no key, several keys or no certificate.
    """
    content = _decoded(text.strip("\ufeff \t\r\n"))
    held = _deserialized(content, None if password is None else Secret.of(password))
    if held is None:
        raise _closed(password)
    # The library answers the first key alone, without a word of others.
    if sum(content.count(kind) for kind in _KEY_BAGS) > 1:
        raise KeyMaterialError("several private keys in the PFX", hint="export the one certificate that is meant")
    if held.key is None:
        raise KeyMaterialError("no private key in the PFX", hint=_EXPORT_ANEW)
    certificates = [each.certificate for each in (held.cert, *held.additional_certs) if each is not None]
    if not certificates:
        raise KeyMaterialError("no certificate in the PFX", hint=_EXPORT_ANEW)
    return held.key, [each.public_bytes(Encoding.DER) for each in certificates]


def new_password(random_bytes: Callable[[int], bytes]) -> Secret:
    """Make a password of 192 bits from *random_bytes*, such as `os.urandom`: 32 letters, digits, `-` and `_`."""
    return Secret(urlsafe_b64encode(random_bytes(24)))


def sealed(der: bytes, key: RsaKey, chain: Sequence[bytes], password: Secret | None) -> Secret:
    """Make a PFX of the certificate *der*, its *key* and the *chain* of those that vouch for it, all in DER.

    *password* opens it: AES-256, and SHA-256 for its MAC; without one it is in clear. Windows opens that from Windows
    10 1709 and Server 2019 on; keydeploy opens it wherever it runs.
    """
    encryption: KeySerializationEncryption = NoEncryption()
    if password is not None:
        encryption = (
            PrivateFormat.PKCS12.encryption_builder()
            .kdf_rounds(_ROUNDS)
            .key_cert_algorithm(PBES.PBESv2SHA256AndAES256CBC)
            .hmac_hash(hashes.SHA256())
            .build(password.reveal())
        )
    others = [parsed(each) for each in chain]
    return Secret(serialize_key_and_certificates(None, key.private(), parsed(der), others, encryption))


def _decoded(text: str) -> bytes:
    if not text.startswith("-----BEGIN "):
        content = from_base64(text)
    elif any(block.label.endswith(" KEY") for block in blocks(text)):
        raise _is_pem()
    else:
        content = blocks(text)[0].der()
    if not content:
        raise KeyMaterialError("the PFX is not base64", hint=_TO_BASE64)
    if content.startswith(b"-----BEGIN "):
        raise _is_pem()
    if not _looks_like_pfx(content):
        raise KeyMaterialError("base64, but not of a PFX", hint=_TO_BASE64)
    return content


def _looks_like_pfx(content: bytes) -> bool:
    """Tell whether *content* begins as a PFX: a sequence, however its length is written, then version 3."""
    long = len(content) > 1 and content[1] & 0x80
    header = 2 + (content[1] & 0x7F if long else 0)
    return content[0] == 0x30 and content[header : header + 3] == b"\x02\x01\x03"


def _is_pem() -> KeyMaterialError:
    return KeyMaterialError("PEM, not a PFX in base64", hint="declare it as certificate and private_key")


def _deserialized(content: bytes, password: Secret | None) -> PKCS12KeyAndCertificates | None:
    """Open a PFX; None where that fails: the library's messages are not for people."""
    try:
        return load_pkcs12(content, None if password is None else password.reveal())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _closed(password: str | None) -> KeyMaterialError:
    if password is None:
        return PasswordMissing("the PFX does not open without a password", hint="declare its password too")
    return KeyMaterialError(
        "the password does not open the PFX",
        hint="check the password; where it is right, the PFX is cut or its encryption is not known here: "
        "import it somewhere, then Export-PfxCertificate -CryptoAlgorithmOption AES256_SHA256",
    )
