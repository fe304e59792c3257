"""What explain found, as text and as JSON; made of what is known beforehand, never of what was pasted."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.explain import BY_NAME, ENTRIES, Cause, Entry, Group, Recognition, Summary, Unknown
from keydeploy.report.exit_code import ExitCode

VERSION = 1
_POINTED = "the text points here"
_POINTED_BY_EVENTS = "the events point here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What there is to say about a code, a text or a log."""

    recognised: tuple[Recognition, ...] = ()
    in_full: int = 1
    """How many of them are explained in full; of the others only the name is told."""
    log: Summary | None = None
    unknown: Unknown | None = None
    was_cut: bool = False
    known: tuple[Entry, ...] = ()
    """Entries that are listed by name."""

    @property
    def exit_code(self) -> ExitCode:
        """Answer 0 where something was recognised, or is listed."""
        found = self.known or self.recognised or (self.log and self.log.groups)
        return ExitCode.FINE if found else ExitCode.ERROR

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer it as JSON values; *time* is when it was made (RFC 3339)."""
        groups = self.log.groups if self.log else []
        entries = (*self.known, *(one.entry for one in self.recognised), *(each.entry for each in groups))
        return {
            "explain": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "recognised": [
                {"entry": one.entry.id, "by": list(one.by), "points_to": [cause.id for cause in one.points]}
                for one in self.recognised
            ],
            "log": _log_json(self.log) if self.log else None,
            "nearest": list(self.unknown.nearest) if self.unknown else [],
            "was_cut": self.was_cut,
            "entries": {entry.id: _entry_json(entry) for entry in entries},
        }

    def lines(self, width: int) -> Iterator[Text]:
        """Yield it line by line, prose not wider than *width*; commands are never broken."""
        if self.log is not None:
            yield from _log(self.log, width)
        for entry in self.known:
            yield from _known(entry)
        for one in self.recognised[: self.in_full]:
            yield from _entry(one.entry, one.points, _POINTED, one.by, width)
        others = self.recognised[self.in_full :]
        if others:
            yield Text("also told of", style="bold")
        for one in others:
            yield Text(f"  {one.entry.title}: keydeploy explain {one.entry.id}")
        if self.was_cut:
            yield Text("only the beginning was looked at: the text is longer than explain reads", style="yellow")


def everything() -> Explanation:
    """Answer all that explain knows."""
    return Explanation(known=ENTRIES)


def _known(entry: Entry) -> Iterator[Text]:
    names = [*(str(BY_NAME[name]) for name in entry.codes), *entry.ids, *(f"event {each.id}" for each in entry.events)]
    yield Text.assemble((entry.id, "bold"), f": {entry.title}")
    if names:
        yield Text(f"  {', '.join(names)}", style="dim")


def _entry(entry: Entry, points: Sequence[Cause], pointed: str, by: Sequence[str], width: int) -> Iterator[Text]:
    names = [*(str(BY_NAME[name]) for name in entry.codes), *entry.ids]
    yield Text.assemble((entry.title, "bold"), f" ({', '.join(names)})" if names else "")
    yield from _prose(entry.meaning, width, "  ")
    if by:
        yield from _prose(f"recognised by {', '.join(by)}", width, "  ", style="dim")
    ordered = (*points, *(cause for cause in entry.causes if cause not in points))
    for place, cause in enumerate(ordered, 1):
        yield Text()
        style = "yellow" if cause in points else ""
        told = f" [{pointed}]" if cause in points else ""
        yield from _prose(f"{place}. {cause.title}{told}", width, "  ", style=f"bold {style}".strip())
        yield from _prose(cause.reason, width, "     ")
        for check in cause.checks:
            yield Text(f"     {check.where.value}:", style="dim")
            yield Text(f"       {check.command}", style="cyan")
            yield from _prose(f"shows: {check.tells}", width, "       ")
    yield Text()
    yield Text("  what keydeploy does", style="bold")
    yield from _prose(entry.remedy.text, width, "     ")
    if entry.remedy.spec:
        yield Text("     declare:", style="dim")
        yield from (Text(f"       {line}", style="green") for line in entry.remedy.spec.splitlines())
    yield from (Text(f"     {command}", style="cyan") for command in entry.remedy.commands)
    yield Text("  sources", style="bold")
    yield from (Text(f"     {source}", style="dim") for source in entry.sources)
    yield Text()


def _log(log: Summary, width: int) -> Iterator[Text]:
    about = sum(group.count for group in log.groups)
    ended = sum(group.ended for group in log.groups)
    ends = f"{ended} of processes that ended because of them, " if ended else ""
    damaged = f"; {log.unread} could not be read" if log.unread else ""
    told = f"{log.events} events: {about} about keys, {ends}{log.left_out} others left out{damaged}"
    yield Text(told, style="bold")
    for group in log.groups:
        yield from _group(group, width)
    yield Text()
    entries = {group.entry.id: group.entry for group in log.groups}
    for entry in entries.values():
        points = [each.cause for each in log.groups if each.entry is entry and each.cause is not None]
        yield from _entry(entry, points, _POINTED_BY_EVENTS, (), width)


def _group(group: Group, width: int) -> Iterator[Text]:
    cause = f": {group.cause.title}" if group.cause else ""
    yield from _prose(f"{group.count} x {group.entry.title}{cause}", width, "  ", style="yellow")
    when = f"{_shown(group.first)} to {_shown(group.last)}" if group.first and group.last else ""
    ended = f"events of processes that ended because of it: {group.ended}" if group.ended else ""
    names = {"on": group.computers, "pools": group.pools, "processes": group.processes}
    where = [f"{name} {', '.join(sorted(found))}" for name, found in names.items() if found]
    yield from _prose("; ".join(part for part in (when, *where, ended) if part), width, "     ")


def _prose(text: str, width: int, indent: str, *, style: str = "") -> Iterator[Text]:
    for line in textwrap.wrap(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield Text(line, style=style)


def _shown(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="seconds")


def _entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "title": entry.title,
        "meaning": entry.meaning,
        "codes": [{"name": name, "hresult": BY_NAME[name].hex, "text": BY_NAME[name].text} for name in entry.codes],
        "ids": list(entry.ids),
        "events": [{"id": event.id, "source": event.source} for event in entry.events],
        "causes": [_cause_json(cause) for cause in entry.causes],
        "remedy": {"text": entry.remedy.text, "spec": entry.remedy.spec, "commands": list(entry.remedy.commands)},
        "sources": list(entry.sources),
    }


def _cause_json(cause: Cause) -> dict[str, Any]:
    return {
        "id": cause.id,
        "title": cause.title,
        "reason": cause.reason,
        "checks": [
            {"where": check.where.name.lower(), "command": check.command, "tells": check.tells}
            for check in cause.checks
        ],
    }


def _log_json(log: Summary) -> dict[str, Any]:
    return {
        "events": log.events,
        "left_out": log.left_out,
        "unread": log.unread,
        "groups": [
            {
                "entry": group.entry.id,
                "cause": group.cause.id if group.cause else None,
                "count": group.count,
                "processes_ended": group.ended,
                "first": group.first.isoformat() if group.first else None,
                "last": group.last.isoformat() if group.last else None,
                "computers": sorted(group.computers),
                "pools": sorted(group.pools),
                "processes": sorted(group.processes),
            }
            for group in log.groups
        ],
    }
