"""Plan every farm from what its nodes showed, once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ansible import context

from ..plugin_utils import run as of
from ..plugin_utils.interruption import is_asked_to_stop
from ..plugin_utils.last_step import CANNOT_TELL, refusal
from ..plugin_utils.standing import drifted
from ..plugin_utils.step import Step

SAVED_PLAN = "keydeploy_saved_plan"
"""The variable that names the file of a plan to which this one must be equal."""

ARTEFACT = "keydeploy_drift"
"""What the artefact of a job of AWX is called that tells which nodes are not in order, and why."""


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import rollout  # noqa: PLC0415
        from keydeploy.saved_plan import SavedPlan, held_to  # noqa: PLC0415

        run = of.Run(task_vars)
        played = task_vars["ansible_play_hosts_all"]
        nodes = sum(host in played for farm in run.farms.values() for host in farm["members"])
        plans = []
        obstacles = {}
        for farm in run.all_farms():
            left_out = [member for member in farm.members if member not in played]
            found = run.plan_of(farm, of.OBSERVED, left_out)
            plans.append(replace(found, waves=() if run.undo else rollout.waves(found, run.rollout(farm.name))))
            against = rollout.obstacles(left_out, nodes, context.CLIARGS.get("forks", 0))
            against += rollout.objections(found, accepted=run.option(of.ACCEPT_IRREVERSIBLE))
            if is_asked_to_stop():
                against = rollout.stopped().reasons
            obstacles[farm.name] = [reason.to_json() for reason in against]
        if task_vars.get(SAVED_PLAN):
            file = self._templar.template(task_vars[SAVED_PLAN])
            plans = held_to(SavedPlan.read(Path(str(file))), plans)
        reading = self._task.check_mode
        applicable = [found for found in plans if found.may_apply and not obstacles[found.farm] and not reading]
        answer = {
            "state": "planned",
            "run": run.name,
            "farms": {found.farm: found.to_json() for found in plans},
            "obstacles": obstacles,
            "waves": max((len(found.waves) for found in applicable), default=0),
            "in_waves": [node for found in applicable for wave in found.waves for node in wave],
        }
        if self._task.args.get("sums_up"):
            answer["ansible_stats"] = _summary(of.Run({**task_vars, of.PLAN: answer}), played)
        return answer


def _summary(run: of.Run, hosts: list[str]) -> dict[str, Any]:
    """Answer why each of *hosts* that fails will do so, as statistics: AWX keeps them with the job, and sends them."""
    found = {host: refusal(drifted(run.at(host)), CANNOT_TELL) for host in hosts}
    failing = {host: why for host, why in found.items() if why is not None}
    return {"data": {ARTEFACT: failing}, "per_host": False, "aggregate": True}
