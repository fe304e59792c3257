"""An encrypted section in place of one in clear: laid out as the document is, and every other byte stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.edit import Ciphertext
from keydeploy.webconfig.document import Document, parse
from keydeploy.webconfig.editor import Editor, NewElement
from keydeploy.webconfig.sections import PROVIDER, own_section
from tests.webconfig.documents import OTHERS, STYLES, Style, Tree, trees, written
from tests.webconfig.editing import editor_of, result
from tests.webconfig.protecting import encrypted, in_clear
from tests.webconfig.test_laws import canonical, edited, law, read

SECTION = "connectionStrings"
CONTENT = Ciphertext("<e>\n\t<f>\n\t\t<g/>\n\t</f>\n</e>", "tag", SECTION)
HOLDERS = trees(st.just(SECTION), OTHERS)


def filled(text: str) -> str:
    editor = editor_of(text)
    editor.fill(editor.document.root, CONTENT)
    return result(editor)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("<p/>", "<p><e><f><g/></f></e></p>", id="self-closing, on one line"),
        pytest.param(
            "<p a='1' />\n", "<p a='1'>\n  <e>\n    <f>\n      <g/>\n    </f>\n  </e>\n</p>\n", id="on its line"
        ),
        pytest.param("<p>old</p>", "<p><e><f><g/></f></e></p>", id="on one line"),
        pytest.param(
            "<p>\r\n\t<o/><!-- c -->\r\n</p>",
            "<p>\r\n\t<e>\r\n\t\t<f>\r\n\t\t\t<g/>\r\n\t\t</f>\r\n\t</e>\r\n</p>",
            id="tabs and line ends of the document",
        ),
    ],
)
def test_a_content_is_laid_out_as_the_document_is(before: str, after: str) -> None:
    assert filled(before) == after


def test_a_content_goes_with_the_indentation_of_its_element() -> None:
    editor = editor_of("<r>\n   <p>\n      <o/>\n   </p>\n</r>\n")
    editor.fill(editor.document.root.children[0], CONTENT)
    lines = "<e>\n         <f>\n            <g/>\n         </f>\n      </e>"
    assert result(editor) == f"<r>\n   <p>\n      {lines}\n   </p>\n</r>\n"


def test_a_new_element_may_hold_a_content() -> None:
    editor = editor_of("<r>\n</r>\n")
    new = editor.ensure(editor.document.root, "a", "p")
    assert isinstance(new, NewElement)
    editor.append(new, NewElement("forgotten"))
    editor.fill(new, CONTENT)
    inner = "<e>\n        <f>\n          <g/>\n        </f>\n      </e>"
    assert result(editor) == f"<r>\n  <a>\n    <p>\n      {inner}\n    </p>\n  </a>\n</r>\n"


def test_what_was_changed_below_a_filled_element_goes_with_its_old_content() -> None:
    editor = editor_of("<r>\n <p b='1'>\n  <o>\n   <x/>\n  </o>\n </p>\n</r>")
    (p,) = editor.document.root.children
    (o,) = p.children
    editor.set_attribute(o, "a", "1")
    editor.append(o, NewElement("n"))
    editor.remove(o, o.children[0])
    editor.append(p, NewElement("m"))
    editor.fill(p, CONTENT)
    assert editor.children(p) == ()
    editor.remove_attribute(p, "b")
    editor.set_attribute(p, "c", "2")
    assert result(editor) == "<r>\n <p c='2'>\n  <e>\n   <f>\n    <g/>\n   </f>\n  </e>\n </p>\n</r>"


def test_an_edit_shows_what_is_encrypted_and_no_base64() -> None:
    editor = editor_of("<r><p>old</p></r>")
    editor.fill(editor.document.root.children[0], encrypted("<connectionStrings/>"))
    (edit,) = editor.edits()
    assert edit.redacted() == "(encrypted connectionStrings)"


def with_others(others: list[Tree], holder: Tree, at: int) -> Tree:
    return Tree("configuration", {}, [*others[:at], holder, *others[at:]])


def protect(editor: Editor) -> None:
    element = own_section(editor.document, SECTION)
    assert element is not None
    editor.fill(element, encrypted(editor.document.outer(element).reveal().decode()))
    for attribute in element.attributes:
        editor.remove_attribute(element, attribute.name)
    editor.set_attribute(element, PROVIDER, "Portal")


def outer(document: Document) -> str:
    element = own_section(document, SECTION)
    assert element is not None
    return document.outer(element).reveal().decode()


@law
@given(OTHERS, HOLDERS, st.integers(0, 3), STYLES)
def test_a_section_means_what_it_meant_and_all_else_stays(
    others: list[Tree], holder: Tree, at: int, style: Style
) -> None:
    data = written(with_others(others, holder, at), style)
    new = edited(data, protect)
    document = parse(new)
    section = own_section(document, SECTION)
    assert section is not None
    assert [(each.name, each.value) for each in section.attributes] == [(PROVIDER, "Portal")]
    assert in_clear(document) == outer(parse(data))
    assert canonical(read(new), (SECTION,)) == canonical(read(data), (SECTION,))
    assert document.content == new


@law
@given(OTHERS, HOLDERS, STYLES)
def test_a_section_that_is_encrypted_anew_changes_in_its_content_alone(
    others: list[Tree], holder: Tree, style: Style
) -> None:
    once = edited(written(with_others(others, holder, 0), style), protect)
    again = parse(edited(once, refill))
    before = parse(once)
    old, new = own_section(before, SECTION), own_section(again, SECTION)
    assert old is not None
    assert new is not None
    assert before.text[: old.content_start] == again.text[: new.content_start]
    assert before.text[old.content_end :] == again.text[new.content_end :]
    assert in_clear(before) == in_clear(again)
    assert before.text != again.text


def refill(editor: Editor) -> None:
    element = own_section(editor.document, SECTION)
    text = in_clear(editor.document)
    assert element is not None
    assert text is not None
    editor.fill(element, encrypted(text))


@law
@given(OTHERS, HOLDERS, STYLES)
def test_line_ends_are_those_of_the_document(others: list[Tree], holder: Tree, style: Style) -> None:
    new = parse(edited(written(with_others(others, holder, 0), style), protect)).text
    if style.newline == "":
        assert not set("\r\n") & set(new)
    elif style.newline != "mixed":
        assert set("\r\n") & set(new) == set(style.newline)
        assert len(new.split(style.newline)) - 1 == sum(map(new.count, "\r\n")) // len(style.newline)
