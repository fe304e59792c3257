"""SARIF as its official schema and the tools that read it expect it."""

from pathlib import Path
from typing import Any

import pytest

from keydeploy.errors import Problem
from keydeploy.lint.baseline import Baseline
from keydeploy.lint.model import Linted, Severity, Suppressed
from keydeploy.report.lint import LintReport, NodeLooked
from keydeploy.report.lint_sarif import to_sarif
from keydeploy.report.sarif import FINGERPRINT, uri
from tests.lint import sarif_schema
from tests.lint.linted import finding, rule

NOW = "2026-11-21T20:00:00Z"


def run(report: LintReport) -> dict[str, Any]:
    """Answer the one run of the log, which is valid."""
    log = to_sarif(report, NOW)
    sarif_schema.validator().validate(log)
    (only,) = log["runs"]
    return dict(only)


def test_the_schema_refuses_what_is_no_log() -> None:
    log = to_sarif(LintReport(linted=Linted(findings=(finding(),))), NOW)
    log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] = 0

    assert not sarif_schema.validator().is_valid(log)


def test_a_finding_has_its_rule_its_place_and_a_fingerprint_that_stays_when_lines_move() -> None:
    (here,) = run(LintReport(linted=Linted(findings=(finding(),))))["results"]
    (there,) = run(LintReport(linted=Linted(findings=(finding(line=99),))))["results"]

    location = here["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": "src/web.config"}
    assert location["region"] == {"startLine": 12, "startColumn": 5}
    assert (here["ruleId"], here["level"], here["message"]) == ("sample-key", "error", {"text": "what was found"})
    assert here["partialFingerprints"][FINGERPRINT] == there["partialFingerprints"][FINGERPRINT]
    assert "baselineState" not in here


def test_rules_come_with_help_and_results_point_to_them() -> None:
    weak = rule("weak-algorithm", Severity.WARNING)
    only = run(LintReport(linted=Linted(findings=(finding(), finding(weak), finding(line=20)))))

    rules = only["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in only["results"]] == [True] * 3
    assert {each["id"]: each["defaultConfiguration"]["level"] for each in rules} == {
        "sample-key": "error",
        "weak-algorithm": "warning",
    }
    assert all("mend it" in each["help"]["text"] for each in rules)


def test_what_was_accepted_is_there_with_its_reason() -> None:
    known = finding(rule("weak-algorithm"))
    linted = Linted(findings=(finding(), known), suppressed=(Suppressed(finding=finding(line=3), reason="a test"),))
    results = run(LintReport(linted=linted, baseline=Baseline.of([known], Path())))["results"]

    told = {
        result["locations"][0]["physicalLocation"]["region"]["startLine"]: result["suppressions"]
        for result in results
        if result["suppressions"]
    }
    assert told == {
        3: [{"kind": "inSource", "status": "accepted", "justification": "a test"}],
        12: [
            {
                "kind": "external",
                "status": "accepted",
                "justification": "accepted in the baseline, without a reason",
            }
        ],
    }
    assert [result.get("baselineState") for result in results] == ["new", "unchanged", "new"]


def test_what_was_not_looked_at_makes_the_run_incomplete() -> None:
    nodes = (NodeLooked(node="web1", state="looked_at", unread={"C:\\x\\web.config": "gone"}),)
    looked = run(LintReport(linted=Linted(findings=(), unread={"odd one.config": "not XML"}), nodes=nodes))
    silent = NodeLooked(node="web2", state="unreachable", cause="no answer")
    incomplete = run(LintReport(linted=Linted(findings=()), nodes=(silent,)))
    problem = Problem("inventory.yml:1:1", "machine_keys", "missing")
    invalid = run(LintReport(linted=Linted(findings=()), problems=(problem,)))

    assert (looked["invocations"][0]["executionSuccessful"], looked["invocations"][0]["exitCode"]) == (False, 1)
    assert len(looked["invocations"][0]["toolExecutionNotifications"]) == 2
    assert (incomplete["invocations"][0]["executionSuccessful"], incomplete["invocations"][0]["exitCode"]) == (False, 4)
    assert (invalid["invocations"][0]["executionSuccessful"], invalid["invocations"][0]["exitCode"]) == (False, 3)


@pytest.mark.parametrize(
    ("path", "node", "expected"),
    [
        ("src/web.config", None, "src/web.config"),
        ("src\\my app\\web.config", None, "src/my%20app/web.config"),
        ("/srv/web.config", None, "file:///srv/web.config"),
        ("C:\\inetpub\\web.config", None, "file:///C:/inetpub/web.config"),
        ("C:\\inetpub\\web.config", "web1", "file://web1/C:/inetpub/web.config"),
        ("a:b/web.config", None, "./a:b/web.config"),
        ("100%/wéb.config", None, "100%25/w%C3%A9b.config"),
        ("a#b?.config", None, "a%23b%3F.config"),
    ],
)
def test_a_path_becomes_a_uri(path: str, node: str | None, expected: str) -> None:
    assert uri(path, node) == expected


def test_what_had_to_be_looked_at_and_could_not_be_is_an_error_and_no_success() -> None:
    unread = {"web.config": "not well-formed", "part.config": "is not there"}
    broken = LintReport(linted=Linted(findings=(), unread=unread, broken=frozenset(("web.config",))))
    (invocation,) = run(broken)["invocations"]

    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 1)
    assert [each["level"] for each in invocation["toolExecutionNotifications"]] == ["error", "warning"]

    (other,) = run(LintReport(linted=Linted(findings=(finding(),), unread={"part.config": "is not there"})))[
        "invocations"
    ]
    assert (other["executionSuccessful"], other["exitCode"]) == (True, 6)
