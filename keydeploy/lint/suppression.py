"""Comments in files by which people accept a finding, with the reason.

In XML `<!-- keydeploy: ignore RULE-ID: reason -->` right before the element that it concerns, with all that is in it;
in YAML and PEM `# keydeploy: ignore RULE-ID: reason` behind a value, or on the line before it. Before the root element
of XML, or before everything else in YAML and PEM, it concerns the whole file.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from xml.parsers import expat

from keydeploy.lint.model import Finding, Rule, Suppressed
from keydeploy.lint.rules.suppressions import UNKNOWN, UNUSED, WITHOUT_REASON
from keydeploy.lint.sight import shown
from keydeploy.webconfig.document import Document

Place = tuple[int, int]
"""Line and column, from 1."""

_MARK = "keydeploy:"
_IGNORE = re.compile(r"\s*keydeploy:\s*ignore(?![\w-])\s*([\w-]*)\s*(.*)", re.DOTALL | re.IGNORECASE)
_LINE_COMMENT = re.compile(r"(?:^|(?<=\s))#(\s*keydeploy:\s*ignore(?![\w-]).*)$", re.IGNORECASE)
_NO_CONTENT = re.compile(r"\s*(?:#.*|---\s*|%YAML.*)?")
_BETWEEN = re.compile(r"(?:\s|<!--.*?-->)*", re.DOTALL)
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

    def concerns(self, finding: Finding) -> bool:
        """Tell whether it is about *finding*."""
        if finding.file != self.file or finding.rule.id != self.rule:
            return False
        if self.covers_file:
            return True
        first, last = self.covers
        return finding.line is not None and first <= (finding.line, finding.column or 1) < last


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What is left when suppressions have done their work."""

    findings: tuple[Finding, ...]
    """With those about the suppressions themselves."""
    suppressed: tuple[Suppressed, ...]


def settle(
    findings: Iterable[Finding], suppressions: Iterable[Suppression], known: Iterable[Rule], judged: Collection[str]
) -> Settled:
    """Take out of *findings* what *suppressions* are about.

    *known* are all rules; *judged* the ids of those that ran, so that a suppression of another one is not called
    unused.
    """
    suppressions = tuple(suppressions)
    kept: list[Finding] = []
    suppressed: list[Suppressed] = []
    used: set[Suppression] = set()
    for finding in findings:
        hits = [each for each in suppressions if each.reason and each.concerns(finding)]
        used.update(hits)
        if hits:
            suppressed.append(Suppressed(finding=finding, reason=hits[-1].reason))
        else:
            kept.append(finding)
    ids = {rule.id for rule in known}
    kept.extend(fault for each in suppressions for fault in _faults(each, ids, judged, is_used=each in used))
    return Settled(findings=tuple(kept), suppressed=tuple(suppressed))


def in_document(file: str, document: Document) -> Iterator[Suppression]:
    """Yield the suppressions in an XML file."""
    if _MARK not in document.text.lower():
        return
    for offset, comment in _comments(document.text):
        found = _IGNORE.fullmatch(comment)
        if found is None:
            continue
        before_root = offset < document.root.start
        covers = _EVERYTHING if before_root else _next_element(document, document.text.index("-->", offset) + 3)
        yield _suppression(file, _place(document, offset), found, covers, covers_file=before_root)


def in_lines(file: str, text: str) -> Iterator[Suppression]:
    """Yield the suppressions in a file whose comments begin with `#`."""
    if _MARK not in text.lower():
        return
    lines = text.splitlines()
    begun = False
    for number, line in enumerate(lines, 1):
        match = _LINE_COMMENT.search(line)
        found = _IGNORE.fullmatch(match[1]) if match else None
        alone = _NO_CONTENT.fullmatch(line) is not None
        begun = begun or not alone
        if match is None or found is None:
            continue
        target = number if not alone else _next_content(lines, number)
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


def _faults(each: Suppression, ids: set[str], judged: Collection[str], *, is_used: bool) -> Iterator[Finding]:
    if each.rule not in ids:
        name = shown(each.rule.replace("-", " "))
        yield _fault(each, UNKNOWN, f"no rule is called {each.rule}" if name else "no rule has this id")
    elif not each.reason:
        yield _fault(each, WITHOUT_REASON, f"{each.rule} is suppressed without a reason")
    elif not is_used and each.rule in judged:
        yield _fault(each, UNUSED, f"{each.rule} does not strike here")


def _fault(each: Suppression, rule: Rule, text: str) -> Finding:
    line, column = each.place
    subject = "suppression" if rule is UNKNOWN else f"suppression of {each.rule}"
    return Finding(rule=rule, file=each.file, line=line, column=column, text=text, subject=subject)


def _next_element(document: Document, offset: int) -> tuple[Place, Place]:
    """Answer what the element at *offset*, behind white space and other comments, extends over."""
    found = _BETWEEN.match(document.text, offset)
    start = found.end() if found else offset
    element = next((each for each in document.root.walk() if each.start == start), None)
    return _NOTHING if element is None else (_place(document, element.start), _place(document, element.end))


def _next_content(lines: list[str], number: int) -> int:
    return next((n for n in range(number + 1, len(lines) + 1) if not _NO_CONTENT.fullmatch(lines[n - 1])), number)


def _place(document: Document, offset: int) -> Place:
    line, column = document.place(offset).split(":")
    return int(line), int(column)


def _comments(text: str) -> list[tuple[int, str]]:
    """Answer the comments of the XML *text*, which is well-formed, with the offset of each in characters."""
    found: list[tuple[int, str]] = []
    content = text.encode()
    parser = expat.ParserCreate("utf-8")

    def comment(data: str) -> None:
        if _MARK in data.lower():
            found.append((len(content[: parser.CurrentByteIndex].decode()), data))

    parser.CommentHandler = comment
    parser.Parse(content, True)
    parser.CommentHandler = None
    return found
