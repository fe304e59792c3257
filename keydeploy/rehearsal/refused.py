"""A file that is refused as another one is, without a part of it.

What cannot be parsed cannot be told apart into names and values, so nothing of it may be copied; only where and why
it is refused is.
"""

import codecs
import re
from collections.abc import Iterator

from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import parse

_PLACED = re.compile("([0-9]+):([0-9]+): ")
_NOT_OF_ITS_ENCODING = re.compile(r"byte ([0-9]+) is not ([\w-]+),")
_DECLARED = "<?xml version='1.0' encoding='{}'?>"

_MALFORMED = (
    ("", "<!DOCTYPE a><a/>"),
    ("<a>", "</b>"),
    ("<a>", ""),
    ("", "<a"),
    ("<a>", "<a"),
    ("", "<"),
    ("<a>", "<"),
    ("", "<a b='' b=''/>"),
    ("<a/>", "<a/>"),
    ("<a/>", "a"),
    ("<a>", "& </a>"),
    ("<a>", "&b;</a>"),
    ("<a ", "b='&c;'/>"),
    ("<a>", "&#0;</a>"),
    ("<a ", "b='&#0;'/>"),
    ("", "<a b/>"),
    ("<a ", "b=1/>"),
    ("<a ", "b='<'/>"),
    ("<a>", "<![CDATA["),
    ("", "<!--"),
    ("<a>", "<!--"),
    ("", "<!-- -- -->"),
    ("", "<a:b/>"),
    ("<a>", "<b:c/>"),
    ("<a ", "b:c=''/>"),
    ("<a ", "xmlns:b=''/>"),
    ("<a ", "xmlns:xml='b'/>"),
    ("", "<?xml version='1.0'?><a/>"),
    ("<a>", "<?xml version='1.0'?></a>"),
    ("", "<?xml?><a/>"),
    ("", "<?xml version='1.1'?><a/>"),
    ("", "a"),
    ("", ""),
)
"""Files with one mistake each, of the kinds that people and programs make: its head, and where the mistake is."""
_OF_ENCODINGS = (
    b"",
    b"\n",
    codecs.BOM_UTF8 + _DECLARED.format("utf-16").encode() + b"<a/>",
    codecs.BOM_UTF16_LE + f"{_DECLARED.format('utf-8')}<a/>".encode("utf-16-le"),
    "<a/>".encode("utf-16-le"),
    _DECLARED.format("utf-16").encode() + b"<a/>",
    _DECLARED.format("nobody-knows-it").encode() + b"<a/>",
    codecs.BOM_UTF8 * 2 + b"<a/>",
)
_UNREADABLE = b"<"


def refused_as(content: bytes) -> bytes | None:
    """Answer a file that `parse` refuses with the message that it has for *content*, None where it takes *content*.

    Where no such file is known, it is one that is refused with another message.
    """
    wanted = _refusal(content)
    if wanted is None:
        return None
    return next((each for each in _candidates(wanted) if _refusal(each) == wanted), _UNREADABLE)


def _refusal(content: bytes) -> str | None:
    try:
        parse(content)
    except DocumentError as error:
        return error.message
    return None


def _candidates(message: str) -> Iterator[bytes]:
    yield from _OF_ENCODINGS
    placed = _PLACED.match(message)
    if placed:
        for head, mistake in _MALFORMED:
            yield from _moved(head, mistake, line=int(placed[1]), column=int(placed[2]))
    byte = _NOT_OF_ITS_ENCODING.match(message)
    if byte:
        yield from _cut_at(int(byte[1]), byte[2])


def _moved(head: str, mistake: str, *, line: int, column: int) -> Iterator[bytes]:
    """Yield the file with its *mistake* so far down and to the right that it is told at the place."""
    down = "\n" * (line - 1)
    told = _PLACED.match(_refusal(f"{head}{down[:1]}{mistake}".encode()) or "")
    right = column - int(told[2]) if told else -1
    if right >= 0:
        yield f"{head}{down}{' ' * right}{mistake}".encode()


def _cut_at(position: int, codec: str) -> Iterator[bytes]:
    """Yield files whose byte at *position*, behind a byte order mark, is none of *codec*."""
    yield b" " * position + b"\xff"
    yield codecs.BOM_UTF8 + b" " * position + b"\xff"
    yield codecs.BOM_UTF16_LE + b" \0" * (position // 2) + b"\0\xdc"
    yield codecs.BOM_UTF16_LE + b" \0" * (position // 2) + b"\0"
    yield codecs.BOM_UTF16_BE + b"\0 " * (position // 2) + b"\xdc\0"
    yield codecs.BOM_UTF16_BE + b"\0 " * (position // 2) + b"\0"
    declared = _DECLARED.format(codec).encode()
    for byte in (b"\x81", b"\xff", b"\xa5"):
        yield declared + b" " * (position - len(declared)) + byte
