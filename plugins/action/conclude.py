"""End the run on this host's node: keep what was switched, or take it back. Only here does a play fail."""

from __future__ import annotations

from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.ending import end
from ..plugin_utils.last_step import LastStep
from ..plugin_utils.standing import because, standing


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        found = standing(run)
        if run.plan_to_finish(run.farm) and not self._task.check_mode:
            return {**found, **_finished(run)}
        obstacles = run.obstacles(run.farm) if found["state"] == "pending" else []
        if obstacles:
            return {**found, "state": "refused", "changed": False, **because(obstacles)}
        if found["state"] != "pending" or self._task.check_mode:
            return found
        if run.is_in_waves(run.farm):
            return {**found, "changed": False, **_of_the_waves(run)}
        node = run.node_to_change()
        return {**found, **end(self, run, node, task_vars)} if node else found


def _of_the_waves(run: of.Run) -> dict[str, Any]:
    """Tell how the waves ended on this host; before they begin, that it waits for them."""
    plan, ended = run.plan(run.farm), run.answer(of.ENDED, run.host)
    if plan is not None and not any(run.host in wave for wave in plan.waves):
        return {"state": "in_order"}
    if not ended:
        return {"state": "waits"}
    return {**ended, "changed": ended["state"] == "applied"}


def _finished(run: of.Run) -> dict[str, Any]:
    """Tell how the end of an unfinished run went on this host."""
    answer = run.answer(of.STAGED, run.host)
    if answer.get("state") not in ("finished", "ended", "nothing"):
        cause = answer.get("cause") or "it gave no answer"
        return {"state": "failed", "cause": cause, "hint": answer.get("hint"), "reasons": []}
    return {
        "state": "ended" if answer["state"] == "ended" else "finished",
        "reasons": ["a run that was left unfinished is brought to its end; run this once more"],
    }
