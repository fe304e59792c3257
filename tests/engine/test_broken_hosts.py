"""What fails before an action runs is held by the ignore keywords: it stops the commit and hinders nobody else.

Each way to be broken is a farm of its own. One is broken from some step on only, because its variable looks at
what the steps before have registered.
"""

from typing import Any

import pytest

from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, Ran, Stand, outcomes, reasons

LOOKUP = "{{ lookup('ansible.builtin.file', '/nowhere') }}"
PLACES = ("1", "2", "3")
BROKEN: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": ("1", {"ansible_connection": "nonsense", "ansible_host": "{{ nowhere }}", "ansible_password": LOOKUP}),
    "host": ("2", {"ansible_host": "{{ nowhere }}"}),
    "password": ("3", {"ansible_password": LOOKUP}),
    "from_stage": ("1", {"ansible_host": "{{ nowhere if keydeploy_plan is defined else 'node' }}"}),
    "at_commit": (
        "2",
        {"ansible_host": "{{ nowhere if keydeploy_gate is defined and keydeploy_verdict is not defined else 'node' }}"},
    ),
    "from_commit": ("3", {"ansible_host": "{{ nowhere if keydeploy_gate is defined else 'node' }}"}),
}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    stand = Stand(tmp_path_factory.mktemp("stand"))
    for farm, (place, variables) in BROKEN.items():
        stand.add_farm(farm, *nodes(farm))
        stand.set(farm + place, **variables)
    return stand.add_farm("healthy", *nodes("healthy"))


@pytest.fixture(scope="module")
def ran(stand: Stand) -> Ran:
    """Roll all farms out; the very first host is the one of which nothing works."""
    return stand.tell("apply")


def nodes(farm: str) -> list[str]:
    return [farm + place for place in PLACES]


def test_the_first_host_does_not_matter_to_the_others(stand: Stand, ran: Ran) -> None:
    assert ran.of("healthy")["verdict"] == "applied"
    assert all(stand.own_config(node).read_bytes() == DECLARED_KEYS for node in nodes("healthy"))


@pytest.mark.parametrize("farm", ["nothing", "host", "password"])
def test_a_host_that_no_step_reaches_stops_the_farm_before_staging(stand: Stand, ran: Ran, farm: str) -> None:
    broken = farm + BROKEN[farm][0]

    assert ran.of(farm)["verdict"] == "refused"
    assert reasons(ran.of(farm)) == [f"{broken}: it gave no answer"]
    assert "a connection variable of it cannot be resolved" in ran.of(farm)["reasons"][0]["hint"]
    assert outcomes(ran.of(farm)) == {node: "failed" if node == broken else "refused" for node in nodes(farm)}
    assert {node: len(stand.calls(node)) for node in nodes(farm)} == {
        node: 0 if node == broken else 1 for node in nodes(farm)
    }
    assert all(stand.own_config(node).read_bytes() == OTHER_KEYS for node in nodes(farm))


def test_nodes_unstage_where_one_gives_no_answer_to_staging(stand: Stand, ran: Ran) -> None:
    told = ran.of("from_stage")

    assert reasons(told) == ["from_stage1: it gave no answer to staging"]
    assert outcomes(told) == {"from_stage1": "failed", "from_stage2": "unstaged", "from_stage3": "unstaged"}
    assert told["verdict"] == "incomplete"  # nobody knows what the broken one holds
    assert all(stand.is_at_rest(node) for node in nodes("from_stage"))


def test_nodes_roll_back_where_one_gives_no_answer_to_the_commit(stand: Stand, ran: Ran) -> None:
    told = ran.of("at_commit")

    assert reasons(told) == ["at_commit2: it gave no answer to the commit"]
    assert told["verdict"] == "rolled_back"
    assert all(stand.own_config(node).read_bytes() == OTHER_KEYS for node in nodes("at_commit"))
    assert all(stand.is_at_rest(node) for node in nodes("at_commit"))


def test_a_node_that_stays_out_of_reach_leaves_the_farm_incomplete(stand: Stand, ran: Ran) -> None:
    told = ran.of("from_commit")

    assert outcomes(told) == {"from_commit1": "rolled_back", "from_commit2": "rolled_back", "from_commit3": "failed"}
    assert told["verdict"] == "incomplete"
    assert not stand.is_at_rest("from_commit3")
    assert ran.code == 5


def test_only_the_last_step_fails_a_play(stand: Stand) -> None:
    """`validate`, `plan`, `gate` and `verdict` answer a refusal as data; every member is told the reason at the end."""
    before = {node: stand.own_config(node).read_bytes() for node in nodes("host")}

    ran = stand.playbook("keydeploy.core.apply", "-l", ",".join(nodes("host")))

    assert ran.code != 0
    status = {(seen["action"].removeprefix("keydeploy.core."), seen["host"]): seen["status"] for seen in ran.dumped}
    once = {step: status.get((step, "host1")) for step in ("validate", "plan", "gate", "verdict")}
    assert once == dict.fromkeys(once, "ok")
    assert [status["conclude", node] for node in nodes("host")] == ["failed", "failed", "failed"]
    assert "keydeploy: refused: host2: it gave no answer" in ran.results("conclude")["host1"]["msg"]
    assert {node: stand.own_config(node).read_bytes() for node in nodes("host")} == before
