"""Plan every farm from what its nodes showed, once."""

from __future__ import annotations

from typing import Any

from ansible import context

from ..plugin_utils import run as of
from ..plugin_utils.interruption import is_asked_to_stop
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import rollout  # noqa: PLC0415
        from keydeploy.plan import plan  # noqa: PLC0415

        run = of.Run(task_vars)
        played = task_vars["ansible_play_hosts_all"]
        nodes = sum(host in played for farm in run.farms.values() for host in farm["members"])
        farms = {}
        obstacles = {}
        for farm in run.all_farms():
            left_out = [member for member in farm.members if member not in played]
            farms[farm.name] = plan(farm, run.observations(of.OBSERVED, farm.members), left_out).to_json()
            found = rollout.obstacles(left_out, nodes, context.CLIARGS.get("forks", 0))
            against = rollout.stopped().reasons if is_asked_to_stop() else found
            obstacles[farm.name] = [reason.to_json() for reason in against]
        return {"state": "planned", "run": run.name, "farms": farms, "obstacles": obstacles}
