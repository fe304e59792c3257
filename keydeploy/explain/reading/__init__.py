"""Tells what a file or a stream holds, and reads it: a pasted text, or a log of events in one of its forms."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from keydeploy.explain.event import Event, Unread
from keydeploy.explain.reading import blocks, encoding, evtx, table, xml

PASTED = 1 << 22
"""Bytes of a text without events that are looked at."""
_LONGEST_LINE = 1 << 18


@dataclass(frozen=True, slots=True, repr=False)
class Pasted:
    """A text that is no log; it may hold a secret and is never shown."""

    text: str
    was_cut: bool
    """Whether there was more of it than is looked at."""


@dataclass(frozen=True, slots=True, repr=False)
class Log:
    """A log of events; they are read as they are asked for."""

    events: Iterator[Event | Unread]


def read(stream: BinaryIO, path: Path | None = None) -> Pasted | Log:
    """Read *stream*; *path* is where it can be opened again, for what needs the whole file.

    Raises `KeydeployError` where it is an .evtx file that cannot be read at all.
    """
    head = stream.read(encoding.HEAD)
    if head.startswith(evtx.SIGNATURE):
        return Log(evtx.events(path or BytesIO(head + stream.read())))
    events = _events(encoding.decode(head), encoding.pieces(head, stream))
    if events is not None:
        return Log(events)
    whole = head + stream.read(PASTED + 1 - len(head))
    return Pasted(encoding.decode(whole[:PASTED]), len(whole) > PASTED)


def read_text(text: str) -> Pasted | Log:
    """Read a *text* that was given as such."""
    events = _events(text[: encoding.HEAD], iter((text,)))
    return Pasted(text[:PASTED], len(text) > PASTED) if events is None else Log(events)


def _events(head: str, pieces: Iterator[str]) -> Iterator[Event | Unread] | None:
    """Answer the events of a text that begins with *head* and comes in *pieces*; None where it has none."""
    if xml.has_event(head):
        return xml.events(pieces)
    if columns := table.heading(head):
        return table.events(encoding.lines(pieces, _LONGEST_LINE), *columns)
    if first := blocks.first_line(head):
        return blocks.events(encoding.lines(pieces, _LONGEST_LINE), first)
    return None
