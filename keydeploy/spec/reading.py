"""Reads values of a declaration in the one form in which they can be compared.

What is not declared is None, and stays it. What is of another type or cannot be read is UNRESOLVED: its problem is
told elsewhere.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from keydeploy.spec.declaration import DECLARED, UNRESOLVED, Path
from keydeploy.spec.duration import is_duration, seconds
from keydeploy.spec.names import attribute
from keydeploy.spec.share import share

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

Agreed = Iterable[tuple[Path, Any]]
"""Values by their paths."""


def things(value: Any, name: str, of_each: Callable[[Path, Any], Agreed]) -> Iterator[tuple[Path, Any]]:
    """Yield that each thing is declared that the spec *value* has below *name*, and what *of_each* reads of it."""
    found = attribute(value, "spec", name, {})
    if not isinstance(found, dict):
        yield (name,), UNRESOLVED
        return
    for thing, declared in found.items():
        yield (name, thing), DECLARED
        yield from of_each((name, thing), declared)


def read(holder: Any, kind: str, name: str, default: Any, form: Callable[[Any], Any]) -> Any:
    """Answer in *form* what *holder* declares by *name*, *default* where it declares nothing."""
    value = attribute(holder, kind, name)
    return default if value is None else form(value)


def text(value: Any) -> Any:
    """Answer text as it is."""
    return value if value is None or isinstance(value, str) else UNRESOLVED


def truth(value: Any) -> Any:
    """Answer true or false as it is."""
    return value if value is None or isinstance(value, bool) else UNRESOLVED


def whole(value: Any) -> Any:
    """Answer a whole number, which may have been written as 5.0."""
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole and not isinstance(value, bool) else UNRESOLVED


def names(value: Any) -> Any:
    """Answer the names of a list in order, each once."""
    all_text = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return tuple(sorted(set(value))) if all_text else UNRESOLVED


def duration(value: Any) -> Any:
    """Answer a duration in seconds."""
    return seconds(value) if is_duration(value) else UNRESOLVED


def days(value: Any) -> Any:
    """Answer a duration in days, of which it is a whole number."""
    if value is None:
        return None
    found = timedelta(seconds=seconds(value)) if is_duration(value) else timedelta()
    return found.days if found.days and found == timedelta(found.days) else UNRESOLVED


def day(value: Any) -> Any:
    """Answer a day as text, such as `2026-11-21`; YAML reads that without quotes as a date."""
    if value is None:
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    try:
        return date.fromisoformat(value).isoformat() if is_day_text(value) else UNRESOLVED
    except ValueError:
        return UNRESOLVED


def is_day_text(value: Any) -> bool:
    """Tell whether *value* is text of the form of a day; the calendar may not have it."""
    return isinstance(value, str) and _DAY.fullmatch(value) is not None


def shares(value: Any) -> Any:
    """Answer shares as numbers from 0 to 1, in the order of the list."""
    found = [share(item) for item in value] if isinstance(value, list) else [None]
    return UNRESOLVED if None in found else tuple(found)


def whole_mapping(value: Any) -> Any:
    """Answer a mapping as one value that can be compared and hashed."""
    return value if value is None or value is UNRESOLVED else json.dumps(value, sort_keys=True)
