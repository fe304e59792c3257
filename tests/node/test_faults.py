"""A sandbox node misbehaves exactly as `sandbox.json` says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from keydeploy.errors import KeydeployError, NodeError, Unreachable
from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    Operation,
    ReadFile,
    ReadJournal,
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


def behave(node: SandboxNode, *faults: Any, **values: Any) -> None:
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


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"at": "file.stagee", "do": "fail"}, 'at of fail at "file.stagee" is no operation'),
        ({"at": "file.stage", "do": "fial"}, '"fial" is nothing that a node does; known: again, cut,'),
        ({"at": "file.stage", "do": "fail", "when": "later"}, "when of fail is before or after"),
        ({"at": "file.stage", "do": "fail", "seconds": 3}, 'fail takes no "seconds"'),
        ({"at": "file.stage", "do": "late", "seconds": "3"}, 'seconds of late cannot be "3"'),
        ({"at": "file.stage", "do": "die", "write": 0}, "write of die cannot be 0"),
        ({"at": "file.stage", "do": "die", "write": True}, "write of die cannot be true"),
        ({"at": "file.stage", "do": "die", "write": 1, "when": "after"}, "either at a write or before or after"),
        ({"at": "file.stage", "do": "full", "when": "after"}, "happens at a write, or is lasting"),
        ({"at": "file.stage", "do": "touch"}, "touch at file.stage needs path"),
        ({"at": "file.stage", "do": "again", "until": "later"}, "until of again at"),
        ({"at": "file.stage", "do": "cut", "beside": "x"}, "beside of cut at"),
        ({"at": "file.stage", "do": "cut", "times": 0}, "times of cut cannot be 0"),
        ("fail", '"fail" is no fault'),
    ],
)
def test_a_fault_that_is_misspelt_is_refused(node: SandboxNode, fault: Any, told: str) -> None:
    behave(node, fault)
    with pytest.raises(KeydeployError, match=rf"sandbox\.json .*{re.escape(told)}"):
        ask(node, ReadSystem())


# Killed, out of room, in the way


def unanswered(node: SandboxNode, *operations: Operation) -> None:
    with pytest.raises(Unreachable):
        ask(node, *operations)


@pytest.mark.parametrize(("when", "content"), [("before", b"old"), ("after", b"new")])
def test_it_dies_before_or_after_the_deed(node: SandboxNode, when: str, content: bytes) -> None:
    stage(node, CHANGE)
    behave(node, {"at": "journal.commit", "do": "die", "when": when})
    unanswered(node, Commit(node.clock(), 2.0))
    assert node.read(WEB_CONFIG) == content


def test_it_dies_at_every_write_of_the_switch_with_half_of_it_written(tmp_path: Path) -> None:
    torn = 0
    for write in range(1, 100):
        other = SandboxNode(tmp_path / f"{write}")
        other.write(WEB_CONFIG, b"old")
        stage(other, CHANGE)
        behave(other, {"at": "journal.commit", "do": "die", "write": write})
        try:
            ask(other, Commit(other.clock(), 2.0))
        except Unreachable:
            assert other.read(WEB_CONFIG) in (b"old", b"new")
            torn += b"n" in other.tree("C:\\inetpub").values()
            continue
        assert (write > 5, torn) == (True, 1)
        return
    pytest.fail("it dies at writes that there are not")


def test_a_full_disk_takes_half_of_a_file_and_the_node_tells_it(node: SandboxNode) -> None:
    stage(node, CHANGE)
    behave(node, {"at": "journal.commit", "do": "full", "write": 5, "times": 1})
    assert refusal(node, Commit(node.clock(), 2.0)) == "disk_full"
    assert node.read(WEB_CONFIG) == b"old"
    assert "committed" in done(node, Commit(node.clock(), 2.0))


def test_a_disk_that_stays_full_lets_nothing_more_be_written(node: SandboxNode) -> None:
    behave(node, {"at": "journal.begin", "do": "full", "when": "after", "lasting": True})
    results = ask(node, acquire(), BeginJournal(), CHANGE)
    assert [result.get("error", {}).get("code") for result in results] == [None, None, "disk_full"]
    assert refusal(node, RollBack()) == "disk_full"
    behave(node)
    done(node, RollBack())


@pytest.mark.parametrize(("do", "code"), [("locked", "in_use"), ("denied", "access_denied")])
def test_a_file_that_is_in_the_way_stops_the_switch_and_nothing_else(node: SandboxNode, do: str, code: str) -> None:
    behave(node, {"at": "lock.acquire", "do": do, "lasting": True, "path": WEB_CONFIG})
    stage(node, CHANGE)
    assert refusal(node, Commit(node.clock(), 2.0)) == code
    done(node, RollBack())
    assert (node.read(WEB_CONFIG), journal_of(node)["run"]) == (b"old", None)


@pytest.mark.parametrize(("do", "code"), [("locked", "in_use"), ("denied", "access_denied")])
def test_one_file_cannot_be_read(node: SandboxNode, do: str, code: str) -> None:
    behave(node, {"at": "file.read", "do": do, "path": WEB_CONFIG})
    node.write("C:\\other.config", b"other")
    results = ask(node, ReadFile("C:\\other.config"), ReadFile(WEB_CONFIG))
    assert ("ok" in results[0], results[1]["error"]["code"]) == (True, code)


# Somebody else, and time


def test_somebody_else_changes_a_file(node: SandboxNode) -> None:
    behave(node, {"at": "journal.begin", "do": "touch", "path": WEB_CONFIG, "text": "er", "times": 1})
    results = ask(node, acquire(), BeginJournal(), CHANGE)
    assert results[2]["error"]["code"] == "changed"
    assert node.read(WEB_CONFIG) == b"older"


def test_its_clock_jumps_and_stays_so_until_it_is_told_otherwise(node: SandboxNode) -> None:
    behave(node, {"at": "lock.acquire", "do": "jump", "seconds": 3600.0})
    assert respond(node, ReadSystem()).system().clock == pytest.approx(node.clock(), abs=1e-5)
    done(node, acquire())
    assert respond(node, ReadSystem()).system().clock == pytest.approx(node.clock() + 3600, abs=1e-5)
    behave(node)
    assert respond(node, ReadSystem()).system().clock == pytest.approx(node.clock(), abs=1e-5)


def test_it_pauses_until_its_marker_is_gone(node: SandboxNode, tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    behave(node, {"at": "lock.acquire", "do": "pause", "marker": str(marker)})
    node.while_waiting(marker.unlink)
    assert done(node, acquire()) == {"generation": 1}
    assert not marker.exists()


# Deliveries


def test_it_is_gone_from_an_operation_on(node: SandboxNode) -> None:
    behave(node, {"at": "lock.acquire", "do": "gone", "when": "after"})
    assert done(node, acquire()) == {"generation": 1}
    unanswered(node, ReadSystem())
    unanswered(node, ReadSystem())


def test_a_request_comes_twice_and_the_second_answer_arrives(node: SandboxNode, tmp_path: Path) -> None:
    behave(node, {"at": "lock.acquire", "do": "twice"}, calls=str(tmp_path / "calls"))
    assert done(node, acquire()) == {"generation": 1}
    assert len((tmp_path / "calls").read_text().splitlines()) == 2


def test_a_request_comes_again_behind_a_later_one_and_is_kept_by_its_owner_alone(
    node: SandboxNode, tmp_path: Path
) -> None:
    log = tmp_path / "calls"
    behave(node, {"at": "journal.begin", "do": "again", "until": "journal.commit", "times": 1}, calls=str(log))
    stage(node, CHANGE)
    (kept,) = node.root.glob("sandbox.later.*")
    assert kept.stat().st_mode & 0o777 == 0o600
    switch(node)
    assert list(node.root.glob("sandbox.later.*")) == []
    assert [line.split()[1] for line in log.read_text().splitlines()] == [
        "lock.acquire",
        "journal.commit",
        "lock.acquire",
    ]


def test_what_would_have_come_again_is_removed_when_no_fault_speaks_of_it(node: SandboxNode) -> None:
    behave(node, {"at": "lock.acquire", "do": "again", "until": "journal.commit"})
    done(node, acquire())
    behave(node)
    ask(node, ReadSystem())
    assert list(node.root.glob("sandbox.*")) == [node.root / "sandbox.json"]


def test_it_strikes_so_often_and_only_beside_another_operation(node: SandboxNode) -> None:
    behave(node, {"at": "system.read", "do": "fail", "beside": "journal.read", "times": 1})
    assert ["ok" in result for result in ask(node, ReadSystem())] == [True]
    assert ["ok" in result for result in ask(node, ReadJournal(), ReadSystem())] == [True, False]
    assert ["ok" in result for result in ask(node, ReadJournal(), ReadSystem())] == [True, True]
