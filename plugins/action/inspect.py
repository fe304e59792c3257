"""Inspect this host's node for what an expert would point out: one read-only call."""

from __future__ import annotations

import secrets
from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy.lint import codec, nodes  # noqa: PLC0415
        from keydeploy.lint.inspection import inspect  # noqa: PLC0415
        from keydeploy.node.contract import Request  # noqa: PLC0415
        from keydeploy.node.contract.codec import encode  # noqa: PLC0415
        from keydeploy.secret import Secret  # noqa: PLC0415

        from ..plugin_utils.disclosed import left  # noqa: PLC0415
        from ..plugin_utils.node import ask  # noqa: PLC0415

        run = of.Run(task_vars)
        if run.farm is None:
            return {"state": "skipped", "run": run.name}
        spec = of.spec_of(self._templar, run, task_vars)
        disclosed = left(run.step(of.VALID)["lists"], run.host)
        response = ask(self, task_vars, Request(run.name, Secret(secrets.token_bytes(32)), nodes.questions(spec)))
        on_farm = len(run.farms[run.farm]["members"]) > 1
        inspected = inspect(spec, response, disclosed, on_farm=on_farm)
        return {
            "state": "inspected",
            "run": run.name,
            "linted": codec.to_json(inspected.linted),
            "seen": encode(inspected.seen),
            "comments": [codec.comment_to_json(comment) for comment in inspected.comments],
        }
