"""Collects changes to a document and answers the smallest edits that make them.

The editor shows the document as it will be, so that several changes may meet in one parent, also in one
that is still to be created. Nothing is written here.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from xml.sax.saxutils import escape

from keydeploy.edit import Ciphertext, Edit, Literal, Piece, Reference
from keydeploy.errors import DocumentError
from keydeploy.webconfig import layout
from keydeploy.webconfig.document import Attribute, Document, Element

Value = str | Reference
"""An attribute's value: text as a reader of the file shall see it, or a declared secret."""

_ESCAPES = {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_QUOTES = {'"': "&quot;", "'": "&apos;"}
_TABS = re.compile("^\t+", re.MULTILINE)
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, production 2."""


@dataclass(slots=True, eq=False, repr=False)
class NewElement:
    """An element to be inserted."""

    name: str
    attributes: dict[str, Value] = field(default_factory=dict)
    children: list["NewElement"] = field(default_factory=list)
    content: Ciphertext | None = None
    """What it holds in place of children."""


Node = Element | NewElement


@dataclass(frozen=True, slots=True)
class _Change:
    """An edit in characters of the text."""

    start: int
    end: int
    pieces: tuple[Piece, ...]


class Editor:
    """Changes to one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._children: dict[Element, list[Node]] = {}
        self._values: dict[Element, dict[str, Value | None]] = {}
        self._removed: list[Element] = []
        self._contents: dict[Element, Ciphertext] = {}

    def children(self, parent: Node, name: str | None = None) -> tuple[Node, ...]:
        """Answer the children of *parent* as they will be; with *name*, those called so."""
        found = parent.children if isinstance(parent, NewElement) else self._children.get(parent, parent.children)
        return tuple(child for child in found if name is None or child.name == name)

    def value(self, node: Node, name: str) -> Value | None:
        """Answer the value that the attribute *name* will have, or None."""
        if isinstance(node, NewElement):
            return node.attributes.get(name)
        return self._values.get(node, {}).get(name, node.get(name))

    def ensure(self, parent: Node, *path: str) -> Node:
        """Answer the first element at *path* below *parent*; what is missing is appended."""
        for name in path:
            found = self.children(parent, name)
            parent = found[0] if found else self.append(parent, NewElement(name))
        return parent

    def append(self, parent: Node, new: NewElement) -> NewElement:
        """Insert *new* as the last child of *parent*."""
        return self.insert(parent, len(self.children(parent)), new)

    def insert(self, parent: Node, index: int, new: NewElement) -> NewElement:
        """Insert *new* before the child of *parent* that is at *index* now."""
        if isinstance(parent, NewElement):
            parent.children.insert(index, new)
        else:
            self._list(parent).insert(index, new)
        return new

    def remove(self, parent: Element, child: Element) -> None:
        """Remove *child* with all its content."""
        self._list(parent).remove(child)
        self._removed.append(child)

    def set_attribute(self, node: Node, name: str, value: Value) -> None:
        """Give the attribute *name* the value *value*; a new one comes last."""
        if isinstance(node, NewElement):
            node.attributes[name] = value
        else:
            self._values.setdefault(node, {})[name] = value

    def remove_attribute(self, node: Node, name: str) -> None:
        """Remove the attribute *name*, if there is one, with the white space before it."""
        if isinstance(node, NewElement):
            node.attributes.pop(name, None)
        else:
            self._values.setdefault(node, {})[name] = None

    def fill(self, node: Node, content: Ciphertext) -> None:
        """Put *content*, laid out as the document is, in place of all that stands between the tags of *node*."""
        if isinstance(node, NewElement):
            node.children, node.content = [], content
        else:
            self._children[node] = []
            self._contents[node] = content

    def edits(self) -> tuple[Edit, ...]:
        """Answer the edits, in order and without overlap.

        Raises `DocumentError` for a value that XML cannot express.
        """
        changes = sorted(self._changes(), key=lambda change: (change.start, change.end))
        if changes and not self.document.exists:
            return (Edit(0, 0, _joined(_woven(self.document.text, changes))),)
        offset = self.document.byte_offset
        return tuple(Edit(offset(change.start), offset(change.end), change.pieces) for change in changes)

    def _list(self, parent: Element) -> list[Node]:
        return self._children.setdefault(parent, list(parent.children))

    def _changes(self) -> Iterator[_Change]:
        for element in self._removed:
            if not self._inside_gone(element):
                yield _Change(*layout.extent(self.document, element), ())
        for element, values in self._values.items():
            if not self._is_gone(element):
                yield from self._attribute_changes(element, values)
        for parent, children in self._children.items():
            if not self._is_gone(parent):
                yield from self._child_changes(parent, children)
        for element, content in self._contents.items():
            if not self._is_gone(element):
                yield self._filling(element, content)

    def _is_gone(self, element: Element) -> bool:
        return element in self._removed or self._inside_gone(element)

    def _inside_gone(self, element: Element) -> bool:
        """Tell whether *element* goes because what holds it goes, or gets another content."""
        return any(outer.start < element.start < outer.end for outer in (*self._removed, *self._contents))

    def _attribute_changes(self, element: Element, values: dict[str, Value | None]) -> Iterator[_Change]:
        present = {attribute.name: attribute for attribute in element.attributes}
        added: list[Piece] = []
        quote = self.document.text[element.attributes[-1].value_end] if element.attributes else '"'
        for name, value in values.items():
            if name in present:
                yield self._changed(present[name], value)
            elif value is not None:
                separator = layout.attribute_lead(self.document, element)
                added += self._attribute(separator, name, value, quote)
        if added:
            yield _Change(element.tag_end, element.tag_end, _joined(added))

    def _changed(self, attribute: Attribute, value: Value | None) -> _Change:
        if value is None:
            return _Change(attribute.space_start, attribute.end, ())
        quote = self.document.text[attribute.value_end]
        return _Change(attribute.value_start, attribute.value_end, (self._piece(value, quote),))

    def _child_changes(self, parent: Element, children: list[Node]) -> Iterator[_Change]:
        """Yield one insertion for each run of new children, behind the old child before it."""
        run: list[NewElement] = []
        before: Element | None = None
        for child in children:
            if isinstance(child, NewElement):
                run.append(child)
                continue
            if run:
                yield self._insertion(parent, before, run)
            run, before = [], child
        if run:
            yield self._insertion(parent, before, run)

    def _filling(self, element: Element, content: Ciphertext) -> _Change:
        lead = layout.own_lead(self.document, element)
        pieces = self._content(content, lead)
        if not element.self_closing:
            return _Change(element.content_start, element.content_end, _joined(pieces))
        name = self.document.text[element.start + 1 : element.name_end]
        return _Change(element.tag_end, element.end, _joined([Literal(">"), *pieces, Literal(f"</{name}>")]))

    def _insertion(self, parent: Element, before: Element | None, run: list[NewElement]) -> _Change:
        near = before or next(iter(parent.children), None)
        lead = layout.child_lead(self.document, parent, near)
        pieces = [piece for new in run for piece in self._element(new, lead)]
        if near is not None:
            offset = layout.behind_comments(self.document, before.end if before else parent.content_start)
            return _Change(offset, offset, _joined(pieces))
        return self._first_content(parent, pieces, one_line=lead is None)

    def _first_content(self, parent: Element, pieces: list[Piece], *, one_line: bool) -> _Change:
        """Put *pieces* into *parent*, which holds no element yet and may have no end tag."""
        text = self.document.text
        outer = "" if one_line else layout.own_lead(self.document, parent) or ""
        if parent.self_closing:
            name = text[parent.start + 1 : parent.name_end]
            expanded = [Literal(">"), *pieces, Literal(f"{outer}</{name}>")]
            return _Change(parent.tag_end, parent.end, _joined(expanded))
        content = text[parent.content_start : parent.content_end]
        kept = content.rstrip(" \t\r\n")
        if "\n" in content[len(kept) :] or "\r" in content[len(kept) :]:
            outer = ""
        offset = parent.content_start + len(kept)
        return _Change(offset, offset, _joined([*pieces, Literal(outer)]))

    def _element(self, new: NewElement, lead: str | None) -> Iterator[Piece]:
        """Yield *new* with its lead before it; without one, all of it stays on the line."""
        yield Literal(f"{lead or ''}<{new.name}")
        for name, value in new.attributes.items():
            yield from self._attribute(" ", name, value, '"')
        if not new.children and new.content is None:
            yield Literal(layout.self_closing_end(self.document))
            return
        yield Literal(">")
        if new.content is not None:
            yield from self._content(new.content, lead)
        else:
            inner = None if lead is None else lead + layout.unit(self.document)
            for child in new.children:
                yield from self._element(child, inner)
            yield Literal(lead or "")
        yield Literal(f"</{new.name}>")

    def _content(self, content: Ciphertext, lead: str | None) -> Iterator[Piece]:
        """Yield *content* on lines of its own, for an element with *lead*; without one, all of it stays on the line."""
        if lead is None:
            yield replace(content, text=_TABS.sub("", content.text).replace("\n", ""))
            return
        unit = layout.unit(self.document)
        lines = _TABS.sub(lambda tabs: unit * len(tabs[0]), content.text)
        yield Literal(lead + unit)
        yield replace(content, text=lines.replace("\n", lead + unit))
        yield Literal(lead)

    def _attribute(self, separator: str, name: str, value: Value, quote: str) -> tuple[Piece, ...]:
        return Literal(f"{separator}{name}={quote}"), self._piece(value, quote), Literal(quote)

    def _piece(self, value: Value, quote: str) -> Piece:
        if isinstance(value, Reference):
            return value
        if _NOT_XML.search(value):
            raise DocumentError(
                "a declared value holds a character that XML does not know", hint="remove control characters"
            )
        escaped = escape(value, _ESCAPES | {quote: _QUOTES[quote]})
        encoding = self.document.encoding
        return Literal(escaped.encode(encoding, "xmlcharrefreplace").decode(encoding))


def _joined(pieces: Iterable[Piece]) -> tuple[Piece, ...]:
    """Merge literals that follow one another and drop empty ones."""
    joined: list[Piece] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if isinstance(piece, Literal) and isinstance(last, Literal):
            joined[-1] = Literal(last.text + piece.text)
        elif piece != Literal(""):
            joined.append(piece)
    return tuple(joined)


def _woven(text: str, changes: Iterable[_Change]) -> Iterator[Piece]:
    """Yield the whole of *text* with *changes* made."""
    position = 0
    for change in changes:
        yield Literal(text[position : change.start])
        yield from change.pieces
        position = change.end
    yield Literal(text[position:])
