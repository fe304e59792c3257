"""What a spec calls things that have no name of their own, or one that a spec cannot take."""

import re
from collections.abc import Collection

_SEPARATORS = re.compile(r"[^a-z0-9]+")
_MANY_HEX_DIGITS = re.compile(r"(?=([0-9a-f]{16}))")
"""What might be a key is no name."""
_NAMELESS = "application"
_LONGEST = 40


def of_application(site: str, path: str, taken: Collection[str]) -> str:
    """Answer a name for the application: the last part of its path, more of it where that is *taken*, then a number."""
    parts = [part for part in path.split("/") if part]
    texts = ["_".join(parts[-depth:]) for depth in range(1, len(parts) + 1)] or [site]
    return unique([*texts, "_".join([site, *parts])], taken)


def unique(texts: Collection[str], taken: Collection[str]) -> str:
    """Answer the first of *texts*, as an identifier, that is not *taken*; the first one with a number where all are."""
    names = [identifier(text) for text in texts]
    free = (name for name in names if name not in taken)
    first = names[0]
    numbered = (f"{first}_{number}" for number in range(2, len(taken) + 3) if f"{first}_{number}" not in taken)
    return next(free, None) or next(numbered)


def identifier(text: str) -> str:
    """Answer *text* in lower-case letters, digits and underscores, and no digit first."""
    name = _SEPARATORS.sub("_", text.lower()).strip("_")[:_LONGEST].strip("_")
    if not name or _MANY_HEX_DIGITS.search(name):
        return _NAMELESS
    return f"{_NAMELESS}_{name}" if name[0].isdigit() else name
