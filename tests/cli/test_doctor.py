"""`keydeploy doctor` on sandbox nodes: what it looks at, what it changes, and how it ends."""

import json
from pathlib import Path

import pytest

from keydeploy.schema import validator
from tests.engine.farm import Stand, tree


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", "web1", "web2")


def test_it_examines_every_declared_node_in_one_call_and_changes_nothing(stand: Stand) -> None:
    stand.add_hosts("bystander")
    before = tree(stand.node("web1") / "C")
    ran = stand.keydeploy("doctor", "--format", "json")

    found = json.loads(ran.out)
    validator("checkup").validate(found)
    assert (ran.code, found["exit_code"]) == (0, 0)
    assert sorted(found["nodes"]) == ["web1", "web2"]
    assert stand.calls("web1") == ["journal.read file.read file.read system.read"]
    assert tree(stand.node("web1") / "C") == before


def test_a_spec_that_is_invalid_does_not_keep_it_from_looking(stand: Stand) -> None:
    stand.groups["portal"]["vars"]["keydeploy"]["machine_keys"]["portal"]["decryption_key"] = "none"
    stand.write_inventory()

    assert stand.keydeploy("doctor").code == 0


def test_a_node_that_is_not_there_is_told_with_the_next_step(stand: Stand) -> None:
    stand.set("web2", keydeploy_sandbox=str(stand.folder / "nothing"))
    ran = stand.keydeploy("doctor")

    assert ran.code == 4
    assert "web1: in order" in ran.out
    assert "web2: not fit for a roll-out" in ran.out
    assert "hint: keydeploy sandbox create DIR makes one" in ran.out


def test_a_host_whose_variables_do_not_resolve_is_told_too(stand: Stand) -> None:
    stand.set("web2", keydeploy_sandbox="{{ missing }}")
    ran = stand.keydeploy("doctor", "--format", "json")

    assert ran.code == 1
    assert json.loads(ran.out)["nodes"]["web2"]["checks"][0]["finding"] == "fail"


def test_a_clock_that_is_far_off_fails(stand: Stand) -> None:
    stand.behave("web2", clock_offset=-4000.0)
    ran = stand.keydeploy("doctor")

    assert ran.code == 1
    assert "! clock: -4000.0 s against the controller" in ran.out


def test_clocks_that_agree_against_the_controller_let_it_be_suspected(stand: Stand) -> None:
    for host in ("web1", "web2"):
        stand.behave(host, clock_offset=60.0)
    ran = stand.keydeploy("doctor")

    assert "~ clock: all nodes differ from the controller by about +60 s" in ran.out


def test_an_inventory_that_declares_nothing_has_nobody_to_examine(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.add_hosts("web1")
    ran = stand.keydeploy("doctor")

    assert ran.code == 3
    assert "no host of the inventory declares anything" in ran.err


def test_a_limit_is_kept_to(stand: Stand) -> None:
    ran = stand.keydeploy("doctor", "-l", "web2", "--format", "json")

    assert list(json.loads(ran.out)["nodes"]) == ["web2"]


def test_a_missing_inventory_is_told(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    ran = stand.keydeploy("doctor")

    assert ran.code == 1
    assert "there is no inventory" in ran.err
