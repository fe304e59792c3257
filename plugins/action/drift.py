"""Tell for this host whether it has drifted.

Fails where it has, where that cannot be told, and where policy is against a key that its farm declares.
"""

from __future__ import annotations

from typing import Any

from ..plugin_utils.last_step import CANNOT_TELL, LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import drifted, standing


class ActionModule(LastStep):
    REFUSED = CANNOT_TELL

    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = Run(task_vars)
        shown = standing(run)
        return {**drifted(run), **({"diff": shown["diff"]} if "diff" in shown else {})}
