"""Tell for this host whether it has drifted.

Fails where it has, where that cannot be told, and where a key of its farm is overdue.
"""

from __future__ import annotations

from typing import Any

from ..plugin_utils.last_step import LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import standing


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = Run(task_vars)
        found = standing(run)
        if found.pop("changed", False):
            return {**found, "state": "drift"}
        if found["state"] not in ("pending", "in_order"):
            return found
        overdue = run.overdue(run.farm)
        return {**found, "state": "overdue", "reasons": overdue} if overdue else {**found, "state": "in_order"}
