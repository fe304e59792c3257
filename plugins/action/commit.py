"""Switch this host's node at the instant that the gate set, or forget what was staged."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step

if TYPE_CHECKING:
    from keydeploy.node.contract import Response
    from keydeploy.plan import NodePlan
    from keydeploy.spec import Spec


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        run = of.Run(task_vars)
        node = run.node_to_change()
        if node is None or self._task.check_mode:
            return {"state": "nothing", "run": run.name}
        decision = run.decision(run.farm)
        staged = run.answer(of.STAGED, run.host)
        at = decision.get("instants", {}).get(run.host)
        if not decision.get("go") or at is None:
            ask(self, task_vars, render.unstage(run.name, staged.get("generation"))).raise_for_error()
            return {"state": "unstaged", "run": run.name}
        spec = of.spec_of(self._templar, run, task_vars)
        request = render.commit(spec, node, run.name, staged["generation"], at)
        wait = max(0.0, at - staged["offset"] - time.time()) + spec.rollout.grace
        response = ask(self, task_vars, request, wait=wait)
        return {"run": run.name, **self._committed(spec, node, response)}

    @staticmethod
    def _committed(spec: Spec, node: NodePlan, response: Response) -> dict[str, Any]:
        from keydeploy.health import probe  # noqa: PLC0415
        from keydeploy.observation import observe, undo  # noqa: PLC0415

        observation = undo.observe(spec, response) if node.undoes else observe(spec, response, accepted=node.cleans)
        return {
            "state": "committed",
            "committed_at": response.committed_at(),
            "observation": observation.to_json(),
            "unhealthy": probe(spec.rollout.health) if spec.rollout.health else None,
        }
