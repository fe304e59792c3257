"""What is written as YAML is read again as it was, and Ansible fills nothing into it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keydeploy.yaml_text import as_yaml
from tests.ansible_yaml import loaded

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t {}%#"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc", min_size=1), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), VALUES))
def test_it_is_read_as_it_was(value: dict[str, Any]) -> None:
    assert loaded(as_yaml(value)) == value


@given(TEXTS)
def test_text_that_looks_like_an_expression_is_marked_and_no_other(text: str) -> None:
    looks = any(sign in text for sign in ("{{", "{%", "{#"))
    assert as_yaml({"a": text}).startswith("a: !unsafe") == looks


def test_several_lines_are_a_block_and_what_stands_twice_is_written_twice() -> None:
    same = ["x"]
    assert as_yaml({"b": "one\ntwo\n", "a": same, "c": same}) == "b: |\n  one\n  two\na:\n- x\nc:\n- x\n"


def test_a_long_key_is_one_line() -> None:
    assert as_yaml({"a": "0F " * 1000 + "1"}).count("\n") == 1
