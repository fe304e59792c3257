"""The path as a playbook of the user's imports it, between plays of their own."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, Ran, Stand, fault, import_of

NODES = ("web1", "web2", "web3")
STEPS = ("valid", "observed", "plan", "staged", "gate", "committed", "verdict")


def play(*tasks: dict[str, Any], hosts: str = "all") -> dict[str, Any]:
    return {"hosts": hosts, "gather_facts": False, "tasks": list(tasks)}


def debug(expression: str, **keywords: Any) -> dict[str, Any]:
    return {"ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"}, **keywords}


def fail(on: str) -> dict[str, Any]:
    return {"ansible.builtin.fail": {"msg": "before"}, "when": f"inventory_hostname == '{on}'"}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    stand = Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", *NODES)
    stand.add_hosts("lonely")
    return stand


@pytest.fixture(scope="module")
def ran(stand: Stand) -> Ran:
    registered = "{" + ", ".join(f"'{step}': keydeploy_{step}" for step in STEPS) + "}"
    return stand.playbook([play(debug("'before'")), import_of("apply"), play(debug(registered))], "--diff")


def test_the_users_plays_before_and_after_it_run(stand: Stand, ran: Ran) -> None:
    assert ran.code == 0, ran.text
    assert all(stand.own_config(node).read_bytes() == DECLARED_KEYS for node in NODES)
    assert ran.results("ansible.builtin.debug").keys() == {*NODES, "lonely"}


def test_the_results_of_run_once_steps_reach_every_host(ran: Ran) -> None:
    seen = {host: result["msg"] for host, result in ran.results("ansible.builtin.debug").items()}

    for step in ("valid", "plan", "gate", "verdict"):
        assert len({str(registered[step]) for registered in seen.values()}) == 1
        assert {registered[step]["state"] for registered in seen.values()} <= {"valid", "planned", "decided", "judged"}


def test_every_result_names_its_run_and_holds_no_more_than_it_says(ran: Ran) -> None:
    allowed = {
        "validate": {
            "made",
            "problems",
            "farms",
            "undeclared",
            "undo",
            "options",
            "policy",
            "notes",
            "lists",
            "warnings",
            "seals",
            "windows",
        },
        "observe": {"observation", "offset", "doubt", "took"},
        "plan": {"farms", "obstacles", "waves", "in_waves"},
        "stage": {"generation", "began", "ended", "took", "offset", "doubt"},
        "gate": {"farms"},
        "commit": {"committed_at", "observation", "unhealthy"},
        "verdict": {"farms"},
        "conclude": {"farm", "diff"},
    }
    for step, names in allowed.items():
        for result in ran.results(step).values():
            own = {name for name in result if not name.startswith("_")}
            assert own <= {"state", "run", "changed"} | names, step
    runs = {seen["result"]["run"] for seen in ran.dumped if seen["action"].startswith("keydeploy.core.")}
    assert len(runs) == 1


def test_no_step_but_the_last_is_a_change_and_none_looks_skipped(ran: Ran) -> None:
    assert {seen["status"] for seen in ran.dumped} == {"ok"}
    assert {seen["action"] for seen in ran.dumped if seen["result"].get("changed")} == {"keydeploy.core.conclude"}


def test_the_diff_of_each_node_is_redacted(ran: Ran) -> None:
    diff = ran.results("conclude")["web2"]["diff"]["prepared"]

    assert "+(machine_keys.portal.validation_key)" in diff
    assert "-validationKey: another key" in diff


def test_a_host_that_declares_nothing_is_skipped_and_said_to_be(stand: Stand, ran: Ran) -> None:
    assert ran.results("validate")["web1"]["undeclared"] == ["lonely"]
    assert ran.results("conclude")["lonely"]["state"] == "skipped"
    assert "skipped, they declare nothing: lonely\n" in stand.keydeploy("drift").out


def test_an_import_uses_no_result_of_an_earlier_one(tmp_path: Path) -> None:
    """web2 is tampered with between two imports; at a third, a condition skips every step that runs once."""
    stand = Stand(tmp_path).add_farm("portal", *NODES)
    (tmp_path / "other").write_bytes(OTHER_KEYS)
    tampering = {"ansible.builtin.command": f"cp {tmp_path}/other {stand.own_config('web2')}"}

    ran = stand.playbook(
        [
            import_of("apply"),
            play(tampering, hosts="web2"),
            import_of("apply"),
            import_of("apply", when="inventory_hostname != 'web1'"),
        ]
    )

    ends = [
        (seen["host"], seen["result"].get("state"), seen["result"]["changed"])
        for seen in ran.dumped
        if seen["action"] == "keydeploy.core.conclude"
    ]
    assert set(ends[:3]) == {("web1", "applied", True), ("web2", "applied", True), ("web3", "applied", True)}
    assert set(ends[3:6]) == {("web1", "applied", False), ("web2", "applied", True), ("web3", "applied", False)}
    assert set(ends[6:]) == {("web1", None, False), ("web2", "refused", False), ("web3", "refused", False)}
    assert ran.code != 0
    assert "the spec was not checked; a condition or tag on the import may have skipped that" in ran.text
    assert all(stand.own_config(node).read_bytes() == DECLARED_KEYS for node in NODES)
    assert {node: len(stand.calls(node)) for node in NODES} == dict.fromkeys(NODES, 8)


def test_a_host_that_failed_in_an_earlier_play_does_not_count_as_answered(tmp_path: Path) -> None:
    """Not even when its failure came after it had answered an earlier import, and it is the first of the farm."""
    stand = Stand(tmp_path).add_farm("portal", *NODES)

    ran = stand.playbook([import_of("plan"), play(fail(on="web1")), import_of("apply")])

    assert ran.code != 0
    assert ran.results("conclude").keys() == {"web2", "web3"}
    assert all(result["reasons"] == ["web1: it gave no answer"] for result in ran.results("conclude").values())
    assert all(stand.own_config(node).read_bytes() == OTHER_KEYS for node in NODES)


def test_a_condition_that_leaves_one_member_out_stops_the_farm(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES).add_farm("other", "app1", "app2")

    later = play(debug("'later'"))
    ran = stand.playbook(
        [import_of("apply", when="inventory_hostname != 'web3'"), later], env={"ANSIBLE_ANY_ERRORS_FATAL": "1"}
    )

    assert ran.code != 0
    assert {"app1", "app2"} <= ran.results("ansible.builtin.debug").keys()  # their farm is well, so they play on
    assert not {"web1", "web2"} & ran.results("ansible.builtin.debug").keys()
    assert ran.results("conclude")["web1"]["reasons"] == ["web3: it gave no answer"]
    assert ran.results("conclude")["app1"]["state"] == "applied"
    assert all(stand.own_config(node).read_bytes() == OTHER_KEYS for node in NODES)


def test_what_only_a_play_declares_is_an_error(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.add_hosts("web1")

    ran = stand.playbook([import_of("drift", vars={"keydeploy": {"farm": "portal"}})])

    assert ran.code != 0
    assert "declared by the play, not by the inventory" in ran.text


def test_an_inventory_that_declares_nothing_is_no_success(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.add_hosts("web1")

    ran = stand.playbook("keydeploy.core.drift")

    assert ran.code != 0
    assert "no host of the inventory declares the variable keydeploy" in ran.text


def test_drift_fails_the_nodes_that_have_drifted_and_those_alone(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES)
    stand.own_config("web2").write_bytes(DECLARED_KEYS)
    stand.add_farm("blind", "app1")
    stand.behave("app1", fault("file.read", "unreachable"))

    ran = stand.playbook("keydeploy.core.drift")

    assert ran.code != 0
    assert {host: result["state"] for host, result in ran.results("drift").items()} == {
        "web1": "drift",
        "web2": "in_order",
        "web3": "drift",
        "app1": "refused",
    }
