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
    """Answer the verdict on *farm*; in waves it counts all failures so far, and says whether the last wave was this."""
    from keydeploy.rollout import Outcome, judge  # noqa: PLC0415

    decision = run.decision(farm.name)
    earlier = run.verdict(farm.name).get("reasons", []) if run.wave else []
    judged: dict[str, Any] = {
        "wave": run.wave,
        "outcome": None,
        "reasons": [*earlier, *decision["reasons"]],
        "back": [],
        "failed": run.failed(farm.name) + decision["failed"],
        "stop": decision["failed"] > 0,
    }
    if not decision["go"]:
        return judged
    live = replace(farm, members=tuple(decision["instants"]))
    tolerated = max(0, run.tolerated(farm.name) - decision["failed"])
    verdict = judge(live.members, run.committed(live.members), run.plan_of(live, of.COMMITTED), tolerated=tolerated)
    return judged | {
        "outcome": verdict.outcome.value,
        "reasons": [*judged["reasons"], *(reason.to_json() for reason in verdict.reasons)],
        "back": list(verdict.back),
        "failed": judged["failed"] + len(verdict.reasons),
        "stop": verdict.outcome is Outcome.BACK,
    }


def _before(run: of.Run) -> dict[str, Any]:
    """Answer the verdicts on earlier waves, which stay until a later one takes their place."""
    return dict(run.step(of.VERDICT).get("farms", {})) if run.wave is not None else {}
