"""Prepare this host's changes where nothing reads them, or bring a run that was left unfinished to its end."""

from __future__ import annotations

import getpass
import socket
import time
from typing import TYPE_CHECKING, Any

from ..plugin_utils import run as of
from ..plugin_utils.interruption import is_asked_to_stop
from ..plugin_utils.step import Step, timed

if TYPE_CHECKING:
    from keydeploy.node.contract import Request, Response
    from keydeploy.plan import NodePlan, Plan

_BETWEEN_ATTEMPTS = 1.0
"""Seconds between two attempts to take a node that another run holds."""


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        result: dict[str, Any] = {"state": "nothing", "run": run.name, "began": time.time()}
        if self._task.check_mode:
            return result
        unfinished = run.plan_to_finish(run.farm)
        if unfinished:
            return {**result, **self._finished(run, unfinished, task_vars)}
        plan = run.plan_to_apply(run.farm)
        node = plan.node(run.host) if plan else None
        return {**result, **self._staged(run, node, task_vars)} if node else result

    def _staged(self, run: of.Run, node: NodePlan, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415

        spec = of.spec_of(self._templar, run, task_vars)
        request = render.stage(spec, node, run.name, _operator())
        response, started, finished = self._ask_until_free(task_vars, request, spec.rollout.lease)
        return {
            "state": "staged",
            "generation": response.generation(),
            "began": started,  # not `started` and `finished`, which Ansible 2.21 reads as yes or no
            "ended": finished,
            "offset": response.system().clock - finished,
        }

    def _finished(self, run: of.Run, plan: Plan, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.errors import NodeError  # noqa: PLC0415

        finish = next((each for each in plan.finishes if each.node == run.host), None)
        if finish is None:
            return {}
        lease = run.farms[run.farm or ""]["rollout"]["lease"]
        request = render.finish(finish.run, _operator(), lease, forward=finish.forward)
        try:
            self._ask_until_free(task_vars, request, lease)
        except NodeError as error:
            if error.code != "no_run":  # while this one waited, that run has ended by itself
                raise
        return {"state": "finished"}

    def _ask_until_free(
        self, task_vars: dict[str, Any], request: Request, lease: float
    ) -> tuple[Response, float, float]:
        """Answer the response, and when the call began and ended; waits for as long as a dead run may hold the node."""
        from keydeploy.errors import NodeError  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        patience = time.monotonic() + lease
        while True:
            response, began, ended = timed(lambda: ask(self, task_vars, request))
            try:
                response.raise_for_error()
            except NodeError as error:
                if error.code != "locked" or time.monotonic() > patience or is_asked_to_stop():
                    raise
                time.sleep(_BETWEEN_ATTEMPTS)
            else:
                return response, began, ended


def _operator() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
