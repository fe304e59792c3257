"""How old declared keys are and how long they last, as rows of a table with a time line beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from keydeploy.report.signs import CROSS, DASH, Sign
from keydeploy.report.wording import count
from keydeploy.spec import Material

WIDTH = 320
"""Of the time line, in units of its picture, which are pixels on a screen."""
_MARGIN = 10
_SOON = timedelta(days=30)
_LEAST = timedelta(days=60)
"""A shorter time line than this shows nothing but its marks."""
_YEARS, _MONTHS = 6, 4
"""Marks that have room for what they say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The picture of one key's life: a bar from its beginning to its end, or to where it leaves the picture."""

    start: float
    end: float
    made: float | None
    due: float | None
    now: float
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One declared key or certificate."""

    address: str
    created: date | None
    due: date | None
    fingerprint: str | None
    sign: Sign
    age: str | None
    line: Line | None
    """None where no day is declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """What a farm declares, on one scale."""

    today: date
    now: float
    ticks: tuple[tuple[float, str], ...]
    """Where a year, or a month of a short scale, begins."""
    lives: tuple[Life, ...]


def ages(materials: Sequence[Material], today: date) -> Ages:
    """Answer how old *materials* are on the day of the report, in UTC."""
    days = [day for each in materials for day in (each.created, each.due) if day is not None]
    scale = _scale(min([today, *days]), max([today, *days]))
    return Ages(
        today=today,
        now=scale.place(today),
        ticks=tuple(scale.ticks()),
        lives=tuple(_life(each, today, scale) for each in materials),
    )


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    last: date

    def place(self, day: date) -> float:
        """Answer where *day* is, from the left."""
        part = (day - self.first) / (self.last - self.first)
        return round(_MARGIN + part * (WIDTH - 2 * _MARGIN), 1)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Yield the places of the first days of years, or of months, so that there are neither none nor too many."""
        years = [date(year, 1, 1) for year in range(self.first.year + 1, self.last.year + 1)]
        if len(years) >= 2:
            step = -(-len(years) // _YEARS)
            yield from ((self.place(day), str(day.year)) for day in years[::step])
            return
        months = [date(year, month, 1) for year in (self.first.year, self.last.year) for month in range(1, 13)]
        inside = [day for day in dict.fromkeys(months) if self.first < day <= self.last]
        step = -(-len(inside) // _MONTHS) or 1
        yield from ((self.place(day), f"{day:%Y-%m}") for day in inside[::step])


def _scale(first: date, last: date) -> _Scale:
    if last - first >= _LEAST:
        return _Scale(first, last)
    return _Scale(first, first + _LEAST) if date.max - first >= _LEAST else _Scale(last - _LEAST, last)


def _life(material: Material, today: date, scale: _Scale) -> Life:
    age = None if material.created is None else count(max(0, (today - material.created).days), "day")
    return Life(
        address=material.address,
        created=material.created,
        due=material.due,
        fingerprint=material.fingerprint,
        sign=_sign(material.due, today),
        age=age,
        line=_line(material, today, scale),
    )


def _sign(due: date | None, today: date) -> Sign:
    if due is None:
        return Sign("off", DASH, "no end is declared")
    if due < today:
        return Sign("bad", CROSS, f"over for {count((today - due).days, 'day')}")
    left = (due - today).days
    told = "ends today" if left == 0 else f"{count(left, 'day')} left"
    return Sign("warn", "!", told) if due - today <= _SOON else Sign("fine", "✓", told)


def _line(material: Material, today: date, scale: _Scale) -> Line | None:
    if material.created is None and material.due is None:
        return None
    made = None if material.created is None else scale.place(material.created)
    due = None if material.due is None else scale.place(material.due)
    return Line(
        start=made if made is not None else scale.place(scale.first),
        end=due if due is not None else scale.place(scale.last),
        made=made,
        due=due,
        now=scale.place(today),
        is_over=material.due is not None and material.due < today,
    )
