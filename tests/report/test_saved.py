"""A saved report is read as it was; of what is none everything that is wrong is told, with its place and no value."""

import json
from typing import Any

import pytest

from keydeploy.report import data
from keydeploy.report.model import Report
from keydeploy.report.saved import SavedReportError, read
from keydeploy.report.visible import visible
from tests.report.runs import MADE, SHAPES, hostile

NO_MEASURE = "this JSON has no measure: a number in it, or how deep it goes, is beyond all reports"
SECRET = "Marked-Value"


def saved(report: Report = SHAPES["drifted"], **changes: Any) -> bytes:
    """Answer the bytes of a file with *report*, and *changes* in it."""
    return json.dumps(data.to_json(report, MADE) | changes).encode()


def refused(content: bytes) -> SavedReportError:
    with pytest.raises(SavedReportError) as raised:
        read("old.json", content)
    return raised.value


def told(content: bytes) -> list[str]:
    return [str(problem) for problem in refused(content).problems]


@pytest.mark.parametrize("report", SHAPES.values(), ids=SHAPES)
def test_a_report_is_read_as_it_was(report: Report) -> None:
    found = read("old.json", saved(report))
    assert (found.report, found.made) == (report, MADE)


def test_a_byte_order_mark_does_not_matter() -> None:
    assert read("old.json", b"\xef\xbb\xbf" + saved()).report == SHAPES["drifted"]


def test_what_would_control_a_screen_is_read_as_a_sign_for_it() -> None:
    found = read("old.json", saved(hostile())).report
    assert found.notes == tuple(visible(note) for note in hostile().notes)
    assert "\x1b" not in repr(found)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b'{"report": 1,\n  "verb": }', "old.json:2:11: this is no JSON: Expecting value"),
        (b"", "old.json:1:1: this is no JSON: Expecting value"),
        (b"\xff\xfe", "old.json: this is no text in UTF-8"),
        (b"[" * 100_000, f"old.json: {NO_MEASURE}"),
        (b"9" * 5_000, f"old.json: {NO_MEASURE}"),
        (b'{"report": NaN}', f"old.json: {NO_MEASURE}"),
        (b"[]", "old.json: this is no report of keydeploy: it does not say which version of one it is"),
        (b'"report"', "old.json: this is no report of keydeploy: it does not say which version of one it is"),
        (b'{"plan": 1}', "old.json: this is a saved plan; keydeploy show prints it"),
        (b'{"comparison": 1}', "old.json: this is a comparison of two reports; give the reports themselves"),
        (b'{"report": 2}', "old.json: report: this is a report of version 2; this keydeploy reads version 1"),
    ],
    ids=["broken", "empty", "binary", "deep", "long", "no number", "list", "text", "plan", "comparison", "newer"],
)
def test_what_is_no_report_is_told_with_its_place(content: bytes, problem: str) -> None:
    assert told(content) == [problem]


def test_every_problem_is_told_at_once() -> None:
    value = json.loads(saved())
    value |= {"verb": SECRET, "run": 7, SECRET: SECRET, "time": "yesterday"}
    del value["notes"]
    value["farms"][0]["nodes"][0]["operations"][0]["differences"][0]["found"] = [SECRET]
    value["farms"][0]["nodes"][0]["to_stage"] = [{"noun": SECRET}]
    value["farms"][0]["materials"][0]["due"] = "2026-13-45"

    assert told(json.dumps(value).encode()) == [
        "old.json: holds names that a report does not have",
        "old.json: lacks notes",
        "old.json: farms[0].materials[0].due: expected a date",
        "old.json: farms[0].nodes[0].operations[0].differences[0].found: expected text",
        "old.json: farms[0].nodes[0].to_stage[0]: is of no kind that a report knows",
        "old.json: run: expected text",
        "old.json: verb: expected one of validate, plan, apply, rollback, drift",
        "old.json: time: expected a date with a time and an offset, such as 2026-11-21T12:00:00+00:00",
    ]


def test_no_message_quotes_a_value() -> None:
    value = json.loads(saved())
    value |= {"verb": SECRET, SECRET: SECRET, "run": {SECRET: SECRET}, "farms": [SECRET], "time": SECRET}
    error = refused(json.dumps(value).encode())

    assert SECRET not in f"{error} {error.hint} {error.problems}"


def test_a_newer_report_asks_for_a_newer_program() -> None:
    assert refused(b'{"report": 2}').hint == "use the keydeploy that made it, or a newer one"
    assert refused(b"[]").hint == "keydeploy drift INVENTORY --format json > FILE saves a report"


@pytest.mark.parametrize("time", ["2026-11-21T23:00:00", "2026-11-21", "", "99999-01-01T00:00:00Z"])
def test_a_time_without_an_offset_is_none(time: str) -> None:
    (problem,) = told(saved(time=time))
    assert problem.startswith("old.json: time: ")


def test_a_report_of_an_earlier_version_is_read_without_what_came_later() -> None:
    value = json.loads(saved())
    for name in ("check", "declared", "timings"):
        del value[name]
    del value["farms"][0]["materials"]
    found = read("old.json", json.dumps(value).encode()).report

    assert (found.timings, found.farms[0].materials) == ((), ())
    assert found.declared == ("web1", "web2")
