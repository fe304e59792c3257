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
    stage,
    switch,
)
from tests.node.contract.under_test import NodeUnderTest

A, B = "run-a", "run-b"


def test_a_free_node_has_neither_holder_nor_run(node: NodeUnderTest) -> None:
    assert journal_of(node) == {"run": None, "phase": None, "holder": None, "since": None, "generation": 0}


def test_the_lock_names_its_holder_and_since_when(node: NodeUnderTest) -> None:
    assert done(node, acquire()) == {"acquired": 1}
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
    assert done(node, acquire(), run=A) == {"acquired": 1}
    node.pass_time(LEASE - 1)
    assert refusal(node, acquire(), run=B) == "locked"
    assert journal_of(node)["since"] == since


def test_a_lease_that_has_run_out_is_taken_over_under_a_higher_generation(node: NodeUnderTest) -> None:
    done(node, acquire(), run=A)
    node.pass_time(LEASE + 1)
    assert done(node, acquire(), run=B) == {"acquired": 2}
    assert refusal(node, acquire(), run=A) == "locked"


def test_a_lease_that_has_run_out_still_holds_while_nobody_takes_it(node: NodeUnderTest) -> None:
    stage(node, run=A)
    node.pass_time(LEASE + 1)
    switch(node, run=A)
    assert done(node, acquire(), run=A) == {"acquired": 1}


@pytest.mark.parametrize("end", [Confirm(), RollBack()])
def test_the_end_of_a_run_releases_the_lock(node: NodeUnderTest, end: Confirm | RollBack) -> None:
    stage(node, run=A)
    switch(node, run=A)
    done(node, end, run=A)
    assert journal_of(node) == {"run": None, "phase": None, "holder": None, "since": None, "generation": 1}
    assert done(node, acquire(), run=B) == {"acquired": 2}


@pytest.mark.parametrize(
    "change",
    [BeginJournal(), replacing(WEB_CONFIG, None, b"x"), Commit(0.0, 1e9), Confirm()],
    ids=lambda c: str(c.name),
)
def test_a_run_without_the_lock_changes_nothing(node: NodeUnderTest, change: BeginJournal | Commit | Confirm) -> None:
    assert refusal(node, change, run=A) == "generation"
    done(node, acquire(), run=B)
    assert refusal(node, change, run=A) == "generation"


def test_a_run_that_lost_its_lock_neither_switches_nor_goes_back(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"old")
    stage(node, replacing(WEB_CONFIG, b"old", b"new"), run=A)
    node.pass_time(LEASE + 1)
    done(node, acquire(), run=B)
    for change in (Commit(node.clock(), 2.0), Confirm(), RollBack()):
        assert refusal(node, change, run=A) == "generation"
    assert node.read(WEB_CONFIG) == b"old"


def test_a_run_that_lost_its_lock_while_it_waited_does_not_switch(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"old")
    stage(node, replacing(WEB_CONFIG, b"old", b"new"), run=A)
    node.while_waiting(lambda: done(node, acquire(), run=B))
    assert refusal(node, Commit(node.clock() + LEASE + 1, 2.0), run=A) == "generation"
    assert node.read(WEB_CONFIG) == b"old"


def test_an_older_generation_of_the_same_run_is_refused(node: NodeUnderTest) -> None:
    first = stage(node, run=A)
    node.pass_time(LEASE + 1)
    done(node, acquire(), RollBack(), run=B)
    second = done(node, acquire(), run=A)["acquired"]
    assert second > first
    for change in (BeginJournal(), Commit(node.clock(), 2.0), Confirm(), RollBack()):
        assert refusal(node, change, run=A, generation=first) == "generation"
    done(node, Commit(node.clock(), 2.0), run=A, generation=second)


def test_an_unfinished_run_is_not_overwritten_by_another(node: NodeUnderTest) -> None:
    stage(node, replacing(WEB_CONFIG.replace("inetpub\\portal", "Windows"), None, b"new"), run=A)
    node.pass_time(LEASE + 1)
    assert refusal(node, acquire(), BeginJournal(), run=B) == "unfinished"
    journal = journal_of(node)
    assert (journal["run"], journal["phase"], journal["generation"]) == (A, "staged", 2)


def test_a_run_that_may_not_begin_leaves_the_unfinished_one_as_it_is(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"old")
    stage(node, replacing(WEB_CONFIG, b"old", b"new"), run=A)
    switch(node, run=A)
    node.pass_time(LEASE + 1)
    done(node, acquire(), RollBack(), run=B)
    assert (journal_of(node)["run"], node.read(WEB_CONFIG)) == (A, b"new")
    done(node, acquire(), RollBack(), run=A)
    assert node.read(WEB_CONFIG) == b"old"
