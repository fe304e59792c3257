"""Tell for this host whether it has drifted.

Fails where it has, where that cannot be told, and where policy is against a key that its farm declares.
"""

from __future__ import annotations

from typing import Any

from ..plugin_utils.last_step import LastStep
from ..plugin_utils.run import Run
from ..plugin_utils.standing import standing

STATES = {"not_checked": "not_checked", "disclosed": "against_policy", "overdue": "overdue"}
"""What policy says of a key, and the state that this is; the first that holds counts."""


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = Run(task_vars)
        found = standing(run)
        if found.pop("changed", False):
            return {**found, "state": "drift"}
        if found["state"] not in ("pending", "in_order"):
            return found
        against = [notice for notice in run.notices(run.farm) if notice.kind.value in STATES]
        state = next((STATES[kind] for kind in STATES if kind in {each.kind.value for each in against}), "in_order")
        return {**found, "state": state, **({"reasons": [str(each) for each in against]} if against else {})}
