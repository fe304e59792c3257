"""What each node says of its runs, for a person and for a program; also when the spec does not resolve."""

import json
from pathlib import Path
from typing import Any

import pytest

from keydeploy.schema import validator
from tests.engine.farm import QUICK, Stand, fault, tree

NODES = ("web1", "web2")


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1m"})


def told(stand: Stand) -> dict[str, Any]:
    ran = stand.keydeploy("status", "--format", "json")
    value: dict[str, Any] = json.loads(ran.out)
    validator("status").validate(value)
    assert value["exit_code"] == ran.code
    return value


def test_a_farm_without_a_run_is_told_so_by_one_call_that_leaves_no_trace(stand: Stand) -> None:
    before = [tree(stand.node(node) / "C") for node in NODES]
    ran = stand.keydeploy("status")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "farm portal",
        "  web1",
        "    lock: free (generation 0)",
        "    last run: none",
        "  web2",
        "    lock: free (generation 0)",
        "    last run: none",
    ]
    assert [stand.calls(node) for node in NODES] == [["journal.read system.read"]] * 2
    assert [tree(stand.node(node) / "C") for node in NODES] == before


def test_the_last_run_and_the_backups_are_told_with_their_ages(stand: Stand) -> None:
    run = stand.tell("apply").report["run"]
    status = told(stand)
    assert [node["farm"] for node in status["nodes"]] == ["portal", "portal"]
    journal = status["nodes"][0]["journal"]
    assert (journal["last"]["run"], journal["last"]["how"]) == (run, "confirmed")
    assert [backup["run"] for backup in journal["backups"]] == [run]
    ran = stand.keydeploy("status")
    assert f"    last run: {run}, confirmed 0 " in ran.out or f"    last run: {run}, confirmed " in ran.out
    assert f"    backup: {run}, " in ran.out


def test_an_unfinished_run_is_told_with_its_holder_and_exit_code_5(stand: Stand) -> None:
    stand.behave("web2", fault("journal.confirm", "unreachable"))
    stand.keydeploy("apply")
    stand.behave("web2")

    ran = stand.keydeploy("status")

    assert ran.code == 5
    assert "is unfinished (committed)" in ran.out
    assert "; its lease runs out in " in ran.out
    assert told(stand)["exit_code"] == 5


def test_a_node_that_cannot_be_reached_is_told_with_exit_code_4(stand: Stand) -> None:
    stand.behave("web2", fault("journal.read", "unreachable"))
    ran = stand.keydeploy("status")
    assert ran.code == 4
    assert "    ! the sandbox was told to lose the answer here" in ran.out


def test_no_secret_is_needed_to_look(stand: Stand) -> None:
    stand.variables["vault_portal"] = "{{ gone }}"
    stand.write_inventory()
    assert stand.keydeploy("status").code == 0


def test_an_inventory_that_declares_nothing_is_told(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.add_hosts("db1")
    ran = stand.keydeploy("status")
    assert (ran.code, "no host of the inventory declares anything" in ran.err) == (3, True)
