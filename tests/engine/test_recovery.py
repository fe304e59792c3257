"""A run that was cut off is brought to its end by the next: forward when a node has confirmed it, otherwise back."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, QUICK, VALIDATION_KEY, Ran, Stand, contents, outcomes

NODES = ("web1", "web2", "web3")
LOST: dict[str, Any] = {"do": "unreachable"}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"})


def let_leases_run_out(stand: Stand) -> None:
    let_leases_last_until(stand, "2001-01-01T00:00:00+00:00")


def let_leases_last_until(stand: Stand, instant: str) -> None:
    for node in NODES:
        lock = stand.node(node) / "C/ProgramData/keydeploy/lock.json"
        value = json.loads(lock.read_text("utf-8"))
        lock.write_text(json.dumps(value | {"expires": instant}), "utf-8")


def web_configs(stand: Stand) -> list[bytes]:
    return [(stand.node(node) / "C/inetpub/portal/web.config").read_bytes() for node in NODES]


def cut_off(stand: Stand, **faults: list[dict[str, Any]]) -> Ran:
    """Run an apply in which nodes lose answers, and let time pass."""
    for node in NODES:
        stand.behave(node, *faults.get(node, []))
    ran = stand.keydeploy("apply")
    for node in NODES:
        stand.behave(node)
    return ran


def test_a_run_that_was_cut_off_after_the_switch_goes_back_and_then_the_farm_goes_on(stand: Stand) -> None:
    lost = [{"at": "journal.commit", "when": "after", **LOST}, {"at": "journal.roll_back", **LOST}]
    ran = cut_off(stand, web1=lost, web2=lost, web3=lost)
    assert (ran.code, web_configs(stand)) == (5, [DECLARED_KEYS] * 3)

    seen = stand.keydeploy("drift")
    assert seen.code == 5
    assert "is unfinished here; the lock: " in seen.out

    healed = stand.keydeploy("apply")
    assert (healed.code, web_configs(stand)) == (0, [DECLARED_KEYS] * 3)
    assert "keydeploy: a run that was left unfinished is brought to its end; starting over" in healed.err
    assert stand.keydeploy("drift").code == 0


def test_a_run_that_may_be_alive_is_waited_for_and_left_alone(stand: Stand) -> None:
    cut_off(stand, web2=[{"at": "journal.confirm", **LOST}])
    let_leases_last_until(stand, "2100-01-01T00:00:00+00:00")
    before = contents(stand.node("web2"))

    ran = stand.keydeploy("apply")

    assert ran.code == 5
    assert "farm portal: INCOMPLETE; look at web2\n" in ran.out
    assert "has held the node's lock since" in ran.out
    assert "waiting until that run has ended or its lease has run out" in ran.err
    assert contents(stand.node("web2")) == before


def test_a_second_operator_waits_for_the_first_and_then_goes_on(stand: Stand) -> None:
    first = stand.groups["portal"]["vars"]["keydeploy"]["rollout"]
    first |= {"margin": "4s", "lease": "30s"}
    stand.write_inventory()
    runs: dict[str, Ran] = {}
    for node in NODES:
        stand.behave(node)
    other = json.dumps({"vault_portal": {**stand.variables["vault_portal"], "validation_key": VALIDATION_KEY[::-1]}})
    thread = threading.Thread(target=lambda: runs.update(first=stand.tell("apply")))
    thread.start()
    _until_staged(stand)
    runs["second"] = stand.tell("apply", "-e", other)
    thread.join()

    assert {name: ran.code for name, ran in runs.items()} == {"first": 0, "second": 0}
    assert set(outcomes(runs["second"].of("portal")).values()) == {"applied"}
    assert [VALIDATION_KEY[::-1].encode() in content for content in web_configs(stand)] == [True] * 3


def _until_staged(stand: Stand) -> None:
    journals = [stand.node(node) / "C/ProgramData/keydeploy/journal.json" for node in NODES]
    for _ in range(600):
        if all(journal.exists() for journal in journals):
            return
        threading.Event().wait(0.05)
    raise AssertionError("the first run has staged nothing")


def test_a_run_that_some_nodes_have_confirmed_goes_forward_on_the_others(stand: Stand) -> None:
    ran = cut_off(stand, web2=[{"at": "journal.confirm", **LOST}])
    assert (ran.code, web_configs(stand)) == (5, [DECLARED_KEYS] * 3)

    let_leases_run_out(stand)
    first = stand.playbook("keydeploy.core.apply", "-f", "3")
    assert first.code == 2
    assert "run this once more" in first.text
    assert web_configs(stand) == [DECLARED_KEYS] * 3
    assert stand.playbook("keydeploy.core.apply", "-f", "3").code == 0


def test_a_split_farm_goes_back_to_what_it_was(stand: Stand) -> None:
    lost = [{"at": "journal.roll_back", **LOST}]
    ran = cut_off(stand, web1=lost, web3=[{"at": "journal.commit", "do": "fail"}])
    assert (ran.code, web_configs(stand)) == (5, [DECLARED_KEYS, OTHER_KEYS, OTHER_KEYS])

    let_leases_run_out(stand)
    assert stand.playbook("keydeploy.core.apply", "-f", "3").code == 2
    assert web_configs(stand) == [OTHER_KEYS] * 3


def test_a_key_that_no_longer_resolves_after_staging_leaves_nothing_behind(stand: Stand) -> None:
    """As when the vault or a lookup fails in the middle of a run: undoing needs no secret."""
    staged = "(keydeploy_sandbox ~ '/C/ProgramData/keydeploy/journal.json') is file"
    keys = stand.variables["vault_portal"]
    key = f"{{{{ gone if {staged} else '{keys['validation_key']}' }}}}"
    stand.variables["vault_portal"] = keys | {"validation_key": key}
    stand.write_inventory()

    ran = stand.keydeploy("apply")

    assert (ran.code, web_configs(stand)) == (5, [OTHER_KEYS] * 3)
    assert "the change was taken back, but that is not proved: the spec no longer resolves" in ran.out
    assert all(stand.is_at_rest(node) for node in NODES)
    assert stand.keydeploy("drift").code == 2
