"""How a host's farm stands before anything is changed: what a plan, a drift check and a refusal tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .run import PLAN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keydeploy.plan import NodePlan, Operation, Reason

    from .run import Run


AGAINST_POLICY = {"not_checked": "not_checked", "disclosed": "against_policy", "overdue": "overdue"}
"""What policy says of a key, and the state that this is where a scheduler asks; the first that holds counts."""


def standing(run: Run) -> dict[str, Any]:
    """Answer `invalid`, `skipped`, `refused`, `unreachable`, `in_order` or `pending`, with reasons and diff."""
    from keydeploy.report.diff import redacted_diff  # noqa: PLC0415

    found = _stands(run)
    node = _node(run) if found.get("changed") else None
    return found if node is None else {**found, "diff": {"prepared": redacted_diff(node)}}


def drifted(run: Run) -> dict[str, Any]:
    """Answer the same for a scheduler, without the diff: `drift`, or what policy has against a key."""
    found = _stands(run)
    if found.pop("changed", False):
        return {**found, "state": "drift", "differs": differs(run)}
    if found["state"] not in ("pending", "in_order"):
        return found
    against = [notice for notice in run.notices(run.farm) if notice.kind.value in AGAINST_POLICY]
    kinds = {notice.kind.value for notice in against}
    state = next((AGAINST_POLICY[kind] for kind in AGAINST_POLICY if kind in kinds), "in_order")
    return {**found, "state": state, **({"reasons": [str(each) for each in against]} if against else {})}


def differs(run: Run) -> list[str]:
    """Answer what is not as declared on this host's node, one text a thing; keys are named, as in every plan."""
    from keydeploy.plan import Action  # noqa: PLC0415

    node = _node(run)
    return [_told(each) for each in node.operations if each.action is not Action.NO_OP] if node is not None else []


def because(reasons: Iterable[Reason]) -> dict[str, list[str]]:
    """Answer *reasons* as the part of a result that tells them, and what to do about them."""
    found = list(reasons)
    hints = list(dict.fromkeys(reason.hint for reason in found if reason.hint))
    return {"reasons": [str(reason) for reason in found], **({"hints": hints} if hints else {})}


def _told(operation: Operation) -> str:
    found = (f"{each.name}: {each.found} → {each.wanted}" for each in operation.differences)
    return f"{operation.address}: {', '.join(found) or operation.action.value}"


def _stands(run: Run) -> dict[str, Any]:
    if run.problems:
        return {"state": "invalid", "run": run.name, "reasons": [_line(problem) for problem in run.problems]}
    known = {"run": run.name, "farm": run.farm} if run.farm else {"run": run.name}
    refusals = _refusals(run)
    if refusals:
        return {"state": "refused", **known, **refusals}
    plan = run.plan(run.farm)
    if plan is None:
        return {"state": "skipped", **known}
    missing = [reason for reason in plan.missing if reason.node == run.host]
    if missing:
        return {"state": "unreachable", **known, **because(missing)}
    if not run.changes(run.farm):
        return {"state": "in_order", **known}
    node = plan.node(run.host)
    return {"state": "pending", **known, "changed": node is not None and node.changes}


def _refusals(run: Run) -> dict[str, list[str]]:
    if run.unchecked:
        return {"reasons": [run.unchecked]}
    if run.farm is None:
        return {}
    plan = run.plan(run.farm)
    if plan is None:
        cause = run.step(PLAN).get("cause")
        return {"reasons": [cause or "there is no plan; a condition or tag on the import may have skipped its tasks"]}
    return because(plan.reasons) if plan.reasons else {}


def _node(run: Run) -> NodePlan | None:
    plan = run.plan(run.farm)
    return plan.node(run.host) if plan is not None else None


def _line(problem: dict[str, Any]) -> str:
    return ": ".join(part for part in (problem["place"], problem["address"], problem["text"]) if part)
