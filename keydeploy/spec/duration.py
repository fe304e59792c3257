"""Times as users write them: `500ms`, `2s`, `1m`, `1h`, `30d`."""

import re
from fractions import Fraction
from typing import Any, TypeGuard

_DURATION = re.compile(r"([0-9]{1,10}(?:\.[0-9]{1,9})?)(ms|s|m|h|d)")
_MILLISECONDS = {"ms": 1, "s": 1000, "m": 60 * 1000, "h": 3600 * 1000, "d": 24 * 3600 * 1000}


def is_duration(value: Any) -> TypeGuard[str]:
    """Tell whether *value* is a duration."""
    return isinstance(value, str) and _DURATION.fullmatch(value) is not None


def seconds(duration: str) -> float:
    """Read *duration*; raises `ValueError` when it is none, without quoting it."""
    return float(_exact(duration) / 1000)


def milliseconds(duration: str) -> int:
    """Read *duration*; raises `ValueError` when it is none, or no whole number of milliseconds."""
    exact = _exact(duration)
    if exact.denominator != 1:
        raise ValueError("not a whole number of milliseconds")
    return exact.numerator


def _exact(duration: str) -> Fraction:
    """Answer milliseconds, so that `0.7s` is `700ms` to the last bit."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError("not a duration")
    return Fraction(found[1]) * _MILLISECONDS[found[2]]
