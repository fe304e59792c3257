"""A configuration file in the likeness of another: its form, and of its values those alone that planning reads.

Names of elements and attributes, white space, line ends, encoding and byte order mark stay. Every other value, text and
comment becomes a stand-in of the same length, character by character also where it is written with references.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from keydeploy.rehearsal.allowed import CIPHER_VALUE, ENCRYPTED_KEY, Allowed, is_kept_text
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.webconfig.document import Attribute, Document, Element
from keydeploy.webconfig.sections import is_encrypted

_UNIT = re.compile(r"&[^;]*;|.", re.DOTALL)
_NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"', "&apos;": "'"}
_MARKUP = re.compile(r"(<!--)(.*?)(-->)|(<!\[CDATA\[)(.*?)(\]\]>)|(<\?[^\s?]+)(.*?)(\?>)", re.DOTALL)
_DECLARATION = "<?xml"
_CONTAINER = "keyContainerName"
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Sealed:
    """The two values of an encrypted section, in base64."""

    key: str
    content: str


Seal = Callable[[Document, Element, tuple[str, ...]], Sealed | None]
"""Answers what an encrypted section, whose parents are the third argument, becomes; None where no key opens it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Likeness:
    """How files are imitated."""

    made: StandIns
    allowed: Allowed
    seal: Seal


def imitate(
    document: Document,
    likeness: Likeness,
    *,
    above: tuple[str, ...] = (),
    fixed: Mapping[Attribute, str] | None = None,
) -> bytes:
    """Answer a file in the likeness of *document*, whose root stands below the elements *above*.

    *fixed* are attributes that get a certain value.
    """
    writer = _Writer(document, likeness, fixed or {})
    text = "".join(writer.write(above))
    mark = "\ufeff" if document.mark else ""
    return f"{mark}{text}".encode(document.encoding)


@dataclass(slots=True, repr=False)
class _Writer:
    document: Document
    likeness: Likeness
    fixed: Mapping[Attribute, str]
    position: int = 0
    """All of the text before it has been written."""
    sealed: list[Sealed | None] = field(default_factory=list)
    """What the encrypted sections around this place become."""

    def write(self, above: tuple[str, ...]) -> Iterator[str]:
        """Yield the text of the new file."""
        root = self.document.root
        yield from self._between(root.start, above)
        yield from self._element(root, above)
        yield from self._between(len(self.document.text), above)

    def _element(self, element: Element, above: tuple[str, ...]) -> Iterator[str]:
        path = (*above, element.name)
        for attribute in element.attributes:
            yield self._up_to(attribute.value_start)
            yield self._value(attribute, path)
        yield self._up_to(element.content_start)
        encrypted = is_encrypted(element)
        if encrypted:
            self.sealed.append(self.likeness.seal(self.document, element, above))
        for child in element.children:
            yield from self._between(child.start, path)
            yield from self._element(child, path)
        yield from self._between(element.content_end, path)
        yield self._up_to(element.end)
        if encrypted:
            self.sealed.pop()

    def _up_to(self, end: int) -> str:
        """Answer what stands before *end* and has not been written, as it is."""
        start, self.position = self.position, end
        return self.document.text[start:end]

    def _value(self, attribute: Attribute, path: tuple[str, ...]) -> str:
        written = self._up_to(attribute.value_end)
        if attribute in self.fixed:
            quote = self.document.text[attribute.value_end]
            return _quoted(self.fixed[attribute], quote)
        units = _UNIT.findall(written)
        value = "".join(map(_character, units))
        if attribute.name == _CONTAINER:
            return _rendered(units, self.likeness.made.container(value))
        kept = self.likeness.allowed.length(path, attribute.name, value)
        made = self.likeness.made.text(value[kept:])
        for _ in range(_ATTEMPTS):  # what is not allowed must not become something that is
            if kept or not made or not self.likeness.allowed.length(path, attribute.name, made):
                break
            made = self.likeness.made.text(made)
        return _rendered(units, value[:kept] + made)

    def _between(self, end: int, path: tuple[str, ...]) -> Iterator[str]:
        """Yield the text up to *end*, where an element begins or ends, with its comments and whatever else it holds."""
        text = self._up_to(end)
        position = 0
        for found in _MARKUP.finditer(text):
            yield self._text(text[position : found.start()], path)
            opening, content, closing = (part for part in found.groups() if part is not None)
            yield opening + (content if opening == _DECLARATION else self._made(content, path)) + closing
            position = found.end()
        yield self._text(text[position:], path)

    def _text(self, text: str, path: tuple[str, ...]) -> str:
        if path and path[-1] == CIPHER_VALUE:
            return self._made(text, path)
        units = _UNIT.findall(text)
        value = "".join(map(_character, units))
        kept = bool(path) and is_kept_text(path[-1], value)
        return text if kept else _rendered(units, self.likeness.made.text(value))

    def _made(self, text: str, path: tuple[str, ...]) -> str:
        if not path or path[-1] != CIPHER_VALUE:
            return self.likeness.made.text(text)
        sealed = self.sealed[-1] if self.sealed else None
        if sealed is None:
            return self.likeness.made.base64(text)
        return _laid_out(sealed.key if ENCRYPTED_KEY in path else sealed.content, text)


def _character(unit: str) -> str:
    """Answer the character that *unit*, itself or a reference, stands for."""
    if len(unit) == 1:
        return unit
    return _NAMED[unit] if unit in _NAMED else chr(int(unit[3:-1], 16) if unit[2] == "x" else int(unit[2:-1]))


def _rendered(units: list[str], value: str) -> str:
    """Write *value*, which has as many characters as there are *units*, each as its unit is written."""
    return "".join(_written(unit, new) for unit, new in zip(units, value, strict=True))


def _written(unit: str, new: str) -> str:
    if len(unit) == 1:
        return new
    if _character(unit) == new:
        return unit
    digits = len(unit) - len("&#;")
    if digits == 1:  # too short for any number; and it was a mark of XML itself
        return "&gt;"
    found = next(each for each in (new, new.upper(), "#") if len(str(ord(each))) <= digits)
    return f"&#{ord(found):0{digits}};"


def _quoted(value: str, quote: str) -> str:
    """Answer *value* as it stands between two *quote* signs."""
    return quoteattr(value, {'"': "&quot;", "'": "&apos;"})[1:-1] if quote in value else quoteattr(value)[1:-1]


def _laid_out(letters: str, like: str) -> str:
    """Answer *letters* with the white space of the text *like*, as far as it goes."""
    remaining = iter(letters)
    laid_out = "".join(each if each.isspace() else next(remaining, "") for each in like.rstrip())
    return laid_out + "".join(remaining) + like[len(like.rstrip()) :]
