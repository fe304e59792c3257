"""Comments in files by which people accept a finding, with the reason.

In XML `<!-- keydeploy: ignore RULE-ID: reason -->` right before the element that it concerns, with all that is in it;
in YAML and PEM `# keydeploy: ignore RULE-ID: reason` behind a value, or on the line before it. Before the root element
of XML, or before everything else in YAML and PEM, it concerns the whole file.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.parsers import expat

from keydeploy.webconfig.document import Document, Element

Place = tuple[int, int]
"""Line and column, from 1."""

_MARK = "keydeploy:"
_IGNORE = re.compile(r"\s*keydeploy:\s*ignore(?![\w-])\s*([\w-]*)\s*(.*)", re.DOTALL | re.IGNORECASE)
_LINE_COMMENT = re.compile(r"(?:^|(?<=\s))#(\s*keydeploy:\s*ignore(?![\w-]).*)$", re.IGNORECASE)
_NO_CONTENT = re.compile(r"\s*(?:#.*|---\s*|%YAML.*)?")
_WHITE = re.compile(r"\s*")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_EVERYTHING: tuple[Place, Place] = (0, 0), (2**31, 0)
_NOTHING: tuple[Place, Place] = (0, 0), (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """One such comment."""

    file: str
    place: Place
    rule: str
    """The id that it names, as written; empty where it names none."""
    reason: str
    """Empty where none is given: then it does not count."""
    covers: tuple[Place, Place]
    """From the first to behind the last place that it concerns."""
    covers_file: bool = False


def in_document(file: str, document: Document) -> Iterator[Suppression]:
    """Yield the suppressions in an XML file."""
    if _MARK not in document.text.lower():
        return
    comments = _comments(document.text)
    followed_by = _followed_by(document, [offset for offset, _ in comments])
    lines = [0, *(match.end() for match in _LINE_BREAK.finditer(document.text))]
    for offset, comment in comments:
        found = _IGNORE.fullmatch(comment)
        if found is None:
            continue
        before_root = offset < document.root.start
        element = followed_by.get(offset)
        within = (_place(lines, element.start), _place(lines, element.end)) if element else _NOTHING
        covers = _EVERYTHING if before_root else within
        yield _suppression(file, _place(lines, offset), found, covers, covers_file=before_root)


def in_lines(file: str, text: str) -> Iterator[Suppression]:
    """Yield the suppressions in a file whose comments begin with `#`."""
    if _MARK not in text.lower():
        return
    lines = text.splitlines()
    targets = _next_contents(lines)
    begun = False
    for number, line in enumerate(lines, 1):
        match = _LINE_COMMENT.search(line)
        found = _IGNORE.fullmatch(match[1]) if match else None
        alone = _NO_CONTENT.fullmatch(line) is not None
        begun = begun or not alone
        if match is None or found is None:
            continue
        target = number if not alone else targets[number]
        covers = ((target, 0), (target + 1, 0)) if begun else _EVERYTHING
        yield _suppression(file, (number, match.start() + 1), found, covers, covers_file=not begun)


def _suppression(
    file: str, place: Place, found: re.Match[str], covers: tuple[Place, Place], *, covers_file: bool
) -> Suppression:
    return Suppression(
        file=file,
        place=place,
        rule=found[1].lower(),
        reason=" ".join(found[2].removeprefix(":").split()) if found[2].startswith(":") else "",
        covers=covers,
        covers_file=covers_file,
    )


def _followed_by(document: Document, comments: Sequence[int]) -> dict[int, Element]:
    """Answer the element before which each of *comments* stands, all of the file by offset; others may be between."""
    elements = {element.start: element for element in document.root.walk()}
    found: dict[int, Element] = {}
    for offset in reversed(comments):
        end = document.text.index("-->", offset) + len("-->")
        white = _WHITE.match(document.text, end)
        following = white.end() if white else end
        element = found.get(following) or elements.get(following)
        if element is not None:
            found[offset] = element
    return found


def _next_contents(lines: Sequence[str]) -> dict[int, int]:
    """Answer by the number of each line that of the next one with content, or its own where there is none."""
    found: dict[int, int] = {}
    following: int | None = None
    for number in range(len(lines), 0, -1):
        found[number] = number if following is None else following
        if not _NO_CONTENT.fullmatch(lines[number - 1]):
            following = number
    return found


def _place(lines: Sequence[int], offset: int) -> Place:
    """Answer the place of *offset* in a text whose *lines* begin there."""
    number = bisect_right(lines, offset)
    return number, offset - lines[number - 1] + 1


def _comments(text: str) -> list[tuple[int, str]]:
    """Answer all comments of the XML *text*, which is well-formed, with the offset of each in characters."""
    found: list[tuple[int, str]] = []
    content = text.encode()
    parser = expat.ParserCreate("utf-8")
    behind, offset = 0, 0

    def comment(data: str) -> None:
        nonlocal behind, offset
        offset += len(content[behind : parser.CurrentByteIndex].decode())
        behind = parser.CurrentByteIndex
        found.append((offset, data))

    parser.CommentHandler = comment
    parser.Parse(content, True)
    parser.CommentHandler = None
    return found
