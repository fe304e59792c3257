"""The lock: one run at a time, for as long as its lease lasts, and a generation that tells the runs apart."""

import pytest

from keydeploy.node.contract import BeginJournal, Commit, Confirm, ReadJournal, RollBack
from tests.node.contract.asking import (
    LEASE,
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
from tests.node.contract.under_test import NodeUnderTest

A, B = "run-a", "run-b"
CHANGE = replacing(WEB_CONFIG, b"old", b"new")
FREE = {"run": None, "phase": None, "lock": None, "holder": None, "since": None, "expires": None}


@pytest.fixture
def web_node(node: NodeUnderTest) -> NodeUnderTest:
    node.write(WEB_CONFIG, b"old")
    return node


def test_a_free_node_has_neither_holder_nor_run(node: NodeUnderTest) -> None:
    assert journal_of(node) == FREE | {"generation": 0, "confirmed": None, "last": None, "backups": []}


def test_the_lock_names_its_holder_and_since_when(node: NodeUnderTest) -> None:
    assert done(node, acquire()) == {"generation": 1}
    journal = journal_of(node)
    assert (journal["holder"], journal["generation"]) == ("operator@controller", 1)
    assert journal["since"] is not None


def test_another_run_is_refused_and_told_who_holds_the_lock(node: NodeUnderTest) -> None:
    done(node, acquire(), run=A)
    (result,) = ask(node, acquire(), run=B)
    assert result["error"]["code"] == "locked"
    assert "operator@controller" in result["error"]["message"]


def test_what_follows_a_refused_lock_is_not_done(node: NodeUnderTest) -> None:
    done(node, acquire(), run=A)
    results = ask(node, acquire(), BeginJournal(), ReadJournal(), run=B)
    assert [result["error"]["code"] for result in results] == ["locked", "not_done", "not_done"]
    assert journal_of(node)["run"] is None


def test_the_same_run_renews_its_lease_under_its_generation(node: NodeUnderTest) -> None:
    since = done(node, acquire(), ReadJournal(), run=A)["since"]
    node.pass_time(LEASE - 1)
    assert done(node, acquire(), run=A) == {"generation": 1}
    node.pass_time(LEASE - 1)
    assert refusal(node, acquire(), run=B) == "locked"
    assert journal_of(node)["since"] == since


def test_a_lease_that_has_run_out_is_taken_over_under_a_higher_generation(node: NodeUnderTest) -> None:
    done(node, acquire(), run=A)
    node.pass_time(LEASE + 1)
    assert done(node, acquire(), run=B) == {"generation": 2}
    assert refusal(node, acquire(), run=A) == "locked"


def test_a_lease_that_has_run_out_still_holds_while_nobody_takes_it(node: NodeUnderTest) -> None:
    stage(node, run=A)
    node.pass_time(LEASE + 1)
    switch(node, run=A)
    assert done(node, acquire(), run=A) == {"generation": 1}


@pytest.mark.parametrize(("end", "confirmed"), [(Confirm(), A), (RollBack(), None)])
def test_the_end_of_a_run_releases_the_lock(
    node: NodeUnderTest, end: Confirm | RollBack, confirmed: str | None
) -> None:
    stage(node, run=A)
    switch(node, run=A)
    done(node, end, run=A)
    journal = journal_of(node)
    assert journal == journal | FREE | {"confirmed": confirmed, "generation": 1}
    assert done(node, acquire(), run=B) == {"generation": 2}


@pytest.mark.parametrize(
    "change",
    [BeginJournal(), replacing(WEB_CONFIG, None, b"x"), Commit(0.0, 1e9), Confirm()],
    ids=lambda c: str(c.do),
)
def test_a_run_without_the_lock_changes_nothing(node: NodeUnderTest, change: BeginJournal | Commit | Confirm) -> None:
    assert refusal(node, change, run=A) == "generation"
    done(node, acquire(), run=B)
    assert refusal(node, change, run=A) == "generation"


# The lock of an unfinished run


@pytest.mark.parametrize("switched", [False, True])
def test_nobody_takes_the_lock_of_an_unfinished_run(web_node: NodeUnderTest, switched: bool) -> None:
    stage(web_node, CHANGE, run=A)
    if switched:
        switch(web_node, run=A)
    before = journal_of(web_node)
    assert refusal(web_node, acquire(), run=B) == "locked"
    web_node.pass_time(LEASE + 1)
    assert refusal(web_node, acquire(), run=B) == "unfinished"
    assert [result["error"]["code"] for result in ask(web_node, acquire(), BeginJournal(), run=B)] == [
        "unfinished",
        "not_done",
    ]
    assert journal_of(web_node) == before
    done(web_node, RollBack(), run=A)
    assert web_node.read(WEB_CONFIG) == b"old"
    assert done(web_node, acquire(), run=B) == {"generation": 2}


def test_a_lock_whose_run_never_began_is_free_once_its_lease_has_run_out(node: NodeUnderTest) -> None:
    done(node, acquire(), run=A)
    node.pass_time(LEASE + 1)
    stage(node, run=B)
    assert (journal_of(node)["run"], journal_of(node)["generation"]) == (B, 2)


def test_an_unfinished_run_is_resumed_under_its_name_and_a_higher_generation(web_node: NodeUnderTest) -> None:
    first = stage(web_node, CHANGE, run=A)
    before = journal_of(web_node)
    web_node.pass_time(LEASE + 1)
    assert done(web_node, resume(), run=A) == {"generation": first + 1}
    journal = journal_of(web_node)
    assert (journal["run"], journal["phase"], journal["generation"]) == (A, "staged", first + 1)
    assert journal["holder"] == "another@controller"
    assert journal["since"] > before["since"]


def test_a_run_that_may_be_alive_is_not_resumed(web_node: NodeUnderTest) -> None:
    stage(web_node, CHANGE, run=A)
    web_node.pass_time(LEASE - 1)
    before = web_node.tree()
    (refused, not_done) = ask(web_node, resume(), RollBack(), run=A)
    assert (refused["error"]["code"], not_done["error"]["code"]) == ("locked", "not_done")
    assert "operator@controller" in refused["error"]["message"]
    assert web_node.tree() == before


def test_the_one_who_resumes_is_not_disturbed_by_a_third(web_node: NodeUnderTest) -> None:
    stage(web_node, CHANGE, run=A)
    web_node.pass_time(LEASE + 1)
    done(web_node, resume(), run=A)
    web_node.pass_time(LEASE - 1)
    assert refusal(web_node, resume(), run=A) == "locked"
    assert refusal(web_node, acquire(), run=B) == "locked"
    web_node.pass_time(2)
    assert done(web_node, resume(), run=A) == {"generation": 3}


def test_a_run_that_left_nothing_cannot_be_resumed(web_node: NodeUnderTest) -> None:
    assert refusal(web_node, resume(), run=A) == "no_run"
    done(web_node, acquire(), run=A)
    web_node.pass_time(LEASE + 1)
    assert refusal(web_node, resume(), run=A) == "no_run"
    stage(web_node, CHANGE, run=B)
    web_node.pass_time(LEASE + 1)
    assert refusal(web_node, resume(), run=A) == "no_run"
    done(web_node, RollBack(), run=B)
    roll_out(web_node, CHANGE, run=A)
    assert refusal(web_node, resume(), run=A) == "no_run"


def test_the_generation_before_a_resumption_changes_nothing_any_more(web_node: NodeUnderTest) -> None:
    first = stage(web_node, CHANGE, run=A)
    web_node.pass_time(LEASE + 1)
    second = done(web_node, resume(), run=A)["generation"]
    for change in (BeginJournal(), CHANGE, Commit(web_node.clock(), 2.0), Confirm(), RollBack()):
        assert refusal(web_node, change, run=A, generation=first) == "generation"
    assert (web_node.read(WEB_CONFIG), journal_of(web_node)["phase"]) == (b"old", "staged")
    done(web_node, Commit(web_node.clock(), 2.0), run=A, generation=second)
    for change in (Confirm(), RollBack()):
        assert refusal(web_node, change, run=A, generation=first) == "generation"
    done(web_node, Confirm(), run=A, generation=second)
    assert web_node.read(WEB_CONFIG) == b"new"


def test_a_run_that_lost_its_lock_while_it_waited_does_not_switch(web_node: NodeUnderTest) -> None:
    first = stage(web_node, CHANGE, run=A)

    def sleep_too_long_and_be_resumed() -> None:
        web_node.pass_time(2 * LEASE)
        done(web_node, resume(), run=A)

    web_node.while_waiting(sleep_too_long_and_be_resumed)
    assert refusal(web_node, Commit(web_node.clock() + 1, 9 * LEASE), run=A, generation=first) == "generation"
    assert web_node.read(WEB_CONFIG) == b"old"


# The lease


def test_a_long_wait_does_not_lose_the_lock(web_node: NodeUnderTest) -> None:
    stage(web_node, CHANGE, run=A)
    refused: list[str] = []

    def try_to_take() -> None:
        refused.extend([refusal(web_node, acquire(), run=B), refusal(web_node, resume(), run=A)])

    web_node.while_waiting(try_to_take)
    done(web_node, Commit(web_node.clock() + 3 * LEASE, 2.0), run=A)
    assert (refused, web_node.read(WEB_CONFIG)) == (["locked", "locked"], b"new")


def test_the_lease_begins_anew_at_the_instant_of_the_commit(web_node: NodeUnderTest) -> None:
    stage(web_node, CHANGE, run=A)
    done(web_node, Commit(web_node.clock() + 3 * LEASE, 2.0), run=A)
    web_node.pass_time(LEASE - 1)
    assert refusal(web_node, resume(), run=A) == "locked"
    web_node.pass_time(2)
    done(web_node, resume(), run=A)


def test_a_commit_whose_instant_has_passed_renews_the_lease_from_now(web_node: NodeUnderTest) -> None:
    stage(web_node, CHANGE, run=A)
    web_node.pass_time(LEASE - 1)
    done(web_node, Commit(web_node.clock() - 1, 2.0), run=A)
    web_node.pass_time(LEASE - 1)
    assert refusal(web_node, resume(), run=A) == "locked"


def test_the_lease_of_a_renewal_or_resumption_is_that_of_the_last_request(web_node: NodeUnderTest) -> None:
    stage(web_node, CHANGE, run=A)
    done(web_node, acquire(3 * LEASE), run=A)
    switch(web_node, run=A)
    web_node.pass_time(2 * LEASE)
    assert refusal(web_node, resume(), run=A) == "locked"
    web_node.pass_time(LEASE + 1)
    done(web_node, resume(LEASE / 2), run=A)
    web_node.pass_time(LEASE / 2 + 1)
    done(web_node, resume(), run=A)


def test_a_run_that_lost_its_lock_does_not_renew_it(web_node: NodeUnderTest) -> None:
    first = stage(web_node, CHANGE, run=A)
    web_node.pass_time(LEASE + 1)
    done(web_node, resume(), run=A)
    assert refusal(web_node, Commit(web_node.clock() + 9 * LEASE, 2.0), run=A, generation=first) == "generation"
    web_node.pass_time(LEASE + 1)
    done(web_node, resume(), run=A)


# What was confirmed last


def test_the_run_that_was_confirmed_last_is_told_also_while_another_is_unfinished(web_node: NodeUnderTest) -> None:
    roll_out(web_node, CHANGE, run=B)
    roll_out(web_node, replacing(WEB_CONFIG, b"new", b"newer"), run=A)
    assert journal_of(web_node)["confirmed"] == A
    stage(web_node, replacing(WEB_CONFIG, b"newer", b"newest"), run="run-c")
    assert (journal_of(web_node)["run"], journal_of(web_node)["confirmed"]) == ("run-c", A)
    done(web_node, RollBack(), run="run-c")
    assert journal_of(web_node)["confirmed"] == A
