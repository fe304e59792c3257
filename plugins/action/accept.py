"""Accept the spec, or fail with its mistakes."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.last_step import LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import standing


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = Run(task_vars)
        return standing(run) if run.problems or run.unchecked else {"state": "valid", "run": run.name}
