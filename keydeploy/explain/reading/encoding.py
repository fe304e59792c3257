"""Turns the bytes of an export into text: UTF-8, UTF-16 with or without a mark, or what older programs wrote."""

import codecs
from collections.abc import Iterable, Iterator
from typing import BinaryIO

HEAD = 1 << 16
"""Bytes by which the kind and the encoding of a file are told."""
_CHUNK = 1 << 16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MANY_ZEROS = 0.3


def encoding_of(head: bytes) -> str:
    """Answer the encoding of a text that begins with *head*; Windows-1252 where it is none of Unicode's."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    even, odd = head[0::2], head[1::2]
    if odd and odd.count(0) / len(odd) > _MANY_ZEROS:
        return "utf-16-le"
    if even and even.count(0) / len(even) > _MANY_ZEROS:
        return "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # whose last character may be cut
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def decode(head: bytes) -> str:
    """Answer *head* as text; what is not valid is replaced."""
    return codecs.getincrementaldecoder(encoding_of(head))("replace").decode(head)


def pieces(head: bytes, rest: BinaryIO) -> Iterator[str]:
    """Yield *head* and what follows it in *rest* as text, piece by piece."""
    decoder = codecs.getincrementaldecoder(encoding_of(head))("replace")
    yield decoder.decode(head)
    while chunk := rest.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def lines(pieces: Iterable[str], longest: int) -> Iterator[str]:
    """Yield the lines of a text in *pieces*, each with its end; one of more than *longest* characters in parts."""
    pending = ""
    for piece in pieces:
        *whole, pending = (pending + piece).splitlines(keepends=True) or [""]
        yield from whole
        if len(pending) > longest:
            yield pending
            pending = ""
    if pending:
        yield pending
