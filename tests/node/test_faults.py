"""A sandbox node misbehaves exactly as `sandbox.json` says."""

import json
from pathlib import Path
from typing import Any

import pytest

from keydeploy.errors import KeydeployError, NodeError, Unreachable
from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    ReadFile,
    ReadSystem,
    RollBack,
)
from tests.node.contract.asking import (
    RUN,
    WEB_CONFIG,
    acquire,
    ask,
    done,
    journal_of,
    refusal,
    replacing,
    respond,
    stage,
    switch,
)
from tests.node.contract.under_test import SandboxNode

CHANGE = replacing(WEB_CONFIG, b"old", b"new")


@pytest.fixture
def node(tmp_path: Path) -> SandboxNode:
    node = SandboxNode(tmp_path / "web1")
    node.write(WEB_CONFIG, b"old")
    return node


def behave(node: SandboxNode, *faults: dict[str, Any], **values: Any) -> None:
    (node.root / "sandbox.json").write_text(json.dumps({**values, "faults": faults}))


def test_without_the_file_it_behaves(node: SandboxNode) -> None:
    assert done(node, acquire()) == {"generation": 1}


@pytest.mark.parametrize("code", ["io", "access_denied", "in_use", "disk_full"])
def test_it_fails_before_an_operation_which_is_then_not_done(node: SandboxNode, code: str) -> None:
    behave(node, {"at": "journal.begin", "do": "fail", "code": code})
    results = ask(node, acquire(), BeginJournal(), CHANGE)
    assert [result.get("error", {}).get("code") for result in results] == [None, code, "not_done"]
    assert journal_of(node)["run"] is None


def test_it_fails_after_an_operation_which_is_then_done(node: SandboxNode) -> None:
    behave(node, {"at": "journal.begin", "when": "after", "do": "fail"})
    results = ask(node, acquire(), BeginJournal(), CHANGE)
    assert [result.get("error", {}).get("code") for result in results] == [None, "io", "not_done"]
    assert journal_of(node)["run"] == RUN


def test_it_fails_at_a_reading_and_goes_on(node: SandboxNode) -> None:
    behave(node, {"at": "file.read", "do": "fail", "code": "access_denied"})
    results = ask(node, ReadFile(WEB_CONFIG), ReadSystem())
    assert results[0]["error"]["code"] == "access_denied"
    assert "ok" in results[1]


@pytest.mark.parametrize(("when", "content"), [("before", b"old"), ("after", b"new")])
def test_its_answer_is_lost_before_or_after_the_deed(node: SandboxNode, when: str, content: bytes) -> None:
    stage(node, CHANGE)
    behave(node, {"at": "journal.commit", "when": when, "do": "unreachable"})
    with pytest.raises(Unreachable):
        ask(node, Commit(node.clock(), 2.0))
    assert node.read(WEB_CONFIG) == content


def test_its_answer_is_cut(node: SandboxNode) -> None:
    behave(node, {"at": "lock.acquire", "do": "cut"})
    with pytest.raises(NodeError, match="cut or damaged"):
        respond(node, acquire())
    behave(node)
    assert journal_of(node)["holder"] is not None


def test_it_is_late_for_the_commit(node: SandboxNode) -> None:
    stage(node, CHANGE)
    behave(node, {"at": "journal.commit", "do": "late", "seconds": 2.5})
    assert refusal(node, Commit(node.clock() + 1, 2.0)) == "late"
    assert node.read(WEB_CONFIG) == b"old"


def test_it_is_late_for_any_other_operation(node: SandboxNode) -> None:
    behave(node, {"at": "lock.acquire", "do": "late", "seconds": 7.0})
    before = node.clock()
    done(node, acquire())
    assert node.clock() == before + 7.0


def test_it_claims_to_have_switched(node: SandboxNode) -> None:
    stage(node, CHANGE)
    behave(node, {"at": "journal.commit", "do": "lie"})
    assert "committed" in done(node, Commit(node.clock(), 2.0))
    assert node.read(WEB_CONFIG) == b"old"
    behave(node)
    done(node, RollBack())
    assert (node.read(WEB_CONFIG), journal_of(node)["run"]) == (b"old", None)


def test_it_claims_to_have_staged(node: SandboxNode) -> None:
    behave(node, {"at": "file.stage", "do": "lie"})
    stage(node, CHANGE)
    switch(node)
    assert node.read(WEB_CONFIG) == b"old"


@pytest.mark.parametrize("end", [Confirm(), RollBack()])
def test_it_claims_to_have_ended_the_run(node: SandboxNode, end: Confirm | RollBack) -> None:
    stage(node, CHANGE)
    switch(node)
    behave(node, {"at": end.do, "do": "lie"})
    done(node, end)
    assert (node.read(WEB_CONFIG), journal_of(node)["phase"]) == (b"new", "committed")


@pytest.mark.parametrize("offset", [3.5, -7200.0])
def test_its_clock_is_wrong_and_it_waits_by_its_own(node: SandboxNode, offset: float) -> None:
    behave(node, clock_offset=offset)
    system = respond(node, ReadSystem()).system()
    assert system.clock == pytest.approx(node.clock() + offset, abs=1e-5)
    stage(node, CHANGE)
    started = node.clock()
    done(node, Commit(system.clock + 2.0, 0.5))
    assert node.clock() == pytest.approx(started + 2.0, abs=1e-5)


def test_every_call_is_logged_with_its_operations(node: SandboxNode, tmp_path: Path) -> None:
    log = tmp_path / "calls"
    behave(node, calls=str(log))
    stage(node, CHANGE)
    done(node, RollBack())
    assert log.read_text().splitlines() == ["web1 lock.acquire journal.begin file.stage", "web1 journal.roll_back"]


@pytest.mark.parametrize("text", ["", "[]", "7", '{"faults": [{"at": "x"}]}', '{"faults": 7}', '{"unknown": 1}'])
def test_a_file_that_says_something_else_is_an_error_that_names_it(node: SandboxNode, text: str) -> None:
    (node.root / "sandbox.json").write_text(text)
    with pytest.raises(KeydeployError, match=r"sandbox\.json"):
        ask(node, ReadSystem())
