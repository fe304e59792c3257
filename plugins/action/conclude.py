"""End the run on this host's node: keep what was switched, or take it back. Only here does a play fail."""

from __future__ import annotations

from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.standing import fail_where_refused, standing
from ..plugin_utils.step import Step


class ActionModule(Step):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return fail_where_refused(super().run(tmp, task_vars))

    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        found = standing(run)
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
        spec = of.spec_of(self._templar, run, task_vars)
        if verdict.get("outcome") == "confirm":
            ask(self._templar, task_vars, render.confirm(spec, run.name)).raise_for_error()
            return {"state": "applied"}
        response = ask(self._templar, task_vars, render.roll_back(spec, run.name))
        proved = self._is_as_before(run, spec, response)
        return {
            "state": "rolled_back" if proved else "failed",
            "changed": False,
            "cause": None if proved else "the node is neither as it was nor as declared",
            "reasons": reasons or ["there is no verdict on the farm"],
        }

    @staticmethod
    def _is_as_before(run: of.Run, spec: Any, response: Any) -> bool:
        """Tell whether the node shows again what the plan was made from."""
        from keydeploy.observation import observe  # noqa: PLC0415

        plan = run.plan(run.farm)
        node = plan.node(run.host) if plan else None
        return node is not None and observe(spec, response).files == node.files


def _line(reason: dict[str, Any]) -> str:
    return f"{reason['node']}: {reason['text']}" if reason["node"] else str(reason["text"])
