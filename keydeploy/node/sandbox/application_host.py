"""IIS of a sandbox node: its applicationHost.config, which is all that there is of it."""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from keydeploy.errors import NodeError
from keydeploy.node.sandbox.files import Files, discard_temporary, replace_file

_PATH = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MARK = b"\xef\xbb\xbf"


class ApplicationHost:
    """The configuration of IIS among the *files* of a node."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self) -> Element:
        """Answer the root; raises `NodeError` where IIS is not installed, or its configuration is damaged."""
        parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))  # noqa: S314 - expat bounds entity expansion
        try:
            return ElementTree.fromstring(self._content(), parser)  # noqa: S314 - as above
        except (ElementTree.ParseError, LookupError, ValueError):
            raise NodeError("malformed", "the configuration of IIS is no well-formed XML") from None

    def write(self, root: Element) -> None:
        """Replace the configuration, with its comments, blanks and kind of line ends."""
        before = self._content()
        text = _DECLARATION + ElementTree.tostring(root, "unicode") + "\n"
        lines = text.replace("\n", "\r\n") if b"\r\n" in before else text
        mark = _MARK if before.startswith(_MARK) else b""
        replace_file(self._files.locate(_PATH), mark + lines.encode())

    def tidy(self) -> None:
        """Remove what a crash may have left beside the file."""
        discard_temporary(self._files.locate(_PATH))

    def _content(self) -> bytes:
        content = self._files.content(_PATH)
        if content is None:
            raise NodeError("no_iis", "IIS is not installed")
        return content


def below(root: Element, *names: str) -> Iterator[Element]:
    """Yield the elements that the path of *names* leads to, from anywhere in *root*."""
    first, *others = names
    for element in root.iter(first):
        yield from element.iterfind("/".join(others)) if others else (element,)
