"""The names that a declaration may use, and those that are probably misspelt.

A misspelt name is one mistake: what it would have declared is then unknown, neither missing nor
left at its default.
"""

import difflib
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from keydeploy.schema import validator
from keydeploy.spec.declaration import UNRESOLVED

_NO_LETTER_OR_DIGIT = re.compile(r"[^a-z0-9]")


@cache
def known(kind: str) -> tuple[str, ...]:
    """Answer the names that the schema knows for *kind*, such as `machine_key`."""
    schema: Any = validator("spec").schema
    return tuple(schema["$defs"][kind]["properties"])


def meant(name: str, names: Iterable[str]) -> str | None:
    """Answer which of *names* is probably meant by *name*, None when it resembles none."""
    plain = {_plain(candidate): candidate for candidate in names}
    similar = difflib.get_close_matches(_plain(name), plain, n=1)
    return plain[similar[0]] if similar else None


def attribute(mapping: Any, kind: str, name: str, default: Any = None) -> Any:
    """Answer what *mapping* declares by *name*, *default* where it declares nothing.

    UNRESOLVED where that is unknown: the name is misspelt, nothing (null) stands at it, or *mapping* is none.
    """
    if not isinstance(mapping, dict):
        return UNRESOLVED
    if name in mapping:
        return UNRESOLVED if mapping[name] is None else mapping[name]
    unknown = (other for other in mapping if other not in known(kind))
    return UNRESOLVED if any(meant(other, known(kind)) == name for other in unknown) else default


def _plain(name: str) -> str:
    return _NO_LETTER_OR_DIGIT.sub("", name.lower())
