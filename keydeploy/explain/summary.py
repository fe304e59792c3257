"""Sums up a log: which errors it tells of, how often, when, and where; and what of it is not about keys.

An event that tells only that a process ended counts where a key's error on the same computer, a moment apart, says why.
What is kept is bounded, however long the log is; of its text nothing is kept but names that look like names.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from keydeploy.explain.event import Event, Unread
from keydeploy.explain.model import Cause, Entry
from keydeploy.explain.recognition import Recognition, recognise_event

_APART = timedelta(minutes=1)
_MOST_NAMES = 20
_MOST_ENDS = 100_000
_POOL = re.compile(
    r"(?:application pool|anwendungspool) ['\"„]([A-Za-z0-9][A-Za-z0-9 ._-]{0,63})['\"“]"
    r"|apppool\\([A-Za-z0-9][A-Za-z0-9._-]{0,63})",
    re.IGNORECASE,
)
_PROCESS = re.compile(r"(?<![\w.-])([A-Za-z0-9_.-]{1,40}\.exe)(?![\w.-])", re.IGNORECASE)
_COMPUTER = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,8}")
_LIKE_A_KEY = re.compile(r"[0-9A-Fa-f]{16}|(?=[^ ._-]*[0-9])[^ ._-]{24}")
"""What no pool, process or computer is called, and a key may look like."""


@dataclass(slots=True, kw_only=True)
class Group:
    """The events of one error and one cause."""

    entry: Entry
    cause: Cause | None
    """The one that the events point to; None where they do not tell."""
    count: int = 0
    ended: int = 0
    """Processes that ended because of it."""
    first: datetime | None = None
    last: datetime | None = None
    computers: set[str] = field(default_factory=set)
    pools: set[str] = field(default_factory=set)
    processes: set[str] = field(default_factory=set)

    def take(self, event: Event) -> None:
        """Count *event* in."""
        self.count += 1
        if event.time is not None:
            self.first = event.time if self.first is None else min(self.first, event.time, key=_clock)
            self.last = event.time if self.last is None else max(self.last, event.time, key=_clock)
        self.name(event)

    def name(self, event: Event) -> None:
        """Keep the names in *event* that look like names."""
        _keep(self.computers, computer_of(event))
        for match in _POOL.finditer(event.text):
            _keep(self.pools, match[1] or match[2])
        for match in _PROCESS.finditer(event.text):
            _keep(self.processes, match[1].casefold())


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a log tells."""

    groups: list[Group] = field(default_factory=list)
    """The most frequent first."""
    events: int = 0
    left_out: int = 0
    """Events that are not about keys."""
    unread: int = 0
    """Events that are damaged."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _End:
    event: Event
    at: datetime | None


def summarise(events: Iterable[Event | Unread]) -> Summary:
    """Sum up *events*, which may be many."""
    summary = Summary()
    groups: dict[tuple[str, str | None], Group] = {}
    ends: list[_End] = []
    errors: dict[tuple[str | None, int], Group] = {}
    for event in events:
        if isinstance(event, Unread):
            summary.unread += 1
            continue
        summary.events += 1
        found = recognise_event(event.id, event.source, event.text)
        told = next((each for each in found if not each.entry.of_process), None)
        if told is None:
            _remember_end(found, event, ends, summary)
            continue
        cause = told.points[0] if told.points else None
        if cause is not None and not cause.about_keys:
            summary.left_out += 1
            continue
        group = groups.setdefault((told.entry.id, cause.id if cause else None), Group(entry=told.entry, cause=cause))
        group.take(event)
        for slot in _slots(event):
            errors.setdefault(slot, group)
    for end in ends:
        _assign(end, errors, summary)
    summary.groups = sorted(groups.values(), key=lambda group: -group.count)
    return summary


def computer_of(event: Event) -> str | None:
    """Answer the name of the event's computer where it looks like one."""
    name = event.computer or ""
    return name if _COMPUTER.fullmatch(name) else None


def _remember_end(found: tuple[Recognition, ...], event: Event, ends: list[_End], summary: Summary) -> None:
    if found and found[0].entry.of_process and len(ends) < _MOST_ENDS:
        short = Event(id=event.id, computer=event.computer, time=event.time, text=event.text[:1000])
        ends.append(_End(event=short, at=event.time))
    else:
        summary.left_out += 1


def _slots(event: Event) -> Iterable[tuple[str | None, int]]:
    """Yield the minute of *event* and its neighbours, on its computer."""
    if event.time is None:
        return ()
    minute = (_clock(event.time) - datetime.min) // _APART
    return ((event.computer, minute + away) for away in (0, -1, 1))


def _assign(end: _End, errors: dict[tuple[str | None, int], Group], summary: Summary) -> None:
    group = next((errors[slot] for slot in _slots(end.event) if slot in errors), None)
    if group is None:
        summary.left_out += 1
        return
    group.ended += 1
    group.name(end.event)


def _clock(time: datetime) -> datetime:
    return time.replace(tzinfo=None)


def _keep(names: set[str], name: str | None) -> None:
    if name and len(names) < _MOST_NAMES and not _LIKE_A_KEY.search(name):
        names.add(name)
