"""Read all key material of this host's node: two read-only calls. What is answered holds no secret but sealed ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plugin_utils.step import Step

SURVEY = "keydeploy_survey"
RECEIVER = "keydeploy_adoption_key"
"""The variable that holds the public key to seal secrets for; `keydeploy adopt` makes one for each run."""
CONTAINER_KEYS = "keydeploy_container_keys"
"""The variable that names the file of the private key of each container whose key was brought."""


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.adoption import questions, vaulted  # noqa: PLC0415
        from keydeploy.adoption.look import look  # noqa: PLC0415
        from keydeploy.adoption.sealing import seal  # noqa: PLC0415
        from keydeploy.errors import NodeError  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        if (task_vars.get(SURVEY) or {}).get("state") != "ready":
            return {"state": "skipped"}
        receiver, host = self._templar.template(task_vars.get(RECEIVER)), task_vars["inventory_hostname"]
        if not receiver:
            raise NodeError("request", f"{RECEIVER} is not set", hint="run keydeploy adopt, which makes one")
        files = self._templar.template(task_vars.get(CONTAINER_KEYS, {}))
        brought = {str(name): {"private_key": Path(str(file)).read_text("utf-8")} for name, file in files.items()}
        first = ask(self, task_vars, questions.request(questions.FIRST))
        spec = questions.everything(first, brought)
        following = questions.following(spec)
        second = ask(self, task_vars, questions.request(following))
        response = questions.joined((questions.FIRST, first), (following, second))
        seen = look(host, response, spec, brought)
        sealed = seal(vaulted.sealed_keys(seen.keys), str(receiver), host)
        return {"state": "read", "facts": seen.facts.to_json(), "sealed": sealed}
