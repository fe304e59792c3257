"""What the events of a run come to, where the plan says more than the run has done."""

from typing import Any

import pytest

from keydeploy.engine import Event
from keydeploy.observation import Undo
from keydeploy.plan import Cause, Finish, NodePlan, Plan, Reason
from keydeploy.report.model import Report, Verb, Verdict
from keydeploy.report.recorder import Recorder
from tests.report.runs import CHANGED

UNFINISHED = Reason(cause=Cause.UNFINISHED, node="web1", text="run 78cb is unfinished here")


def way_back(*finishes: Finish, outcome: str) -> Report:
    """Answer the report of a way back that found *finishes* to be done first."""
    node = NodePlan(node="web1", operations=(CHANGED,), to_stage=(), undoes=Undo(None))
    reasons = (UNFINISHED,) if finishes else ()
    plan = Plan(farm="portal", spec="d1", nodes=(node,), reasons=reasons, finishes=finishes)
    valid = {"state": "valid", "run": "5c2d", "farms": {"portal": {"members": ["web1"], "materials": []}}}
    recorder = Recorder(Verb.ROLLBACK)
    steps: dict[str, dict[str, Any]] = {
        "validate": valid,
        "plan": {"farms": {"portal": plan.to_json()}},
        "conclude": {"state": outcome},
    }
    for name, result in steps.items():
        if name == "conclude":
            recorder.record(Event(kind="task", name="stage"))
        recorder.record(Event(kind="result", name=name, host="web1", status="ok", result=result))
    return recorder.report()


@pytest.mark.parametrize("outcome", ["finished", "failed"])
def test_a_way_back_that_ends_an_unfinished_run_tells_nothing_of_the_run_before_it(outcome: str) -> None:
    (farm,) = way_back(Finish("web1", "78cb", forward=False), outcome=outcome).farms
    assert farm.verdict is (Verdict.TAKEN_BACK if outcome == "finished" else Verdict.INCOMPLETE)
    assert farm.nodes[0].plan == NodePlan(node="web1", operations=(), to_stage=(), undoes=Undo(None))


def test_any_other_way_back_tells_what_it_puts_back() -> None:
    (farm,) = way_back(outcome="applied").farms
    assert farm.nodes[0].plan is not None
    assert farm.nodes[0].plan.operations == (CHANGED,)
