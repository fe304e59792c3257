"""Tell for this host what would change; fails where that cannot be told."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.last_step import CANNOT_TELL, LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import differs, standing


class ActionModule(LastStep):
    REFUSED = CANNOT_TELL

    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = Run(task_vars)
        found = standing(run)
        return {**found, "differs": differs(run)} if found.get("changed") else found
