"""End the run on this host's node: keep what was switched, or take it back. Only here does a play fail."""

from __future__ import annotations

from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.last_step import LastStep
from ..plugin_utils.standing import standing


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        found = standing(run)
        if run.plan_to_finish(run.farm) and not self._task.check_mode:
            return {**found, **_finished(run)}
        if found["state"] != "pending":
            return found
        obstacles = run.obstacles(run.farm)
        if obstacles:
            return {**found, "state": "refused", "changed": False, "reasons": [str(reason) for reason in obstacles]}
        if self._task.check_mode:
            return found
        return {**found, **self._end(run, task_vars)}

    def _end(self, run: of.Run, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        decision, verdict = run.decision(run.farm), run.verdict(run.farm)
        reasons = [_line(reason) for reason in (verdict or decision).get("reasons", [])]
        if not decision.get("go") and run.answer(of.COMMITTED, run.host).get("state") == "unstaged":
            return {"state": "unstaged", "changed": False, "reasons": reasons}
        generation = run.answer(of.STAGED, run.host).get("generation")
        if verdict.get("outcome") == "confirm":
            ask(self, task_vars, render.confirm(run.name, generation)).raise_for_error()
            return {"state": "applied"}
        doubt = self._take_back(run, generation, task_vars)
        return {
            "state": "failed" if doubt else "rolled_back",
            "changed": False,
            "cause": doubt,
            "reasons": reasons or ["there is no verdict on the farm"],
        }

    def _take_back(self, run: of.Run, generation: int | None, task_vars: dict[str, Any]) -> str | None:
        """Take back what was switched; answer why the node is not proved to show again what it showed at first."""
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.errors import KeydeployError  # noqa: PLC0415
        from keydeploy.observation import observe  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        try:
            spec = of.spec_of(self._templar, run, task_vars)
        except KeydeployError:
            ask(self, task_vars, render.undo(run.name, generation)).raise_for_error()
            return "the change was taken back, but without the spec, which no longer resolves, that is not proved"
        shown = observe(spec, ask(self, task_vars, render.roll_back(spec, run.name, generation)))
        plan = run.plan(run.farm)
        node = plan.node(run.host) if plan else None
        same = node is not None and shown.files == node.files
        return None if same else "the node is neither as it was nor as declared"


def _finished(run: of.Run) -> dict[str, Any]:
    """Tell how the end of an unfinished run went on this host."""
    answer = run.answer(of.STAGED, run.host)
    if answer.get("state") not in ("finished", "nothing"):
        return {"state": "failed", "cause": answer.get("cause") or "it gave no answer", "reasons": []}
    return {
        "state": "finished",
        "reasons": ["a run that was left unfinished is brought to its end; run this once more"],
    }


def _line(reason: dict[str, Any]) -> str:
    return f"{reason['node']}: {reason['text']}" if reason["node"] else str(reason["text"])
