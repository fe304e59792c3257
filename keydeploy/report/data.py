"""A report as JSON values, as `schemas/report.schema.json` describes them, and back."""

from collections.abc import Mapping
from typing import Any

from keydeploy.errors import Problem
from keydeploy.observation import Undo, change_from_json, change_to_json
from keydeploy.plan import NodePlan, Operation, Reason
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import FarmReport, Made, NodeReport, Report, Verb, Verdict
from keydeploy.report.standing import Standing, standings
from keydeploy.report.timings import StepTime
from keydeploy.spec import Material, Notice

VERSION = 1


def to_json(report: Report, made: Made) -> dict[str, Any]:
    """Answer *report*, which was *made* so, as JSON values."""
    return {
        "report": VERSION,
        "keydeploy": made.version,
        "verb": report.verb.value,
        "check": report.check,
        "time": made.time,
        "run": report.run,
        "exit_code": int(exit_code(report)),
        "failure": report.failure,
        "hint": report.hint,
        "interrupted": report.interrupted,
        "problems": [_problem(problem) for problem in report.problems],
        "policy": [notice.to_json() for notice in report.policy],
        "notes": list(report.notes),
        "declared": list(report.declared),
        "skipped": list(report.skipped),
        "farms": [_farm(farm) for farm in report.farms],
        "timings": [each.to_json() for each in report.timings],
    }


def made_of(value: Mapping[str, Any]) -> Made:
    """Answer when, and by which version, the report *value* was made."""
    return Made(time=value["time"], version=value["keydeploy"])


def from_json(value: Mapping[str, Any]) -> Report:
    """Read what `to_json` wrote; *value* is as the schema describes it.

    Reports of earlier versions lack what came later, which then reads as not told.
    """
    farms = tuple(_farm_of(farm) for farm in value["farms"])
    observed = [node.node for farm in farms for node in farm.nodes]
    return Report(
        verb=Verb(value["verb"]),
        check=value.get("check", False),
        run=value["run"],
        problems=tuple(Problem(**problem) for problem in value["problems"]),
        declared=tuple(value.get("declared", observed)),
        skipped=tuple(value["skipped"]),
        farms=farms,
        failure=value["failure"],
        hint=value.get("hint"),
        interrupted=value["interrupted"],
        policy=tuple(Notice.from_json(notice) for notice in value["policy"]),
        notes=tuple(value["notes"]),
        timings=tuple(StepTime.from_json(each) for each in value.get("timings", ())),
    )


def _farm_of(value: Mapping[str, Any]) -> FarmReport:
    return FarmReport(
        farm=value["farm"],
        spec=value["spec"],
        verdict=Verdict(value["verdict"]),
        nodes=tuple(_node_of(node) for node in value["nodes"]),
        reasons=tuple(Reason.from_json(reason) for reason in value["reasons"]),
        not_looked_at=tuple(value["not_looked_at"]),
        missing=tuple(Reason.from_json(reason) for reason in value["missing"]),
        waves=tuple(tuple(wave) for wave in value["waves"]),
        materials=tuple(Material.from_json(each) for each in value.get("materials", ())),
    )


def _node_of(value: Mapping[str, Any]) -> NodeReport:
    plan = NodePlan(
        node=value["node"],
        operations=tuple(_operation_of(operation) for operation in value["operations"]),
        to_stage=tuple(change_from_json(change) for change in value["to_stage"]),
        undoes=Undo(**value["undoes"]) if value.get("undoes") else None,
    )
    return NodeReport(
        node=value["node"],
        plan=plan if value["observed"] else None,
        outcome=value["outcome"],
        reasons=tuple(value["reasons"]),
        hint=value["hint"],
        confirmed=value.get("confirmed"),
    )


def _operation_of(value: Mapping[str, Any]) -> Operation:
    return Operation.from_json({name: each for name, each in value.items() if name != "state"})  # that follows from all


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
        "materials": [material.to_json() for material in farm.materials],
        "nodes": [_node(each.report, each) for each in standings(farm) if each.report is not None],
    }


def _node(node: NodeReport, standing: Standing) -> dict[str, Any]:
    found = [(cell.state, cell.operation) for cell in standing.cells if cell.operation is not None]
    return {
        "node": node.node,
        "observed": node.plan is not None,
        "state": standing.state.value,
        "changes": node.plan.changes if node.plan is not None else None,
        "outcome": node.outcome,
        "reasons": list(node.reasons),
        "hint": node.hint,
        "confirmed": node.confirmed,
        "operations": [{**operation.to_json(), "state": state.value} for state, operation in found],
        "to_stage": [change_to_json(change) for change in node.plan.to_stage] if node.plan else [],
        "undoes": _undo(node.plan.undoes) if node.plan and node.plan.undoes else None,
    }


def _undo(undo: Undo) -> dict[str, Any]:
    return {"run": undo.run, "force": undo.force}
