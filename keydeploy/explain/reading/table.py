"""Events as a table: CSV and tab-separated exports of Event Viewer, and PowerShell's Export-Csv.

Event Viewer puts the message into a column more than its heading names.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping

from keydeploy.explain.event import Event, Unread
from keydeploy.explain.reading.times import local_time

_COLUMNS: Mapping[str, frozenset[str]] = {
    "id": frozenset({"event id", "eventid", "id", "ereignis-id", "instanceid"}),
    "source": frozenset({"source", "providername", "provider", "quelle"}),
    "time": frozenset({"date and time", "timecreated", "timegenerated", "datum und uhrzeit"}),
    "computer": frozenset({"computer", "machinename", "computername"}),
}
_TYPE_LINE = "#TYPE"
_REST = "\0rest"


def heading(text: str) -> tuple[list[str], str] | None:
    """Answer the columns of the table of events that *text* begins with, and what separates them; None for others."""
    lines = text.lstrip("\ufeff").splitlines()
    if lines and lines[0].startswith(_TYPE_LINE):
        del lines[0]
    if not lines:
        return None
    separator = max(",;\t", key=lines[0].count)
    try:
        names = [name.strip().casefold() for name in next(csv.reader(lines[:1], delimiter=separator), [])]
    except csv.Error:
        return None
    found = {column for column, known in _COLUMNS.items() if known & set(names)}
    return (names, separator) if len(names) > 1 and "id" in found and found & {"source", "time"} else None


def events(lines: Iterable[str], names: list[str], separator: str) -> Iterator[Event | Unread]:
    """Yield the events of a table whose columns are called *names*."""
    body = (line.replace("\0", " ") for line in lines if not line.lstrip("\ufeff").startswith(_TYPE_LINE))
    rows = csv.DictReader(body, names, restkey=_REST, delimiter=separator)
    is_first = True
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            yield Unread("a row is longer than an event can be")
            continue
        if not is_first:
            yield _event(row)
        is_first = False


def _event(row: Mapping[str, str | list[str] | None]) -> Event:
    def cell(column: str) -> str:
        return next((str(value) for name, value in row.items() if name in _COLUMNS[column] and value), "").strip()

    number = cell("id")
    return Event(
        id=int(number) if number.isascii() and number.isdigit() and len(number) < len("100000") else None,
        source=cell("source") or None,
        time=local_time(cell("time")),
        computer=cell("computer") or None,
        text=" ".join(" ".join(value) if isinstance(value, list) else value for value in row.values() if value),
    )
