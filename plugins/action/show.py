"""Tell for this host what would change; fails where that cannot be told."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.last_step import LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import standing


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        return standing(Run(task_vars))
