"""Events as text: wevtutil's /f:text, what Event Viewer copies, PowerShell's Format-List, and the form of 2003."""

import re
from collections.abc import Iterable, Iterator

from keydeploy.explain.event import Event
from keydeploy.explain.reading.times import local_time

_FIRST_LINES = (
    re.compile(r"Event\[\d+\]:?\s*$"),
    re.compile(r"(?:Log Name|Protokollname)\s*:"),
    re.compile(r"(?:Event Type|Ereignistyp)\s*:"),
    re.compile(r"TimeCreated\s*:"),
)
_NUMBER = re.compile(r"^\s*(?:Event ID|Ereignis-?ID|Ereigniskennung|Id|EventID)\s*:\s*(\d{1,5})\s*$", re.MULTILINE)
_SOURCE = re.compile(
    r"^\s*(?:Event Source|Source|Quelle|Ereignisquelle|ProviderName)\s*:\s*(\S[^\r\n]{0,99}?)\s*$", re.MULTILINE
)
_DATE = re.compile(r"^\s*(?:Date|Datum|TimeCreated)\s*:\s*(\S[^\r\n]{0,39}?)\s*$", re.MULTILINE)
_TIME = re.compile(r"^\s*(?:Time|Uhrzeit)\s*:\s*(\S[^\r\n]{0,19}?)\s*$", re.MULTILINE)
_COMPUTER = re.compile(r"^\s*(?:Computer|MachineName)\s*:\s*(\S[^\r\n]{0,99}?)\s*$", re.MULTILINE)
_KEPT = 1 << 18
"""Characters of an event's text that are looked at."""


def first_line(text: str) -> re.Pattern[str] | None:
    """Answer what events begin with in *text*; None where it has not two of them."""
    lines = [line.strip() for line in text.splitlines()]
    return next((form for form in _FIRST_LINES if sum(bool(form.match(line)) for line in lines) > 1), None)


def events(lines: Iterable[str], first: re.Pattern[str]) -> Iterator[Event]:
    """Yield the events of a text in which each begins with a line as *first*."""
    block: list[str] = []
    length, has_begun = 0, False
    for line in lines:
        if first.match(line.strip()):
            if has_begun:
                yield _event("".join(block))
            block, length, has_begun = [], 0, True
        if length < _KEPT:
            block.append(line)
            length += len(line)
    if has_begun:
        yield _event("".join(block))


def _event(text: str) -> Event:
    number = _NUMBER.search(text)
    date, time = _found(_DATE, text), _found(_TIME, text)
    return Event(
        id=int(number[1]) if number else None,
        source=_found(_SOURCE, text) or None,
        time=local_time(f"{date} {time}") or local_time(date),
        computer=_found(_COMPUTER, text) or None,
        text=text,
    )


def _found(form: re.Pattern[str], text: str) -> str:
    match = form.search(text)
    return match[1] if match else ""
