"""Recognises in a text which errors it tells of, and to which of their causes it points.

A pasted text may hold secrets. What is answered is made of this package's own words alone: entries, causes, names of
codes, and the words of signs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keydeploy.explain.codes import CODES, Code, found_in, parse
from keydeploy.explain.entries import ENTRIES
from keydeploy.explain.model import ABOUT_KEYS, Cause, Entry, EventSign, Sign, Weight

_SHORT = 120
"""Characters of a text that somebody typed; it is taken to be about keys without saying so."""
_WIF_ID = re.compile(r"(?<![\w-])id\d{4}(?![\w-])")
_EVENT = re.compile(r"(?:event|ereignis)(?:[ -]?id)?\s*[:=]?\s*(\d{1,5})(?![\w-])")
_NUMBER = re.compile(r"\d{1,5}")
_SOURCE = re.compile(r"(?:source|quelle|provider(?: ?name)?)\s*[:=]")
_ALL_SIGNS = tuple(
    sign for entry in ENTRIES for sign in (*entry.signs, *(s for cause in entry.causes for s in cause.points))
)
_ALL_WORDS = tuple({word for sign in _ALL_SIGNS for word in (*sign.words, *sign.within)} | set(ABOUT_KEYS))
_EVENTS = frozenset(event.id for entry in ENTRIES for event in entry.events)
_BY_MESSAGE = {code.text.casefold().rstrip("."): code for code in reversed(CODES)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """One error that a text tells of."""

    entry: Entry
    by: tuple[str, ...]
    """What it was recognised by, in words of our own."""
    points: tuple[Cause, ...]
    """The causes that the text points to, the likeliest first; empty where it does not tell them apart."""
    weight: int
    """That of the heaviest sign."""

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Answer all causes, those that the text points to first."""
        return (*self.points, *(cause for cause in self.entry.causes if cause not in self.points))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    present: frozenset[str]
    """Which of all words that signs are made of stand in it."""
    codes: tuple[Code, ...]
    ids: frozenset[str]
    events: frozenset[int]
    source: str | None
    """The source of the event; an empty text where it stands somewhere in the words; None where none is told."""
    words: str
    is_short: bool


def recognise(text: str) -> tuple[Recognition, ...]:
    """Answer the errors that *text* tells of, the most telling first: a code, a message, a trace, or all of them."""
    words = _normal(text)
    bare = words.rstrip(".")
    codes = found_in(text)
    if not codes and (code := _BY_MESSAGE.get(bare) or (parse(bare) if " " not in bare else None)):
        codes = (code,)
    events = {int(number) for number in _EVENT.findall(words)}
    if _NUMBER.fullmatch(bare):
        events.add(int(bare))
        words = f"{words} event code: {bare}"  # ASP.NET's own number of it, beside the one of Windows' log
    source = "" if _SOURCE.search(words) else None
    return _rank(_read(words, codes, events, source, is_short=len(words) <= _SHORT))


def recognise_event(number: int | None, source: str | None, text: str) -> tuple[Recognition, ...]:
    """Answer the errors that an event of Windows' log tells of, the most telling first."""
    events = set() if number is None else {number}
    return _rank(_read(_normal(text), found_in(text), events, (source or "").casefold(), is_short=False))


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def _read(words: str, codes: tuple[Code, ...], events: Iterable[int], source: str | None, *, is_short: bool) -> _Text:
    words = " ".join((words, *(code.hex.casefold() for code in codes), *(code.name.casefold() for code in codes)))
    return _Text(
        present=frozenset(word for word in _ALL_WORDS if word in words),
        words=words,
        codes=codes,
        ids=frozenset(name.upper() for name in _WIF_ID.findall(words)),
        events=frozenset(events),
        source=source,
        is_short=is_short,
    )


def _rank(text: _Text) -> tuple[Recognition, ...]:
    if not (text.present or text.codes or text.ids or text.events & _EVENTS):
        return ()
    found = []
    for place, entry in enumerate(ENTRIES):
        signs = list(_signs(entry, text))
        if signs:
            heaviest = max(weight for weight, _ in signs)
            recognition = Recognition(
                entry=entry,
                by=tuple(dict.fromkeys(label for _, label in signs)),
                points=_points(entry, text),
                weight=heaviest,
            )
            found.append((-heaviest, -sum(weight for weight, _ in signs), place, recognition))
    return tuple(recognition for *_, recognition in sorted(found, key=lambda each: each[:3]))


def _signs(entry: Entry, text: _Text) -> Iterator[tuple[int, str]]:
    for code in text.codes:
        if code.name in entry.codes and (
            code.win32 is None or text.is_short or not text.present.isdisjoint(ABOUT_KEYS)
        ):
            yield Weight.TELLING, str(code)
    for name in entry.ids:
        if name in text.ids:
            yield Weight.DECISIVE, name
    for event in entry.events:
        if event.id in text.events and _is_from(event, text):
            yield event.weight, f"event {event.id}"
    for sign in entry.signs:
        if _stands_in(sign, text):
            yield sign.weight, f'"{" ... ".join(sign.words)}"'


def _points(entry: Entry, text: _Text) -> tuple[Cause, ...]:
    sums = [sum(sign.weight for sign in cause.points if _stands_in(sign, text)) for cause in entry.causes]
    places = sorted((place for place in range(len(sums)) if sums[place]), key=lambda place: -sums[place])
    return tuple(entry.causes[place] for place in places)


def _stands_in(sign: Sign, text: _Text) -> bool:
    if not text.present.issuperset(sign.words):
        return False
    return not sign.within or text.is_short or not text.present.isdisjoint(sign.within)


def _is_from(event: EventSign, text: _Text) -> bool:
    if any(words in text.words for words in event.unless):
        return False
    if text.source is None:
        return True
    return text.source.startswith(event.source) if text.source else event.source in text.words
