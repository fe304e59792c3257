"""A scalar of a YAML text is replaced, and nothing else of the text changes: not one character."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.rotation.scalar import ScalarError, find, replaced

TEXT = """\
# a comment
plain: AABB   # signs
"in quotes": 'CCDD'
block: |
  line one
  line two

  # no comment, but text

unsafe: &anchor !unsafe EEFF # behind a tag and an anchor that nobody uses
vault: !vault |
    $ANSIBLE_VAULT;1.1;AES256
    3132
flow: [x, "y", z ]
folded: >-
     folded
     text
empty: ''
last: |-
  end"""
PEM = "-----BEGIN PRIVATE KEY-----\nMIIE\nab+/==\n-----END PRIVATE KEY-----\n"


def after(text: str, line: int, column: int, value: str) -> str:
    return replaced(text, find(text, line, column), value)


@pytest.mark.parametrize(
    ("line", "column", "value", "before", "written"),
    [
        (2, 8, "12E34", "AABB", "12E34"),
        (2, 8, "1.5", "AABB", "'1.5'"),
        (2, 8, "a: b", "AABB", "'a: b'"),
        (2, 8, "one\ntwo", "AABB", '"one\\ntwo"'),
        (3, 14, "x'y", "'CCDD'", "'x''y'"),
        (3, 14, "x\ny", "'CCDD'", '"x\\ny"'),
        (4, 8, "one\n\ntwo", "|\n  line one\n  line two\n\n  # no comment, but text\n", "|\n  one\n\n  two\n"),
        (10, 9, "0123", "EEFF", "'0123'"),
        (11, 8, "$V\n9\n", "|\n    $ANSIBLE_VAULT;1.1;AES256\n    3132\n", "|\n    $V\n    9\n"),
        (14, 8, "a, b", "x,", "'a, b',"),
        (14, 11, 'q"\\r', '"y"', '"q\\"\\\\r"'),
        (15, 9, "one\ntwo", ">-\n     folded\n     text\n", "|-\n     one\n     two\n"),
        (18, 8, "AABB", "''", "'AABB'"),
        (19, 7, "new\nend", "|-\n  end", "|-\n  new\n  end"),
    ],
)
def test_a_value_is_written_in_the_style_of_the_old_one_where_that_can_hold_it(
    line: int, column: int, value: str, before: str, written: str
) -> None:
    assert TEXT.count(before) == 1
    assert after(TEXT, line, column, value) == TEXT.replace(before, written)


def test_line_ends_of_windows_stay() -> None:
    text = TEXT.replace("\n", "\r\n")
    assert after(text, 4, 8, PEM) == text.replace(
        "  line one\r\n  line two\r\n\r\n  # no comment, but text\r\n",
        PEM.replace("-----B", "  -----B").replace("\n", "\r\n  ").removesuffix("  "),
    )


def test_the_end_of_a_value_keeps_its_line_breaks() -> None:
    text = "a: |+\n  one\n\n\nb: |-\n  two\n\nc: |\n  three\n"
    assert yaml.safe_load(after(text, 1, 4, PEM))["a"] == PEM + "\n\n"
    assert yaml.safe_load(after(text, 5, 4, PEM))["b"] == PEM.rstrip("\n")
    assert yaml.safe_load(after(text, 8, 4, PEM.rstrip("\n")))["c"] == PEM


def test_a_byte_order_mark_and_letters_of_any_plane_move_nothing() -> None:
    text = "\ufeffgrüße: 😀 # 😀\n  \nkey: AABB # 😀\n"
    assert after(text, 3, 6, "CCDD") == text.replace("AABB", "CCDD")


@pytest.mark.parametrize(
    "text",
    [
        "a: &one AABB\nb: *one\n",
        "base: &base {key: AABB}\nb: {<<: *base}\n",
        "list: &list [[AABB]]\nb: [*list]\n",
    ],
)
def test_a_value_that_aliases_use_as_well_is_refused(text: str) -> None:
    column = text.index("&one" if "&one" in text else "AABB") + 1
    with pytest.raises(ScalarError, match="several places"):
        find(text, 1, column)


@pytest.mark.parametrize(("line", "column"), [(1, 1), (2, 9), (99, 1), (4, 9)])
def test_a_place_where_no_value_begins_is_refused(line: int, column: int) -> None:
    with pytest.raises(ScalarError, match="no value"):
        find(TEXT, line, column)


@pytest.mark.parametrize("text", ["a: [", "a: 1\n---\nb: 2\n", "", "\x00", "a: \x07"])
def test_what_is_no_yaml_is_refused_without_a_part_of_it(text: str) -> None:
    with pytest.raises(ScalarError) as refused:
        find(text, 1, 4)
    assert refused.value.hint


STRING = "tag:yaml.org,2002:str"
WORDS = st.text("abcXYZ019 '\"#:{}[],&*!|>%@`-\u00e9\n\t\\", max_size=12)
KEYS = st.from_regex(r"[0-9A-F]{8,40}", fullmatch=True) | st.just(PEM) | st.just("$ANSIBLE_VAULT;1.1;AES256\n3132\n")
STYLES = st.sampled_from([None, "'", '"', "|", ">"])


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, int]:
    """Answer a YAML text of many styles, and which of its values is to be replaced."""
    values = draw(st.lists(st.tuples(WORDS, STYLES), min_size=1, max_size=6))
    nodes = [
        (
            yaml.ScalarNode("tag:yaml.org,2002:str", f"k{n}"),
            yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style),
        )
        for n, (value, style) in enumerate(values)
    ]
    inner: yaml.Node = yaml.MappingNode("tag:yaml.org,2002:map", nodes, flow_style=draw(st.booleans()))
    if draw(st.booleans()):
        inner = yaml.SequenceNode("tag:yaml.org,2002:seq", [inner], flow_style=draw(st.booleans()))
    top = [(yaml.ScalarNode(STRING, "top"), inner)]
    root = yaml.MappingNode("tag:yaml.org,2002:map", top, flow_style=False)
    text: str = yaml.serialize(root, Dumper=yaml.SafeDumper, width=draw(st.sampled_from([20, 1000])))
    lines = text.split("\n")
    comment = draw(st.sampled_from(["", "# a comment", "#\u00e9"]))
    text = "\n".join([comment, *lines])
    return text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))), draw(st.integers(0, len(values) - 1))


@given(documents(), KEYS)
def test_of_any_text_only_that_scalar_changes(document: tuple[str, int], value: str) -> None:
    text, number = document
    before = yaml.safe_load(text)
    line, column = place_of(text, number)
    scalar = find(text, line, column)

    new = replaced(text, scalar, value)

    parsed, old = yaml.safe_load(new), values_of(before)[f"k{number}"]
    ends = len(old) - len(old.rstrip("\n"))
    values_of(before)[f"k{number}"] = value.rstrip("\n") + "\n" * ends
    assert parsed == before
    assert new.startswith(text[: scalar.start])
    assert new.endswith(text[scalar.end :])


def values_of(document: Any) -> dict[str, str]:
    top = document["top"]
    found: dict[str, str] = top[0] if isinstance(top, list) else top
    return found


def place_of(text: str, number: int) -> tuple[int, int]:
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)
    inner = node.value[0][1]
    mapping = inner.value[0] if isinstance(inner, yaml.SequenceNode) else inner
    mark = mapping.value[number][1].start_mark
    return mark.line + 1, mark.column + 1


@given(st.text(max_size=60), st.integers(1, 4), st.integers(1, 20), KEYS)
def test_any_text_is_edited_or_refused(text: str, line: int, column: int, value: str) -> None:
    try:
        new = after(text, line, column, value)
    except ScalarError:
        return
    assert yaml.compose(new, Loader=yaml.SafeLoader) is not None
