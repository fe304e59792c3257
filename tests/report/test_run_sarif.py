"""SARIF of a run: what is not as it must be, where it is, and known again in the next run."""

import json
from dataclasses import replace
from typing import Any

import pytest

from keydeploy.errors import Problem
from keydeploy.plan import Cause
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import Made, Report, Verb, Verdict
from keydeploy.report.run_rules import RULES
from keydeploy.report.run_sarif import to_sarif
from keydeploy.report.sarif import FINGERPRINT
from keydeploy.report.standing import State
from keydeploy.spec import Kind
from tests.report import reading
from tests.report.runs import CHANGED, KEY, MADE, SAME, SHAPES, hostile, node, of


def log(report: Report, made: Made = MADE) -> dict[str, Any]:
    return reading.sarif(json.loads(json.dumps(to_sarif(report, made))))


def found(shape: str) -> list[tuple[str, str, str]]:
    """Answer rule, level and place of each result."""
    return [
        (result["ruleId"], result["level"], result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"])
        for result in log(SHAPES[shape])["results"]
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_results_point_to_their_rules_and_are_told_apart(shape: str) -> None:
    told = log(SHAPES[shape])
    rules = told["tool"]["driver"]["rules"]

    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in told["results"])
    assert {rule["id"] for rule in rules} == {result["ruleId"] for result in told["results"]}
    marks = [result["partialFingerprints"][FINGERPRINT] for result in told["results"]]
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("shape", SHAPES)
def test_an_exit_code_other_than_0_has_its_result_or_a_notification(shape: str) -> None:
    told = log(SHAPES[shape])
    (invocation,) = told["invocations"]
    bad = [each for each in (*told["results"], *invocation["toolExecutionNotifications"]) if each["level"] == "error"]
    pending = [each for each in told["results"] if each["ruleId"] in ("missing", "changed", "extra")]

    assert invocation["exitCode"] == exit_code(SHAPES[shape])
    assert bool(bad or pending) == (invocation["exitCode"] != 0)
    assert invocation["executionSuccessful"] == (invocation["exitCode"] in (0, 2, 6))


@pytest.mark.parametrize(
    ("shape", "results"),
    [
        ("in order", []),
        ("valid", []),
        (
            "drifted",
            [
                ("changed", "error", f"portal/web1/{KEY}"),
                ("missing", "error", "portal/web1/certificates.session"),
                ("extra", "error", "portal/web1/certificates.(A1)"),
            ],
        ),
        ("planned", [("changed", "warning", f"portal/web1/{KEY}")]),
        ("unreachable", [("changed", "error", f"portal/web1/{KEY}"), ("unreachable", "error", "portal/web2")]),
        ("without one", [("unreachable", "error", "portal/web2")]),
        ("cannot tell", [("cannot-tell", "error", "portal/web1/certificates.session")]),
        (
            "expired",
            [
                ("must-not-be-used", "error", "portal/web1/certificates.session"),
                ("unwise", "warning", "portal/web1/certificates.session"),
            ],
        ),
        ("rolled back", [("changed", "warning", f"portal/web1/{KEY}"), ("rolled-back", "error", "portal")]),
        ("refused", [("changed", "warning", f"portal/web1/{KEY}"), ("not-carried-out", "error", "portal")]),
        (
            "split",
            [
                ("unreachable", "error", "portal/web2"),
                ("cannot-tell", "error", "portal/web3"),
                ("incomplete", "error", "portal"),
            ],
        ),
        ("overdue and applied", [("key-overdue", "warning", "portal/machine_keys.portal")]),
        ("failed", []),
    ],
)
def test_a_result_says_what_is_wrong_and_where(shape: str, results: list[tuple[str, str, str]]) -> None:
    assert found(shape) == results


def test_what_holds_for_a_whole_node_is_told_once() -> None:
    silent = SHAPES["unreachable"].farms[0].nodes[1]
    several = replace(CHANGED, address="applications.other.machine_key")
    report = of(
        Verb.DRIFT, Verdict.REFUSED, node("web1", SAME, several), silent, reasons=SHAPES["unreachable"].farms[0].reasons
    )
    assert [result["ruleId"] for result in log(report)["results"]] == ["changed", "unreachable"]


def test_a_mistake_of_the_spec_is_in_its_file() -> None:
    first, second, public = log(SHAPES["invalid"])["results"]

    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "inventory.yml"},
        "region": {"startLine": 5, "startColumn": 17},
    }
    assert (first["ruleId"], public["ruleId"]) == ("spec-invalid", "must-not-be-used")
    assert first["partialFingerprints"] != second["partialFingerprints"]
    assert "physicalLocation" not in public["locations"][0]


def test_a_file_on_a_node_has_the_address_of_that_node() -> None:
    (only,) = log(SHAPES["planned"])["results"]
    assert (
        only["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        == "file://web1/C:/inetpub/portal/web.config"
    )


@pytest.mark.parametrize("place", ["a:b", "C:\\x.yml", "nowhere", "a:1:x"])
def test_a_place_that_names_no_line_is_a_file(place: str) -> None:
    told = log(replace(SHAPES["invalid"], problems=(Problem(place, "x", "y"),)))
    assert "region" not in told["results"][0]["locations"][0]["physicalLocation"]


def test_fingerprints_stay_from_run_to_run_and_when_lines_move() -> None:
    def marks(report: Report, made: Made) -> list[str]:
        return [result["partialFingerprints"][FINGERPRINT] for result in log(report, made)["results"]]

    later = Made("2026-12-24T00:00:00+00:00", "2.0.0")
    again = replace(SHAPES["drifted"], run="another", verb=Verb.PLAN)
    moved = replace(
        SHAPES["invalid"],
        problems=tuple(replace(each, place="inventory.yml:9:1") for each in SHAPES["invalid"].problems[:2]),
    )
    assert marks(SHAPES["drifted"], MADE) == marks(again, later)
    assert marks(SHAPES["invalid"], MADE)[:2] == marks(moved, later)


def test_what_kept_the_run_from_looking_is_a_notification() -> None:
    for shape, text in (
        ("failed", "Ansible ended with code 1 before the first step; see it"),
        ("interrupted", "interrupted"),
        ("nothing declared", "there was no node to look at"),
    ):
        (invocation,) = log(SHAPES[shape])["invocations"]
        assert [each["message"]["text"] for each in invocation["toolExecutionNotifications"]] == [text]
    (limited,) = log(SHAPES["limited"])["invocations"]
    assert [each["message"]["text"] for each in limited["toolExecutionNotifications"]] == ["portal/web2: not looked at"]


def test_nodes_that_were_never_come_to_are_told() -> None:
    (invocation,) = log(replace(SHAPES["in order"], declared=("web1", "web2", "b1")))["invocations"]
    assert [each["message"]["text"] for each in invocation["toolExecutionNotifications"]] == ["b1: not looked at"]


def test_policy_findings_have_rules_of_their_own() -> None:
    assert {rule for rule, _, _ in found("overdue")} == {
        "key-overdue",
        "key-due",
        "key-disclosed",
        "key-disclosed-accepted",
        "acceptance-unused",
        "not-checked",
    }


def test_every_state_verdict_and_kind_that_is_told_has_a_rule() -> None:
    untold = {State.IN_ORDER.value, State.NOT_LOOKED_AT.value}
    fine = {each.value for each in (Verdict.IN_ORDER, Verdict.PENDING, Verdict.APPLIED, Verdict.TAKEN_BACK)}
    fine.add(Verdict.NOT_LOOKED_AT.value)
    kinds = {each.value for each in (*State, *Verdict, *Kind)} | {Cause.POLICY.value, "spec", "unwise"}
    assert set(RULES) == kinds - untold - fine
    assert len({rule.id for rule in RULES.values()}) == len(RULES)


def test_the_log_says_of_which_run_and_of_which_specs_it_is() -> None:
    told = log(SHAPES["checked"])
    assert told["properties"] == {
        "run": "5c2d",
        "verb": "apply",
        "check": True,
        "farms": {"portal": {"spec": "d1", "verdict": "pending"}},
    }
    assert told["tool"]["driver"]["semanticVersion"] == "1.2.3"
    assert told["invocations"][0]["endTimeUtc"] == "2026-11-21T23:00:00Z"


def test_nothing_in_it_controls_a_screen() -> None:
    told = json.dumps(log(hostile()), ensure_ascii=False)
    assert "\x1b" not in told
    messages = [result["message"]["text"] for result in log(hostile())["results"]]
    assert not any("\u202e" in message or "\x00" in message for message in messages)
