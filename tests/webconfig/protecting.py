"""What the tests of protected sections share: RSA keys, made once, and sections encrypted with them."""

import base64
import re
from collections.abc import Callable
from functools import cache
from itertools import product

import pytest

from keydeploy.edit import Ciphertext
from keydeploy.keys.rsa_key import RsaKey, generate
from keydeploy.secret import Secret
from keydeploy.webconfig.document import Document, parse
from keydeploy.webconfig.protected import Algorithms, Cipher, KeyWrap, decrypt, encrypt, protected
from keydeploy.webconfig.sections import own_section

TAG_KEY = Secret(b"the key of the farm's tags")
PASSWORD = "hunter2-MARKED"
CONNECTION_STRINGS = f'<connectionStrings><add name="db" connectionString="Password={PASSWORD}"/></connectionStrings>'

_CIPHERS: tuple[Cipher, ...] = ("aes256", "3des")
_KEY_WRAPS: tuple[KeyWrap, ...] = ("oaep", "rsa1_5")
NEWEST = Algorithms()
ALGORITHMS = [
    pytest.param(Algorithms(cipher, key_wrap), id=f"{cipher}-{key_wrap}")
    for cipher, key_wrap in product(_CIPHERS, _KEY_WRAPS)
]


@cache
def key(_name: str) -> RsaKey:
    """Answer the key that the tests know by a name."""
    return generate()


def encrypted(
    text: str, name: str = "declared", algorithms: Algorithms = NEWEST, section: str = "connectionStrings"
) -> Ciphertext:
    """Answer the element *text* of *section*, encrypted with the key *name*."""
    return encrypt(Secret.of(text), section, key(name), algorithms, TAG_KEY)


def section(content: str, provider: str = "Portal", name: str = "connectionStrings") -> str:
    """Answer the encrypted section *name* with *content*."""
    return f'<{name} configProtectionProvider="{provider}">{content}</{name}>'


def document_of(content: str, **others: str) -> Document:
    """Answer a web.config that holds the encrypted section with *content*; *others* are those of `section`."""
    return parse(f"<configuration>{section(content, **others)}</configuration>".encode())


def in_clear(document: Document, by: str = "declared", name: str = "connectionStrings") -> str | None:
    """Answer what the section *name* of *document* says, None where the key *by* does not open it."""
    element = own_section(document, name)
    assert element is not None
    how = protected(document, element)
    assert how is not None
    text = decrypt(how, key(by))
    return None if text is None else text.reveal().decode()


def with_value(content: str, number: int, change: Callable[[bytes], bytes]) -> str:
    """Answer *content* with *change* made to the bytes of a CipherValue: 0 is the wrapped key, 1 the section."""
    values = list(re.finditer("(?<=<CipherValue>)[^<]*", content))
    found = values[number]
    changed = base64.b64encode(change(base64.b64decode(found[0]))).decode()
    return content[: found.start()] + changed + content[found.end() :]
