"""Prepare this host's changes where nothing reads them, or bring a run that was left unfinished to its end."""

from __future__ import annotations

import getpass
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..plugin_utils import run as of
from ..plugin_utils.interruption import is_asked_to_stop
from ..plugin_utils.step import Step, timed

if TYPE_CHECKING:
    from keydeploy.node.contract import Request, Response
    from keydeploy.plan import NodePlan, Plan

_BETWEEN_ATTEMPTS = 1.0
"""Seconds between two attempts to take a node that another run holds."""

_LONGEST_PATIENCE = 600.0
"""Seconds; a lock that lasts longer was taken by a wrong clock, and is not waited for beyond this run's own lease."""

_MOVED = ("locked", "unfinished", "changed")
"""The errors by which a node tells that it is no longer as it was observed: to begin anew will do."""

_LEAVE_HINT = "keydeploy apply --leave-changed ends the run and leaves that as it is"


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        result: dict[str, Any] = {"state": "nothing", "run": run.name, "began": time.time()}
        if self._task.check_mode:
            return result
        unfinished = run.plan_to_finish(run.farm)
        if unfinished:
            return {**result, **self._finished(run, unfinished, task_vars)}
        node = run.node_to_change()
        if node is None:
            return result
        if run.wave is not None and not run.is_done(of.DRAINED):
            return {**result, "state": "failed", "cause": of.NOT_DRAINED}
        return {**result, **self._staged(run, node, task_vars)}

    def _staged(self, run: of.Run, node: NodePlan, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.errors import NodeError  # noqa: PLC0415

        began = time.monotonic()
        spec = of.spec_of(self._templar, run, task_vars)
        request = render.stage(spec, node, run.name, _operator())
        prepared = time.monotonic() - began
        try:
            response, started, finished = self._ask_until_free(
                task_vars, request, spec.rollout.lease, unless=lambda: self._gives_way(run, task_vars)
            )
        except NodeError as error:
            if error.code not in _MOVED:
                raise
            return {"state": "failed", "cause": error.message, "hint": error.hint, "busy": True}
        return {
            "state": "staged",
            "generation": response.generation(),
            "ended": finished,  # not `finished`, nor `started`, which Ansible 2.21 reads as yes or no
            "took": prepared + finished - started,
            "offset": response.system().clock - finished,
            "doubt": finished - started,
        }

    def _finished(self, run: of.Run, plan: Plan, task_vars: dict[str, Any]) -> dict[str, Any]:
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.errors import NodeError  # noqa: PLC0415

        finish = next((each for each in plan.finishes if each.node == run.host), None)
        if finish is None:
            return {}
        rollout = run.rollout(run.farm or "")
        leave = run.option(of.LEAVE_CHANGED)
        backups = run.backups(run.farm or "")
        request = render.finish(finish, _operator(), rollout.lease, backups, leave=leave)
        try:
            self._ask_until_free(task_vars, request, rollout.lease)
        except NodeError as error:
            if error.code == "irreversible":  # a key is gone; the next pass brings the others to what is declared
                forward = render.finish(replace(finish, forward=True), _operator(), rollout.lease, backups, leave=leave)
                self._ask_until_free(task_vars, forward, rollout.lease)
                return {"state": "finished"}
            if error.code == "changed":
                raise NodeError(error.code, error.message, hint=_LEAVE_HINT) from None
            if error.code != "no_run":
                raise
            return {"state": "ended"}  # while this one waited, that run has ended by itself
        return {"state": "finished"}

    def _gives_way(self, run: of.Run, task_vars: dict[str, Any]) -> bool:
        """Tell whether this run lets the one that holds the node go first.

        Two runs that began at the same moment may each hold nodes that the other waits for: the one whose name
        comes first waits, the other takes back what it has staged and begins anew.
        """
        from keydeploy import render  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        journal = ask(self, task_vars, render.look(run.name)).journal()
        return journal.lock is not None and journal.lock == journal.run and journal.lock < run.name

    def _patience(self, task_vars: dict[str, Any], run: str, lease: float) -> float:
        """Answer for how many seconds a dead run may hold the node: its lease may be longer than this run's."""
        from keydeploy import render  # noqa: PLC0415
        from keydeploy.node.contract import from_instant  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        response = ask(self, task_vars, render.look(run))
        expires, now = response.journal().expires, response.system().clock
        left = from_instant(expires) - now if expires is not None else 0.0
        return max(lease, left if left <= _LONGEST_PATIENCE else 0.0) + _BETWEEN_ATTEMPTS

    def _ask_until_free(
        self,
        task_vars: dict[str, Any],
        request: Request,
        lease: float,
        *,
        unless: Callable[[], bool] = lambda: False,
    ) -> tuple[Response, float, float]:
        """Answer the response, and when the call began and ended; waits for as long as a dead run may hold the node.

        Where another run holds it and *unless* is true, it does not wait.
        """
        from keydeploy.errors import NodeError  # noqa: PLC0415

        from ..plugin_utils.node import ask  # noqa: PLC0415

        patience = None
        while True:
            response, began, ended = timed(lambda: ask(self, task_vars, request))
            try:
                response.raise_for_error()
            except NodeError as error:
                if error.code != "locked" or is_asked_to_stop() or unless():
                    raise
                patience = patience or time.monotonic() + self._patience(task_vars, request.run, lease)
                if time.monotonic() > patience:
                    raise
                time.sleep(_BETWEEN_ATTEMPTS)
            else:
                return response, began, ended


def _operator() -> str:
    return f"{getpass.getuser()}@{socket.gethostname()}"
