"""Every form of every report: made of the report alone, and fit to be written and shown."""

import json

import pytest

from keydeploy.cli.options import RECORDS
from keydeploy.report import records, run_sarif
from keydeploy.report.records import KINDS, Earlier
from keydeploy.report.summary import sentences
from tests.report.runs import HOSTILE, MADE, SHAPES, hostile


def test_the_command_line_offers_the_forms_that_there_are() -> None:
    assert KINDS == RECORDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_report_makes_the_same_record(kind: str, shape: str) -> None:
    text = records.render(kind, SHAPES[shape], MADE)

    assert text == records.render(kind, SHAPES[shape], MADE)
    assert text.endswith("\n")
    assert text.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_odd_names_control_no_screen(kind: str) -> None:
    text = records.render(kind, hostile(), MADE, Earlier(HOSTILE))
    assert not {"\x1b", "\x00"} & set(text)
    text.encode("utf-8", "replace")


def test_text_ends_with_what_came_of_it() -> None:
    for report in SHAPES.values():
        last = f"{' '.join(sentences(report))}\n" + (f"hint: {report.hint}\n" if report.hint else "")
        assert records.render("text", report, MADE).endswith(last)


def test_what_is_json_is_what_its_module_makes() -> None:
    report = SHAPES["drifted"]
    assert json.loads(records.render("sarif", report, MADE)) == run_sarif.to_sarif(report, MADE)
