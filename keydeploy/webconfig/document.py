"""Reads a configuration file into elements that know where they stand.

expat judges whether the file is well-formed and resolves the values; the scan of this module only
finds where, inside a start tag, each attribute lies. Nothing here shows the content of a file: it
may hold passwords.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from xml.parsers import expat

from keydeploy.errors import DocumentError
from keydeploy.secret import Secret
from keydeploy.webconfig.encoding import Decoded, decode

_CONFIGURATION_NAMESPACE = "http://schemas.microsoft.com/.NetConfiguration/v2.0"
"""Visual Studio 2005 put it on `<configuration>`; .NET treats it as no namespace."""

_NEW_FILE = '<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n</configuration>\r\n'
_TAG_NAME = re.compile(r"<([^ \t\r\n/>]+)")
_ATTRIBUTE = re.compile(r"""[ \t\r\n]+([^ \t\r\n=/>]+)[ \t\r\n]*=[ \t\r\n]*("[^"]*"|'[^']*')""")
_TAG_END = re.compile(r"[ \t\r\n]*(/?)>")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Attribute:
    """An attribute and where it stands; offsets are in characters of the document's text."""

    name: str
    """As written, with its prefix."""
    value: str
    """With references resolved and white space normalised."""
    space_start: int
    """Where the white space before the name starts."""
    start: int
    value_start: int
    value_end: int

    @property
    def end(self) -> int:
        """The offset behind the closing quote."""
        return self.value_end + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Element:
    """An element and where it stands; offsets are in characters of the document's text."""

    name: str
    """The local name when the element is in no namespace, otherwise `{namespace}local`."""
    attributes: tuple[Attribute, ...]
    children: tuple["Element", ...]
    start: int
    name_end: int
    tag_end: int
    """Where the `>` or `/>` of the start tag begins, with the white space before it."""
    content_start: int
    """Behind the start tag."""
    content_end: int
    """Where the end tag starts; behind the tag when there is none."""
    end: int

    @property
    def self_closing(self) -> bool:
        """Tell whether the element is written `<name/>`."""
        return self.content_end == self.end

    def get(self, name: str) -> str | None:
        """Answer the value of the attribute *name*, or None."""
        return next((attribute.value for attribute in self.attributes if attribute.name == name), None)

    def named(self, name: str) -> Iterator["Element"]:
        """Yield the children called *name*."""
        return (child for child in self.children if child.name == name)

    def walk(self) -> Iterator["Element"]:
        """Yield this element and all below it, in document order."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(reversed(element.children))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Document:
    """A configuration file: its text and its root element."""

    text: str
    encoding: str
    """The codec of `keydeploy.edit.fill_in` for this file."""
    mark: int
    """The length of the byte order mark in bytes."""
    root: Element
    exists: bool
    """False for a file that is to be created: then the text is what it starts from."""

    @property
    def content(self) -> bytes:
        """The bytes of the file; none where it is to be created."""
        mark = "\ufeff" if self.mark else ""
        return f"{mark}{self.text}".encode(self.encoding) if self.exists else b""

    def outer(self, element: Element) -> Secret:
        """Answer *element* as it is written, from its start tag to its end tag, in UTF-8."""
        return Secret.of(self.text[element.start : element.end])

    def byte_offset(self, offset: int) -> int:
        """Answer where in the file's bytes the character at *offset* starts."""
        return self.mark + len(self.text[:offset].encode(self.encoding))

    def place(self, offset: int) -> str:
        """Answer `LINE:COLUMN`, both counted from 1, columns in characters."""
        return _place(self.text, offset)

    def refuse(self, element: Element, rule: str, *, hint: str) -> NoReturn:
        """Raise `DocumentError` for *rule* at *element*."""
        raise DocumentError(f"{self.place(element.start)}: {rule}", hint=hint)


def parse(data: bytes) -> Document:
    """Read the file *data*.

    Raises `DocumentError` for a file that cannot be edited safely: not well-formed, with a DTD, empty, or
    in an encoding other than the one it declares.
    """
    decoded = decode(data)
    if not decoded.text.strip(" \t\r\n"):
        raise DocumentError("the file is empty", hint="delete it, or put its content back")
    return _document(decoded, exists=True)


def empty_document() -> Document:
    """Answer the document of a file that does not exist; its first edit creates it, in UTF-8 with CRLF."""
    return _document(Decoded(_NEW_FILE, "utf-8", 0), exists=False)


def _document(decoded: Decoded, *, exists: bool) -> Document:
    root = _Builder(decoded.text).build()
    return Document(text=decoded.text, encoding=decoded.codec, mark=decoded.mark, root=root, exists=exists)


def _place(text: str, offset: int) -> str:
    breaks = list(_LINE_BREAK.finditer(text, 0, offset))
    start = breaks[-1].end() if breaks else 0
    return f"{len(breaks) + 1}:{offset - start + 1}"


@dataclass(slots=True, kw_only=True)
class _StartTag:
    name: str
    attributes: tuple[Attribute, ...]
    children: list[Element]
    start: int
    name_end: int
    tag_end: int
    end: int
    self_closing: bool


class _Builder:
    """Turns expat's events into elements; expat reads UTF-8, so its byte offsets are counted into characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._utf8 = text.encode()
        self._byte = 0
        self._character = 0
        self._open: list[_StartTag] = []
        self._done: list[Element] = []
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.ordered_attributes = True
        self._parser.XmlDeclHandler = self._declaration
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def build(self) -> Element:
        if self._text.startswith("\ufeff"):
            raise DocumentError("1:1: a second byte order mark", hint="remove it")
        try:
            self._parser.Parse(self._utf8, True)
        except expat.ExpatError as error:
            before = self._utf8[: self._parser.ErrorByteIndex].decode(errors="ignore")
            place = _place(self._text, len(before))
            message = f"{place}: not well-formed XML: {expat.ErrorString(error.code)}"
            raise DocumentError(message, hint="ASP.NET does not read the file either; correct it by hand") from None
        finally:
            self._forget()
        return self._done[0]

    def _forget(self) -> None:
        """Part the parser from its handlers: together they are a cycle that would keep the text in memory."""
        self._parser.XmlDeclHandler = self._parser.StartDoctypeDeclHandler = None
        self._parser.StartElementHandler = self._parser.EndElementHandler = None

    def _offset(self) -> int:
        """Answer where in the text the event stands; events come in order, so each byte is counted once."""
        index = self._parser.CurrentByteIndex
        self._character += len(self._utf8[self._byte : index].decode())
        self._byte = index
        return self._character

    def _declaration(self, version: str, _encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            raise DocumentError("1:1: the XML version is not 1.0", hint="declare version 1.0, the one .NET reads")

    def _doctype(self, *_: object) -> None:
        place = _place(self._text, self._offset())
        raise DocumentError(f"{place}: the file has a DTD", hint="remove it; a configuration file needs none")

    def _start(self, name: str, values: list[str]) -> None:
        start = self._offset()
        tag = _required(_TAG_NAME.match(self._text, start))
        attributes = tuple(_attributes(self._text, tag.end(), values))
        tag_end = attributes[-1].end if attributes else tag.end()
        end = _required(_TAG_END.match(self._text, tag_end))
        self._open.append(
            _StartTag(
                name=_name(name, tag[1]),
                attributes=attributes,
                children=[],
                start=start,
                name_end=tag.end(),
                tag_end=tag_end,
                end=end.end(),
                self_closing=end[1] == "/",
            )
        )

    def _end(self, _name: str) -> None:
        offset = self._offset()
        tag = self._open.pop()
        content_end = tag.end if tag.self_closing else offset
        element = Element(
            name=tag.name,
            attributes=tag.attributes,
            children=tuple(tag.children),
            start=tag.start,
            name_end=tag.name_end,
            tag_end=tag.tag_end,
            content_start=tag.end,
            content_end=content_end,
            end=content_end if tag.self_closing else self._text.index(">", content_end) + 1,
        )
        (self._open[-1].children if self._open else self._done).append(element)


def _attributes(text: str, offset: int, values: list[str]) -> Iterator[Attribute]:
    """Yield the attributes of the tag whose name ends at *offset*.

    *values* is what expat found, names and values by turns, in the same order but without namespace declarations.
    """
    resolved = iter(values[1::2])
    while found := _ATTRIBUTE.match(text, offset):
        name = found[1]
        yield Attribute(
            name=name,
            value=found[2][1:-1] if is_namespace_declaration(name) else next(resolved),
            space_start=found.start(),
            start=found.start(1),
            value_start=found.start(2) + 1,
            value_end=found.end(2) - 1,
        )
        offset = found.end()


def is_namespace_declaration(attribute: str) -> bool:
    """Tell whether the attribute of that name declares a namespace."""
    return attribute == "xmlns" or attribute.startswith("xmlns:")


def _name(resolved: str, written: str) -> str:
    """Answer an element's name; .NET compares names as written, so that a prefix always makes another name."""
    namespace, _, local = resolved.rpartition(" ")
    if namespace in ("", _CONFIGURATION_NAMESPACE) and ":" not in written:
        return local
    return f"{{{namespace}}}{local}"


def _required(found: re.Match[str] | None) -> re.Match[str]:
    if found is None:  # expat and the scan disagree about a tag: better no edit than a wrong one
        raise DocumentError("a start tag cannot be located", hint="report this file's shape as a bug of keydeploy")
    return found
