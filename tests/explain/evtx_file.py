"""Writes .evtx files: the file header, one chunk, and records in binary XML, each with a template of its own.

Texts of the event's data are what the template is filled with, as Windows does it; all else stands in the template.
Source: the description of the format by the libevtx project (Windows XML Event Log format).
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree

_CHUNK = 65536
_HEADER = 512
_HEAD = b"\x0f\x01\x01\x00"
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


def evtx(documents: Iterable[str]) -> bytes:
    """Answer a file with one chunk that holds *documents*, each the XML of an event."""
    records, count = b"", 0
    last = _HEADER
    for count, document in enumerate(documents, 1):
        last = _HEADER + len(records)
        records += _record(count, document, last)
    assert len(records) <= _CHUNK - _HEADER, "one chunk is not enough"
    free = _HEADER + len(records)
    start = struct.pack("<8sQQQQIIII", b"ElfChnk\0", 1, count, 1, count, 128, last, free, zlib.crc32(records))
    start = start.ljust(120, b"\0")
    tables = bytes(_HEADER - 128)
    chunk = start + struct.pack("<II", 0, zlib.crc32(start + tables)) + tables + records
    head = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, count + 1, 128, 1, 3, 4096, 1).ljust(120, b"\0")
    return (head + struct.pack("<II", 0, zlib.crc32(head))).ljust(4096, b"\0") + chunk.ljust(_CHUNK, b"\0")


def _record(number: int, document: str, place: int) -> bytes:
    element = ElementTree.fromstring(document)  # noqa: S314 - the test's own text
    created = element.find("{*}System/{*}TimeCreated")
    assert created is not None
    ticks = int((datetime.fromisoformat(created.attrib["SystemTime"]) - _EPOCH).total_seconds() * 10_000_000)
    definition = place + 24 + 4 + 10
    texts = [data.text or "" for data in element.iterfind("{*}EventData/{*}Data")]
    template = _HEAD + _element(element, definition + 24 + 4, iter(range(len(texts)))) + b"\0"
    body = _HEAD + struct.pack("<BBII", 0x0C, 1, number, definition)
    body += struct.pack("<II12sI", 0, number, bytes(12), len(template)) + template
    body += struct.pack("<I", len(texts)) + b"".join(struct.pack("<HBB", len(text) * 2, 1, 0) for text in texts)
    body += "".join(texts).encode("utf-16-le") + b"\0"
    size = 24 + len(body) + 4
    return struct.pack("<4sIQQ", b"**\0\0", size, number, ticks) + body + struct.pack("<I", size)


def _element(element: ElementTree.Element, place: int, fillings: Iterator[int]) -> bytes:
    """Answer *element* as it stands at *place* of the chunk; the texts of data are the next of *fillings*."""
    name = _name(element.tag.rpartition("}")[2], place + 7)
    attributes = b""
    start = place + 7 + len(name) + (4 if element.attrib else 0)
    for left, (key, value) in enumerate(element.attrib.items(), 1 - len(element.attrib)):
        token = b"\x46" if left else b"\x06"
        attributes += token + _name(key, start + len(attributes) + 1) + _value(value)
    inner = name + (struct.pack("<I", len(attributes)) + attributes if element.attrib else b"") + b"\x02"
    if element.tag.endswith("}Data"):
        inner += struct.pack("<BHB", 0x0D, next(fillings), 1)
    elif element.text and element.text.strip():
        inner += _value(element.text)
    for child in element:
        inner += _element(child, place + 7 + len(inner), fillings)
    inner += b"\x04"
    return struct.pack("<BHI", 0x41 if element.attrib else 0x01, 0xFFFF, len(inner)) + inner


def _name(name: str, place: int) -> bytes:
    """Answer a reference that stands at *place*, with the name right behind it."""
    number = 0
    for character in name:
        number = number * 65599 + ord(character)
    return struct.pack("<IIHH", place + 4, 0, number & 0xFFFF, len(name)) + name.encode("utf-16-le") + b"\0\0"


def _value(text: str) -> bytes:
    return struct.pack("<BBH", 0x05, 0x01, len(text)) + text.encode("utf-16-le")
