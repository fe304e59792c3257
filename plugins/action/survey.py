"""Tell which hosts there are to adopt, once and before any contact: none may declare anything yet."""

from __future__ import annotations

from typing import Any

from ..plugin_utils.declarations import VARIABLE, origin
from ..plugin_utils.step import Step

_PREFIX = "vault_"
"""Begins the names of the variables that adopt makes."""


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        hosts = list(task_vars["ansible_play_hosts_all"])
        variables = {host: task_vars["hostvars"].raw_get(host) for host in hosts}
        declared = {host: origin(own[VARIABLE]) for host, own in variables.items() if VARIABLE in own}
        return {
            "state": "declared" if declared else "ready",
            "hosts": hosts,
            "declared": declared,
            "groups": {str(name): list(members) for name, members in task_vars["groups"].items()},
            "taken": sorted({str(name) for own in variables.values() for name in own if name.startswith(_PREFIX)}),
        }
