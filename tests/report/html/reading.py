"""Reads a page as a tree: what a test asks of it is asked of elements, never of strings."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "br", "wbr", "line", "circle", "path"}
INLINE = {"a", "bdi", "code", "span", "strong", "time", "wbr"}
"""What stands within a line; around all else there is room."""


@dataclass
class Element:
    """One element."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    content: "list[Element | str]" = field(default_factory=list)

    def all(self, *tags: str) -> "Iterator[Element]":
        """Yield this and every element below it that is one of *tags*, of any where there are none."""
        if not tags or self.tag in tags:
            yield self
        for each in self.content:
            if isinstance(each, Element):
                yield from each.all(*tags)

    def one(self, tag: str) -> "Element":
        """Answer the only *tag* below it."""
        (found,) = self.all(tag)
        return found

    @property
    def text(self) -> str:
        """Answer the text below it, without white space that does not count."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for each in self.content:
            if isinstance(each, str):
                yield each
            elif each.tag != "style":
                room = "" if each.tag in INLINE else " "
                yield room
                yield from each._texts()
                yield room


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document")]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].content.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop().tag == tag, f"{tag} ends what it has not begun"

    def handle_data(self, data: str) -> None:
        self.open[-1].content.append(data)


def read(page: str) -> Element:
    """Read *page*; every element must be closed where it belongs."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    (document,) = reader.open
    return document.one("html")


def cells(document: Element) -> dict[tuple[str, str], str]:
    """Answer the words in the cells of the first picture, by node and column."""
    table = next(each for each in document.all("table") if "matrix" in each.attributes["class"])
    columns = [head.text for head in table.one("thead").all("th")][1:]
    rows = table.one("tbody").all("tr")
    return {
        (row.one("th").text, column): cell.text
        for row in rows
        for column, cell in zip(columns, row.all("td"), strict=True)
    }


def section(document: Element, title: str) -> Element:
    """Answer the section whose heading begins with *title*."""
    return next(each for each in document.all("section") if next(each.all("h2")).text.startswith(title))
