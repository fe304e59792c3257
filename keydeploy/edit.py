"""Edits of a file: byte ranges and what shall stand there.

An `Edit` names secrets by reference, or holds them encrypted for the nodes, and may be shown and stored. A
`Splice` is an edit with its secrets filled in; it exists in a worker's memory and in the request to the node only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never
from xml.sax.saxutils import escape

from keydeploy.errors import DocumentError
from keydeploy.secret import Secret


@dataclass(frozen=True, slots=True)
class Literal:
    """Text as it shall stand in the file, already escaped for its place."""

    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """A declared secret, by its address in the spec, such as `machine_keys.portal.validation_key`."""

    address: str


@dataclass(frozen=True, slots=True)
class Ciphertext:
    """What is encrypted with the key of a node's container: XML, already escaped for its place.

    Encrypting gives other bytes each time. Two that mean the same are therefore equal, whatever their text:
    nodes share one in a plan, and a saved plan still holds.
    """

    text: str = field(compare=False, repr=False)
    """ASCII, with the line breaks of its place."""
    tag: str
    """A keyed hash of all that it means."""
    name: str = field(compare=False)
    """What is encrypted, for a person."""


Piece = Literal | Reference | Ciphertext

_ENTITIES = {'"': "&quot;", "'": "&apos;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
"""Tabs and line ends too: written as they are, an XML parser turns them into blanks."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the bytes *start* to *end* (exclusive) by *pieces*; equal offsets insert."""

    start: int
    end: int
    pieces: tuple[Piece, ...]

    def redacted(self) -> str:
        """Show what the edit writes, with each secret as the address it comes from, or as encrypted."""
        return "".join(_shown(piece) for piece in self.pieces)

    def to_json(self) -> dict[str, Any]:
        """Answer the edit as JSON values."""
        return {"start": self.start, "end": self.end, "pieces": [_to_json(piece) for piece in self.pieces]}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Edit":
        """Read what `to_json` wrote."""
        return cls(value["start"], value["end"], tuple(_from_json(piece) for piece in value["pieces"]))


@dataclass(frozen=True, slots=True)
class Splice:
    """An edit as a node applies it: *content* replaces the bytes *start* to *end*."""

    start: int
    end: int
    content: Secret


@dataclass(frozen=True, slots=True)
class Difference:
    """One respect in which a node differs from the spec, in words that hold no secret."""

    name: str
    found: str
    wanted: str


def fill_in(edit: Edit, encoding: str, resolve: Callable[[str], Secret]) -> Splice:
    """Replace the references of *edit* by what *resolve* answers (UTF-8), escaped for XML.

    *encoding* names a codec that writes no byte order mark, such as `utf-16-le`. Raises `DocumentError`
    when it cannot hold a literal, or a secret is not text.
    """
    content = b"".join(_bytes(piece, encoding, resolve) for piece in edit.pieces)
    return Splice(edit.start, edit.end, Secret(content))


def apply(data: bytes, splices: Sequence[Splice]) -> bytes:
    """Answer *data* with *splices* applied; their offsets are those of *data*.

    Splices come in order and do not overlap; insertions at one offset keep their order.
    Raises `DocumentError` when they do not fit.
    """
    parts: list[bytes] = []
    position = 0
    for splice in splices:
        if not position <= splice.start <= splice.end <= len(data):
            raise DocumentError("the edits do not fit the file", hint="run it again: the file has changed since")
        parts += [data[position : splice.start], splice.content.reveal()]
        position = splice.end
    return b"".join([*parts, data[position:]])


def _to_json(piece: Piece) -> dict[str, str]:
    match piece:
        case Literal(text):
            return {"literal": text}
        case Reference(address):
            return {"reference": address}
        case Ciphertext(text, tag, name):
            return {"ciphertext": text, "tag": tag, "name": name}
        case _:
            assert_never(piece)


def _from_json(value: dict[str, str]) -> Piece:
    if "literal" in value:
        return Literal(value["literal"])
    if "reference" in value:
        return Reference(value["reference"])
    return Ciphertext(value["ciphertext"], value["tag"], value["name"])


def _shown(piece: Piece) -> str:
    match piece:
        case Literal(text):
            return text
        case Reference(address):
            return f"({address})"
        case Ciphertext(name=name):
            return f"(encrypted {name})"
        case _:
            assert_never(piece)


def _bytes(piece: Piece, encoding: str, resolve: Callable[[str], Secret]) -> bytes:
    match piece:
        case Literal(text):
            return _encoded(text, encoding)
        case Reference(address):
            return escape(_decoded(resolve(address), address), _ENTITIES).encode(encoding, "xmlcharrefreplace")
        case Ciphertext(text):
            return _encoded(text, encoding)
        case _:
            assert_never(piece)


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        told = "the encoding of the file cannot hold what the edit writes"
        raise DocumentError(told, hint="save the file as UTF-8, and let its XML declaration say so") from None


def _decoded(secret: Secret, address: str) -> str:
    try:
        return secret.reveal().decode()
    except UnicodeDecodeError:  # Its own message quotes a byte.
        told = f"{address} is not text and cannot stand in the file"
        raise DocumentError(told, hint="declare a text in UTF-8") from None
