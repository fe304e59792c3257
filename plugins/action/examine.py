"""Examine this host's node for the doctor: one read-only call, and what the controller knows of the connection."""

from __future__ import annotations

import secrets
from typing import Any

from ..plugin_utils.declarations import VARIABLE
from ..plugin_utils.step import Step, timed


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import checkup  # noqa: PLC0415
        from keydeploy.errors import KeydeployError, Unreachable  # noqa: PLC0415
        from keydeploy.node.contract import Request  # noqa: PLC0415
        from keydeploy.secret import Secret  # noqa: PLC0415

        from ..plugin_utils import node, wire  # noqa: PLC0415

        if VARIABLE not in task_vars["hostvars"].raw_get(task_vars["inventory_hostname"]):
            return {"state": "skipped"}
        request = Request("doctor", Secret(secrets.token_bytes(32)), checkup.QUESTIONS)
        try:
            response, began, ended = timed(lambda: node.ask(self, task_vars, request, fill=checkup.FULL_MESSAGE))
            line = None if node.SANDBOX in task_vars else wire.line(self._connection)
            offset = response.system().clock - ended
            checks = checkup.examine(response, line, seconds=ended - began, offset=offset)
        except KeydeployError as error:
            checks = checkup.unreached(error.message, error.hint)
            state = "unreachable" if isinstance(error, Unreachable) else "failed"
            return {"state": state, "checks": [check.to_json() for check in checks]}
        return {"state": "examined", "offset": offset, "checks": [check.to_json() for check in checks]}
