"""What lint found as SARIF, for code scanning: every finding with its rule, its place and whether it was accepted.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0". Columns are counted in characters.
"""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from keydeploy import __version__
from keydeploy.lint.baseline import marked
from keydeploy.lint.model import Finding, Rule, Severity
from keydeploy.report.lint import BASELINE, LOOKED_AT, Accepted, LintReport

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "keydeploy/v1"

_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
_KINDS = {"comment": "inSource", "spec": "external", BASELINE: "external"}


def to_sarif(report: LintReport, time: str) -> dict[str, Any]:
    """Answer *report* as a SARIF log; *time* is when it was made (RFC 3339)."""
    accepted = report.accepted
    rules = list(
        dict.fromkeys(
            finding.rule for finding in (*(f for f, _ in report.marked), *(each.finding for each in accepted))
        )
    )
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "keydeploy lint",
                        "semanticVersion": __version__,
                        "rules": [_rule(rule) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(report, time)],
                "results": list(_results(report, rules)),
            }
        ],
    }


def uri(path: str, node: str | None = None) -> str:
    """Answer where the file *path* is, on this machine or on *node*: `src/web.config`, `file://web1/C:/x/web.config`.

    Source: RFC 8089, file URIs with an authority.
    """
    written = quote(path.replace("\\", "/"), safe="/:@!$&'()*+,;=~", errors="replace")
    if _DRIVE.match(path) or node is not None:
        return f"file://{quote(node or '')}/{written.lstrip('/')}"
    if path.startswith("/"):
        return f"file://{written}"
    head, colon, tail = written.partition(":")  # which would make a scheme of the first folder
    return f"./{written}" if colon and "/" not in head else head + colon + tail


def _rule(rule: Rule) -> dict[str, Any]:
    text = f"{rule.reason}\n\nSource: {rule.source}\n\nRemedy: {rule.remedy}"
    markdown = f"{rule.reason}\n\n**Source:** {rule.source}\n\n**Remedy:** {rule.remedy}"
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.reason},
        "help": {"text": text, "markdown": markdown},
        "defaultConfiguration": {"level": rule.severity.value},
        "properties": {"tags": ["security"], "problem.severity": _PROBLEM_SEVERITIES[rule.severity]},
    }


_PROBLEM_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}
"""The words of GitHub's code scanning."""


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
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri(finding.file, finding.node)}}
    if finding.line is not None:
        column = {"startColumn": finding.column} if finding.column is not None else {}
        physical["region"] = {"startLine": finding.line, **column}
    names = [name for name in (finding.node, finding.application, finding.subject) if name]
    logical = {"name": finding.subject, "fullyQualifiedName": "/".join(names)}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


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
        location = {"physicalLocation": {"artifactLocation": {"uri": uri(file, name)}}}
        level = "error" if report.must_be_read(name, file) else "warning"
        yield {"level": level, "message": {"text": f"not looked at: {reason}"}, "locations": [location]}
    for entry in report.stale:
        yield {"level": "warning", "message": {"text": f"the baseline accepts what is not found any more: {entry}"}}
    for note in report.notes:
        yield {"level": "note", "message": {"text": note}}
