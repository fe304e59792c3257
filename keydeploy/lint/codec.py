"""Findings as JSON values and back: between the worker that looked at a node and whoever reports."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from keydeploy.lint.model import Finding, Linted, Suppressed
from keydeploy.lint.rules import RULES
from keydeploy.lint.suppression import Suppression

_FIELDS = ("file", "line", "column", "text", "subject", "node", "application")


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Write *finding*; its rule by name."""
    return {"rule": finding.rule.id, **{name: getattr(finding, name) for name in _FIELDS}}


def finding_from_json(value: Mapping[str, Any]) -> Finding:
    """Read what `finding_to_json` wrote."""
    rule = next(rule for rule in RULES if rule.id == value["rule"])
    return Finding(rule=rule, **{name: value[name] for name in _FIELDS})


def comment_to_json(comment: Suppression) -> dict[str, Any]:
    """Write *comment*."""
    return asdict(comment)


def comment_from_json(value: Mapping[str, Any]) -> Suppression:
    """Read what `comment_to_json` wrote."""
    (first, last), (line, column) = value["covers"], value["place"]
    covers = ((first[0], first[1]), (last[0], last[1]))
    return Suppression(**{**value, "place": (line, column), "covers": covers})


def to_json(linted: Linted) -> dict[str, Any]:
    """Write what a run found."""
    return {
        "findings": [finding_to_json(finding) for finding in linted.findings],
        "suppressed": [_suppressed_to_json(each) for each in linted.suppressed],
        "unread": dict(linted.unread),
        "notes": list(linted.notes),
    }


def from_json(value: Mapping[str, Any]) -> Linted:
    """Read what `to_json` wrote."""
    return Linted(
        findings=tuple(finding_from_json(each) for each in value["findings"]),
        suppressed=tuple(
            Suppressed(**{**each, "finding": finding_from_json(each["finding"])}) for each in value["suppressed"]
        ),
        unread=dict(value["unread"]),
        notes=tuple(value["notes"]),
    )


def _suppressed_to_json(suppressed: Suppressed) -> dict[str, Any]:
    return {"finding": finding_to_json(suppressed.finding), "reason": suppressed.reason, "by": suppressed.by}
