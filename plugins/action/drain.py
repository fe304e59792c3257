"""Take this host's node out of the load balancer before its wave, or let it in again afterwards, as is declared.

A call is made here; the user's own tasks are answered with their file, for `include_tasks`, and counted as done when
the step is told so.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.health import call  # noqa: PLC0415

        run = of.Run(task_vars)
        back = bool(self._task.args.get("back"))
        ran = self._task.args.get("ran")
        answer: dict[str, Any] = {"run": run.name, "tasks": None}
        if ran is False:
            return {**answer, "state": "failed", "cause": of.NOT_LET_IN if back else of.NOT_DRAINED}
        if run.node_to_change() is None:
            return {**answer, "state": "nothing"}
        rollout = of.spec_of(self._templar, run, task_vars).rollout
        hook = rollout.undrain if back else rollout.drain
        if hook is not None and hook.tasks is not None and not ran:
            return {**answer, "state": "tasks", "tasks": str(Path(task_vars["inventory_dir"] or "") / hook.tasks)}
        if hook is not None and hook.url is not None:
            problem = call(hook)
            if problem is not None:
                return {**answer, "state": "failed", "cause": problem}
        if hook is not None:
            time.sleep(hook.wait)
        return {**answer, "state": "done"}
