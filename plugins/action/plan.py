"""Plan every farm from what its nodes showed, once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible import context

from ..plugin_utils import run as of
from ..plugin_utils.interruption import is_asked_to_stop
from ..plugin_utils.step import Step

SAVED_PLAN = "keydeploy_saved_plan"
"""The variable that names the file of a plan to which this one must be equal."""


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import rollout  # noqa: PLC0415
        from keydeploy.plan import plan  # noqa: PLC0415
        from keydeploy.saved_plan import SavedPlan, held_to  # noqa: PLC0415

        run = of.Run(task_vars)
        played = task_vars["ansible_play_hosts_all"]
        nodes = sum(host in played for farm in run.farms.values() for host in farm["members"])
        plans = []
        obstacles = {}
        for farm in run.all_farms():
            left_out = [member for member in farm.members if member not in played]
            plans.append(plan(farm, run.observations(of.OBSERVED, farm.members), left_out))
            found = rollout.obstacles(left_out, nodes, context.CLIARGS.get("forks", 0))
            against = rollout.stopped().reasons if is_asked_to_stop() else found
            obstacles[farm.name] = [reason.to_json() for reason in against]
        if task_vars.get(SAVED_PLAN):
            file = self._templar.template(task_vars[SAVED_PLAN])
            plans = held_to(SavedPlan.read(Path(str(file))), plans)
        farms = {found.farm: found.to_json() for found in plans}
        return {"state": "planned", "run": run.name, "farms": farms, "obstacles": obstacles}
