"""Prepare this host's changes where nothing reads them."""

from __future__ import annotations

import getpass
import socket
from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step, timed


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        run = of.Run(task_vars)
        plan = run.plan_to_apply(run.farm)
        node = plan.node(run.host) if plan else None
        if node is None or self._task.check_mode:
            return {"state": "nothing", "run": run.name}
        spec = of.spec_of(self._templar, run, task_vars)
        request = render.stage(spec, node, run.name, f"{getpass.getuser()}@{socket.gethostname()}")
        response, started, finished = timed(lambda: ask(self._templar, task_vars, request))
        response.raise_for_error()
        return {
            "state": "staged",
            "run": run.name,
            "generation": response.generation(),
            "started": started,
            "finished": finished,
            "offset": response.system().clock - finished,
        }
