"""Texts as they stand in event logs and traces: each names the error and the cause that explain must find first."""

from pathlib import Path

import pytest

from keydeploy.explain import BY_ID, Log, Pasted, read_text, recognise, summarise

CASES = sorted((Path(__file__).parent / "cases").glob("*.txt"))


def expected(case: Path) -> tuple[str, str, str]:
    """Answer the text of *case*, and the entry and the cause that it names; `-` for none."""
    head, _, text = case.read_text("utf-8").partition("\n\n")
    _, entry, cause = (line.rpartition(" ")[2] for line in head.splitlines())
    return text, entry, cause


def found(text: str) -> tuple[str, str]:
    """Answer the error and the cause that are found first in *text*."""
    given = read_text(text)
    if isinstance(given, Log):
        groups = summarise(given.events).groups
        return (groups[0].entry.id, groups[0].cause.id if groups[0].cause else "-") if groups else ("-", "-")
    recognised = recognise(given.text)
    if not recognised:
        return "-", "-"
    points = recognised[0].points
    return recognised[0].entry.id, points[0].id if points else "-"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_text_is_explained_by_its_error_and_its_cause(case: Path) -> None:
    text, entry, cause = expected(case)

    assert found(text) == (entry, cause)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_line_ends_and_wrapped_lines_make_no_difference(case: Path) -> None:
    text, entry, cause = expected(case)
    given = read_text(text)
    if isinstance(given, Pasted):
        assert found(text.replace("\n", "\r\n")) == (entry, cause)
        assert found(text.replace(" ", "\n    ")) == (entry, cause)
    assert found(text.replace("\n", "\r\n")) == (entry, cause)


def test_each_of_the_five_scenarios_has_its_original_texts() -> None:
    lines = [case.read_text("utf-8").splitlines()[0] for case in CASES]

    for scenario in range(1, 6):
        assert sum(f"scenario {scenario}" in line for line in lines) >= 3


def test_cases_name_entries_and_causes_that_exist() -> None:
    for case in CASES:
        _, entry, cause = expected(case)
        assert entry == "-" or entry in BY_ID, case
        assert cause == "-" or cause in {each.id for each in BY_ID[entry].causes}, case
