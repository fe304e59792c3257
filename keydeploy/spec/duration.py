"""Times as users write them: `500ms`, `2s`, `1m`."""

import re
from typing import Any, TypeGuard

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


def is_duration(value: Any) -> TypeGuard[str]:
    """Tell whether *value* is a duration."""
    return isinstance(value, str) and _DURATION.fullmatch(value) is not None


def seconds(duration: str) -> float:
    """Read *duration*; raises `ValueError` when it is none, without quoting it."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise ValueError("not a duration")
    return float(found[1]) * _SECONDS[found[2]]
