"""How a document is laid out: what white space its author would write next.

Pure reading of white space. A *lead* is the line break and the indentation before an element that
starts its line; an element inside a line has none.
"""

import re

from keydeploy.webconfig.document import Document, Element

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_COMMENTS_TO_LINE_END = re.compile(r"(?:[ \t]*<!--[^\r\n]*?-->)+(?=[ \t]*[\r\n])")
_BLANK_TO_LINE_END = re.compile(r"[ \t]*(?:[\r\n]|\Z)")
_DEFAULT_UNIT = "  "


def lead(text: str, offset: int) -> str | None:
    """Answer the lead of what starts at *offset*, or None when it does not start its line."""
    line = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset))
    if text[line + 1 : offset].strip(" \t"):
        return None
    line_break = line - 1 if text[line - 1 : line + 1] == "\r\n" else line
    return text[max(line_break, 0) : offset]


def child_lead(document: Document, parent: Element, near: Element | None) -> str | None:
    """Answer the lead of a new child of *parent* next to its child *near*; None keeps it on one line."""
    if near is None:
        own = own_lead(document, parent)
        return None if own is None else own + unit(document)
    leads = (lead(document.text, child.start) for child in (near, *parent.children))
    return next(filter(None, leads), None)


def own_lead(document: Document, element: Element) -> str | None:
    """Answer the lead of *element*, or of its end tag; None when it stands on one line with others."""
    found = lead(document.text, element.start)
    if found is None and not element.self_closing:
        found = lead(document.text, element.content_end)
    if found is None or found.startswith(("\r", "\n")):
        return found
    first_break = _LINE_BREAK.search(document.text)
    return first_break[0] + found if first_break else None


def unit(document: Document) -> str:
    """Answer by what a child is indented, as the first child that is indented shows."""
    for parent in document.root.walk():
        outer = _indentation(document.text, parent)
        for child in parent.children:
            inner = _indentation(document.text, child)
            if outer is not None and inner is not None and inner.startswith(outer) and inner != outer:
                return inner.removeprefix(outer)
    return _DEFAULT_UNIT


def self_closing_end(document: Document) -> str:
    """Answer `/>` with a space before it, or without where the document's first such tag has none."""
    for element in document.root.walk():
        if element.self_closing:
            return "/>" if element.tag_end == element.end - len("/>") else " />"
    return " />"


def attribute_lead(document: Document, element: Element) -> str:
    """Answer the white space before a further attribute: that of the last one, or a space."""
    if not element.attributes:
        return " "
    return lead(document.text, element.attributes[-1].start) or " "


def behind_comments(document: Document, offset: int) -> int:
    """Answer the offset behind the comments that end the line of *offset*: they speak of what stands before."""
    found = _COMMENTS_TO_LINE_END.match(document.text, offset)
    return found.end() if found else offset


def extent(document: Document, element: Element) -> tuple[int, int]:
    """Answer the range that disappears with *element*: its lead too when it has its lines for itself."""
    found = lead(document.text, element.start)
    if found and _BLANK_TO_LINE_END.match(document.text, element.end):
        return element.start - len(found), element.end
    return element.start, element.end


def _indentation(text: str, element: Element) -> str | None:
    found = lead(text, element.start)
    return None if found is None else found.lstrip("\r\n")
