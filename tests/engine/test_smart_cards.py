"""The time-out of a smart card's transaction is rolled out, kept, seen when it drifts, and taken back to the value."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import QUICK, Stand, fault, outcomes, tree
from tests.observation.farm import CSP, KSP, TIMEOUT

NODES = ("web1", "web2")
TYPE = {"Type": {"kind": "dword", "data": 1}}
"""A value of somebody else."""

Registry = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Answer a farm of nodes that know the providers; the second one has a time-out for programs of 64 bits."""
    stand = Stand(tmp_path).add_farm(
        "portal",
        *NODES,
        rollout=QUICK,
        machine_keys={},
        applications={},
        smart_cards={"transaction_timeout": {"csp": "100ms", "ksp": "0.2s"}},
    )
    hold(stand, "web1", {"64": {CSP: TYPE, KSP: TYPE}, "32": {CSP: TYPE}})
    hold(stand, "web2", {"64": {CSP: {**TYPE, **timeout(1500)}, KSP: TYPE}, "32": {CSP: TYPE}})
    return stand


def timeout(milliseconds: int) -> dict[str, Any]:
    return {TIMEOUT: {"kind": "dword", "data": milliseconds}}


def hold(stand: Stand, node: str, registry: Registry) -> None:
    (stand.node(node) / "registry.json").write_text(json.dumps(registry), "utf-8")


def held(stand: Stand) -> list[Registry]:
    return [json.loads((stand.node(node) / "registry.json").read_text("utf-8")) for node in NODES]


DECLARED: Registry = {
    "64": {CSP: {**TYPE, **timeout(100)}, KSP: {**TYPE, **timeout(200)}},
    "32": {CSP: {**TYPE, **timeout(100)}},
}


def test_it_is_set_on_all_nodes_once_in_both_views_and_beside_other_values(stand: Stand) -> None:
    planned = stand.keydeploy("plan")
    assert planned.code == 2
    assert "+ smart_cards.transaction_timeout.ksp: create" in planned.out
    assert f"{TIMEOUT}: 1500 → 100" in planned.out
    assert f"{TIMEOUT} (32-bit): absent → 100" in planned.out

    ran = stand.tell("apply")
    assert (ran.code, ran.of("portal")["verdict"]) == (0, "applied"), ran.text
    assert held(stand) == [DECLARED, DECLARED]
    assert [len(stand.calls(node)) for node in NODES] == [5, 5]

    before = [tree(stand.node(node)) for node in NODES]
    again = stand.tell("apply")
    assert (again.code, again.of("portal")["verdict"]) == (0, "in_order")
    assert [tree(stand.node(node)) for node in NODES] == before


def test_a_value_that_somebody_changes_is_drift_and_the_next_run_mends_it(stand: Stand) -> None:
    assert stand.keydeploy("apply").code == 0
    hold(stand, "web2", {**DECLARED, "32": {CSP: {**TYPE, **timeout(9000)}}})

    drift = stand.tell("drift")

    assert drift.code == 2
    operations = {
        (node["node"], operation["address"]): operation["differences"]
        for node in drift.of("portal")["nodes"]
        for operation in node["operations"]
    }
    csp, ksp = "smart_cards.transaction_timeout.csp", "smart_cards.transaction_timeout.ksp"
    difference = {"name": f"{TIMEOUT} (32-bit)", "found": "9000", "wanted": "100"}
    assert operations == {("web1", csp): [], ("web1", ksp): [], ("web2", csp): [difference], ("web2", ksp): []}
    assert stand.keydeploy("apply").code == 0
    assert held(stand) == [DECLARED, DECLARED]


@pytest.mark.parametrize("place", ["registry.stage", "journal.commit"])
def test_a_node_that_fails_leaves_all_as_before_also_what_was_absent(stand: Stand, place: str) -> None:
    before = held(stand)
    stand.behave("web2", fault(place, "fail"))

    ran = stand.tell("apply")

    assert (ran.code, ran.of("portal")["verdict"]) == (1, "rolled_back")
    assert outcomes(ran.of("portal"))["web1"] == ("unstaged" if place == "registry.stage" else "rolled_back")
    assert held(stand) == before
    assert all(stand.is_at_rest(node) for node in NODES)


def test_a_registry_that_cannot_be_read_stops_the_change_before_it_begins(stand: Stand) -> None:
    before = held(stand)
    stand.behave("web1", fault("registry.read", "fail"))
    ran = stand.keydeploy("apply")
    assert (ran.code, held(stand)) == (1, before)
    assert "web1: smart_cards.transaction_timeout.csp: the registry cannot be read in the 64-bit view" in ran.out
