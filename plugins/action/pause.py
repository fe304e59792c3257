"""Wait between two waves; a run that is told to stop waits no longer. Once."""

from __future__ import annotations

import time
from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.interruption import is_asked_to_stop
from ..plugin_utils.step import Step

_LOOK = 0.2
"""Seconds between two looks at whether to stop."""


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        going_on = [farm.name for farm in run.all_farms() if run.members(farm.name)]
        waves = [run.rollout(farm).waves for farm in going_on]
        end = time.monotonic() + max((each.pause for each in waves if each and run.wave), default=0.0)
        while time.monotonic() < end and not is_asked_to_stop():
            time.sleep(min(_LOOK, max(0.0, end - time.monotonic())))
        return {"state": "waited", "run": run.name}
