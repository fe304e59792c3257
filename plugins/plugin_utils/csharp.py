"""Writes C# so that it takes less room on the way: without comments, with blanks only where words would run together.

What a compiler makes of it stays the same to the last instruction, and a person can still read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

_TEXT, _ORDER, _KEPT = "\0", "\1", "\2"
"""Stand for a text, for an order and for a blank that stays, while the code around them is written anew."""

_OPAQUE = re.compile(
    r"""
      (?P<order>//(?:AssemblyReference|NoWarn|TypeAccelerator|AllowUnsafe)[^\n]*|\#[^\n]*)
    | (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<text>@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
    """,
    re.DOTALL | re.VERBOSE,
)
"""An order is a comment that Ansible's compiler reads, or a directive of C#'s; it has a line of its own."""

_WITHOUT_SAYING = re.compile(r"private(?<![\w@]private)\s++(?!(?:get|set)\b)")
"""What is in a class and says nothing is private; a getter or setter that says nothing is as public as its property."""

_MARKS = frozenset(["++", "--", "&&", "||", "==", "=>", "<<", "<=", ">=", "??", "::", "//", "/*", "->", "?.", "?["])
_ASSIGNING = frozenset("+-*/%&|^!")
"""Marks that mean something else when they touch the next one, the latter with an equals sign."""

# Each begins with what it looks for, so that the search is quick; what stands before is looked at behind it.
_RUN = re.compile(r"  +")
_BETWEEN_MARKS = re.compile(r" (?<=[^\w\s] )(?=[^\w\s])")
_BEFORE_POINT = re.compile(r" (?<=\d )(?=\.)")
_BEFORE_MARK = re.compile(r" (?![\w@])")
_BEHIND_MARK = re.compile(r" (?<!\w )")

_IMPORT = re.compile(r"//\w[^\n]*\n|using [\w.]+;")
_HEAD = re.compile(rf"(?:{_IMPORT.pattern})*")
_BODY = re.compile(r"namespace \w+\{")


@cache
def compact(text: str) -> str:
    """Answer the C# *text* in one line, without comments, needless blanks and the word `private`, which says nothing.

    Only an order has a line of its own. Raises `ValueError` for a text that is not C#.
    """
    kept: dict[str, list[str]] = {_TEXT: [], _ORDER: []}

    def hidden(match: re.Match[str]) -> str:
        if match.lastgroup == "comment":
            return " "
        sign = _TEXT if match.lastgroup == "text" else _ORDER
        kept[sign].append(match.group().rstrip())
        return sign

    code = _OPAQUE.sub(hidden, text)
    if set(code) & {'"', "'", _KEPT} or code.count(_TEXT) != len(kept[_TEXT]):
        raise ValueError("a string does not end, or there is a sign that C# does not know")
    for blank in "\t\r\n":
        code = code.replace(blank, " ")
    code = _RUN.sub(" ", _WITHOUT_SAYING.sub("", code))
    code = _BEFORE_POINT.sub(_KEPT, _BETWEEN_MARKS.sub(_between_marks, code))
    code = _BEHIND_MARK.sub("", _BEFORE_MARK.sub("", code)).replace(_KEPT, " ")
    shown = {sign: iter(found) for sign, found in kept.items()}
    lines = re.sub(f"{_ORDER}+", lambda match: f"\n{chr(10).join(match.group())}\n", code)
    return re.sub(f"[{_TEXT}{_ORDER}]", lambda match: next(shown[match.group()]), lines).strip("\n") + "\n"


def joined(texts: Iterable[str]) -> str:
    """Answer compact *texts* as one, each in a line; what stands at the head of each comes first, and once.

    Raises `ValueError` where a text does not consist of imports, each under its own name, and a namespace.
    """
    heads: set[str] = set()
    bodies: list[str] = []
    for text in texts:
        head = _HEAD.match(text)
        place = head.end() if head else 0
        if not _BODY.match(text, place):
            raise ValueError("a text does not consist of imports and a namespace")
        heads.update(_IMPORT.findall(text[:place]))
        bodies.append(text[place:])
    return "".join([*sorted(heads), "\n", *bodies])


def _between_marks(match: re.Match[str]) -> str:
    left, right = match.string[match.start() - 1], match.string[match.end()]
    return _KEPT if left + right in _MARKS or (left in _ASSIGNING and right == "=") else ""
