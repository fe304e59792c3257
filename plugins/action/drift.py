"""Tell for this host whether it has drifted; fails where it has, or where that cannot be told."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.last_step import LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import standing


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        found = standing(Run(task_vars))
        if not found.pop("changed", False):
            return {**found, "state": "in_order"} if found["state"] == "pending" else found
        return {**found, "state": "drift"}
