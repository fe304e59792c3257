"""The cryptographic pipeline of ASP.NET 4.5: what a farm's nodes must be able to read from each other.

Pure: the initialisation vector is an argument. `MachineKey.Protect` takes this path in every
compatibility mode. Source: System.Web/Security/Cryptography of .NET Framework 4.8.
"""

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode
from cryptography.hazmat.primitives.padding import PKCS7

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.machine_key import (
    MachineKey,
    check_decryption,
    check_decryption_key,
    check_digits,
    check_validation,
    key_bytes,
)
from keydeploy.secret import Secret

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "SHA1": hashes.SHA1(),  # noqa: S303 - what the farm has declared
    "HMACSHA256": hashes.SHA256(),
    "HMACSHA384": hashes.SHA384(),
    "HMACSHA512": hashes.SHA512(),
}
"""`SHA1` is ASP.NET's name for HMACSHA1."""
_BLOCK_BYTES = {"AES": 16, "Auto": 16, "3DES": 8, "DES": 8}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What protected data is for; each purpose has keys of its own."""

    primary: str
    specific: tuple[str, ...] = ()

    @classmethod
    def user(cls, *purposes: str) -> "Purpose":
        """Name what an application gives to `MachineKey.Protect`.

        Raises `ValueError` for a blank purpose, as `MachineKey.Protect` does.
        """
        if not all(purpose.strip() for purpose in purposes):
            raise ValueError("a purpose is blank")
        return cls("User.MachineKey.Protect", purposes)

    @classmethod
    def view_state(cls, directory: str, page_type: str, user_key: str | None = None) -> "Purpose":
        """Name the view state of one page.

        *directory* is its virtual directory (`/portal/admin`), *page_type* the name of its compiled
        class (`admin_default_aspx`), *user_key* its `ViewStateUserKey` when it sets one.
        """
        specific = [f"TemplateSourceDirectory: {_upper(directory)}", f"Type: {_upper(page_type)}"]
        if user_key is not None:
            specific.append(f"ViewStateUserKey: {user_key}")
        return cls("WebForms.HiddenFieldPageStatePersister.ClientState", tuple(specific))


FORMS_TICKET = Purpose("FormsAuthentication.Ticket")
OWIN_COOKIE = Purpose.user(
    "Microsoft.Owin.Security.Cookies.CookieAuthenticationMiddleware",
    "ApplicationCookie",
    "v1",
)
"""The cookie of ASP.NET Identity's default authentication type."""


def protect(key: MachineKey, clear: bytes, purpose: Purpose, *, iv: bytes) -> bytes:
    """Encrypt and sign *clear* as ASP.NET does: IV, ciphertext, MAC.

    *iv* is one random block: 16 bytes for AES and Auto, 8 for 3DES and DES; any other length raises
    `ValueError`. Raises `KeyMaterialError` when the pipeline does not take *key*.
    """
    _check(key)
    encryptor = _cipher(key, purpose, iv).encryptor()
    padder = PKCS7(len(iv) * 8).padder()
    padded = padder.update(clear) + padder.finalize()
    body = iv + encryptor.update(padded) + encryptor.finalize()
    return body + _mac(key, purpose, body).finalize()


def unprotect(key: MachineKey, protected: bytes, purpose: Purpose) -> bytes:
    """Answer the clear bytes of what `protect` or ASP.NET wrote.

    Raises `KeyMaterialError`: with one message for all that can be wrong with *protected*, so that it
    tells nothing about the bytes, and with the reason when the pipeline does not take *key*.
    """
    _check(key)
    mac_bytes, block = _HASHES[key.validation].digest_size, _BLOCK_BYTES[key.decryption]
    body = protected[:-mac_bytes]
    mac = _mac(key, purpose, body)
    try:
        mac.verify(protected[-mac_bytes:])
        decryptor = _cipher(key, purpose, body[:block]).decryptor()
        unpadder = PKCS7(block * 8).unpadder()
        padded = decryptor.update(body[block:]) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (InvalidSignature, ValueError):
        raise KeyMaterialError(
            "the data was not protected with this machine key for this purpose",
            hint="compare keys, algorithms and purposes of the two sides",
        ) from None


def _check(key: MachineKey) -> None:
    if key.data_protector_type:
        raise KeyMaterialError(
            "dataProtectorType replaces this pipeline: the keys and algorithms are not what protects the data",
            hint="remove dataProtectorType, or ask the class that it names",
        )
    check_validation(key.validation, "Framework45")
    check_decryption(key.decryption)
    check_digits(_text(key.validation_key))
    check_decryption_key(_text(key.decryption_key), key.decryption, "Framework45")


def _mac(key: MachineKey, purpose: Purpose, body: bytes) -> HMAC:
    mac = HMAC(_derive(key.validation_key, purpose).reveal(), _HASHES[key.validation])
    mac.update(body)
    return mac


def _cipher(key: MachineKey, purpose: Purpose, iv: bytes) -> Cipher[CBC]:
    derived = _derive(key.decryption_key, purpose).reveal()
    if key.decryption in ("AES", "Auto"):
        return Cipher(AES(derived), CBC(iv))
    # DES is 3DES with one key three times, two-key 3DES repeats the first: `cryptography` takes three only.
    return Cipher(TripleDES((derived * 3)[:24]), CBC(iv))


def _derive(master: Secret, purpose: Purpose) -> Secret:
    """Derive the key for *purpose*, as long as *master*: SP800-108, counter mode, HMAC-SHA512."""
    content = key_bytes(_text(master))
    function = KBKDFHMAC(
        algorithm=hashes.SHA512(),
        mode=Mode.CounterMode,
        length=len(content),
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=purpose.primary.encode(),
        context=b"".join(_framed(text.encode()) for text in purpose.specific),
        fixed=None,
    )
    return Secret(function.derive(content))


def _framed(text: bytes) -> bytes:
    """Prefix *text* with its length in groups of seven bits, lowest first, as .NET's BinaryWriter does."""
    length, prefix = len(text), bytearray()
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes([*prefix, length]) + text


def _text(key: Secret) -> str:
    """Answer the hex digits; bytes that are no text become a character that is no digit."""
    return key.reveal().decode(errors="replace")


def _upper(text: str) -> str:
    """Answer *text* as ToUpperInvariant does: one character for one, so that the sharp s stays."""
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
