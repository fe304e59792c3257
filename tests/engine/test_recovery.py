"""A run that was cut off is brought to its end by the next: forward when a node has confirmed it, otherwise back."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, Ran, Stand

NODES = ("web1", "web2", "web3")
LOST: dict[str, Any] = {"do": "unreachable"}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", *NODES)


def let_leases_run_out(stand: Stand) -> None:
    for node in NODES:
        lock = stand.node(node) / "C/ProgramData/keydeploy/lock.json"
        value = json.loads(lock.read_text("utf-8"))
        lock.write_text(json.dumps(value | {"expires": "2001-01-01T00:00:00+00:00"}), "utf-8")


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

    early = stand.keydeploy("apply")
    assert early.code == 5
    assert "has held the node's lock since" in early.out

    let_leases_run_out(stand)
    healed = stand.keydeploy("apply")
    assert (healed.code, web_configs(stand)) == (0, [DECLARED_KEYS] * 3)
    assert "keydeploy: a run that was left unfinished is brought to its end; starting over" in healed.err
    assert stand.keydeploy("drift").code == 0


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
    assert "without the spec, which no longer resolves, that is not proved" in ran.out
    assert all(stand.is_at_rest(node) for node in NODES)
    assert stand.keydeploy("drift").code == 2
