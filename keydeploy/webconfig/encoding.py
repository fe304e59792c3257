"""Finds out how the bytes of an XML file are encoded, and decodes them.

The byte order mark and the XML declaration must agree: a reader that believes the other one would
see another file. Source: XML 1.0, section 4.3.3 and appendix F.
"""

import codecs
import re
from dataclasses import dataclass

from keydeploy.errors import DocumentError

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(
    r"""<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"[^"]*"|'[^']*')"""
    r"""[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["']"""
)
_LONGEST_DECLARATION = 1024
_SINGLE_BYTE = re.compile(r"ascii|iso8859-\d+|cp125\d")
"""Codecs whose text can be cut anywhere; a stateful one could not be edited in pieces."""


@dataclass(frozen=True, slots=True, repr=False)
class Decoded:
    """A file as text, and what is needed to find each character's bytes again."""

    text: str
    codec: str
    """A codec that encodes any part of the text alone, without a byte order mark."""
    mark: int
    """The length of the byte order mark in bytes."""


def decode(data: bytes) -> Decoded:
    """Decode the file *data*; raises `DocumentError` when mark, declaration and bytes disagree."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            decoded = Decoded(_text(data[len(mark) :], codec), codec, len(mark))
            _check_declared(decoded)
            return decoded
    if b"\0" in data[:4]:
        raise DocumentError(
            "the file is UTF-16 or UTF-32 without a byte order mark", hint="save it with a byte order mark"
        )
    codec = _declared_codec(data[:_LONGEST_DECLARATION].decode("latin-1")) or "utf-8"
    if codec != "utf-8" and not _SINGLE_BYTE.fullmatch(codec):
        raise DocumentError(
            "the file is not in the encoding that its XML declaration names, or in one that cannot be edited",
            hint="save it as UTF-8",
        )
    return Decoded(_text(data, codec), codec, 0)


def _text(content: bytes, codec: str) -> str:
    try:
        return content.decode(codec)
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not {codec}, the encoding of the file"
    # Raised outside the handler: the decoding error holds the bytes of the file.
    raise DocumentError(message, hint="correct the encoding in the XML declaration, or save the file as UTF-8")


def _check_declared(decoded: Decoded) -> None:
    declared = _declared_codec(decoded.text)
    if declared not in (None, decoded.codec, decoded.codec.removesuffix("-le").removesuffix("-be")):
        raise DocumentError(
            "the byte order mark and the XML declaration name different encodings",
            hint="correct the encoding in the XML declaration",
        )


def _declared_codec(text: str) -> str | None:
    found = _DECLARED.match(text)
    if found is None:
        return None
    try:
        return codecs.lookup(found[1]).name
    except LookupError:
        pass
    raise DocumentError("the XML declaration names an unknown encoding", hint="save the file as UTF-8")
