"""What nodes may differ in goes wave by wave: out of the load balancer, changed, judged, let in again."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import QUICK, Stand, fault, import_of, outcomes, reasons

NODES = ("web1", "web2", "web3", "web4", "web5")
WAVES = {"canary": 1, "fractions": ["60%"]}
"""One node, then two, then the last two."""
KSP = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Cryptography\\Providers\\Microsoft Smart Card Key Storage Provider"
TIMEOUT: dict[str, Any] = {"smart_cards": {"transaction_timeout": {"ksp": "100ms"}}}
NOTHING_ELSE: dict[str, Any] = {"machine_keys": {}, "applications": {}}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return farm(Stand(tmp_path))


def farm(stand: Stand, *, waves: dict[str, Any] | None = None, **rollout: Any) -> Stand:
    settings = {**QUICK, "commit": "waves", **rollout}
    if settings["commit"] == "waves":
        settings["waves"] = waves or WAVES
    return stand.add_farm("portal", *NODES, rollout=settings, **NOTHING_ELSE, **TIMEOUT)


def changed(stand: Stand) -> list[str]:
    """Answer the nodes that hold the declared value."""
    return [node for node in NODES if "TransactionTimeoutMilliseconds" in registry(stand, node)]


def registry(stand: Stand, node: str) -> str:
    file = stand.node(node) / "registry.json"
    return file.read_text("utf-8") if file.exists() else ""


def instants(stand: Stand) -> list[str]:
    """Answer when each node switched."""
    records = [next((stand.node(node) / "C/ProgramData/keydeploy/runs").glob("*/record.json")) for node in NODES]
    return [json.loads(record.read_text("utf-8"))["committed"] for record in records]


def logging_tasks(stand: Stand, what: str) -> str:
    """Write a file of tasks that log the node, and answer its name."""
    log = stand.folder / "balancer.log"
    task = {
        "name": what,
        "ansible.builtin.shell": f"echo {what} {{{{ inventory_hostname }}}} >> {log}",
        "delegate_to": "localhost",
    }
    (stand.folder / f"{what}.yml").write_text(json.dumps([task]), "utf-8")
    return f"{what}.yml"


def test_canaries_go_first_then_a_part_then_the_rest_each_wave_at_one_instant(stand: Stand) -> None:
    planned = stand.keydeploy("plan")
    assert (planned.code, "in waves: web1; then web2, web3; then web4, web5" in planned.out) == (2, True)

    ran = stand.tell("apply")

    assert (ran.code, ran.of("portal")["verdict"]) == (0, "applied"), ran.text
    assert changed(stand) == list(NODES)
    first, *rest = instants(stand)
    assert first < rest[0] <= max(rest[:2]) < min(rest[2:])
    assert all(stand.is_at_rest(node) for node in NODES)
    assert stand.keydeploy("apply").code == 0
    assert stand.keydeploy("rollback").code == 0
    assert changed(stand) == []


def test_a_key_takes_all_along_at_one_instant(tmp_path: Path) -> None:
    settings = {**QUICK, "commit": "waves", "waves": WAVES}
    stand = Stand(tmp_path).add_farm("portal", *NODES, rollout=settings, **TIMEOUT)
    planned = stand.keydeploy("plan")
    assert (planned.code, "in waves" in planned.out) == (2, False)
    assert stand.keydeploy("apply").code == 0
    assert len(changed(stand)) == 5


@pytest.mark.parametrize("place", ["registry.stage", "journal.commit"])
def test_a_wave_that_fails_goes_back_and_is_the_last_one(stand: Stand, place: str) -> None:
    stand.behave("web3", fault(place, "fail"))

    ran = stand.tell("apply")

    assert (ran.code, ran.of("portal")["verdict"]) == (1, "partly")
    assert "web3: the sandbox was told to fail here" in reasons(ran.of("portal"))
    assert changed(stand) == ["web1"]
    assert all(stand.is_at_rest(node) for node in NODES)
    ends = outcomes(ran.of("portal"))
    assert (ends["web1"], ends["web4"], ends["web5"]) == ("applied", "not_begun", "not_begun")
    stand.behave("web3")
    assert stand.keydeploy("apply").code == 0
    assert changed(stand) == list(NODES)


def test_a_canary_that_fails_leaves_the_farm_as_it_was(stand: Stand) -> None:
    stand.behave("web1", fault("journal.commit", "fail"))
    ran = stand.tell("apply")
    assert (ran.code, ran.of("portal")["verdict"], changed(stand)) == (1, "rolled_back", [])


def test_as_many_as_are_tolerated_may_fail_and_go_back_by_themselves(tmp_path: Path) -> None:
    stand = farm(Stand(tmp_path), waves={**WAVES, "tolerate": 1})
    stand.behave("web2", fault("journal.commit", "fail"))
    ran = stand.tell("apply")
    assert (ran.code, ran.of("portal")["verdict"]) == (1, "partly"), ran.text
    assert changed(stand) == ["web1", "web3", "web4", "web5"]
    assert outcomes(ran.of("portal"))["web2"] == "rolled_back"


def test_more_than_are_tolerated_over_all_waves_stop_the_run(tmp_path: Path) -> None:
    stand = farm(Stand(tmp_path), waves={**WAVES, "tolerate": 1})
    stand.behave("web2", fault("journal.commit", "fail"))
    stand.behave("web5", fault("registry.stage", "fail"))
    ran = stand.tell("apply")
    assert (ran.code, changed(stand)) == (1, ["web1", "web3"])


def test_the_users_own_tasks_take_each_wave_out_and_let_it_in_again(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    drain, undrain = logging_tasks(stand, "drain"), logging_tasks(stand, "undrain")
    farm(stand, drain={"tasks": drain}, undrain={"tasks": undrain})
    stand.behave("web3", fault("journal.commit", "fail"))

    ran = stand.tell("apply")

    assert ran.code == 1, ran.text
    told = (stand.folder / "balancer.log").read_text("utf-8").split("\n")[:-1]
    waves = [set(told[0:1]), set(told[1:2]), set(told[2:4]), set(told[4:6])]
    assert waves == [
        {"drain web1"},
        {"undrain web1"},
        {"drain web2", "drain web3"},
        {"undrain web2", "undrain web3"},
    ]


def test_a_node_that_cannot_be_taken_out_is_not_touched_and_stops_the_run(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    (stand.folder / "drain.yml").write_text(
        json.dumps([{"ansible.builtin.fail": {"msg": "no"}, "when": "inventory_hostname == 'web2'"}]), "utf-8"
    )
    farm(stand, drain={"tasks": "drain.yml"})
    ran = stand.tell("apply")
    assert (ran.code, changed(stand)) == (1, ["web1"]), ran.text
    assert "web2: it could not be taken out of the load balancer" in reasons(ran.of("portal"))


def test_a_node_that_cannot_be_let_in_again_is_told_and_stops_the_run(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    (stand.folder / "undrain.yml").write_text(json.dumps([{"ansible.builtin.fail": {"msg": "no"}}]), "utf-8")
    farm(stand, undrain={"tasks": "undrain.yml"})
    ran = stand.keydeploy("apply")
    assert (ran.code, changed(stand)) == (1, ["web1"]), ran.text
    assert "= still out of the load balancer" in ran.out
    assert "! it could not be let into the load balancer again" in ran.out


class _Balancer(BaseHTTPRequestHandler):
    """A load balancer that takes every call but those for *refused*, and notes it."""

    told: list[str]
    refused: str | None = None

    def do_POST(self) -> None:
        self.told.append(self.path)
        self.send_response(503 if self.path == self.refused else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def balancer(refused: str | None = None) -> Iterator[tuple[str, list[str]]]:
    """Serve a load balancer and answer its address and what it was told."""
    told: list[str] = []
    handler = type("Handler", (_Balancer,), {"told": told, "refused": refused})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_load_balancer_is_called_for_each_node_before_and_after_its_wave(tmp_path: Path) -> None:
    with balancer() as (address, told):
        stand = farm(
            Stand(tmp_path),
            drain={"url": f"{address}/drain/{{{{ inventory_hostname }}}}"},
            undrain={"url": f"{address}/undrain/{{{{ inventory_hostname }}}}"},
        )
        assert stand.keydeploy("apply").code == 0
    assert told[:2] == ["/drain/web1", "/undrain/web1"]
    assert sorted(told[2:4]) == ["/drain/web2", "/drain/web3"]
    assert len(told) == 10


def test_a_load_balancer_that_refuses_keeps_the_node_as_it_is(tmp_path: Path) -> None:
    with balancer("/drain/web2") as (address, _):
        stand = farm(Stand(tmp_path), drain={"url": f"{address}/drain/{{{{ inventory_hostname }}}}"})
        ran = stand.tell("apply")
    assert (ran.code, changed(stand)) == (1, ["web1"])
    assert "web2: it could not be taken out of the load balancer" in reasons(ran.of("portal"))


def test_another_farm_of_the_run_goes_at_one_instant_meanwhile(stand: Stand) -> None:
    stand.add_farm("other", "app1", "app2")
    ran = stand.tell("apply")
    assert (ran.code, ran.of("other")["verdict"], ran.of("portal")["verdict"]) == (0, "applied", "applied")


def test_plain_ansible_rolls_out_in_waves_too_and_a_second_import_does_not_repeat_them(stand: Stand) -> None:
    ran = stand.playbook([import_of("apply"), import_of("apply")], "-f", "5")
    assert (ran.code, changed(stand)) == (0, list(NODES)), ran.text


def test_an_import_for_another_farm_does_not_move_this_one(stand: Stand) -> None:
    """Results of earlier imports are still there: of a plan that changes nothing, and of a farm in order."""
    stand.groups["second"] = json.loads(json.dumps(stand.groups["portal"]).replace("web", "app"))
    stand.groups["second"]["vars"]["keydeploy"]["farm"] = "second"
    for node in NODES:
        stand.create(node.replace("web", "app"))
    stand.write_inventory()
    only_second = {"keydeploy_hosts": "second"}

    ran = stand.playbook([import_of("plan"), import_of("apply", vars=only_second)], "-f", "10")

    assert (ran.code, changed(stand)) == (0, []), ran.text
    assert {result["state"] for host, result in ran.results("conclude").items() if host.startswith("app")} == {
        "applied"
    }
    again = stand.playbook(
        [import_of("apply", vars=only_second), import_of("apply", vars={"keydeploy_hosts": "portal"})], "-f", "10"
    )
    assert (again.code, changed(stand)) == (0, list(NODES)), again.text


def test_check_says_that_waves_would_go_and_tells_neither_node_nor_balancer(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    farm(stand, drain={"tasks": logging_tasks(stand, "drain")})
    assert (stand.keydeploy("apply", "--check").code, changed(stand)) == (2, [])
    assert not (stand.folder / "balancer.log").exists()
    assert [len(stand.calls(node)) for node in NODES] == [1] * 5
    assert not any((stand.node(node) / "C/ProgramData/keydeploy").exists() for node in NODES)


def unreachable_tasks(stand: Stand, what: str) -> str:
    """Write a file of tasks that reach for a host that is not there, and answer its name."""
    host = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1}
    task = {"ansible.builtin.ping": {}, "delegate_to": "balancer", "vars": host}
    (stand.folder / f"{what}.yml").write_text(json.dumps([task]), "utf-8")
    return f"{what}.yml"


def test_a_balancer_out_of_reach_when_a_node_is_taken_out_stops_the_run_with_nothing_changed(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    farm(stand, drain={"tasks": unreachable_tasks(stand, "drain")})
    ran = stand.keydeploy("apply")
    assert (ran.code, changed(stand)) == (5, []), ran.text
    assert "web1: it gave no answer to staging" in ran.out
    assert "left the run before its end" in ran.out
    assert all(stand.is_at_rest(node) for node in NODES)


def test_a_balancer_out_of_reach_when_a_node_is_let_in_is_told_and_stops_the_run(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    farm(stand, undrain={"tasks": unreachable_tasks(stand, "undrain")})
    ran = stand.keydeploy("apply")
    assert (ran.code, changed(stand)) == (5, ["web1"]), ran.text
    assert "is it out of the load balancer?" in ran.out


def test_the_canary_of_a_run_that_stopped_can_be_taken_back(stand: Stand) -> None:
    stand.behave("web2", fault("journal.commit", "fail"))
    assert (stand.keydeploy("apply").code, changed(stand)) == (1, ["web1"])
    stand.behave("web2")
    ran = stand.keydeploy("rollback")
    assert (ran.code, changed(stand)) == (0, []), ran.text
    assert all(stand.is_at_rest(node) for node in NODES)


def test_a_member_that_may_be_missing_counts_for_no_failure_in_its_wave(tmp_path: Path) -> None:
    stand = farm(Stand(tmp_path), require={"all_but": ["web2"]})
    stand.behave("web2", fault("registry.stage", "unreachable"))
    ran = stand.tell("apply")
    assert (ran.code, changed(stand)) == (4, ["web1", "web3", "web4", "web5"]), ran.text


def test_the_reasons_of_a_farm_that_goes_together_are_told_beside_one_in_waves(stand: Stand) -> None:
    stand.add_farm("other", "app1", "app2")
    stand.behave("app1", fault("file.stage", "fail"))
    ran = stand.tell("apply")
    assert (ran.code, changed(stand)) == (1, list(NODES))
    assert reasons(ran.of("other")) == ["app1: the sandbox was told to fail here"]


def test_a_member_that_may_be_missing_is_told_and_the_others_change(tmp_path: Path) -> None:
    stand = farm(Stand(tmp_path), commit="together", waves=None, require={"all_but": ["web5"]})
    stand.behave("web5", fault("journal.read", "unreachable"))
    planned = stand.keydeploy("plan")
    assert (planned.code, "web5: the sandbox was told to lose the answer here; left out" in planned.out) == (4, True)
    ran = stand.keydeploy("apply")
    assert (ran.code, changed(stand)) == (4, list(NODES[:4])), ran.text
    stand.behave("web5")
    assert (stand.keydeploy("apply").code, changed(stand)) == (0, list(NODES))


def test_a_member_that_may_be_missing_and_is_lost_while_staging_is_healed_by_the_next_run(tmp_path: Path) -> None:
    settings = {"lease": "1s", "require": {"all_but": ["web5"]}}
    stand = farm(Stand(tmp_path), commit="together", waves=None, **settings)
    stand.behave(
        "web5", fault("registry.stage", "unreachable", when="after"), fault("journal.roll_back", "unreachable")
    )
    ran = stand.tell("apply")
    assert (ran.code, changed(stand)) == (4, list(NODES[:4])), ran.text
    assert outcomes(ran.of("portal"))["web5"] == "missing"
    stand.behave("web5")
    assert (stand.keydeploy("apply").code, changed(stand)) == (0, list(NODES))
