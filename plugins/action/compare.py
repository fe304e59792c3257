"""Compare the nodes of every farm with one another by what their inspection told, once."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.inspected import seen
from ..plugin_utils.run import Run
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.lint import codec  # noqa: PLC0415
        from keydeploy.lint.inspection import compare  # noqa: PLC0415
        from keydeploy.lint.model import Linted  # noqa: PLC0415

        run = Run(task_vars)
        found = compare(seen(run, (member for farm in run.farms.values() for member in farm["members"])))
        linted = Linted(findings=found.findings, suppressed=found.suppressed)
        return {"state": "compared", "run": run.name, "linted": codec.to_json(linted)}
