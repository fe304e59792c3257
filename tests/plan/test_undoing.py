"""What nodes show of an earlier run becomes the plan that takes it back, or the reason why that may not be."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest

from keydeploy.node.contract import BackedUp, BackupState
from keydeploy.observation import Observation, State, Undo
from keydeploy.plan import Action, Cause, Farm, Plan, plan_undo
from keydeploy.plan.undoing import SUFFIX

FARM = Farm(name="portal", spec="d1", members=("web1", "web2"))
LAST = Undo(None)
At = Literal["as_left", "as_before", "changed", "irreversible"]


def backed_up(run: str | None, *states: At) -> BackupState:
    places = tuple(BackedUp(noun="file", place=f"C:\\{number}.config", state=at) for number, at in enumerate(states))
    return BackupState(run=run, committed=None if run is None else 1_800_000_000.0, places=places)


def planned(
    undo: Undo,
    *backups: BackupState,
    unfinished: str | None = None,
    ended: Sequence[Literal["confirmed", "rolled_back"]] = ("confirmed", "confirmed"),
) -> Plan:
    seen = [
        Observation(node=node, state=State.OBSERVED, spec="d1", backup=backup, unfinished=unfinished, ended=how)
        for node, backup, how in zip(FARM.members, backups, ended, strict=True)
    ]
    return plan_undo(FARM, seen, undo)


def reasons(found: Plan) -> Sequence[str]:
    return [str(reason) for reason in found.reasons]


def test_what_the_last_run_changed_goes_back_on_all_nodes() -> None:
    found = planned(LAST, backed_up("r7", "as_left", "as_before"), backed_up("r7", "as_left", "as_left"))
    assert found.may_apply
    assert [node.undoes for node in found.nodes] == [Undo("r7"), Undo("r7")]
    (first, second) = found.nodes[0].operations
    assert (first.action, second.action) == (Action.UPDATE, Action.NO_OP)
    assert (first.address, first.target) == ("file", "C:\\0.config")
    assert first.differences[0].found == "as run r7 left it"


def test_a_run_that_is_back_already_leaves_nothing_to_do() -> None:
    found = planned(Undo("r7"), backed_up("r7", "as_before"), backed_up("r7", "as_before"))
    assert (found.changes, reasons(found)) == (False, [])


def test_to_take_back_twice_does_not_bring_back_what_the_first_time_took_away() -> None:
    run = f"r8{SUFFIX}"
    found = planned(LAST, backed_up(run, "as_left"), backed_up(run, "changed"))
    assert (found.changes, reasons(found)) == (False, [])
    assert planned(Undo(run), backed_up(run, "as_left"), backed_up(run, "as_left")).may_apply


def test_what_somebody_has_changed_since_is_left_unless_told() -> None:
    backups = (backed_up("r7", "as_left"), backed_up("r7", "changed"))
    found = planned(LAST, *backups)
    assert not found.may_apply
    assert reasons(found) == ["web2: file C:\\0.config has changed since run r7"]
    assert found.reasons[0].hint == "look at what has changed there; --force takes that back, too"
    forced = planned(Undo(None, force=True), *backups)
    assert forced.may_apply
    assert [node.undoes for node in forced.nodes] == [Undo("r7", force=True)] * 2


@pytest.mark.parametrize("force", [True, False])
def test_a_key_that_was_not_kept_cannot_go_back(force: bool) -> None:
    found = planned(Undo("r7", force=force), backed_up("r7", "as_left"), backed_up("r7", "irreversible"))
    assert not found.may_apply
    assert "web2: file C:\\0.config held a key that could not be kept" in reasons(found)[0]


def test_a_node_that_took_no_part_in_the_last_run_stays_as_it_is() -> None:
    older = replace(backed_up("r6", "as_left"), committed=1_700_000_000.0)
    found = planned(LAST, backed_up("r7", "as_left"), older)
    assert (found.may_apply, [node.changes for node in found.nodes]) == (True, [True, False])
    fresh = planned(LAST, backed_up("r7", "as_left"), backed_up(None), ended=("confirmed", "rolled_back"))
    assert (fresh.may_apply, [node.changes for node in fresh.nodes]) == (True, [True, False])


def test_a_node_whose_backup_has_expired_stops_all_unless_told() -> None:
    backups = (backed_up("r7", "as_left"), backed_up(None))
    found = planned(Undo("r7"), *backups, ended=("confirmed", "confirmed"))
    assert (found.may_apply, reasons(found)) == (False, ["web2: there is no backup of run r7"])
    forced = planned(Undo("r7", force=True), *backups, ended=("confirmed", "confirmed"))
    assert (forced.may_apply, [node.changes for node in forced.nodes]) == (True, [True, False])
    found = planned(LAST, backed_up(None), backed_up(None))
    assert reasons(found) == ["web1: there is no backup to go back to", "web2: there is no backup to go back to"]


def test_an_unfinished_run_is_ended_first_and_alone() -> None:
    found = planned(LAST, backed_up("r7", "changed"), backed_up("r6", "as_left"), unfinished="r8")
    assert (found.may_apply, found.may_finish) == (False, True)
    assert {reason.cause for reason in found.reasons} == {Cause.UNFINISHED}


def test_a_node_that_cannot_be_reached_stops_all() -> None:
    seen = Observation(
        node="web1", state=State.OBSERVED, spec="d1", backup=backed_up("r7", "as_left"), ended="confirmed"
    )
    gone = Observation(node="web2", state=State.UNREACHABLE, cause="port 5986 is closed")
    found = plan_undo(FARM, [seen, gone], LAST)
    assert (found.may_apply, reasons(found)) == (False, ["web2: port 5986 is closed"])
    assert plan_undo(replace(FARM, dispensable=frozenset({"web2"})), [seen, gone], LAST).may_apply
