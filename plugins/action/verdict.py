"""Judge every commit by the nodes' answers: the plan over their new observations must be empty. Once."""

from __future__ import annotations

from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.plan import plan  # noqa: PLC0415
        from keydeploy.rollout import judge  # noqa: PLC0415

        run = of.Run(task_vars)
        farms = {}
        for farm in run.all_farms():
            if not run.decision(farm.name).get("go"):
                continue
            after = plan(farm, run.observations(of.COMMITTED, farm.members))
            verdict = judge(farm.members, run.committed(farm.members), after)
            farms[farm.name] = {
                "outcome": verdict.outcome.value,
                "reasons": [reason.to_json() for reason in verdict.reasons],
            }
        return {"state": "judged", "run": run.name, "farms": farms}
