"""Laws that hold for every document: bytes outside the edits stay, and editing twice equals editing once.

The result is read a second time by xml.etree, which shares nothing with the editor but expat.
"""

from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree as ET

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keydeploy.edit import apply, fill_in
from keydeploy.webconfig.document import Element, parse
from keydeploy.webconfig.editor import Editor, NewElement, Node
from keydeploy.webconfig.machine_key import require
from keydeploy.webconfig.session_tokens import require_machine_key_handler
from tests.webconfig.documents import OTHERS, STYLES, VALUES, Style, Tree, configurations, trees, written
from tests.webconfig.editing import ADDRESS, DECRYPTION_KEY, KEY, VALIDATION_KEY, resolve

law = settings(
    max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
Change = Callable[[Editor], object]
ROOTS = trees(st.just("configuration"), OTHERS)


def declare_all(editor: Editor) -> list[Any]:
    return [
        *require(editor, KEY, address=ADDRESS, inherited=None),
        *require_machine_key_handler(editor, []),
    ]


def edited(data: bytes, change: Change) -> bytes:
    """Make *change*, and check on the way that every byte outside the edits stays."""
    editor = Editor(parse(data))
    change(editor)
    edits = editor.edits()
    splices = [fill_in(edit, editor.document.encoding, resolve) for edit in edits]
    new = apply(data, splices)
    kept, position = 0, 0
    for splice in splices:
        assert position <= splice.start <= splice.end
        length = splice.start - position
        assert new[kept : kept + length] == data[position : splice.start]
        kept += length + len(splice.content.reveal())
        position = splice.end
    assert new[kept:] == data[position:]
    return new


def read(data: bytes) -> ET.Element:
    """Read *data* with xml.etree, comments and instructions included."""
    builder = ET.TreeBuilder(insert_comments=True, insert_pis=True)
    return ET.fromstring(data, ET.XMLParser(target=builder))  # noqa: S314 - our own documents


def canonical(element: ET.Element, without: tuple[str, ...]) -> list[Any]:
    """Answer what *element* says, apart from white space between elements and the elements called *without*."""
    texts = [element.text or "", *(child.tail or "" for child in element)]
    children = [canonical(child, without) for child in element if child.tag not in without]
    return [str(element.tag), element.attrib, "".join("".join(texts).split()), [child for child in children if child]]


@law
@given(configurations(), STYLES)
def test_the_file_says_what_is_declared_and_all_else_as_before(tree: Tree, style: Style) -> None:
    data = written(tree, style)
    new = read(edited(data, lambda editor: require(editor, KEY, address=ADDRESS, inherited=None)))
    (machine_key,) = new.findall("./system.web/machineKey")
    attributes = {name: value.strip() for name, value in machine_key.attrib.items() if value}
    assert {name: value.upper() if name.endswith("Key") else value for name, value in attributes.items()} == {
        "validation": KEY.validation,
        "decryption": KEY.decryption,
        "compatibilityMode": KEY.compatibility_mode,
        "validationKey": VALIDATION_KEY,
        "decryptionKey": DECRYPTION_KEY,
    }
    old = read(data)
    without = ("system.web", "machineKey") if old.find("./system.web") is None else ("machineKey",)
    assert canonical(new, without) == canonical(old, without)


@law
@given(configurations(), STYLES)
def test_editing_twice_equals_editing_once(tree: Tree, style: Style) -> None:
    once = edited(written(tree, style), declare_all)
    editor = Editor(parse(once))
    assert declare_all(editor) == []
    assert editor.edits() == ()


@law
@given(configurations(), STYLES)
def test_config_sections_come_first_and_the_handlers_in_order(tree: Tree, style: Style) -> None:
    new = read(edited(written(tree, style), declare_all))
    assert next(child.tag for child in new if isinstance(child.tag, str)) == "configSections"
    handlers = new.find("./system.identityModel/identityConfiguration/securityTokenHandlers")
    assert handlers is not None
    assert [child.tag for child in handlers] == ["remove", "add"]


@law
@given(configurations(), STYLES)
def test_line_ends_and_indentation_are_those_of_the_document(tree: Tree, style: Style) -> None:
    data = written(tree, style)
    new = parse(edited(data, declare_all)).text
    if style.newline == "":
        assert not set("\r\n") & set(new)
    elif style.newline != "mixed":
        assert set("\r\n") & set(new) == set(style.newline)
        assert len(new.split(style.newline)) - 1 == sum(map(new.count, "\r\n")) // len(style.newline)


@law
@given(ROOTS, STYLES, st.data())
def test_parsing_the_edited_file_gives_what_the_editor_shows(tree: Tree, style: Style, data: st.DataObject) -> None:
    shown: list[Any] = []

    def change(editor: Editor) -> None:
        for _ in range(data.draw(st.integers(1, 5))):
            change_something(editor, data)
        shown.append(view(editor, editor.document.root))

    new = edited(written(tree, style), change)
    assert [view(Editor(parse(new)), parse(new).root)] == shown
    assert [plain(read(new))] == shown


def change_something(editor: Editor, data: st.DataObject) -> None:
    node = data.draw(st.sampled_from(nodes(editor, editor.document.root)))
    name = data.draw(st.sampled_from(["key", "value", "new"]))
    match data.draw(st.sampled_from(["set", "drop", "insert", "ensure", "remove"])):
        case "set":
            editor.set_attribute(node, name, data.draw(VALUES))
        case "drop":
            editor.remove_attribute(node, name)
        case "insert":
            index = data.draw(st.integers(0, len(editor.children(node))))
            editor.insert(node, index, NewElement("inserted", {name: data.draw(VALUES)}))
        case "ensure":
            editor.ensure(node, "pages", "ensured")
        case "remove":
            old = [child for child in editor.children(node) if isinstance(child, Element)]
            if isinstance(node, Element) and old:
                editor.remove(node, data.draw(st.sampled_from(old)))


def nodes(editor: Editor, node: Node) -> list[Node]:
    return [node, *(below for child in editor.children(node) for below in nodes(editor, child))]


def view(editor: Editor, node: Node) -> list[Any]:
    """Answer *node* as the editor shows it."""
    names = {each.name for each in node.attributes} if isinstance(node, Element) else set(node.attributes)
    values = {name: editor.value(node, name) for name in names | {"key", "value", "new"}}
    present = {name: value for name, value in values.items() if value is not None}
    return [node.name, present, [view(editor, child) for child in editor.children(node)]]


def plain(element: ET.Element) -> list[Any]:
    return [element.tag, element.attrib, [plain(child) for child in element if isinstance(child.tag, str)]]
