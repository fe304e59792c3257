"""Tell for this host what would change; fails where that cannot be told."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.run import Run
from ..plugin_utils.standing import fail_where_refused, standing
from ..plugin_utils.step import Step


class ActionModule(Step):
    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return fail_where_refused(super().run(tmp, task_vars))

    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        return standing(Run(task_vars))
