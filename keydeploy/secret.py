"""Bytes that may be used but not shown.

A secret leaves this type by `reveal()` alone, so a search for that word finds every place that
handles one in clear.
"""

import hashlib
import hmac
from typing import NoReturn, final

from keydeploy.errors import KeyMaterialError


@final
class Secret:
    """Key material in memory: it does not print, format, pickle, copy into JSON or compare by content in clear."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = bytes(content)

    @classmethod
    def of(cls, text: str) -> "Secret":
        """Take over *text*, encoded in UTF-8; raises `KeyMaterialError` where UTF-8 cannot hold it."""
        try:
            return cls(text.encode())
        except UnicodeEncodeError:  # Its own message quotes the character.
            told = "the text has a lone surrogate, which UTF-8 cannot hold"
            raise KeyMaterialError(told, hint="write it anew; a lookup may have cut a character") from None

    def reveal(self) -> bytes:
        """Answer the bytes themselves; the caller keeps them out of everything that is stored or shown."""
        return self._content

    def tag(self, key: "Secret") -> str:
        """Answer a keyed hash (HMAC-SHA256, hex) by which equal secrets are recognised and none is guessed."""
        return hmac.new(key.reveal(), self._content, hashlib.sha256).hexdigest()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._content, other._content)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, _spec: str) -> str:
        return repr(self)

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        raise TypeError("a secret is neither pickled nor copied")


def derive_key(secrets: list[Secret], purpose: str) -> Secret:
    """Derive a 32-byte key for *purpose* from all of *secrets*.

    The order counts. Each part is framed by its length, so that no two lists give the same input.
    """
    digest = hashlib.sha256(b"keydeploy\0" + purpose.encode() + b"\0")
    for secret in secrets:
        content = secret.reveal()
        digest.update(len(content).to_bytes(8, "big") + content)
    return Secret(digest.digest())
