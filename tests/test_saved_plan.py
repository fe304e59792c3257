"""A saved plan: what is in the file, and what counts as moved."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from keydeploy.edit import Difference, Edit, Literal, Reference
from keydeploy.errors import KeydeployError
from keydeploy.observation import FileChange
from keydeploy.plan import Action, Cause, NodePlan, Operation, Plan
from keydeploy.saved_plan import SavedPlan, held_to

FILE = FileChange(
    path="C:\\inetpub\\portal\\web.config",
    tag="0" * 64,
    encoding="utf-8",
    edits=(Edit(10, 20, (Literal("<machineKey "), Reference("machine_keys.portal.validation_key"))),),
)
CHANGED = Operation(
    address="applications.portal.machine_key",
    action=Action.UPDATE,
    target=FILE.path,
    differences=(Difference("validationKey", "another key", "machine_keys.portal.validation_key"),),
)
DONE = replace(CHANGED, action=Action.NO_OP, differences=())


def node(name: str, operation: Operation = CHANGED, *files: FileChange) -> NodePlan:
    return NodePlan(node=name, operations=(operation,), to_stage=files or (FILE,))


PLAN = Plan(farm="portal", spec="digest", nodes=(node("web1"), node("web2")))


def told(now: Plan, saved: Plan = PLAN) -> list[str]:
    (held,) = held_to(SavedPlan(time="2027-01-15T08:00:00+00:00", farms=(saved,)), [now])
    assert {reason.cause for reason in held.reasons} <= {Cause.MOVED}
    assert held.may_apply == (not held.reasons)
    return [str(reason) for reason in held.reasons]


def test_a_plan_that_still_holds_may_be_applied() -> None:
    assert told(PLAN) == []
    assert told(replace(PLAN, nodes=PLAN.nodes[::-1])) == []


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (replace(PLAN, spec="another"), "the spec has changed since the plan was made"),
        (replace(PLAN, nodes=(node("web1"),)), "web2: is not looked at now"),
        (replace(PLAN, nodes=(node("web1"),), not_looked_at=("web2",)), "web2: is not looked at now"),
        (replace(PLAN, nodes=(*PLAN.nodes, node("web3"))), "web3: is new since the plan was made"),
        (
            replace(PLAN, nodes=(node("web1"), node("web2", CHANGED, replace(FILE, tag="1" * 64)))),
            f"web2: has changed since the plan was made: {FILE.path}",
        ),
        (
            replace(PLAN, nodes=(node("web1"), node("web2", replace(CHANGED, action=Action.CREATE)))),
            "web2: shows something else: applications.portal.machine_key",
        ),
        (
            replace(PLAN, nodes=(node("web1"), node("web2", DONE))),
            "web2: is already as the plan would make it",
        ),
    ],
)
def test_what_has_moved_is_told(now: Plan, expected: str) -> None:
    assert told(now) == [expected]


def test_a_farm_that_the_plan_does_not_know_is_refused() -> None:
    assert told(replace(PLAN, farm="other")) == [
        "the saved plan does not know this farm",
        "farm portal is in the saved plan and no longer declared",
    ]


def test_a_farm_that_is_gone_is_told() -> None:
    saved = SavedPlan(time="", farms=(PLAN, replace(PLAN, farm="shop")))
    (held,) = held_to(saved, [PLAN])
    assert [str(reason) for reason in held.reasons] == ["farm shop is in the saved plan and no longer declared"]


def test_a_plan_survives_its_file(tmp_path: Path) -> None:
    saved = SavedPlan(time="2027-01-15T08:00:00+00:00", farms=(PLAN,))
    saved.write(tmp_path / "plan.json")

    assert SavedPlan.read(tmp_path / "plan.json") == saved
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"plan": 2}', '{"plan": 1}', '{"plan": 1, "keydeploy": "1", "time": "t", "farms": [{}]}']
)
def test_what_is_no_plan_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "plan.json").write_text(text)
    with pytest.raises(KeydeployError, match="no plan of this version"):
        SavedPlan.read(tmp_path / "plan.json")


def test_a_plan_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    SavedPlan(time="2027-01-15T08:00:00+00:00", farms=(PLAN,)).write(tmp_path / "plan.json")
    value = json.loads((tmp_path / "plan.json").read_text())
    value["farms"][0]["alike"][0]["operations"][0]["note"] = "x"
    (tmp_path / "plan.json").write_text(json.dumps(value))
    with pytest.raises(KeydeployError, match="no plan of this version"):
        SavedPlan.read(tmp_path / "plan.json")


def test_a_file_that_is_not_there_and_a_folder_that_is_not_there_are_told(tmp_path: Path) -> None:
    with pytest.raises(KeydeployError, match="cannot be read"):
        SavedPlan.read(tmp_path / "plan.json")
    with pytest.raises(KeydeployError, match="cannot be written"):
        SavedPlan(time="", farms=()).write(tmp_path / "missing" / "plan.json")
