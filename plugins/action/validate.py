"""Check the spec of every farm, once and before any contact."""

from __future__ import annotations

import time
import uuid
from typing import Any

from ..plugin_utils.run import ACCEPT_IRREVERSIBLE, COMPROMISED, LEAVE_CHANGED
from ..plugin_utils.step import Step
from ..plugin_utils.switches import is_on

TO = "keydeploy_to"
"""The variable that names the run to take back; the one that was confirmed last when it is not set."""
FORCE = "keydeploy_force"
"""The variable that lets a run be taken back also where something has changed since."""
OPTIONS = (ACCEPT_IRREVERSIBLE, COMPROMISED, LEAVE_CHANGED)


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.plan.undoing import SUFFIX  # noqa: PLC0415
        from keydeploy.spec import check  # noqa: PLC0415

        from ..plugin_utils.declarations import declare, declared_by_play  # noqa: PLC0415

        hostvars = task_vars["hostvars"]
        found = {host: declare(self._templar, hostvars, host) for host in hostvars}
        declarations = [declaration for declaration in found.values() if declaration is not None]
        checked = check(declarations)
        undo = self._undo(task_vars) if self._task.args.get("take_back") else None
        told = (*checked.problems, *declared_by_play(task_vars))
        problems = [{"place": p.place, "address": p.address, "text": p.text} for p in told]
        return {
            "state": "invalid" if problems else "valid" if declarations else "empty",
            "made": time.time(),
            "run": uuid.uuid4().hex + (SUFFIX if undo else ""),
            "undo": undo,
            "options": {name: self._is_on(task_vars, name) for name in OPTIONS},
            "problems": problems,
            "farms": {
                name: {
                    "members": [spec.host for spec in specs],
                    "spec": specs[0].digest(),
                    "rollout": specs[0].rollout.shared(),
                }
                for name, specs in checked.farms.items()
                if not problems
            },
            "undeclared": [host for host in task_vars["ansible_play_hosts_all"] if found.get(host) is None],
        }

    def _undo(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Answer which run is to be taken back."""
        run = self._templar.template(task_vars.get(TO))
        return {"run": str(run) if run else None, "force": self._is_on(task_vars, FORCE)}

    def _is_on(self, task_vars: dict[str, Any], name: str) -> bool:
        return is_on(name, self._templar.template(task_vars.get(name, False)))
