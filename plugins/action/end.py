"""End the run on the nodes of this wave, and note which of them could not be let in again; the last task tells it."""

from __future__ import annotations

from typing import Any

from ..plugin_utils import run as of
from ..plugin_utils.ending import end
from ..plugin_utils.step import Step


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        node = run.node_to_change()
        ended = run.answer(of.ENDED, run.host) or {"state": "not_begun", "run": run.name, "reasons": []}
        if node is None:  # not in this wave
            return ended
        if self._task.args.get("let_in"):
            if run.is_done(of.LET_IN):
                return ended
            return {**ended, "state": of.LEFT_OUT, "cause": of.NOT_LET_IN}
        if not run.is_done(of.DRAINED):
            return {"state": "unstaged", "run": run.name, "reasons": [of.NOT_DRAINED]}
        return {"run": run.name, **end(self, run, node, task_vars)}
