"""Two runs over one farm: one goes first, the other waits or gives way, and neither leaves anything half done."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from keydeploy.node.contract import AcquireLock, BeginJournal, Operation, Request, Response, RollBack
from keydeploy.node.sandbox import Sandbox
from keydeploy.secret import Secret
from tests.engine.farm import DECLARED_KEYS, QUICK, VALIDATION_KEY, Ran, Stand, fault

NODES = ("web1", "web2", "web3")
FIRST, LAST = "0", "z"
"""Names that come before and after that of any run."""


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", *NODES, rollout={**QUICK, "lease": "20s"})


def ask(stand: Stand, node: str, run: str, *operations: Operation) -> None:
    """Ask a node in the name of another run."""
    request = Request(run, Secret(b"key"), operations)
    sandbox = Sandbox(stand.node(node), clock=time.time, sleep=time.sleep)
    Response.from_json(sandbox.answer(request.to_json()), request).raise_for_error()


def until(holds: Callable[[], bool]) -> None:
    for _ in range(1200):
        if holds():
            return
        threading.Event().wait(0.05)
    raise AssertionError("it never came to that")


def holder_of(stand: Stand, node: str) -> str | None:
    lock = stand.node(node) / "C/ProgramData/keydeploy/lock.json"
    return json.loads(lock.read_text("utf-8"))["run"] if lock.exists() else None


def calls(stand: Stand, node: str) -> int:
    log = stand.folder / f"{node}.calls"
    return len(log.read_text("utf-8").splitlines()) if log.exists() else 0


def web_configs(stand: Stand) -> list[bytes]:
    return [stand.own_config(node).read_bytes() for node in NODES]


@pytest.mark.parametrize("other", [FIRST, LAST])
def test_of_two_that_hold_some_nodes_each_one_gives_way_and_both_come_to_an_end(stand: Stand, other: str) -> None:
    """Another run takes web2 between our look at it and our staging there; web1 and web3 are ours by then."""
    stand.behave("web2", fault("lock.acquire", "late", seconds=3.0))
    runs: list[Ran] = []
    thread = threading.Thread(target=lambda: runs.append(stand.tell("apply")))
    thread.start()
    until(lambda: calls(stand, "web2") == 2)  # it has been observed, and now sleeps before it is taken
    stand.behave("web2")
    ask(stand, "web2", other, AcquireLock("another@controller", 20.0), BeginJournal())
    until(lambda: holder_of(stand, "web1") is not None)
    if other == FIRST:
        until(lambda: holder_of(stand, "web1") is None)  # ours gives way: it holds nothing while it waits
    else:
        until(lambda: calls(stand, "web2") > 4)  # ours waits, and keeps what it holds
        assert holder_of(stand, "web1") is not None
    ask(stand, "web2", other, RollBack())
    thread.join()

    assert (runs[0].code, web_configs(stand)) == (0, [DECLARED_KEYS] * 3), runs[0].text
    assert all(stand.is_at_rest(node) for node in NODES)
    assert ("somebody else was faster; starting over" in runs[0].err) == (other == FIRST)


def test_of_two_operators_with_the_same_plan_one_wins_and_the_other_is_told(stand: Stand) -> None:
    plan = str(stand.folder / "plan.json")
    assert stand.keydeploy("plan", "--out", plan).code == 2
    runs: list[Ran] = []
    threads = [threading.Thread(target=lambda: runs.append(stand.keydeploy("apply", "--plan", plan))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(ran.code for ran in runs) == [0, 1], [ran.text for ran in runs]
    loser = next(ran for ran in runs if ran.code == 1)
    assert "is already as the plan would make it" in loser.out
    assert web_configs(stand) == [DECLARED_KEYS] * 3


def test_of_two_operators_with_different_keys_the_farm_ends_with_those_of_one(stand: Stand) -> None:
    other = json.dumps({"vault_portal": {**stand.variables["vault_portal"], "validation_key": VALIDATION_KEY[::-1]}})
    runs: list[Ran] = []
    threads = [
        threading.Thread(target=lambda more=more: runs.append(stand.keydeploy("apply", *more)))
        for more in ((), ("-e", other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [ran.code for ran in runs] == [0, 0], [ran.text for ran in runs]
    assert len(set(web_configs(stand))) == 1
    assert all(stand.is_at_rest(node) for node in NODES)
