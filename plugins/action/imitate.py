"""Copy this host into the folder of a rehearsal: one read-only call, and nothing in the copy is a real secret."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.last_step import LastStep
from ..plugin_utils.standing import standing
from ..plugin_utils.step import timed

FOLDER = "keydeploy_rehearsal"
"""The variable that names the folder; `keydeploy rehearse` makes it and removes it."""


class ActionModule(LastStep):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.errors import NodeError  # noqa: PLC0415
        from keydeploy.rehearsal import Copyist, Folder  # noqa: PLC0415
        from keydeploy.spec import load  # noqa: PLC0415

        from ..plugin_utils.declarations import declare  # noqa: PLC0415
        from ..plugin_utils.node import ask  # noqa: PLC0415

        run = of.Run(task_vars)
        if run.problems or run.unchecked or run.farm is None:
            return standing(run)
        declaration = declare(self._templar, task_vars["hostvars"], run.host)
        spec = load(declaration) if declaration is not None else None
        if declaration is None or spec is None or spec.digest() != run.farms[run.farm]["spec"]:
            raise NodeError("request", "the spec resolved to other values than when it was checked", hint=of.ANEW)
        copyist = Copyist(Folder(Path(str(self._templar.template(task_vars.get(FOLDER, ""))))), spec)
        left_out = copyist.declare(declaration.value)
        response, _, finished = timed(lambda: ask(self, task_vars, render.observe(spec, run.name)))
        copied = copyist.copy(
            response, ahead=response.system().clock - finished, accepted=run.option(of.ACCEPT_IRREVERSIBLE)
        )
        return {
            "state": "copied",
            "run": run.name,
            "left_out": list(left_out),
            "unlike": list(copied.unlike),
            "unfinished": copied.unfinished,
        }
