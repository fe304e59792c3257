"""Check the spec of every farm, once and before any contact."""

from __future__ import annotations

import uuid
from typing import Any

from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.spec import check  # noqa: PLC0415

        from ..plugin_utils.declarations import VARIABLE, declare  # noqa: PLC0415

        hostvars = task_vars["hostvars"]
        found = {host: declare(self._templar, hostvars, host) for host in hostvars}
        declarations = [declaration for declaration in found.values() if declaration is not None]
        checked = check(declarations)
        problems = [{"place": p.place, "address": p.address, "text": p.text} for p in checked.problems]
        if VARIABLE in task_vars and found.get(task_vars["inventory_hostname"]) is None:
            text = "declared by the play, not by the inventory; move it to the inventory, group_vars or host_vars"
            problems.append({"place": None, "address": VARIABLE, "text": text})
        return {
            "state": "invalid" if problems else "valid" if declarations else "empty",
            "run": uuid.uuid4().hex,
            "problems": problems,
            "farms": {
                name: {
                    "members": [spec.host for spec in specs],
                    "spec": specs[0].digest(),
                    "rollout": specs[0].rollout.timing(),
                }
                for name, specs in checked.farms.items()
                if not problems
            },
            "skipped": [host for host in task_vars["ansible_play_hosts_all"] if found.get(host) is None],
        }
