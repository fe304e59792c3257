"""Edits name secrets, splices hold them, and every other byte of a file stays."""

import json
import traceback
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.edit import Ciphertext, Edit, Literal, Piece, Reference, Splice, apply, fill_in
from keydeploy.errors import DocumentError
from keydeploy.secret import Secret

MARK = "MARKED-5ec2e7"
ADDRESS = "machine_keys.portal.validation_key"
XML_TEXT = st.text(
    st.sampled_from("\t\n\r &<>'\"é中😀")
    | st.characters(codec="utf-8", min_codepoint=0x20, exclude_characters="\ufffe\uffff")
)
PIECES = st.one_of(
    st.builds(Literal, st.text()),
    st.builds(Reference, st.text()),
    st.builds(Ciphertext, st.text(), st.text(), st.text()),
)
EDITS = st.builds(Edit, st.integers(0), st.integers(0), st.lists(PIECES).map(tuple))


def splice(start: int, end: int, content: bytes) -> Splice:
    return Splice(start, end, Secret(content))


def filled(*pieces: Piece, secret: str = MARK, encoding: str = "utf-8") -> bytes:
    return fill_in(Edit(0, 0, pieces), encoding, lambda _address: Secret.of(secret)).content.reveal()


def test_an_edit_shows_a_secret_as_the_address_it_comes_from() -> None:
    edit = Edit(3, 5, (Literal(' key="'), Reference(ADDRESS), Literal('"')))
    assert edit.redacted() == f' key="({ADDRESS})"'


def test_an_edit_in_json_looks_like_this() -> None:
    edit = Edit(3, 5, (Literal("<"), Reference(ADDRESS)))
    assert edit.to_json() == {"start": 3, "end": 5, "pieces": [{"literal": "<"}, {"reference": ADDRESS}]}


@settings(derandomize=True)
@given(EDITS)
def test_an_edit_survives_json(edit: Edit) -> None:
    value = json.loads(json.dumps(edit.to_json()))
    assert Edit.from_json(value) == edit
    assert Edit.from_json(value).to_json() == value


def test_a_ciphertext_stands_in_json_and_is_shown_in_words() -> None:
    edit = Edit(0, 0, (Literal("<a>"), Ciphertext("<b>AAAA</b>", "tag", "connectionStrings")))
    assert edit.to_json()["pieces"][1] == {"ciphertext": "<b>AAAA</b>", "tag": "tag", "name": "connectionStrings"}
    assert edit.redacted() == "<a>(encrypted connectionStrings)"
    assert "AAAA" not in repr(edit)


def test_ciphertexts_are_equal_by_what_they_mean_and_not_by_their_text() -> None:
    first, second = Edit(0, 0, (Ciphertext("x", "tag", "a"),)), Edit(0, 0, (Ciphertext("y", "tag", "b"),))
    assert first == second
    assert hash(first) == hash(second)
    assert first != Edit(0, 0, (Ciphertext("x", "another", "a"),))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "windows-1252"])
def test_a_ciphertext_is_written_as_it_is_in_the_encoding_of_the_file(encoding: str) -> None:
    content = filled(Literal("é"), Ciphertext("<b>\r\n&amp;</b>", "tag", "a"), encoding=encoding)
    assert content == "é<b>\r\n&amp;</b>".encode(encoding)


def test_each_reference_is_resolved_by_its_address_and_the_range_is_kept() -> None:
    secrets = {"a": Secret(b"AA"), "b": Secret(b"BB")}
    edit = Edit(7, 9, (Reference("b"), Literal("-"), Reference("a")))
    assert fill_in(edit, "utf-8", secrets.__getitem__) == splice(7, 9, b"BB-AA")


def test_a_splice_does_not_show_its_content() -> None:
    shown = repr(splice(0, 0, MARK.encode()))
    assert "<secret>" in shown
    assert MARK not in shown


def test_a_secret_is_escaped_and_a_literal_stands_as_it_is() -> None:
    content = filled(Literal("&amp;'\""), Reference(ADDRESS), secret="<&>\"'\t\r\n")
    assert content == b"&amp;'\"&lt;&amp;&gt;&quot;&apos;&#9;&#13;&#10;"


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8", b"k=\xc3\xa9"),
        ("utf-16-le", b"k\0=\0\xe9\0"),
        ("utf-16-be", b"\0k\0=\0\xe9"),
        ("windows-1252", b"k=\xe9"),
        ("ascii", b"k=&#233;"),
    ],
)
def test_pieces_are_written_in_the_encoding_of_the_file(encoding: str, content: bytes) -> None:
    assert filled(Literal("k="), Reference(ADDRESS), secret="é", encoding=encoding) == content


@settings(derandomize=True)
@given(XML_TEXT, st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "windows-1252", "ascii"]), st.booleans())
def test_an_xml_parser_reads_back_the_secret(secret: str, encoding: str, double: bool) -> None:
    quote = '"' if double else "'"
    content = filled(
        Literal(f"<a b={quote}"),
        Reference(ADDRESS),
        Literal(f"{quote}>"),
        Reference(ADDRESS),
        Literal("</a>"),
        secret=secret,
        encoding=encoding,
    )
    element = ET.fromstring(content.decode(encoding))  # noqa: S314 - our own text
    assert element.get("b") == secret
    assert (element.text or "") == secret


def test_a_literal_that_the_encoding_cannot_hold_is_refused() -> None:
    with pytest.raises(DocumentError, match="the encoding of the file"):
        filled(Literal("中"), encoding="windows-1252")


def test_a_secret_that_is_not_text_is_refused_by_its_address_alone() -> None:
    content = Secret(MARK.encode() + b"\xff")
    with pytest.raises(DocumentError, match=ADDRESS) as caught:
        fill_in(Edit(0, 0, (Reference(ADDRESS),)), "utf-8", lambda _address: content)
    shown = "".join(traceback.format_exception(caught.value))
    assert MARK not in shown
    assert "0xff" not in shown


@pytest.mark.parametrize(
    ("splices", "expected"),
    [
        ([], b"0123456789"),
        ([splice(2, 4, b"ab")], b"01ab456789"),
        ([splice(2, 4, b"")], b"01456789"),
        ([splice(0, 0, b"a")], b"a0123456789"),
        ([splice(10, 10, b"a")], b"0123456789a"),
        ([splice(0, 10, b"a")], b"a"),
        ([splice(0, 1, b"abc"), splice(9, 10, b"xyz")], b"abc12345678xyz"),
        ([splice(2, 4, b"a"), splice(4, 6, b"b")], b"01ab6789"),
        ([splice(3, 3, b"a"), splice(3, 3, b"b"), splice(3, 3, b"c")], b"012abc3456789"),
        ([splice(3, 3, b"a"), splice(3, 5, b"b"), splice(5, 5, b"c")], b"012abc56789"),
    ],
)
def test_splices_replace_insert_and_delete(splices: list[Splice], expected: bytes) -> None:
    assert apply(b"0123456789", splices) == expected


@pytest.mark.parametrize(
    "splices",
    [
        [splice(-1, 2, b"a")],
        [splice(4, 2, b"a")],
        [splice(9, 11, b"a")],
        [splice(11, 11, b"a")],
        [splice(2, 5, b"a"), splice(4, 6, b"b")],
        [splice(2, 5, b"a"), splice(2, 2, b"b")],
        [splice(6, 7, b"a"), splice(1, 2, b"b")],
    ],
    ids=["negative", "backwards", "beyond", "behind the end", "overlap", "into the replaced", "out of order"],
)
def test_splices_that_do_not_fit_are_refused(splices: list[Splice]) -> None:
    with pytest.raises(DocumentError, match="the edits do not fit the file"):
        apply(b"0123456789", splices)


@settings(derandomize=True)
@given(st.lists(st.tuples(st.binary(max_size=5), st.binary(max_size=5), st.binary(max_size=5))), st.binary())
def test_every_byte_outside_the_splices_stays(parts: list[tuple[bytes, bytes, bytes]], tail: bytes) -> None:
    data, expected, splices = b"", b"", []
    for kept, old, new in parts:
        data += kept
        splices.append(splice(len(data), len(data) + len(old), new))
        data += old
        expected += kept + new
    assert apply(data + tail, splices) == expected + tail
