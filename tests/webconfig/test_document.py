"""Documents are read in many shapes, edited byte by byte, and refused when an edit would not be safe."""

import codecs
import traceback

import pytest

from keydeploy.edit import Edit, Literal, Reference, apply, fill_in
from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import Element, empty_document, parse
from keydeploy.webconfig.editor import Editor, NewElement
from tests.webconfig.editing import editor_of, resolve, result

MARK = "hunter2-5EC2E7"


def child(element: Element, *path: str) -> Element:
    for name in path:
        element = next(element.named(name))
    return element


def refusal(data: bytes) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        parse(data)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        pytest.param("<a b='é'/>".encode(), "utf-8", id="UTF-8 without a mark"),
        pytest.param(codecs.BOM_UTF8 + "<a b='é'/>".encode(), "utf-8", id="UTF-8 with a mark"),
        pytest.param(
            codecs.BOM_UTF16_LE + "<?xml version='1.0' encoding='UTF-16'?><a b='é'/>".encode("utf-16-le"),
            "utf-16-le",
            id="UTF-16 little endian",
        ),
        pytest.param(codecs.BOM_UTF16_BE + "<a b='é'/>".encode("utf-16-be"), "utf-16-be", id="UTF-16 big endian"),
        pytest.param(
            "<?xml version='1.0' encoding='windows-1252'?><a b='é'/>".encode("cp1252"), "cp1252", id="Windows-1252"
        ),
        pytest.param(
            '<?xml version="1.0" encoding="ISO-8859-1" standalone="yes"?><a b="é"/>'.encode("latin-1"),
            "iso8859-1",
            id="Latin 1",
        ),
    ],
)
def test_a_file_is_read_in_its_encoding(data: bytes, encoding: str) -> None:
    document = parse(data)
    assert document.root.get("b") == "é"
    assert document.encoding == encoding


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "empty", id="no bytes"),
        pytest.param(codecs.BOM_UTF8 + b" \r\n", "empty", id="white space only"),
        pytest.param(b"<a>\n  <b>\n</a>", "3:3: not well-formed", id="tags that do not match"),
        pytest.param("<é><b></é>".encode(), "1:9: not well-formed", id="columns count characters"),
        pytest.param(b"<a b='1' b='2'/>", "not well-formed", id="an attribute twice"),
        pytest.param(b"<a b='&nbsp;'/>", "not well-formed", id="an undefined entity"),
        pytest.param(b"<x:a/>", "not well-formed", id="an undeclared prefix"),
        pytest.param(b"<a/><b/>", "not well-formed", id="two roots"),
        pytest.param(b"\n<?xml version='1.0'?><a/>", "not well-formed", id="something before the declaration"),
        pytest.param(b"<?xml version='1.1'?><a/>", "version", id="XML 1.1"),
        pytest.param(b"<!DOCTYPE a [<!ENTITY x 'y'>]><a b='&x;'/>", "the file has a DTD", id="a DTD"),
        pytest.param(b"<!DOCTYPE a SYSTEM 'a.dtd'><a/>", "DTD", id="an external DTD"),
        pytest.param(codecs.BOM_UTF8 * 2 + b"<a/>", "second byte order mark", id="two marks"),
        pytest.param(b"<a b='\xe9'/>", "byte 6 is not utf-8", id="bytes that are not UTF-8"),
        pytest.param(codecs.BOM_UTF16_LE + b"<\0a\0/\0>", "utf-16-le", id="half a character"),
        pytest.param("<a/>".encode("utf-16-le"), "without a byte order mark", id="UTF-16 without a mark"),
        pytest.param(b"<?xml version='1.0' encoding='utf-16'?><a/>", "declaration", id="UTF-8 that says UTF-16"),
        pytest.param(
            codecs.BOM_UTF8 + b"<?xml version='1.0' encoding='iso-8859-1'?><a/>", "mark", id="mark against declaration"
        ),
        pytest.param(
            codecs.BOM_UTF16_LE + "<?xml version='1.0' encoding='utf-8'?><a/>".encode("utf-16-le"),
            "mark",
            id="UTF-16 that says UTF-8",
        ),
        pytest.param(b"<?xml version='1.0' encoding='x-klingon'?><a/>", "unknown encoding", id="an unknown encoding"),
        pytest.param(b"<?xml version='1.0' encoding='iso-2022-jp'?><a/>", "edited", id="a stateful encoding"),
    ],
)
def test_a_file_that_is_not_safe_to_edit_is_refused(data: bytes, reason: str) -> None:
    assert reason in refusal(data).message


@pytest.mark.parametrize("tail", ["<b>", "\udce9", "&oops;"])
def test_a_refusal_quotes_nothing_of_the_file(tail: str) -> None:
    data = f"<a password='{MARK}'>{MARK}{tail}</a>".encode("utf-8", "surrogateescape")
    assert MARK not in "".join(traceback.format_exception(refusal(data)))


def test_a_document_does_not_show_its_content() -> None:
    document = parse(f"<a password='{MARK}'>{MARK}</a>".encode())
    assert MARK not in repr([document, document.root, document.root.attributes])


def test_values_are_resolved_and_white_space_in_them_is_normalised() -> None:
    root = parse(b"<a b='&lt;&amp;&#65;&#x42;&quot;&#10;\r\n\t'/>").root
    assert root.get("b") == '<&AB"\n  '


def test_tags_in_comments_data_and_instructions_are_not_elements() -> None:
    root = parse(b"<a><!-- <x/> --><![CDATA[<x/>]]><?p <x/> ?><y z='/>'/></a>").root
    assert [element.name for element in root.walk()] == ["a", "y"]


def test_text_behind_a_tag_that_looks_like_an_attribute_is_text() -> None:
    root = parse(b"<a ><b x='1' >='y' z='2'</b>='y'</a>").root
    assert [attribute.name for element in root.walk() for attribute in element.attributes] == ["x"]


def test_the_configuration_namespace_is_none_and_other_namespaces_make_other_names() -> None:
    data = b"""<configuration xmlns="http://schemas.microsoft.com/.NetConfiguration/v2.0" xmlns:t="urn:t">
      <system.web t:a="1" b="2"/><x xmlns="urn:x"/><t:system.web/></configuration>"""
    root = parse(data).root
    assert [element.name for element in root.walk()] == ["configuration", "system.web", "{urn:x}x", "{urn:t}system.web"]
    assert (root.children[0].get("t:a"), root.children[0].get("b")) == ("1", "2")


def test_a_prefix_makes_another_name_even_in_the_configuration_namespace() -> None:
    root = parse(b"<c:configuration xmlns:c='http://schemas.microsoft.com/.NetConfiguration/v2.0'/>").root
    assert root.name == "{http://schemas.microsoft.com/.NetConfiguration/v2.0}configuration"


def test_deep_nesting_is_no_problem() -> None:
    depth = 20_000
    assert sum(1 for _ in parse(b"<a>" * depth + b"</a>" * depth).root.walk()) == depth


def test_byte_offsets_count_the_mark_and_wide_characters() -> None:
    data = codecs.BOM_UTF16_LE + "<a b='😀' c='1'/>".encode("utf-16-le")
    editor = Editor(parse(data))
    editor.set_attribute(editor.document.root, "c", "2")
    (edit,) = editor.edits()
    assert data[edit.start : edit.end].decode("utf-16-le") == "1"


def test_no_change_gives_no_edit() -> None:
    assert editor_of("<a/>").edits() == ()
    assert Editor(empty_document()).edits() == ()


def test_an_absent_file_is_created_by_one_edit() -> None:
    editor = Editor(empty_document())
    editor.ensure(editor.document.root, "a", "b")
    (edit,) = editor.edits()
    assert (edit.start, edit.end) == (0, 0)
    assert apply(b"", [fill_in(edit, editor.document.encoding, resolve)]) == (
        b'<?xml version="1.0" encoding="utf-8"?>\r\n'
        b"<configuration>\r\n  <a>\r\n    <b />\r\n  </a>\r\n</configuration>\r\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("<a x='1'/>", "<a x='1' y='2' z='3'/>", id="on one line, with the quote in use"),
        pytest.param("<a />", '<a y="2" z="3" />', id="the first attributes"),
        pytest.param("<a\n\tx='1' />", "<a\n\tx='1'\n\ty='2'\n\tz='3' />", id="one attribute per line"),
        pytest.param('<a x="1"\r\n   w="0"\r\n>\r\n</a>', None, id="aligned, with CRLF"),
    ],
)
def test_new_attributes_follow_the_style_of_their_neighbours(before: str, after: str | None) -> None:
    editor = editor_of(before)
    editor.set_attribute(editor.document.root, "y", "2")
    editor.set_attribute(editor.document.root, "z", "3")
    assert result(editor) == (after or '<a x="1"\r\n   w="0"\r\n   y="2"\r\n   z="3"\r\n>\r\n</a>')


def test_a_changed_value_keeps_its_quotes_and_the_white_space_around() -> None:
    editor = editor_of("<a x = 'old'  y\t=\n\"old\"/>")
    for name in ("x", "y"):
        editor.set_attribute(editor.document.root, name, "new")
    assert result(editor) == "<a x = 'new'  y\t=\n\"new\"/>"


def test_a_removed_attribute_takes_the_white_space_before_it() -> None:
    editor = editor_of("<a x='1'\n   y='2' z='3'/>")
    editor.remove_attribute(editor.document.root, "y")
    editor.remove_attribute(editor.document.root, "absent")
    assert result(editor) == "<a x='1' z='3'/>"


def test_removing_the_last_attribute_and_adding_another_do_not_collide() -> None:
    editor = editor_of("<a x='1' y='2'/>")
    editor.remove_attribute(editor.document.root, "y")
    editor.set_attribute(editor.document.root, "z", "3")
    assert result(editor) == "<a x='1' z='3'/>"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('<a b=""/>', '<a b="&amp;&lt;&gt;&quot;\'&#9;&#10;&#13;é"/>', id="double quotes"),
        pytest.param("<a b=''/>", "<a b='&amp;&lt;&gt;\"&apos;&#9;&#10;&#13;é'/>", id="single quotes"),
        pytest.param(
            '<?xml version="1.0" encoding="us-ascii"?><a b=""/>',
            '<?xml version="1.0" encoding="us-ascii"?><a b="&amp;&lt;&gt;&quot;\'&#9;&#10;&#13;&#233;"/>',
            id="a character that the encoding lacks",
        ),
    ],
)
def test_values_are_escaped_for_their_place(before: str, after: str) -> None:
    editor = editor_of(before)
    editor.set_attribute(editor.document.root, "b", "&<>\"'\t\n\ré")
    assert result(editor) == after
    assert parse(after.encode()).root.get("b") == "&<>\"'\t\n\ré"


@pytest.mark.parametrize("character", ["\0", "\x1b", "\ufffe", "\ud800"])
def test_a_character_that_xml_does_not_know_is_refused(character: str) -> None:
    editor = editor_of("<a/>")
    editor.set_attribute(editor.document.root, "b", character)
    with pytest.raises(DocumentError, match="XML does not know"):
        editor.edits()


def test_a_secret_is_named_and_not_resolved() -> None:
    editor = editor_of("<a b='1'/>")
    editor.set_attribute(editor.document.root, "b", Reference("machine_keys.portal.validation_key"))
    assert editor.edits() == (Edit(6, 7, (Reference("machine_keys.portal.validation_key"),)),)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("<p/>", "<p><n/><m/></p>", id="self-closing, on one line"),
        pytest.param("<p />\n", "<p>\n  <n />\n  <m />\n</p>\n", id="self-closing, on its line"),
        pytest.param("<p></p>", "<p><n /><m /></p>", id="empty, on one line"),
        pytest.param("<p>\r\n</p>", "<p>\r\n  <n />\r\n  <m />\r\n</p>", id="empty, on two lines"),
        pytest.param("<?x?><p>\n</p>", "<?x?><p>\n  <n />\n  <m />\n</p>", id="the indentation of the end tag counts"),
        pytest.param("<p>\n  <!-- c -->\n</p>", "<p>\n  <!-- c -->\n  <n />\n  <m />\n</p>", id="behind a comment"),
        pytest.param("<p>\n\t<o/>\n</p>", "<p>\n\t<o/>\n\t<n/>\n\t<m/>\n</p>", id="tabs"),
        pytest.param("<p><o/></p>\n", "<p><o/><n/><m/></p>\n", id="siblings on one line"),
        pytest.param("<p>\n <o/> <!-- of o -->\n</p>", "<p>\n <o/> <!-- of o -->\n <n/>\n <m/>\n</p>", id="a comment"),
        pytest.param("<p>\r <o></o>\r\n</p>", "<p>\r <o></o>\r <n />\r <m />\r\n</p>", id="the neighbour's line end"),
        pytest.param(
            "<p>\n <o/>\r\n\t<o/>\n</p>", "<p>\n <o/>\r\n\t<o/>\r\n\t<n/>\r\n\t<m/>\n</p>", id="the nearest neighbour"
        ),
        pytest.param("<p>\n  <o/>\n\n</p>", "<p>\n  <o/>\n  <n/>\n  <m/>\n\n</p>", id="a blank line stays"),
    ],
)
def test_appended_elements_look_like_their_neighbours(before: str, after: str) -> None:
    editor = editor_of(before)
    editor.append(editor.document.root, NewElement("n"))
    editor.ensure(editor.document.root, "m")
    assert result(editor) == after


def test_elements_are_inserted_first_between_and_last() -> None:
    editor = editor_of("<p>\n  <a/>\n  <!-- of b -->\n  <b/>\n</p>")
    root = editor.document.root
    editor.insert(root, 0, NewElement("first"))
    editor.insert(root, 2, NewElement("between"))
    editor.append(root, NewElement("last"))
    assert [node.name for node in editor.children(root)] == ["first", "a", "between", "b", "last"]
    assert result(editor) == "<p>\n  <first/>\n  <a/>\n  <between/>\n  <!-- of b -->\n  <b/>\n  <last/>\n</p>"


def test_changes_that_meet_in_a_new_element_make_one_insertion() -> None:
    editor = editor_of("<configuration/>")
    root = editor.document.root
    editor.ensure(root, "system.web", "machineKey")
    new = editor.ensure(root, "system.web", "machineKey")
    editor.set_attribute(new, "a", "1")
    editor.set_attribute(new, "b", "<2>")
    editor.set_attribute(new, "c", "3")
    editor.remove_attribute(new, "c")
    editor.insert(editor.ensure(root, "system.web"), 0, NewElement("x"))
    assert editor.value(new, "b") == "<2>"
    assert editor.edits() == (
        Edit(
            14,
            16,
            (
                Literal(
                    '><system.web><x/><machineKey a="1" b="&lt;2&gt;"/></system.web></configuration>',
                ),
            ),
        ),
    )


def test_attributes_and_children_of_one_self_closing_element_are_changed_together() -> None:
    editor = editor_of("<p a='1' />\n")
    editor.set_attribute(editor.document.root, "b", "2")
    editor.ensure(editor.document.root, "c")
    assert result(editor) == "<p a='1' b='2'>\n  <c />\n</p>\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("<p>\r\n  <a/>\r\n  <b x='1'>\r\n  </b>\r\n</p>", "<p>\r\n  <a/>\r\n</p>", id="its own lines"),
        pytest.param("<p><a/><b><c/></b></p>", "<p><a/></p>", id="inside a line"),
        pytest.param("<p><a/><b/>\n</p>", "<p><a/>\n</p>", id="at the end of a line"),
        pytest.param("<p>\n<a/>\n<b/><!-- c -->\n</p>", "<p>\n<a/>\n<!-- c -->\n</p>", id="beside a comment"),
    ],
)
def test_a_removed_element_takes_its_lines_with_it(before: str, after: str) -> None:
    editor = editor_of(before)
    root = editor.document.root
    removed = child(root, "b")
    editor.set_attribute(removed, "x", "2")
    editor.ensure(removed, "new")
    for inner in removed.children:
        editor.remove(removed, inner)
    editor.remove(root, removed)
    assert result(editor) == after


def test_an_element_can_be_replaced() -> None:
    editor = editor_of("<p>\n  <a/>\n  <b/>\n</p>")
    root = editor.document.root
    for name in ("a", "b"):
        editor.remove(root, child(root, name))
    editor.append(root, NewElement("c", {"x": "1"}))
    assert result(editor) == '<p>\n  <c x="1"/>\n</p>'
