"""What explain found, as text and as JSON; made of what is known beforehand, never of what was pasted."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.explain import BY_NAME, ENTRIES, Cause, Check, Entry, Group, Recognition, Summary, Unknown, Where
from keydeploy.report.exit_code import ExitCode

VERSION = 1
_CONTINUES = {Where.NODE: " `", Where.CONTROLLER: " \\"}
"""How a line ends that goes on: for PowerShell, and for the shell of the controller."""
_WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|[^ "'])+""")
"""A word of a command; what stands in quotes is not broken."""
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
        """Yield it line by line, not wider than *width*; commands break where the shell reads on."""
        if self.log is not None:
            yield from _log(self.log, width)
        for entry in self.known:
            yield from _known(entry, width)
        for one in self.recognised[: self.in_full]:
            yield from _entry(one.entry, one.points, _POINTED, one.by, width)
        others = self.recognised[self.in_full :]
        if others:
            yield Text("also told of", style="bold")
        for one in others:
            yield from _prose(f"{one.entry.title}: keydeploy explain {one.entry.id}", width, "  ")
        if self.was_cut:
            yield Text("only the beginning was looked at: the text is longer than explain reads", style="yellow")


def everything() -> Explanation:
    """Answer all that explain knows."""
    return Explanation(known=ENTRIES)


def _known(entry: Entry, width: int) -> Iterator[Text]:
    names = [*(str(BY_NAME[name]) for name in entry.codes), *entry.ids, *(f"event {each.id}" for each in entry.events)]
    yield from _headed(entry.id, f": {entry.title}", width)
    yield from _prose(", ".join(names), width, "  ", style="dim")


def _entry(entry: Entry, points: Sequence[Cause], pointed: str, by: Sequence[str], width: int) -> Iterator[Text]:
    names = [*(str(BY_NAME[name]) for name in entry.codes), *entry.ids]
    yield from _headed(entry.title, f" ({', '.join(names)})" if names else "", width)
    yield from _prose(entry.meaning, width, "  ")
    if not {*by} <= {*names}:
        yield from _prose(f"recognised by {', '.join(by)}", width, "  ", style="dim")
    ordered = (*points, *(cause for cause in entry.causes if cause not in points))
    commands: dict[str, str] = {}
    for place, cause in enumerate(ordered, 1):
        style = "yellow" if cause in points else ""
        told = f" [{pointed}]" if cause in points else ""
        yield from _prose(f"{place}. {cause.title}{told}", width, "  ", style=f"bold {style}".strip())
        yield from _prose(cause.reason, width, "     ")
        for check in cause.checks:
            yield from _check(check, commands, width)
    yield from _prose(f"what keydeploy does: {entry.remedy.text}", width, "  ", style="bold")
    if entry.remedy.spec:
        yield from (Text(f"       {line}", style="green") for line in entry.remedy.spec.splitlines())
    for command in entry.remedy.commands:
        yield from (Text(f"     {part}", style="cyan") for part in _parts(command, Where.CONTROLLER, width - 5))
    yield from _prose(f"sources: {', '.join(entry.sources)}", width, "  ", style="dim")
    yield Text()


def _check(check: Check, commands: dict[str, str], width: int) -> Iterator[Text]:
    """Yield what a command shows; the command itself comes once, and *commands* tells by which letter it goes."""
    letter = commands.get(check.command)
    if letter:
        yield from _prose(f"[{letter}] shows: {check.tells}", width, "     ")
        return
    letter = commands[check.command] = chr(ord("a") + len(commands))
    yield from _prose(f"[{letter}] {check.where.value}, shows: {check.tells}", width, "     ")
    yield from (Text(f"       {part}", style="cyan") for part in _parts(check.command, check.where, width - 7))


def _parts(command: str, where: Where, width: int) -> Iterator[str]:
    """Yield *command* in lines that may be pasted as they are.

    PowerShell reads on after `;` and `|`; elsewhere a line that goes on ends as the shell of *where* wants it.
    """
    line = ""
    for statement in _statements(command):
        if line and len(line) + 1 + len(statement) <= width:
            line = f"{line} {statement}"
            continue
        if line:
            yield line
        *full, line = _continued(statement, _CONTINUES[where], width)
        yield from full
    yield line


def _statements(command: str) -> Iterator[str]:
    """Yield the parts of *command* after which PowerShell reads on."""
    words: list[str] = []
    for word in _WORD.findall(command):
        words.append(word)
        if word.endswith((";", "|")):
            yield " ".join(words)
            words = []
    yield " ".join(words)


def _continued(statement: str, mark: str, width: int) -> Iterator[str]:
    line, *words = _WORD.findall(statement)
    for word in words:
        if len(line) + 1 + len(word) + len(mark) <= width:
            line = f"{line} {word}"
        else:
            yield line + mark
            line = word
    yield line


def _headed(head: str, rest: str, width: int) -> Iterator[Text]:
    """Yield *head*, in bold, and the *rest*."""
    for place, line in enumerate(_prose(head + rest, width, "")):
        if place == 0:
            line.stylize("bold", 0, len(head))
        yield line


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
