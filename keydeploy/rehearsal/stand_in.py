"""Made-up values in place of real ones: of equal shape, and the same one for the same value wherever it stands.

They are derived under a key of the rehearsal alone, so that the workers of all nodes agree without talking to one
another, and nobody can go back. Pure.
"""

import hashlib
import hmac
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from keydeploy.keys.certificate import OWN_CONTAINERS
from keydeploy.secret import Secret

_INVISIBLE = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"
_THUMBPRINT = re.compile(
    rf"([{_INVISIBLE}]*(?<![0-9A-Fa-f])[0-9A-Fa-f](?:[\s:{_INVISIBLE}-]*[0-9A-Fa-f]){{39}}(?![0-9A-Fa-f]))"
)
"""40 hex digits, also with what people paste between them."""
_HEX = re.compile(r"((?<![0-9A-Za-z])[0-9A-Fa-f]{16,}(?![0-9A-Za-z]))")
"""Enough hex digits to be a key, in either case."""
_WORD = re.compile(r"[^\s=;,]+")
"""What stands between the marks of a connection string or a list, which stay."""

_CLASSES = (string.digits, "abcdef", "ghijklmnopqrstuvwxyz", "ABCDEF", "GHIJKLMNOPQRSTUVWXYZ")
"""A character becomes another one of its class, so that what is no hex number does not become one."""
_CLASS_OF = {character: members for members in _CLASSES for character in members}
_MARKS = "!#$*+?@^_~|"
"""In place of any other character; none of them means anything in XML, in a comment, in a path or in a version."""
_BASE64 = string.ascii_letters + string.digits + "+/"


@dataclass(frozen=True, slots=True, repr=False)
class StandIns:
    """Derives stand-ins under *key*."""

    key: Secret
    thumbprints: Mapping[str, str] = field(default_factory=dict)
    """The thumbprints of certificates, in upper-case hex, and those of their stand-ins."""

    def identity(self, *what: str) -> str:
        """Answer a name for *what* that tells nothing of it."""
        return self._digest("identity", *what).hex()[:32]

    def text(self, text: str) -> str:
        """Answer a text of the same length; white space and the marks `=`, `;` and `,` stay where they are.

        A key or thumbprint in it becomes what `hexadecimal` answers for it.
        """
        return "".join(
            self._digits(part) if number % 2 else self._without_thumbprint(part)
            for number, part in enumerate(_THUMBPRINT.split(text))
        )

    def hexadecimal(self, digits: str) -> str:
        """Answer as many hex digits: the same for *digits* in upper and in lower case, written in their case."""
        found = self.thumbprints.get(digits.upper())
        if found is None:
            nibbles = self._numbers("hexadecimal", digits.upper())
            found = "".join(f"{next(nibbles) % 16:X}" for _ in digits)
        if digits == digits.upper():
            return found
        if digits == digits.lower():
            return found.lower()
        return "".join(new.lower() if old.islower() else new for old, new in zip(digits, found, strict=True))

    def container(self, name: str) -> str:
        """Answer the name of a container: that of a certificate's key follows its thumbprint, others stay."""
        prefix, thumbprint = name[: len(OWN_CONTAINERS)], name[len(OWN_CONTAINERS) :]
        if prefix.lower() == OWN_CONTAINERS and _HEX.fullmatch(thumbprint):
            return prefix + self.hexadecimal(thumbprint)
        return name

    def base64(self, text: str) -> str:
        """Answer a text that is base64 of the same length where *text* is base64, laid out as it is."""
        numbers = self._numbers("base64", text)
        return "".join(self._digit_of_base64(character, numbers) for character in text)

    def _without_thumbprint(self, text: str) -> str:
        return "".join(
            self.hexadecimal(part) if number % 2 else _WORD.sub(lambda found: self._word(found[0]), part)
            for number, part in enumerate(_HEX.split(text))
        )

    def _digits(self, text: str) -> str:
        """Answer *text* with other hex digits, and all else between them as it is."""
        made = iter(self.hexadecimal("".join(character for character in text if character in string.hexdigits)))
        return "".join(next(made) if character in string.hexdigits else character for character in text)

    def _word(self, word: str) -> str:
        for attempt in count():
            numbers = self._numbers(f"word {attempt}", word)
            found = "".join(_other(character, next(numbers)) for character in word)
            if found != word:
                return found
        raise AssertionError("there is always another word")

    @staticmethod
    def _digit_of_base64(character: str, numbers: Iterator[int]) -> str:
        if character.isspace() or character == "=":
            return character
        return _BASE64[next(numbers) % len(_BASE64)] if character in _BASE64 else "!"

    def _numbers(self, purpose: str, text: str) -> Iterator[int]:
        for block in count():
            yield from self._digest(purpose, str(block), text)

    def _digest(self, *parts: str) -> bytes:
        framed = b"".join(len(part := text.encode(errors="surrogatepass")).to_bytes(8, "big") + part for text in parts)
        return hmac.new(self.key.reveal(), framed, hashlib.sha256).digest()


def _other(character: str, number: int) -> str:
    """Answer a character of the same class, the one of that *number*."""
    members = _CLASS_OF.get(character)
    if members is None and character.isalnum():  # of another script, or with an accent
        members = _CLASSES[0] if character.isdigit() else _CLASSES[4] if character.isupper() else _CLASSES[2]
    members = members or _MARKS
    return members[number % len(members)]
