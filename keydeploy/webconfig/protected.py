"""Sections of a configuration file in the form of .NET's `RsaProtectedConfigurationProvider`.

A symmetric key, made for the section, encrypts its whole element in UTF-8; the RSA key of a container wraps that key.
For decryption the algorithms that the section names decide, not those of the provider's entry. Why something cannot
be decrypted is told to nobody. Source: System.Configuration `RsaProtectedConfigurationProvider`,
`FipsAwareEncryptedXml` and `BaseConfigurationRecord`; W3C XML Encryption, sections 5.2 and 5.4.
"""

import base64
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from keydeploy.edit import Ciphertext
from keydeploy.errors import DocumentError
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.secret import Secret, derive_key
from keydeploy.webconfig.document import Document, Element, parse
from keydeploy.webconfig.sections import ENCRYPTED_DATA, PROVIDER, ProtectedSection, is_encrypted

Cipher = Literal["aes256", "3des"]
KeyWrap = Literal["oaep", "rsa1_5"]

_XENC = "http://www.w3.org/2001/04/xmlenc#"
_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_CIPHERS: dict[Cipher, str] = {"aes256": f"{_XENC}aes256-cbc", "3des": f"{_XENC}tripledes-cbc"}
_KEY_WRAPS: dict[KeyWrap, str] = {"oaep": f"{_XENC}rsa-oaep-mgf1p", "rsa1_5": f"{_XENC}rsa-1_5"}
_KEY_NAME = "Rsa Key"
"""The provider looks for the key under this name and no other."""

_KEY_LENGTHS: dict[Cipher, int] = {"aes256": 32, "3des": 24}
_BLOCK_LENGTHS: dict[Cipher, int] = {"aes256": 16, "3des": 8}
_BLANK = re.compile(r"[ \t\r\n]+")

_NATIVE = "code that cannot decrypt reads it"
_FORBIDDEN = {
    "configProtectedData": ".NET needs it to decrypt anything",
    "configSections": "it declares the other sections",
    "location": "it holds sections and is none",
    **dict.fromkeys(
        [
            "assemblyBinding",
            "cryptoClasses",
            "cryptographySettings",
            "cryptoNameMapping",
            "mscorlib",
            "runtime",
            "satelliteassemblies",
            "startup",
            "strongNames",
            "system.applicationHost",
            "system.ftpServer",
            "system.runtime.remoting",
            "system.web/processModel",
            "system.webServer",
            "windows",
        ],
        _NATIVE,
    ),
}
"""Source: Microsoft, "Encrypting Configuration Information Using Protected Configuration", and the sections that
machine.config declares `allowLocation="false"`, which `SectionInformation.ProtectSection` refuses; IIS reads its own.
"""

_GROUPS = frozenset(
    (
        "system.net",
        "system.net/mailsettings",
        "system.runtime.caching",
        "system.runtime.serialization",
        "system.servicemodel",
        "system.servicemodel.activation",
        "system.transactions",
        "system.web",
        "system.web/caching",
        "system.web.extensions",
        "system.web.extensions/scripting",
        "system.web.extensions/scripting/webservices",
        "system.xaml.hosting",
        "system.xml.serialization",
    )
)
"""Those that machine.config registers, in lower case."""

_IS_GROUP = "it is a group, whose sections are encrypted one by one"

_FORM = f"""\
<EncryptedData Type="{_XENC}Element" xmlns="{_XENC}">
\t<EncryptionMethod Algorithm="%s" />
\t<KeyInfo xmlns="{_DSIG}">
\t\t<EncryptedKey xmlns="{_XENC}">
\t\t\t<EncryptionMethod Algorithm="%s" />
\t\t\t<KeyInfo xmlns="{_DSIG}">
\t\t\t\t<KeyName>{_KEY_NAME}</KeyName>
\t\t\t</KeyInfo>
\t\t\t<CipherData>
\t\t\t\t<CipherValue>%s</CipherValue>
\t\t\t</CipherData>
\t\t</EncryptedKey>
\t</KeyInfo>
\t<CipherData>
\t\t<CipherValue>%s</CipherValue>
\t</CipherData>
</EncryptedData>"""
"""One line an element and one tab a level: whoever puts it into a file lays it out as that file is."""


_Name = TypeVar("_Name", Cipher, KeyWrap)


@dataclass(frozen=True, slots=True)
class Algorithms:
    """How a section is encrypted: aes256 and 3des in CBC mode, oaep with SHA-1."""

    cipher: Cipher = "aes256"
    key_wrap: KeyWrap = "oaep"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Protected:
    """An encrypted section, as its file holds it."""

    name: str
    provider: str
    """The name of the provider's entry."""
    algorithms: Algorithms
    wrapped_key: bytes
    content: bytes
    """An initialisation vector of one block, then the encrypted element."""


def forbidden(name: str) -> str | None:
    """Answer why the section at the path *name*, such as `system.web/processModel`, cannot be encrypted, or None."""
    if name.lower() in _GROUPS:
        return _IS_GROUP
    path = name.lower().split("/")
    reasons = {each.lower(): reason for each, reason in _FORBIDDEN.items()}
    above = ("/".join(path[: depth + 1]) for depth in range(len(path)))
    return next((reasons[each] for each in above if each in reasons), None)


def check_encryptable(name: str, documents: Iterable[Document]) -> None:
    """Raise `DocumentError` when the section at the path *name* cannot be encrypted; *documents* register it."""
    reason = forbidden(name)
    if reason is None and any(_is_native(document, name.split("/")) for document in documents):
        reason = f"it is registered for native code (allowLocation), and {_NATIVE}"
    if reason is None and any(_registered(document, name.split("/"), "sectionGroup") for document in documents):
        reason = _IS_GROUP
    if reason is not None:
        raise DocumentError(f"{name} cannot be encrypted: {reason}", hint="leave it out of protected_sections")


def protected(document: Document, element: Element) -> Protected | None:
    """Answer how the section *element* is encrypted, or None when it stands in clear.

    Raises `ProtectedSection` when it has another form than the provider writes.
    """
    if not is_encrypted(element):
        return None
    provider = element.get(PROVIDER)
    data = element.children[0] if len(element.children) == 1 else None
    if not provider or data is None or data.name != ENCRYPTED_DATA or ":" in _written_name(document, data):
        raise _refusal(document, element)
    form = _Form(document, element)
    wrapped = form.only(data, f"{{{_DSIG}}}KeyInfo", f"{{{_XENC}}}EncryptedKey")
    if form.text(form.only(wrapped, f"{{{_DSIG}}}KeyInfo", f"{{{_DSIG}}}KeyName")) != _KEY_NAME:
        raise _refusal(document, element)
    return Protected(
        name=_written_name(document, element),
        provider=provider,
        algorithms=Algorithms(form.algorithm(data, _CIPHERS), form.algorithm(wrapped, _KEY_WRAPS)),
        wrapped_key=form.value(wrapped),
        content=form.value(data),
    )


def decrypt(section: Protected, key: RsaKey) -> Secret | None:
    """Answer the element of *section* in clear, in UTF-8; None when *key* is not the one that it is encrypted for.

    A wrong key may unwrap to random bytes instead of an error, so only an element of the section's own name counts.
    """
    try:
        symmetric = key.private().decrypt(section.wrapped_key, _padding(section.algorithms.key_wrap))
    except ValueError:
        return None
    text = _unblocked(section, symmetric)
    if text is None or not _is_element(text, section.name):
        return None
    return Secret(text)


def encrypt(text: Secret, name: str, key: RsaKey, algorithms: Algorithms, tag_key: Secret) -> Ciphertext:
    """Encrypt the element *text* (UTF-8) of the section *name* for the holder of *key*.

    What it means, and what its tag is made of under *tag_key*, is the text, the key and the algorithms; so nodes
    that shall be left alike get one ciphertext, and no other tells that a password is the same. Raises
    `DocumentError` when the text cannot be read alone, as with a namespace prefix that is declared outside of it.
    """
    try:
        parse(text.reveal())
    except DocumentError:
        raise DocumentError(
            f"{name} cannot stand alone, so it cannot be encrypted",
            hint="declare its namespace prefixes in the section",
        ) from None
    symmetric = secrets.token_bytes(_KEY_LENGTHS[algorithms.cipher])
    wrapped = key.private().public_key().encrypt(symmetric, _padding(algorithms.key_wrap))
    form = _FORM % (
        _CIPHERS[algorithms.cipher],
        _KEY_WRAPS[algorithms.key_wrap],
        base64.b64encode(wrapped).decode(),
        base64.b64encode(_blocked(text, algorithms.cipher, symmetric)).decode(),
    )
    how = f"{key.fingerprint} {algorithms.cipher} {algorithms.key_wrap} {name}"
    return Ciphertext(form, derive_key([Secret.of(how), text], "protected section").tag(tag_key), name)


def _is_native(document: Document, path: Sequence[str]) -> bool:
    """Tell whether *document* registers the section at *path* as one that native code reads."""
    return any((each.get("allowLocation") or "").lower() == "false" for each in _registered(document, path, "section"))


def _registered(document: Document, path: Sequence[str], kind: str) -> list[Element]:
    """Answer what *document* registers at *path*: elements called *kind*, `section` or `sectionGroup`."""
    groups = [*document.root.named("configSections")]
    for name in path[:-1]:
        groups = [each for group in groups for each in group.named("sectionGroup") if each.get("name") == name]
    return [each for group in groups for each in group.named(kind) if each.get("name") == path[-1]]


class _Form:
    """Reads the parts of one encrypted section, and refuses the section when a part is not as it must be."""

    def __init__(self, document: Document, section: Element) -> None:
        self._document = document
        self._section = section

    def only(self, parent: Element, *path: str) -> Element:
        """Answer the one element at *path* below *parent*."""
        for name in path:
            found = [*parent.named(name)]
            if len(found) != 1:
                raise _refusal(self._document, self._section)
            parent = found[0]
        return parent

    def text(self, element: Element) -> str:
        return self._document.text[element.content_start : element.content_end].strip(" \t\r\n")

    def value(self, parent: Element) -> bytes:
        """Answer the bytes of the CipherValue in *parent*."""
        element = self.only(parent, f"{{{_XENC}}}CipherData", f"{{{_XENC}}}CipherValue")
        try:
            return base64.b64decode(_BLANK.sub("", self.text(element)), validate=True)
        except ValueError:  # binascii.Error among them
            raise _refusal(self._document, self._section) from None

    def algorithm(self, parent: Element, known: dict[_Name, str]) -> _Name:
        """Answer which of *known* the EncryptionMethod of *parent* names."""
        identifier = self.only(parent, f"{{{_XENC}}}EncryptionMethod").get("Algorithm")
        for name, each in known.items():
            if each == identifier:
                return name
        raise _refusal(self._document, self._section)


def _refusal(document: Document, element: Element) -> ProtectedSection:
    return ProtectedSection(
        f"{document.place(element.start)}: {element.name} is encrypted, and not as RsaProtectedConfigurationProvider"
        " does it: perhaps by DPAPI, with a key that no other node has",
        hint="decrypt it on the node (aspnet_regiis -pd), so that it can be encrypted for all nodes",
    )


def _padding(key_wrap: KeyWrap) -> AsymmetricPadding:
    if key_wrap == "rsa1_5":
        return PKCS1v15()
    return OAEP(MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the one that .NET knows


def _block_cipher(cipher: Cipher, key: bytes, vector: bytes) -> BlockCipher[CBC]:
    return BlockCipher(AES(key) if cipher == "aes256" else TripleDES(key), CBC(vector))


def _blocked(text: Secret, cipher: Cipher, key: bytes) -> bytes:
    block = _BLOCK_LENGTHS[cipher]
    padder = padding.PKCS7(8 * block).padder()
    padded = padder.update(text.reveal()) + padder.finalize()
    vector = secrets.token_bytes(block)
    encryptor = _block_cipher(cipher, key, vector).encryptor()
    return vector + encryptor.update(padded) + encryptor.finalize()


def _unblocked(section: Protected, key: bytes) -> bytes | None:
    """Answer what the blocks hold; of the padding only the last byte, its length, counts (ISO 10126, PKCS #7)."""
    cipher = section.algorithms.cipher
    block = _BLOCK_LENGTHS[cipher]
    if len(key) != _KEY_LENGTHS[cipher] or len(section.content) < 2 * block or len(section.content) % block:
        return None
    decryptor = _block_cipher(cipher, key, section.content[:block]).decryptor()
    padded = decryptor.update(section.content[block:]) + decryptor.finalize()
    return padded[: -padded[-1]] if 1 <= padded[-1] <= block else None


def _is_element(text: bytes, name: str) -> bool:
    try:
        document = parse(text)
    except DocumentError:
        return False
    return _written_name(document, document.root) == name


def _written_name(document: Document, element: Element) -> str:
    """Answer the name of *element* as it is written, which is all that .NET looks at."""
    return document.text[element.start + 1 : element.name_end]
