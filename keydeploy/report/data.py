"""A report as JSON values, as `schemas/report.schema.json` describes them."""

from typing import Any

from keydeploy import __version__
from keydeploy.errors import Problem
from keydeploy.observation import change_to_json
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import FarmReport, NodeReport, Report

VERSION = 1


def to_json(report: Report, time: str) -> dict[str, Any]:
    """Answer *report* as JSON values; *time* is when it was made (RFC 3339)."""
    return {
        "report": VERSION,
        "keydeploy": __version__,
        "verb": report.verb.value,
        "time": time,
        "run": report.run,
        "exit_code": int(exit_code(report)),
        "failure": report.failure,
        "interrupted": report.interrupted,
        "problems": [_problem(problem) for problem in report.problems],
        "policy": [notice.to_json() for notice in report.policy],
        "notes": list(report.notes),
        "skipped": list(report.skipped),
        "farms": [_farm(farm) for farm in report.farms],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {"place": problem.place, "address": problem.address, "text": problem.text, "policy": problem.policy}


def _farm(farm: FarmReport) -> dict[str, Any]:
    return {
        "farm": farm.farm,
        "spec": farm.spec,
        "verdict": farm.verdict.value,
        "reasons": [reason.to_json() for reason in farm.reasons],
        "not_looked_at": list(farm.not_looked_at),
        "missing": [reason.to_json() for reason in farm.missing],
        "waves": [list(wave) for wave in farm.waves],
        "nodes": [_node(node) for node in farm.nodes],
    }


def _node(node: NodeReport) -> dict[str, Any]:
    return {
        "node": node.node,
        "observed": node.plan is not None,
        "changes": node.plan is not None and node.plan.changes,
        "outcome": node.outcome,
        "reasons": list(node.reasons),
        "hint": node.hint,
        "operations": [operation.to_json() for operation in node.plan.operations] if node.plan else [],
        "to_stage": [change_to_json(change) for change in node.plan.to_stage] if node.plan else [],
    }
