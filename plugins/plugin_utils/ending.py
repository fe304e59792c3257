"""Ends a run on one host's node: keeps what was switched, or takes it back and proves that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import run as of
from .node import ask
from .standing import because

if TYPE_CHECKING:
    from keydeploy.plan import NodePlan

    from .step import Step


def end(step: Step, run: of.Run, node: NodePlan, task_vars: dict[str, Any]) -> dict[str, Any]:
    """Answer how the run ended on *node*: `applied`, `missing`, `unstaged`, `rolled_back` or `failed`."""
    from keydeploy import render  # noqa: PLC0415
    from keydeploy.plan import Reason  # noqa: PLC0415
    from keydeploy.rollout import End, end_on  # noqa: PLC0415

    decision, verdict = run.decision(run.farm), run.verdict(run.farm)
    live = list(decision["instants"]) if decision.get("go") else []
    back = verdict["back"] if verdict.get("outcome") == "confirm" else None
    committed = run.answer(of.COMMITTED, run.host).get("state")
    why = because(Reason.from_json(reason) for reason in (verdict or decision).get("reasons", []))
    generation = run.answer(of.STAGED, run.host).get("generation")
    match end_on(run.host, live=live, back=back, committed=committed):
        case End.CONFIRM:
            request = render.confirm(run.name, generation, run.backups(run.farm or ""))
            ask(step, task_vars, request).raise_for_error()
            return {"state": "applied"}
        case End.UNSTAGED | End.MISSING as found:
            return {"state": found.value, "changed": False, **why}
        case End.TAKE_BACK:
            doubt = _take_back(step, run, node, generation, task_vars)
            state = "failed" if doubt else "rolled_back"
            reasons = why["reasons"] or ["there is no verdict on the farm"]
            return {"state": state, "changed": False, "cause": doubt, **why, "reasons": reasons}


def _take_back(
    step: Step, run: of.Run, node: NodePlan, generation: int | None, task_vars: dict[str, Any]
) -> str | None:
    """Take back what was switched; answer why the node is not proved to show again what it showed at first."""
    from keydeploy import render  # noqa: PLC0415
    from keydeploy.errors import KeydeployError, NodeError  # noqa: PLC0415
    from keydeploy.observation import observe, undo  # noqa: PLC0415
    from keydeploy.plan import node_plan, plan_undo  # noqa: PLC0415

    unproved = "the change was taken back, but that is not proved"
    try:
        spec = of.spec_of(step.templar, run, task_vars)
    except KeydeployError:
        ask(step, task_vars, render.unstage(run.name, generation)).raise_for_error()
        return f"{unproved}: the spec no longer resolves"
    try:
        response = ask(step, task_vars, render.roll_back(spec, node, run.name, generation))
    except NodeError as error:
        if error.code != "recorded":  # no secret may reach the node any more, and none is needed to go back
            raise
        ask(step, task_vars, render.unstage(run.name, generation)).raise_for_error()
        return f"{unproved}: {error.message}"
    if node.undoes and node.undoes.run is None:
        return None  # nothing was to change here
    if node.undoes:
        farm = next(farm for farm in run.all_farms() if farm.name == run.farm)
        shown = plan_undo(farm, [undo.observe(spec, response)], node.undoes).node(run.host)
    else:
        shown = node_plan(observe(spec, response, accepted=node.cleans))
    is_as_before = shown is not None and shown.is_as(node)
    return None if is_as_before else "the node is neither as it was nor as declared"
