"""A comparison of two runs as JSON values, as `schemas/comparison.schema.json` describes them."""

from typing import Any

from keydeploy import __version__
from keydeploy.report.comparison import Comparison, FarmComparison
from keydeploy.report.exit_code import exit_code
from keydeploy.report.findings import Finding
from keydeploy.report.saved import Saved
from keydeploy.report.summary import sentences

VERSION = 1


def to_json(comparison: Comparison) -> dict[str, Any]:
    """Answer *comparison* as JSON values."""
    return {
        "comparison": VERSION,
        "keydeploy": __version__,
        "same": comparison.is_same,
        "old": _run(comparison.old),
        "new": _run(comparison.new),
        "remarks": list(comparison.remarks),
        "policy": {
            "new": [notice.to_json() for notice in comparison.policy_new],
            "gone": [notice.to_json() for notice in comparison.policy_gone],
        },
        "farms": [_farm(farm) for farm in comparison.farms],
    }


def _run(saved: Saved) -> dict[str, Any]:
    report = saved.report
    return {
        "verb": report.verb.value,
        "check": report.check,
        "time": saved.made.time,
        "keydeploy": saved.made.version,
        "run": report.run,
        "exit_code": int(exit_code(report)),
        "summary": list(sentences(report)),
    }


def _farm(farm: FarmComparison) -> dict[str, Any]:
    return {
        "farm": farm.farm,
        "same": farm.is_same,
        "old_verdict": farm.old.value if farm.old else None,
        "new_verdict": farm.new.value if farm.new else None,
        "same_spec": farm.is_same_spec,
        "new_nodes": list(farm.new_nodes),
        "gone_nodes": list(farm.gone_nodes),
        "unchanged": farm.unchanged,
        "changes": [
            {
                "node": each.node,
                "address": each.address,
                "change": each.change.value,
                "old": each.old.value if each.old else None,
                "new": each.new.value if each.new else None,
            }
            for each in farm.moved
        ],
        "keys": [
            {"address": each.address, "nodes": list(each.nodes), "old": each.old, "new": each.new}
            for each in farm.replaced
        ],
        "violated": [_finding(each) for each in farm.violated],
        "absolved": [_finding(each) for each in farm.absolved],
        "declared": [material.to_json() for material in farm.declared],
        "undeclared": list(farm.undeclared),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"address": finding.address, "text": finding.text, "nodes": list(finding.nodes)}
