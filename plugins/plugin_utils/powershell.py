"""Writes PowerShell without lines of comment and without indentation, where that is sure to change nothing.

It reads lines, not the language: a script in which it does not understand a line stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_SIGNATURE = re.compile(r"^# SIG # Begin signature block", re.MULTILINE)
_ORDER = re.compile(r"#requires\b", re.IGNORECASE)
"""What PowerShell itself reads in a comment."""

_PIECE = re.compile(
    r"""
      `(?:.|$)                             # a sign that means nothing, or the end of the line does not
    | '(?:[^']|'')*'                       # a text
    | "(?:[^"`]|`.|"")*"                   # a text with signs that mean something
    | (?:(?<=[\s({;|,=])|^)\#.*            # a comment
    | (?P<here>@['"])$                     # a text begins: the lines up to the same two signs, turned round
    | [^`'"\#@<]+ | <(?!\#) | [\#@]        # anything else
    """,
    re.VERBOSE,
)


def compact(text: str) -> str:
    """Answer the PowerShell *text* without lines of comment and without indentation.

    One that is signed, or has a string or a comment over several lines where code is, stays as it is.
    """
    try:
        return text if _SIGNATURE.search(text) else "".join(f"{line}\n" for line in _lines(text))
    except ValueError:
        return text


def _lines(text: str) -> Iterator[str]:
    until, is_comment = "", False
    for line in text.splitlines():
        shown = line.lstrip()
        if until:
            yield line
            until = "" if line.startswith(until) else until
        elif is_comment or shown.startswith("<#"):
            is_comment = not _closes(shown)
        elif shown and (not shown.startswith("#") or _ORDER.match(shown)):
            yield shown
            until = _opened(shown)[::-1]
    if until or is_comment:
        raise ValueError("something does not end")


def _closes(line: str) -> bool:
    """Tell whether *line* ends a comment; raises `ValueError` where there is code behind it."""
    if "#>" in line and not line.rstrip().endswith("#>"):
        raise ValueError("code behind a comment")
    return "#>" in line


def _opened(line: str) -> str:
    """Answer the signs at the end of *line* that open a text over the next lines, or nothing.

    Raises `ValueError` where something else goes on there.
    """
    place, opened = 0, ""
    while place < len(line):
        piece = _PIECE.match(line, place)
        if piece is None:
            raise ValueError("something goes over several lines")
        place, opened = piece.end(), piece["here"] or ""
    return opened
