"""How a host's farm stands before anything is changed: what a plan, a drift check and a refusal tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .run import PLAN

if TYPE_CHECKING:
    from keydeploy.plan import Plan

    from .run import Run


def standing(run: Run) -> dict[str, Any]:
    """Answer `invalid`, `skipped`, `refused`, `unreachable`, `in_order` or `pending`, with reasons and diff."""
    if run.problems:
        return {"state": "invalid", "run": run.name, "reasons": [_line(problem) for problem in run.problems]}
    known = {"run": run.name, "farm": run.farm} if run.farm else {"run": run.name}
    refusals = _refusals(run)
    if refusals:
        return {"state": "refused", **known, "reasons": refusals}
    plan = run.plan(run.farm)
    if plan is None:
        return {"state": "skipped", **known}
    missing = [str(reason) for reason in plan.missing if reason.node == run.host]
    if missing:
        return {"state": "unreachable", **known, "reasons": missing}
    if not plan.changes:
        return {"state": "in_order", **known}
    return {"state": "pending", **known, **_changes(plan, run.host)}


def _refusals(run: Run) -> list[str]:
    if run.unchecked:
        return [run.unchecked]
    if run.farm is None:
        return []
    plan = run.plan(run.farm)
    if plan is None:
        cause = run.step(PLAN).get("cause")
        return [cause or "there is no plan; a condition or tag on the import may have skipped its tasks"]
    return [str(reason) for reason in plan.reasons]


def _changes(plan: Plan, host: str) -> dict[str, Any]:
    from keydeploy.report.diff import redacted_diff  # noqa: PLC0415

    node = plan.node(host)
    if node is None or not node.changes:
        return {"changed": False}
    return {"changed": True, "diff": {"prepared": redacted_diff(node)}}


def _line(problem: dict[str, Any]) -> str:
    return ": ".join(part for part in (problem["place"], problem["address"], problem["text"]) if part)
