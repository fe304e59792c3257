"""What lint found as SARIF, for code scanning: every finding with its rule, its place and whether it was accepted."""

from collections.abc import Iterator
from typing import Any

from keydeploy.lint.baseline import marked
from keydeploy.lint.model import Finding, Rule
from keydeploy.report.lint import BASELINE, LOOKED_AT, Accepted, LintReport
from keydeploy.report.sarif import FINGERPRINT, log, physical

_KINDS = {"comment": "inSource", "spec": "external", BASELINE: "external"}


def to_sarif(report: LintReport, time: str) -> dict[str, Any]:
    """Answer *report* as a SARIF log; *time* is when it was made (RFC 3339)."""
    accepted = report.accepted
    rules = list(
        dict.fromkeys(
            finding.rule for finding in (*(f for f, _ in report.marked), *(each.finding for each in accepted))
        )
    )
    return log("keydeploy lint", rules, _invocation(report, time), _results(report, rules))


def _results(report: LintReport, rules: list[Rule]) -> Iterator[dict[str, Any]]:
    known = {id(each.finding): each for each in report.accepted}
    commented = [each.finding for each in report.accepted if each.by != BASELINE]
    for finding, mark in (*report.marked, *marked(commented, report.folder)):
        accepted = known.get(id(finding))
        result = _result(finding, rules, accepted) | {"partialFingerprints": {FINGERPRINT: mark}}
        if report.baseline is not None:
            result["baselineState"] = "unchanged" if accepted and accepted.by == BASELINE else "new"
        yield result


def _result(finding: Finding, rules: list[Rule], accepted: Accepted | None) -> dict[str, Any]:
    suppressions = (
        [{"kind": _KINDS[accepted.by], "status": "accepted", "justification": accepted.reason}] if accepted else []
    )
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.rule.severity.value,
        "message": {"text": finding.text},
        "locations": [_location(finding)],
        "suppressions": suppressions,
    }


def _location(finding: Finding) -> dict[str, Any]:
    place = physical(finding.file, node=finding.node, line=finding.line, column=finding.column)
    names = [name for name in (finding.node, finding.application, finding.subject) if name]
    logical = {"name": finding.subject, "fullyQualifiedName": "/".join(names)}
    return {"physicalLocation": place, "logicalLocations": [logical]}


def _invocation(report: LintReport, time: str) -> dict[str, Any]:
    return {
        "executionSuccessful": report.is_complete,
        "exitCode": int(report.exit_code),
        "endTimeUtc": time,
        "toolExecutionNotifications": list(_notifications(report)),
    }


def _notifications(report: LintReport) -> Iterator[dict[str, Any]]:
    """Yield what could not be looked at, and why."""
    for problem in report.problems:
        yield {"level": "error", "message": {"text": str(problem)}}
    for node in report.nodes:
        if node.state != LOOKED_AT:
            yield {"level": "error", "message": {"text": f"{node.node}: {node.state}: {node.cause}"}}
    for name, file, reason in report.unread():
        location = {"physicalLocation": physical(file, node=name)}
        level = "error" if report.must_be_read(name, file) else "warning"
        yield {"level": level, "message": {"text": f"not looked at: {reason}"}, "locations": [location]}
    for entry in report.stale:
        yield {"level": "warning", "message": {"text": f"the baseline accepts what is not found any more: {entry}"}}
    for note in report.notes:
        yield {"level": "note", "message": {"text": note}}
