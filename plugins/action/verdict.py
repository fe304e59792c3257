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
    earlier = run.verdict(farm.name).get("reasons", []) if run.wave else []
    tolerated, left_out = run.tolerated(farm.name), decision["reasons"]
    failures = [reason for reason in left_out if not _may_be_missing(reason, farm)]
    failed = run.failed(farm.name) + len(failures)
    if not decision["go"]:
        return {
            **wave,
            "outcome": None,
            "reasons": [*earlier, *left_out],
            "back": [],
            "failed": failed,
            "stop": bool(failures),
        }
    live = replace(farm, members=tuple(decision["instants"]))
    after = run.plan_of(live, of.COMMITTED)
    verdict = judge(live.members, run.committed(live.members), after, tolerated=max(0, tolerated - len(failures)))
    return {
        **wave,
        "outcome": verdict.outcome.value,
        "reasons": [*earlier, *left_out, *(reason.to_json() for reason in verdict.reasons)],
        "back": list(verdict.back),
        "failed": failed + len(verdict.reasons),
        "stop": verdict.outcome is Outcome.BACK,
    }


def _may_be_missing(reason: dict[str, Any], farm: Farm) -> bool:
    return reason["cause"] == "unreachable" and reason["node"] in farm.dispensable


def _before(run: of.Run) -> dict[str, Any]:
    """Answer the verdicts on earlier waves, which stay until a later one takes their place."""
    return dict(run.step(of.VERDICT).get("farms", {})) if run.wave is not None else {}
