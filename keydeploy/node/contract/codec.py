"""Dataclasses to JSON values and back, by the types of their fields.

Every field is a key of the object, none may be missing and none be added. Bytes are base64, instants
ISO 8601 in UTC. A value that does not fit raises `ValueError` and is not quoted.
"""

import base64
import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from keydeploy.secret import Secret

Instant = Annotated[float, "instant"]
"""Seconds since 1970; on the wire ISO 8601."""

Seconds = Annotated[float, "seconds"]
"""A span of time, not negative."""


def to_instant(seconds: float) -> str:
    """Write seconds since 1970 as an instant."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def from_instant(text: str) -> float:
    """Read an instant as seconds since 1970; raises `ValueError` when it is none, or of an unknown time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return moment.timestamp()


def encode(value: Any) -> Any:
    """Write the dataclass *value*, or what one may hold, as JSON values."""
    match value:
        case Secret():
            return base64.b64encode(value.reveal()).decode("ascii")
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case tuple():
            return [encode(item) for item in value]
    if not is_dataclass(value):
        return value
    kind: Any = type(value)
    return {
        name: to_instant(found) if Instant in (hint, *get_args(hint)) and found is not None else encode(found)
        for name, hint in _fields(kind).items()
        for found in (getattr(value, name),)
    }


def decode(hint: Any, value: Any) -> Any:
    """Read the JSON *value* as a *hint*: a dataclass, or the type of a field of one."""
    if is_dataclass(hint):
        return _object(hint, value)
    if hint in _SCALARS:
        return _SCALARS[hint](value)
    if get_origin(hint) in (Union, types.UnionType):
        return _one_of(get_args(hint), value)
    if get_origin(hint) is Literal:
        return _require(value in get_args(hint) and not isinstance(value, bool), value)
    _require(isinstance(value, list), value)  # what is left is a tuple of any length
    return tuple(decode(get_args(hint)[0], item) for item in value)


def _object(kind: Any, value: Any) -> Any:
    wanted = _fields(kind)
    if not isinstance(value, dict) or value.keys() != wanted.keys():
        raise ValueError("not the keys of this object")
    return kind(**{name: decode(hint, value[name]) for name, hint in wanted.items()})


def _one_of(hints: tuple[Any, ...], value: Any) -> Any:
    for hint in hints:
        try:
            return decode(hint, value)
        except ValueError:
            continue
    raise ValueError("a value of another type")


@cache
def _fields(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind)}


def _require(fits: bool, value: Any) -> Any:
    if not fits:
        raise ValueError("a value of another type")
    return value


def _number(value: Any) -> int | float:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
    return _require(fits, value)  # type: ignore[no-any-return]


def _bytes(value: Any) -> bytes:
    return base64.b64decode(_require(isinstance(value, str), value), validate=True)


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    str: lambda value: _require(isinstance(value, str), value),
    bool: lambda value: _require(isinstance(value, bool), value),
    int: lambda value: _require(isinstance(value, int) and not isinstance(value, bool), value),
    type(None): lambda value: _require(value is None, value),
    bytes: _bytes,
    Secret: lambda value: Secret(_bytes(value)),
    Seconds: _number,
    Instant: lambda value: from_instant(_require(isinstance(value, str), value)),
}
