"""Check the spec of every farm, once and before any contact."""

from __future__ import annotations

import uuid
from typing import Any

from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.spec import check  # noqa: PLC0415

        from ..plugin_utils.declarations import declare, declared_by_play  # noqa: PLC0415

        hostvars = task_vars["hostvars"]
        found = {host: declare(self._templar, hostvars, host) for host in hostvars}
        declarations = [declaration for declaration in found.values() if declaration is not None]
        checked = check(declarations)
        told = (*checked.problems, *declared_by_play(task_vars))
        problems = [{"place": p.place, "address": p.address, "text": p.text} for p in told]
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
            "undeclared": [host for host in task_vars["ansible_play_hosts_all"] if found.get(host) is None],
        }
