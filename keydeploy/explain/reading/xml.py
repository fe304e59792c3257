"""Events as XML: exports of Event Viewer and wevtutil, and the records of .evtx files.

Each event is parsed by itself, so that a damaged one costs no other. A DTD is refused, entities of one are not known.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from xml.parsers import expat

from keydeploy.explain.event import Event, Unread

_START = re.compile(r"<Event(?=[\s>])")
_END = "</Event>"
_LONGEST = 1 << 20
"""Characters of an event; Windows' own limit is 64 KiB of data."""
_KEPT = 1 << 18
"""Characters of an event's text that are looked at."""
_TEXTS = frozenset({"EventData", "UserData", "RenderingInfo"})
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_FRACTION = re.compile(r"\.(\d{1,6})\d*")


class _NotTaken(Exception):
    """A document that has a DTD."""


class _Reader:
    """Collects what one event says."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.texts: list[str] = []
        self.length = 0
        self.found: dict[str, str] = {}

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.path.append(name.rpartition(":")[2])
        if name == "Provider":
            self.found["source"] = attributes.get("Name") or attributes.get("EventSourceName", "")
        elif name == "TimeCreated":
            self.found["time"] = attributes.get("SystemTime", "")
        self._add(" ")

    def end(self, _name: str) -> None:
        self.path.pop()

    def characters(self, text: str) -> None:
        if self.path[-1] in ("EventID", "Computer") and "System" in self.path:
            self.found[self.path[-1]] = self.found.get(self.path[-1], "") + text
        elif not _TEXTS.isdisjoint(self.path):
            self._add(text)

    def refuse(self, *_declaration: object) -> None:
        raise _NotTaken

    def event(self) -> Event:
        number = self.found.get("EventID", "").strip()
        return Event(
            id=int(number) if number.isascii() and number.isdigit() and len(number) < len("100000") else None,
            source=self.found.get("source") or None,
            time=time_of(self.found.get("time", "")),
            computer=self.found.get("Computer", "").strip() or None,
            text="".join(self.texts),
        )

    def _add(self, text: str) -> None:
        if self.length < _KEPT:
            self.texts.append(text[: _KEPT - self.length])
            self.length += len(text)


def parse(document: str) -> Event | Unread:
    """Read one event from *document*."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.refuse
    try:
        parser.Parse(_NOT_XML.sub(" ", document), True)
    except (expat.ExpatError, _NotTaken):
        return Unread("an event is not well-formed")
    return reader.event()


def has_event(text: str) -> bool:
    """Tell whether an event begins in *text*."""
    return _START.search(text) is not None


def events(pieces: Iterable[str]) -> Iterator[Event | Unread]:
    """Yield the events of an export that comes in *pieces*, in their order."""
    pending, inside = "", False
    for piece in pieces:
        pending += piece
        while True:
            if not inside:
                start = _START.search(pending)
                if start is None:
                    pending = pending[-len("<Event ") :]
                    break
                pending, inside = pending[start.start() :], True
            end = pending.find(_END)
            if end < 0:
                if len(pending) > _LONGEST:
                    yield Unread("an event is longer than an event can be")
                    pending, inside = pending[len("<Event") :], False
                    continue
                break
            yield parse(pending[: end + len(_END)])
            pending, inside = pending[end + len(_END) :], False
    if inside:
        yield Unread("the file ends within an event")


def time_of(text: str) -> datetime | None:
    """Read a time as `2024-05-01T10:00:00.1234567Z`, in UTC where nothing else is told; None where it is none."""
    try:
        time = datetime.fromisoformat(_FRACTION.sub(r".\1", text.strip()))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
