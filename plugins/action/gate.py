"""Decide for every farm whether what is staged goes live, once."""

from __future__ import annotations

import time
from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.interruption import is_asked_to_stop
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.rollout import decide, stopped  # noqa: PLC0415

        run = of.Run(task_vars)
        now, since = time.time(), run.staging_began()
        farms = {}
        for farm in run.all_farms():
            if run.plan_to_apply(farm.name) is None or self._task.check_mode:
                continue
            members, rollout = run.members(farm.name), run.rollout(farm.name)
            decision = stopped()
            if not is_asked_to_stop():
                staged, tolerated = run.staged(members), run.tolerated(farm.name)
                decision = decide(members, staged, rollout, now=now, since=since, tolerated=tolerated)
            farms[farm.name] = {
                "go": decision.go,
                "instants": dict(decision.instants),
                "at": decision.at,
                "failed": decision.failed,
                "reasons": [reason.to_json() for reason in decision.reasons],
            }
        return {"state": "decided", "run": run.name, "farms": farms}
