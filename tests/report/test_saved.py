"""A saved report is read as it was; of what is none everything that is wrong is told, with its place and no value."""

import json
from typing import Any

import pytest

from keydeploy.report import data
from keydeploy.report.model import Report
from keydeploy.report.saved import SavedReportError, read
from keydeploy.report.visible import visible_line
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
    assert found.notes == tuple(visible_line(note) for note in hostile().notes)
    assert "\x1b" not in repr(found)


def test_a_line_break_cannot_begin_a_line_of_its_own_and_edits_keep_theirs() -> None:
    value = json.loads(saved())
    value["notes"] = ["a\nfarm other: 9 nodes as declared"]
    value["farms"][0]["nodes"][0]["to_stage"][0]["edits"][0]["pieces"] = [{"literal": "one\ntwo\x1b"}]
    found = read("old.json", json.dumps(value).encode()).report
    plan = found.farms[0].nodes[0].plan

    assert found.notes == ("a␊farm other: 9 nodes as declared",)
    assert plan is not None
    assert "one\\ntwo␛" in repr(plan.to_stage)


SILENT_NODE = {"observed": False, "operations": [], "to_stage": []}


@pytest.mark.parametrize(
    ("shape", "change", "problems"),
    [
        ("in order", {"exit_code": 4}, ["exit_code: what the report says makes another exit code"]),
        ("unreachable", {"exit_code": 0}, ["exit_code: what the report says makes another exit code"]),
        ("in order", {"farms": []}, ["farms: nothing is said of a node that is declared, nor why"]),
        (
            "drifted",
            {"farms": []},
            [
                "farms: nothing is said of a node that is declared, nor why",
                "exit_code: what the report says makes another exit code",
            ],
        ),
    ],
)
def test_a_report_that_was_cut_is_refused(shape: str, change: dict[str, Any], problems: list[str]) -> None:
    error = refused(saved(SHAPES[shape], **change))
    assert [str(problem) for problem in error.problems] == [f"old.json: {problem}" for problem in problems]
    assert error.hint is not None
    assert error.hint.startswith("it is cut, changed, or of a version that told less; ")


@pytest.mark.parametrize(
    ("shape", "verdict", "change"),
    [
        ("in order", "in_order", SILENT_NODE),
        ("drifted", "in_order", {}),
        ("cannot tell", "in_order", {}),
        ("applied", "applied", {"outcome": "failed"}),
        ("drifted", "not_looked_at", {}),
        ("taken back unfinished", "taken_back", {"outcome": "ended"}),
    ],
)
def test_a_verdict_that_the_nodes_do_not_bear_out_is_refused(shape: str, verdict: str, change: dict[str, Any]) -> None:
    value = json.loads(saved(SHAPES[shape]))
    value["farms"][0]["verdict"] = verdict
    value["farms"][0]["nodes"][0] |= change

    assert "old.json: farms[0].verdict: what it says of the nodes is another verdict" in told(
        json.dumps(value).encode()
    )


def test_what_stands_there_twice_is_refused() -> None:
    value = json.loads(saved(SHAPES["in order"]))
    value["farms"] *= 2
    assert "old.json: farms[1].farm: this farm stands there already" in told(json.dumps(value).encode())

    value["farms"] = value["farms"][:1]
    value["farms"][0]["nodes"] *= 2
    assert told(json.dumps(value).encode()) == ["old.json: farms[0]: a node of this farm stands there twice"]


def test_a_report_of_validate_that_does_not_tell_what_is_declared_is_refused() -> None:
    value = json.loads(saved(SHAPES["valid"]))
    del value["declared"]
    assert "old.json: lacks declared, without which a report of validate tells nothing" in told(
        json.dumps(value).encode()
    )


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
    old = read("old.json", json.dumps(value).encode())
    found = old.report

    assert not old.tells_materials
    assert (found.timings, found.farms[0].materials) == ((), ())
    assert found.declared == ("web1", "web2")
