"""Recognises in a text which errors it tells of, and to which of their causes it points.

A pasted text may hold secrets. What is answered is made of this package's own words alone: entries, causes, names of
codes, and the words of signs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keydeploy.explain.codes import CODES, Code, found_in, parse, without_codes
from keydeploy.explain.entries import ENTRIES
from keydeploy.explain.model import ABOUT_KEYS, BEGIN_A_WORD, Cause, Entry, EventSign, Sign, Weight

_FILLING = re.compile(
    r"\b(?:0x[0-9a-f]+|an?|code|error|exception|failed|failure|fatal|fehler|from|hr|hresult|is|message|number|system|the|win32"
    r"|win32exception|windows|with)\b"
)
"""What stands around a code or a message and says nothing."""
_WORD = re.compile(r"[^\W\d_]")
_WIF_ID = re.compile(r"(?<![\w-])id\d{4}(?![\w-])")
_EVENT = re.compile(r"(?:event|ereignis)(?:[ -]?id)?\s*[:=]?\s*(\d{1,5})(?![\w-])")
_PUBLISHER = "microsoft-windows-"
"""What some exports put before the name of a source, and others do not."""
_NUMBER = re.compile(r"\d{1,5}")
_SOURCE = re.compile(r"(?:source|quelle|provider(?: ?name)?)\s*[:=]")
_ALL_SIGNS = tuple(
    sign for entry in ENTRIES for sign in (*entry.signs, *(s for cause in entry.causes for s in cause.points))
)
_ALL_WORDS = tuple({word for sign in _ALL_SIGNS for word in (*sign.words, *sign.within)} | set(ABOUT_KEYS))
_EVENTS = frozenset(event.id for entry in ENTRIES for event in entry.events)
_STARTS = {word: re.compile(rf"(?<![a-z]){re.escape(word)}") for word in BEGIN_A_WORD}
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
    is_bare: bool
    """Whether nothing else stands in it: somebody asks for just this code or message, and means keys."""


def recognise(text: str) -> tuple[Recognition, ...]:
    """Answer the errors that *text* tells of, the most telling first: a code, a message, a trace, or all of them."""
    words = _normal(text)
    is_bare = _is_bare(words)
    bare = words.rstrip(".")
    codes = found_in(text)
    if not codes and (code := _BY_MESSAGE.get(bare) or (parse(bare) if " " not in bare else None)):
        codes = (code,)
    events = {int(number) for number in _EVENT.findall(words)}
    if _NUMBER.fullmatch(bare):
        events.add(int(bare))
        words = f"{words} event code: {bare}"  # ASP.NET's own number of it, beside the one of Windows' log
    source = "" if _SOURCE.search(words) else None
    return _rank(_read(words, codes, events, source, is_bare=is_bare))


def recognise_event(number: int | None, source: str | None, text: str) -> tuple[Recognition, ...]:
    """Answer the errors that an event of Windows' log tells of, the most telling first."""
    events = set() if number is None else {number}
    return _rank(_read(_normal(text), found_in(text), events, (source or "").casefold(), is_bare=False))


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def _is_bare(words: str) -> bool:
    """Tell whether *words* are codes, known messages and what usually stands around them, and no more."""
    rest = without_codes(words)
    for known in sorted((word for word in _ALL_WORDS if word in words), key=len, reverse=True):
        rest = rest.replace(known, " ")
    return not _WORD.search(_FILLING.sub(" ", rest))


def _read(words: str, codes: tuple[Code, ...], events: Iterable[int], source: str | None, *, is_bare: bool) -> _Text:
    words = " ".join((words, *(code.hex.casefold() for code in codes), *(code.name.casefold() for code in codes)))
    return _Text(
        present=frozenset(word for word in _ALL_WORDS if word in words and _begins_one(word, words)),
        words=words,
        codes=codes,
        ids=frozenset(name.upper() for name in _WIF_ID.findall(words)),
        events=frozenset(events),
        source=source,
        is_bare=is_bare,
    )


def _begins_one(word: str, words: str) -> bool:
    """Tell whether *word* begins a word of *words*, where it must."""
    start = _STARTS.get(word)
    return start is None or start.search(words) is not None


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
        if code.name in entry.codes and (code.win32 is None or text.is_bare or not text.present.isdisjoint(ABOUT_KEYS)):
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
    """Answer the causes that *text* points to; a decisive sign of one of them silences the lesser ones of others."""
    weights = [[sign.weight for sign in cause.points if _stands_in(sign, text)] for cause in entry.causes]
    decided = any(Weight.DECISIVE in each for each in weights)
    found = [
        (-sum(each), place) for place, each in enumerate(weights) if each and (not decided or Weight.DECISIVE in each)
    ]
    return tuple(entry.causes[place] for _, place in sorted(found))


def _stands_in(sign: Sign, text: _Text) -> bool:
    if not text.present.issuperset(sign.words):
        return False
    return not sign.within or text.is_bare or not text.present.isdisjoint(sign.within)


def _is_from(event: EventSign, text: _Text) -> bool:
    if any(words in text.words for words in event.unless):
        return False
    if text.source is None:
        return True
    if not text.source:
        return event.source in text.words
    return text.source.startswith(event.source) or text.source.removeprefix(_PUBLISHER).startswith(event.source)
