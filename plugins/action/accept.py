"""Accept the spec, or fail with its mistakes."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.run import Run
from ..plugin_utils.standing import fail_where_refused, standing
from ..plugin_utils.step import Step


class ActionModule(Step):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return fail_where_refused(super().run(tmp, task_vars))

    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = Run(task_vars)
        return standing(run) if run.problems or run.unchecked else {"state": "valid", "run": run.name}
