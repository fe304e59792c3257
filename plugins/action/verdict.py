"""Judge every commit by the nodes' answers: the plan over their new observations must be empty. Once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..plugin_utils import run as of
from ..plugin_utils.step import Step

if TYPE_CHECKING:
    from keydeploy.plan import Farm


class ActionModule(Step):
    def step(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        run = of.Run(task_vars)
        farms = {farm.name: _judged(run, farm) for farm in run.all_farms() if run.is_to_be_judged(farm.name)}
        return {"state": "judged", "run": run.name, "farms": {**_before(run), **farms}}


def _judged(run: of.Run, farm: Farm) -> dict[str, Any]:
    from keydeploy.rollout import Outcome, judge  # noqa: PLC0415

    decision = run.decision(farm.name)
    wave = {"wave": run.wave}
    tolerated, left_out = run.tolerated(farm.name), decision["reasons"]
    if not decision["go"]:
        return {**wave, "outcome": None, "reasons": left_out, "back": [], "failed": len(left_out), "stop": True}
    live = replace(farm, members=tuple(decision["instants"]))
    after = run.plan_of(live, of.COMMITTED)
    verdict = judge(live.members, run.committed(live.members), after, tolerated=max(0, tolerated - len(left_out)))
    failed = run.failed(farm.name) + len(left_out) + len(verdict.reasons)
    return {
        **wave,
        "outcome": verdict.outcome.value,
        "reasons": [*left_out, *(reason.to_json() for reason in verdict.reasons)],
        "back": list(verdict.back),
        "failed": failed,
        "stop": verdict.outcome is Outcome.BACK,
    }


def _before(run: of.Run) -> dict[str, Any]:
    """Answer the verdicts on earlier waves, which stay until a later one takes their place."""
    return dict(run.step(of.VERDICT).get("farms", {})) if run.wave is not None else {}
