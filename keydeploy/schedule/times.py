"""The times at which a schedule runs, in the one vocabulary that all schedulers can be told.

It is a part of systemd's calendar: `15m`, `2h`, `hourly`, `daily`, `weekly`, `*:0/15`, `*:30`, `06:30`,
`Mon..Fri 06:30`. Times repeat at equal distances within a day and begin anew at midnight, since cron knows no others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy.errors import KeydeployError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_HOUR = 60
_DAY = 24 * _HOUR
_WORDS = {"minutely": "1m", "hourly": "1h", "daily": "00:00", "weekly": "Mon 00:00"}
_PERIOD = re.compile(r"([0-9]{1,4})\s*(m|min|h|d)")
_REPEATED = re.compile(r"\*:([0-9]{1,2})(?:/([0-9]{1,2}))?(?::00?)?")
_AT = re.compile(
    r"(?:(?P<days>[A-Za-z][A-Za-z,.]*)\s+)?(?:\*-\*-\*\s+)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::00)?"
)
_HINT = "such as 15m, 2h, hourly, daily, 06:30, Mon..Fri 06:30 or *:0/15"


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Times of the day, on some days of the week."""

    period: int
    """Minutes from one to the next; they divide an hour, or are whole hours that divide a day."""
    first: int = 0
    """Minutes after midnight of the first one; fewer than `period`."""
    days: tuple[int, ...] = tuple(range(len(DAYS)))
    """Days of the week, Monday is 0; all of them unless there is one time a day."""

    @property
    def seconds(self) -> int:
        """Answer the shortest time from one to the next, in seconds."""
        return self.period * 60

    @property
    def minutes(self) -> tuple[int, ...]:
        """Answer the minutes of an hour."""
        return tuple(range(self.first, _HOUR, self.period)) if self.period < _HOUR else (self.first % _HOUR,)

    @property
    def hours(self) -> tuple[int, ...]:
        """Answer the hours of a day."""
        return tuple(range(self.first // _HOUR, 24, max(self.period // _HOUR, 1)))

    @property
    def is_on_all_days(self) -> bool:
        """Tell whether no day of the week is left out."""
        return len(self.days) == len(DAYS)


def parse(text: str) -> Times:
    """Read times as a person writes them; raises `KeydeployError` where not every scheduler could be told the same."""
    said = _WORDS.get(text.strip().lower(), text.strip())
    for pattern, read in ((_PERIOD, _periodical), (_REPEATED, _within_the_hour), (_AT, _once_a_day)):
        found = pattern.fullmatch(said)
        if found:
            return read(found)
    raise KeydeployError("--every is no time that every scheduler can be told", hint=_HINT)


def calendar(times: Times) -> str:
    """Answer *times* as systemd's calendar writes them (systemd.time(7))."""
    days = "" if times.is_on_all_days else ",".join(DAYS[day] for day in times.days) + " "
    if times.period < _HOUR:
        return f"{days}*-*-* *:{times.first:02}/{times.period}:00"
    hours, minute = times.first // _HOUR, times.first % _HOUR
    if times.period == _HOUR:
        return f"{days}*-*-* *:{minute:02}:00"
    step = "" if times.period == _DAY else f"/{times.period // _HOUR}"
    return f"{days}*-*-* {hours:02}{step}:{minute:02}:00"


def cron(times: Times) -> str:
    """Answer *times* as the five fields of crontab(5)."""
    minutes = _field(times.minutes, step=times.period if times.period < _HOUR else None)
    hours = _field(times.hours, step=times.period // _HOUR if times.period >= _HOUR else 1)
    return f"{minutes} {hours} * * {'*' if times.is_on_all_days else _days(times.days)}"


def _field(values: tuple[int, ...], *, step: int | None) -> str:
    if step is not None and len(values) > 1 and values[0] == 0:
        return "*" if step == 1 else f"*/{step}"
    return ",".join(map(str, values))


def _days(days: tuple[int, ...]) -> str:
    """Answer the days as cron counts them, Sunday is 0."""
    return ",".join(str((day + 1) % 7) for day in days)


def _periodical(found: re.Match[str]) -> Times:
    minutes = int(found[1]) * {"m": 1, "min": 1, "h": _HOUR, "d": _DAY}[found[2]]
    return Times(period=_checked(minutes))


def _within_the_hour(found: re.Match[str]) -> Times:
    first, period = int(found[1]), int(found[2] or _HOUR)
    if first >= period or first >= _HOUR:
        raise KeydeployError("--every begins later than it repeats", hint="such as *:0/15, or *:30 for once an hour")
    return Times(period=_checked(period), first=first)


def _once_a_day(found: re.Match[str]) -> Times:
    hour, minute = int(found["hour"]), int(found["minute"])
    if hour >= 24 or minute >= _HOUR:
        raise KeydeployError("--every names a time that no day has", hint="from 00:00 to 23:59")
    days = tuple(sorted(set(_named(found["days"])))) if found["days"] else tuple(range(len(DAYS)))
    return Times(period=_DAY, first=hour * _HOUR + minute, days=days)


def _checked(minutes: int) -> int:
    divides = minutes and (_HOUR % minutes == 0 if minutes < _HOUR else minutes % _HOUR == 0 and _DAY % minutes == 0)
    if not divides:
        raise KeydeployError(
            "--every divides neither an hour nor a day into equal parts, as cron needs it",
            hint="minutes that divide 60, such as 10m or 15m, hours that divide 24, such as 2h, or 06:30",
        )
    return minutes


def _named(text: str) -> Iterator[int]:
    """Yield the days that *text* names, such as `Mon..Fri` or `Sat,Sun`."""
    for part in text.split(","):
        first, dots, last = part.partition("..")
        start, end = _day(first), _day(last if dots else first)
        yield from (day % 7 for day in range(start, end + 1 if end >= start else end + 8))


def _day(text: str) -> int:
    wanted = text.capitalize()
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    found = [number for number, name in enumerate(names) if wanted in (name, name[:3])]
    if not found:
        raise KeydeployError("--every names a day that no week has", hint="Mon, Tue, Wed, Thu, Fri, Sat or Sun")
    return found[0]
