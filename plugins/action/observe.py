"""Observe this host's node, read-only."""

from __future__ import annotations

import time
from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step, timed


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.observation import observe, undo  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        began, run = time.monotonic(), of.Run(task_vars)
        if run.farm is None:
            return {"state": "skipped", "run": run.name}
        spec = of.spec_of(self._templar, run, task_vars)
        response, asked, finished = timed(lambda: ask(self, task_vars, render.observe(spec, run.name, run.undo)))
        accepted = run.option(of.ACCEPT_IRREVERSIBLE)
        observation = undo.observe(spec, response) if run.undo else observe(spec, response, accepted=accepted)
        return {
            "state": "observed",
            "run": run.name,
            "observation": observation.to_json(),
            "offset": observation.clock - finished,
            "doubt": finished - asked,
            "took": time.monotonic() - began,
        }
