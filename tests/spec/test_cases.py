"""Each case file holds declarations, and after `---` every problem that `check` tells of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from keydeploy.spec import Declaration, check
from keydeploy.spec.load import problems_of
from tests.spec.keys import pieces, texts
from tests.spec.reading import documents

CASES = sorted((Path(__file__).parent / "cases").glob("*.yml"))
LONGEST_COMMON_TEXT = 15
"""Longer texts of a case are names, paths or keys; no message may quote them."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_mistake_is_told_at_its_place_and_nothing_else(case: Path) -> None:
    given, expected = documents(case)
    told = [str(problem) for problem in check(given).problems]
    assert len(told) == len(expected), "\n".join(told)
    for line, problem in zip(told, expected, strict=True):
        place, address_and_text = problem.split(" ", 1)
        assert line.startswith(f"{case.name}:{place}: {address_and_text}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_no_message_quotes_a_value(case: Path) -> None:
    given, _ = documents(case)
    values = {text for declaration in given for text in long_texts(declaration.value)}
    quoted = values | {piece for text in values.intersection(texts().values()) for piece in pieces(text)}
    told = "\n".join(str(problem) for problem in check(given).problems)
    assert not [value for value in quoted if value in told]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_the_order_of_hosts_does_not_matter_for_what_is_wrong_with_each(case: Path) -> None:
    given, expected = documents(case)
    found = check([*reversed(given)]).problems
    alone = [problems_of(declaration) for declaration in given]
    assert bool(found) == bool(expected)
    assert {problem.place for told in alone for problem in told} <= {problem.place for problem in found}


def long_texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from long_texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from long_texts(inner)
    elif len(str(value)) > LONGEST_COMMON_TEXT:
        yield str(value)


def test_a_case_begins_with_why() -> None:
    assert not [case.name for case in CASES if not case.read_text("utf-8").startswith("# ")]


def test_hosts_keep_their_order_in_the_farm() -> None:
    given = [Declaration(host=name, value={}) for name in ("b", "a")]
    assert [spec.host for spec in check(given).farms["default"]] == ["b", "a"]
