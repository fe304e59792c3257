"""Read all key material of this host's node: two read-only calls. What is answered holds no secret but sealed ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plugin_utils.last_step import LastStep
from .survey import RECEIVER

SURVEY = "keydeploy_survey"
CONTAINER_KEYS = "keydeploy_container_keys"
"""The variable that names the file of the private key of each container whose key was brought."""


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.adoption import questions, vaulted  # noqa: PLC0415
        from keydeploy.adoption.look import look  # noqa: PLC0415
        from keydeploy.adoption.sealing import seal  # noqa: PLC0415
        from keydeploy.secret import Secret  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        if (task_vars.get(SURVEY) or {}).get("state") != "ready":
            return {"state": "skipped"}
        receiver, host = str(self._templar.template(task_vars.get(RECEIVER))), task_vars["inventory_hostname"]
        files = self._templar.template(task_vars.get(CONTAINER_KEYS, {}))
        brought = {str(name): Secret(Path(str(file)).read_bytes()) for name, file in files.items()}
        first = ask(self, task_vars, questions.request(questions.FIRST))
        spec = questions.everything(first, brought)
        following = questions.following(spec)
        second = ask(self, task_vars, questions.request(following))
        response = questions.joined((questions.FIRST, first), (following, second))
        seen = look(host, response, spec, brought)
        sealed = seal(vaulted.sealed_keys(seen.keys), receiver, host)
        return {"state": "read", "facts": seen.facts.to_json(), "sealed": sealed}
