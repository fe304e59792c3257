"""Tell which hosts there are to adopt, once and before any contact: none may declare anything yet.

Fails where nobody could open what nodes seal.
"""

from __future__ import annotations

from typing import Any

from ..plugin_utils.declarations import VARIABLE, origin
from ..plugin_utils.last_step import LastStep

RECEIVER = "keydeploy_adoption_key"
"""The variable that holds the public key to seal secrets for; `keydeploy adopt` makes one for each run."""
_PREFIX = "vault_"
"""Begins the names of the variables that adopt makes."""
_WHAT_TO_DO = (
    "run keydeploy adopt INVENTORY on the command line: it makes the key, opens what nodes seal and writes the spec"
)


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.adoption.sealing import check_receiver  # noqa: PLC0415
        from keydeploy.errors import KeyMaterialError  # noqa: PLC0415

        receiver = self._templar.template(task_vars.get(RECEIVER))
        try:
            check_receiver(str(receiver))
        except KeyMaterialError:
            wrong = "not set" if receiver is None else "no key to seal for"
            return {"state": "failed", "cause": f"{RECEIVER} is {wrong}; {_WHAT_TO_DO}"}
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
