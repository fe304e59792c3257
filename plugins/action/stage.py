"""Prepare this host's changes where nothing reads them, or bring a run that was left unfinished to its end."""

from __future__ import annotations

import getpass
import socket
import time
from typing import TYPE_CHECKING, Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step, timed

if TYPE_CHECKING:
    from keydeploy.plan import NodePlan, Plan


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        result: dict[str, Any] = {"state": "nothing", "run": run.name, "began": time.time()}
        if self._task.check_mode:
            return result
        unfinished = run.plan_to_finish(run.farm)
        if unfinished:
            return {**result, **self._finished(run, unfinished, task_vars)}
        plan = run.plan_to_apply(run.farm)
        node = plan.node(run.host) if plan else None
        return {**result, **self._staged(run, node, task_vars)} if node else result

    def _staged(self, run: of.Run, node: NodePlan, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        request = render.stage(of.spec_of(self._templar, run, task_vars), node, run.name, _operator())
        response, started, finished = timed(lambda: ask(self._templar, task_vars, request))
        response.raise_for_error()
        return {
            "state": "staged",
            "generation": response.generation(),
            "began": started,  # not `started` and `finished`, which Ansible 2.21 reads as yes or no
            "ended": finished,
            "offset": response.system().clock - finished,
        }

    def _finished(self, run: of.Run, plan: Plan, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        finish = next((each for each in plan.finishes if each.node == run.host), None)
        if finish is None:
            return {}
        lease = run.farms[run.farm or ""]["rollout"]["lease"]
        request = render.finish(finish.run, _operator(), lease, forward=finish.forward)
        ask(self._templar, task_vars, request).raise_for_error()
        return {"state": "finished"}


def _operator() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
