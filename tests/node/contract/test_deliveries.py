"""What comes late, or twice: the end of a run is remembered, and the same request does nothing again."""

from typing import Any

import pytest

from keydeploy.node.contract import BeginJournal, Commit, Confirm, Operation, RollBack, from_instant
from tests.node.contract.asking import (
    LEASE,
    RUN,
    WEB_CONFIG,
    acquire,
    ask,
    done,
    journal_of,
    refusal,
    replacing,
    resume,
    roll_out,
    stage,
    switch,
)
from tests.node.contract.under_test import OWN_FOLDER, NodeUnderTest

OTHER, CREATED = "C:\\inetpub\\other\\web.config", "C:\\inetpub\\portal\\new.config"
THREE = (
    replacing(WEB_CONFIG, b"old", b"new"),
    replacing(OTHER, b"other old", b"other new"),
    replacing(CREATED, None, b"created"),
)
OLD, NEW = (b"old", b"other old", None), (b"new", b"other new", b"created")
STAGE: tuple[Operation, ...] = (acquire(), BeginJournal(), *THREE)
GRACE = 2.0
ID = "5b1d"
LOCK = f"{OWN_FOLDER}\\lock.json"


@pytest.fixture
def farm_node(node: NodeUnderTest) -> NodeUnderTest:
    node.write(WEB_CONFIG, b"old")
    node.write(OTHER, b"other old")
    return node


def contents(node: NodeUnderTest) -> tuple[bytes | None, ...]:
    return tuple(node.read(path) for path in (WEB_CONFIG, OTHER, CREATED))


def last(node: NodeUnderTest) -> dict[str, Any] | None:
    found: dict[str, Any] | None = journal_of(node)["last"]
    return found


def codes(results: list[dict[str, Any]]) -> list[str]:
    return [result["error"]["code"] if "error" in result else "ok" for result in results]


# How runs have ended


@pytest.mark.parametrize(
    ("end", "how"), [(Confirm(), "confirmed"), (RollBack(), "rolled_back")], ids=["confirm", "roll back"]
)
def test_the_node_tells_how_the_last_run_has_ended(farm_node: NodeUnderTest, end: Operation, how: str) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    assert last(farm_node) is None
    farm_node.pass_time(10)
    done(farm_node, end)
    told = last(farm_node)
    assert told is not None
    assert from_instant(told.pop("at")) == pytest.approx(farm_node.clock(), abs=1e-5)
    assert told == {"run": RUN, "how": how, "holder": "operator@controller"}


def test_a_run_that_resumed_is_told_with_the_one_who_ended_it(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    farm_node.pass_time(LEASE + 1)
    done(farm_node, resume(), RollBack())
    told = last(farm_node)
    assert told is not None
    assert told["holder"] == "another@controller"


def test_a_run_that_only_took_the_lock_is_told(farm_node: NodeUnderTest) -> None:
    done(farm_node, acquire(), RollBack())
    told = last(farm_node)
    assert told is not None
    assert (told["run"], told["how"], told["holder"]) == (RUN, "rolled_back", "operator@controller")


def test_a_run_that_the_node_never_saw_is_told_without_a_holder(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE, run="another")
    done(farm_node, RollBack())
    told = last(farm_node)
    assert told is not None
    assert (told["run"], told["how"], told["holder"]) == (RUN, "rolled_back", None)
    assert journal_of(farm_node)["lock"] == "another"


def test_an_end_that_is_repeated_later_stays_the_first(farm_node: NodeUnderTest) -> None:
    roll_out(farm_node, *THREE, run="confirmed")
    done(farm_node, acquire(), RollBack(), run="rolled-back")
    roll_out(farm_node, run="last")
    before = last(farm_node)
    farm_node.pass_time(10)
    done(farm_node, Confirm(), run="confirmed")
    done(farm_node, RollBack(), run="rolled-back")
    assert last(farm_node) == before
    assert contents(farm_node) == NEW


def test_the_journal_tells_which_run_has_the_lock_and_until_when(farm_node: NodeUnderTest) -> None:
    done(farm_node, acquire())
    journal = journal_of(farm_node)
    assert journal["lock"] == RUN
    assert from_instant(journal["expires"]) == pytest.approx(farm_node.clock() + LEASE, abs=1e-5)


# What comes late


@pytest.mark.parametrize("end", [Confirm(), RollBack()], ids=["confirm", "roll back"])
def test_a_stage_request_that_comes_after_the_end_is_not_done(farm_node: NodeUnderTest, end: Operation) -> None:
    done(farm_node, *STAGE, delivered=ID)
    switch(farm_node)
    done(farm_node, end)
    before = farm_node.tree()
    for again in (ID, "another", None):
        assert codes(ask(farm_node, *STAGE, delivered=again)) == ["ended", *["not_done"] * 4]
    assert farm_node.tree() == before


def test_a_stage_request_that_comes_after_the_roll_back_of_its_run_is_not_done(farm_node: NodeUnderTest) -> None:
    done(farm_node, RollBack())
    before = farm_node.tree()
    assert codes(ask(farm_node, *STAGE, delivered=ID)) == ["ended", *["not_done"] * 4]
    assert farm_node.tree() == before
    roll_out(farm_node, *THREE, run="another")
    assert contents(farm_node) == NEW


@pytest.mark.parametrize("end", [Confirm(), RollBack()], ids=["confirm", "roll back"])
def test_what_comes_late_leaves_the_next_run_alone(farm_node: NodeUnderTest, end: Operation) -> None:
    stage(farm_node, replacing(WEB_CONFIG, b"old", b"old"))
    switch(farm_node)
    done(farm_node, end)
    stage(farm_node, *THREE, run="next")
    before = farm_node.tree()
    for late in ((acquire(), BeginJournal()), (BeginJournal(),), (THREE[0],), (Commit(farm_node.clock(), GRACE),)):
        ask(farm_node, *late)
    ask(farm_node, resume(), Commit(farm_node.clock(), GRACE), Confirm())
    ask(farm_node, RollBack())
    ask(farm_node, Confirm())
    assert farm_node.tree() == before
    switch(farm_node, run="next")
    assert contents(farm_node) == NEW


def test_the_node_remembers_the_last_fifty_runs(farm_node: NodeUnderTest) -> None:
    for number in range(51):
        done(farm_node, RollBack(), run=f"run-{number}")
    assert refusal(farm_node, acquire(), run="run-1") == "ended"
    assert done(farm_node, acquire(), run="run-0") == {"generation": 1}


# The lock of a run that has ended, where a crash came between


@pytest.mark.parametrize("end", [Confirm(), RollBack()], ids=["confirm", "roll back"])
def test_a_lock_whose_run_has_ended_is_free(farm_node: NodeUnderTest, end: Operation) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    held = farm_node.read(LOCK)
    assert held is not None
    done(farm_node, end)
    farm_node.write(LOCK, held)
    assert journal_of(farm_node)["lock"] == RUN
    assert refusal(farm_node, acquire()) == "ended"
    assert done(farm_node, acquire(), run="another") == {"generation": 2}


# What comes twice


def test_a_stage_request_that_comes_twice_is_done_once(farm_node: NodeUnderTest) -> None:
    first = ask(farm_node, *STAGE, delivered=ID)
    before = farm_node.tree()
    assert ask(farm_node, *STAGE, delivered=ID) == first
    assert farm_node.tree() == before
    switch(farm_node)
    assert contents(farm_node) == NEW


def test_a_stage_request_that_comes_twice_does_not_look_at_the_places_again(farm_node: NodeUnderTest) -> None:
    done(farm_node, *STAGE, delivered=ID)
    farm_node.write(WEB_CONFIG, b"somebody else's")
    done(farm_node, *STAGE, delivered=ID)
    assert refusal(farm_node, Commit(farm_node.clock(), GRACE)) == "changed"
    farm_node.write(WEB_CONFIG, b"old")
    switch(farm_node)
    assert contents(farm_node) == NEW


@pytest.mark.parametrize("carried_out", range(len(STAGE)))
def test_a_stage_request_that_comes_again_after_a_crash_does_the_rest(
    farm_node: NodeUnderTest, carried_out: int
) -> None:
    if carried_out:
        done(farm_node, *STAGE[:carried_out], delivered=ID)
    done(farm_node, *STAGE, delivered=ID)
    switch(farm_node)
    assert contents(farm_node) == NEW
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD


def test_a_stage_request_that_comes_again_after_the_switch_changes_nothing(farm_node: NodeUnderTest) -> None:
    first = ask(farm_node, *STAGE, delivered=ID)
    switch(farm_node)
    before = farm_node.tree()
    assert ask(farm_node, *STAGE, delivered=ID) == first
    assert farm_node.tree() == before
    assert (contents(farm_node), journal_of(farm_node)["phase"]) == (NEW, "committed")
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD


def test_what_was_not_staged_is_not_staged_after_the_switch_either(farm_node: NodeUnderTest) -> None:
    done(farm_node, *STAGE[:-1], delivered=ID)
    switch(farm_node)
    assert refusal(farm_node, *STAGE, delivered=ID) == "unfinished"
    assert contents(farm_node) == (*NEW[:2], None)


@pytest.mark.parametrize("again", ["another", None])
def test_another_stage_request_of_the_run_begins_anew(farm_node: NodeUnderTest, again: str | None) -> None:
    done(farm_node, *STAGE, delivered=ID)
    done(farm_node, acquire(), BeginJournal(), THREE[1], delivered=again)
    switch(farm_node)
    assert contents(farm_node) == (b"old", b"other new", None)


def test_a_stage_request_whose_change_is_refused_is_refused_again(farm_node: NodeUnderTest) -> None:
    wrong = replacing(OTHER, b"another content", b"other new")
    first = ask(farm_node, *STAGE[:3], wrong, THREE[2], delivered=ID)
    assert codes(first) == ["ok", "ok", "ok", "changed", "not_done"]
    assert ask(farm_node, *STAGE[:3], wrong, THREE[2], delivered=ID) == first
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD


def test_a_commit_that_comes_again_while_the_first_waits_switches_once(farm_node: NodeUnderTest) -> None:
    done(farm_node, *STAGE, delivered=ID)
    commit = Commit(farm_node.clock() + 3.5, GRACE)
    answers = []
    farm_node.while_waiting(lambda: answers.append(done(farm_node, commit)))
    answers.append(done(farm_node, commit))
    assert answers[0] == answers[1]
    assert contents(farm_node) == NEW
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD


def test_a_stage_request_that_comes_again_while_the_commit_waits_changes_nothing(farm_node: NodeUnderTest) -> None:
    done(farm_node, *STAGE, delivered=ID)
    farm_node.while_waiting(lambda: done(farm_node, *STAGE, delivered=ID))
    done(farm_node, Commit(farm_node.clock() + 3.5, GRACE))
    assert contents(farm_node) == NEW


def test_a_roll_back_while_the_commit_waits_stops_it(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    farm_node.while_waiting(lambda: done(farm_node, RollBack()))
    assert refusal(farm_node, Commit(farm_node.clock() + 3.5, GRACE)) == "generation"
    assert contents(farm_node) == OLD


def test_a_resumption_that_comes_twice_has_the_first_generation(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    farm_node.pass_time(LEASE + 1)
    first = done(farm_node, resume(), delivered=ID)
    assert done(farm_node, resume(), delivered=ID) == first == {"generation": 2}
    for other in ("another", None):
        assert refusal(farm_node, resume(), delivered=other) == "locked"
    farm_node.pass_time(LEASE + 1)
    assert done(farm_node, resume(), delivered="another") == {"generation": 3}
    assert refusal(farm_node, resume(), delivered=ID) == "locked"


def test_resumptions_without_an_id_are_not_the_same(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    farm_node.pass_time(LEASE + 1)
    done(farm_node, resume())
    assert refusal(farm_node, resume()) == "locked"


@pytest.mark.parametrize("forward", [True, False])
def test_a_request_that_ends_a_run_comes_twice(farm_node: NodeUnderTest, forward: bool) -> None:
    stage(farm_node, *THREE)
    farm_node.pass_time(LEASE + 1)
    finish = (resume(), Commit(0.0, 1e11), Confirm()) if forward else (resume(), RollBack())
    done(farm_node, *finish, delivered=ID)
    before = farm_node.tree()
    assert codes(ask(farm_node, *finish, delivered=ID)) == ["no_run", *["not_done"] * (len(finish) - 1)]
    assert farm_node.tree() == before
    assert contents(farm_node) == (NEW if forward else OLD)


def test_a_request_that_ends_a_run_comes_again_after_a_crash_in_the_middle(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    farm_node.pass_time(LEASE + 1)
    finish = (resume(), Commit(0.0, 1e11), Confirm())
    done(farm_node, *finish[:2], delivered=ID)
    done(farm_node, *finish, delivered=ID)
    assert (contents(farm_node), journal_of(farm_node)["confirmed"]) == (NEW, RUN)
