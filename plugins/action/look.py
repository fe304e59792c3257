"""Look at the journal of this host's node: one read-only call, for which no secret is needed."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.declarations import VARIABLE, declare
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.node.contract.codec import encode  # noqa: PLC0415
        from keydeploy.spec.load import farm_of  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        hostvars, host = task_vars["hostvars"], task_vars["inventory_hostname"]
        if VARIABLE not in hostvars.raw_get(host):
            return {"state": "skipped"}
        declaration = declare(self._templar, hostvars, host)
        response = ask(self, task_vars, render.look("status"))
        return {
            "state": "seen",
            "farm": farm_of(declaration) if declaration is not None else None,
            "clock": response.system().clock,
            "journal": encode(response.journal()),
        }
