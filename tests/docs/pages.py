"""What a page of the documentation holds: its blocks, the markers before them, its headings and its links.

A block that is indented by four columns is commands. A fence names its language: `sh` is commands, `console` is a
transcript, commands behind `$ ` and below each what it prints; whatever has another language is not run. A marker is a
comment of HTML, `<!-- test: WORD REST -->`, with nothing but markers between it and its block; `running.py` says what
the words mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]

_MARKER = re.compile(r"<!-- test: (\w+)\s?(.*?)\s*-->", re.DOTALL)
_FENCE = re.compile(r"( *)(```+|~~~+)(\w*)\s*$")
_LINK = re.compile(r"(?<!\!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_CODE = re.compile(r"`+[^`]+`+")


@dataclass(frozen=True, slots=True)
class Marker:
    """What is said to the test, and to no reader."""

    line: int
    word: str
    rest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that stand as they are, with the language that the fence names; `sh` where they are indented instead."""

    line: int
    """Of the first line of its text, from 1."""
    language: str
    text: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page and, in a transcript, what it prints."""

    line: int
    command: str
    output: str | None
    """None where the page shows nothing, so nothing is compared."""


def name_of(page: Path) -> str:
    """Answer the path of *page* below the root."""
    return page.relative_to(ROOT).as_posix()


def parts_of(page: Path) -> Iterator[Marker | Block]:
    """Yield the markers and the blocks of *page* in their order."""
    lines = page.read_text("utf-8").splitlines()
    at = 0
    while at < len(lines):
        if fence := _FENCE.match(lines[at]):
            end = next(i for i in range(at + 1, len(lines)) if lines[i].strip() == fence[2])
            text = "\n".join(line.removeprefix(fence[1]) for line in lines[at + 1 : end])
            yield Block(line=at + 2, language=fence[3], text=text)
            at = end + 1
        elif lines[at].startswith("<!--"):
            end = next(i for i in range(at, len(lines)) if "-->" in lines[i])
            if marker := _MARKER.match("\n".join(lines[at : end + 1])):
                yield Marker(at + 1, marker[1], marker[2])
            at = end + 1
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1] or lines[at - 1].endswith("-->")):
            end = next((i for i in range(at, len(lines)) if lines[i] and not lines[i].startswith("    ")), len(lines))
            yield Block(line=at + 1, language="sh", text="\n".join(line[4:] for line in lines[at:end]).rstrip("\n"))
            at = end
        else:
            at += 1


def commands_of(block: Block) -> list[Shown]:
    """Answer the commands of *block*, those over several lines as one."""
    if block.language == "console":
        return list(_transcript(block))
    if block.language != "sh":
        return []
    return [Shown(line, command, None) for line, command in _joined(block.line, block.text.splitlines())]


def _transcript(block: Block) -> Iterator[Shown]:
    lines = block.text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("$ ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        span = start + 1
        while lines[span - 1].endswith("\\"):
            span += 1
        command = "\n".join(lines[start:span]).removeprefix("$ ")
        yield Shown(block.line + start, command, "\n".join(lines[span:end]) if lines[span:end] else None)


def _joined(first: int, lines: list[str]) -> Iterator[tuple[int, str]]:
    held: list[str] = []
    for number, line in enumerate(lines, first):
        held.append(line)
        if not line.endswith("\\"):
            command = "\n".join(held)
            if command.strip() and not command.lstrip().startswith("#"):
                yield number - len(held) + 1, command
            held = []


def prose_of(page: Path) -> str:
    """Answer the text of *page* without its blocks and comments."""
    text = re.sub(r"^<!--.*?-->", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^( *)(```+)\w*\n.*?^ *\2\s*$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<=\n\n)(?:    .*\n)+", "", text)


def links_of(page: Path) -> list[str]:
    """Answer where the links of *page* lead, in their order."""
    return _LINK.findall(_CODE.sub("``", prose_of(page)))


def anchors_of(page: Path) -> set[str]:
    """Answer the anchors that GitHub makes of the headings of *page*: lower case, dashes for blanks, no signs."""
    headings = re.findall(r"^#+ (.+?)\s*$", prose_of(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
