"""An earlier run is taken back on all nodes at one instant, and proved; what others did since is not lost unasked."""

import json
from pathlib import Path

import pytest

from tests.engine.farm import (
    DECLARED_KEYS,
    OTHER_KEYS,
    QUICK,
    VALIDATION_KEY,
    Ran,
    Stand,
    contents,
    fault,
    outcomes,
    reasons,
)

NODES = ("web1", "web2", "web3")


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"})


def applied(stand: Stand, *arguments: str) -> str:
    """Apply what is declared and answer the run's name."""
    ran = stand.tell("apply", *arguments)
    assert ran.code == 0, ran.text
    return str(ran.report["run"])


def with_key(stand: Stand, key: str) -> tuple[str, str]:
    """Answer the arguments that declare another validation key."""
    return "-e", json.dumps({"vault_portal": {**stand.variables["vault_portal"], "validation_key": key}})


def web_configs(stand: Stand) -> list[bytes]:
    return [stand.own_config(node).read_bytes() for node in NODES]


def calls(stand: Stand) -> list[int]:
    return [len(stand.calls(node)) for node in NODES]


def test_the_last_run_goes_back_to_the_byte_with_four_calls_a_node(stand: Stand) -> None:
    before = [contents(stand.node(node)) for node in NODES]
    run = applied(stand)
    calls(stand)

    ran = stand.tell("rollback")

    assert (ran.code, ran.of("portal")["verdict"], calls(stand)) == (0, "applied", [4, 4, 4])
    assert [contents(stand.node(node)) for node in NODES] == before
    assert all(stand.is_at_rest(node) for node in NODES)
    assert ran.report["run"].endswith("-rollback")
    operation = ran.of("portal")["nodes"][0]["operations"][0]
    assert (operation["address"], operation["target"]) == ("file", "C:\\inetpub\\portal\\web.config")
    assert f"as run {run} left it" in operation["differences"][0]["found"]


def test_to_roll_back_twice_changes_nothing_and_the_way_back_can_be_taken_back_by_name(stand: Stand) -> None:
    applied(stand)
    way_back = str(stand.tell("rollback").report["run"])
    calls(stand)

    again = stand.keydeploy("rollback")
    assert (again.code, web_configs(stand), calls(stand)) == (0, [OTHER_KEYS] * 3, [1, 1, 1])

    forth = stand.keydeploy("rollback", "--to", way_back)
    assert (forth.code, web_configs(stand)) == (0, [DECLARED_KEYS] * 3)


def test_check_shows_what_would_go_back_and_changes_nothing(stand: Stand) -> None:
    run = applied(stand)
    before = [contents(stand.node(node)) for node in NODES]

    ran = stand.keydeploy("rollback", "--check")

    assert (ran.code, [contents(stand.node(node)) for node in NODES]) == (2, before)
    assert f"state: as run {run} left it" in ran.out


def test_what_somebody_has_changed_since_is_refused_and_goes_only_when_told(stand: Stand) -> None:
    run = applied(stand)
    changed = DECLARED_KEYS.replace(b"</configuration>", b"<!-- mine --></configuration>")
    stand.own_config("web2").write_bytes(changed)

    refused = stand.tell("rollback")
    assert refused.code == 1
    assert reasons(refused.of("portal")) == [
        f"web2: file C:\\inetpub\\portal\\web.config has changed since run {run}",
    ]
    assert web_configs(stand) == [DECLARED_KEYS, changed, DECLARED_KEYS]

    forced = stand.tell("rollback", "--force")
    assert (forced.code, web_configs(stand)) == (0, [OTHER_KEYS] * 3)
    assert stand.tell("rollback", "--to", str(forced.report["run"])).code == 0
    assert web_configs(stand) == [DECLARED_KEYS, changed, DECLARED_KEYS]


def test_an_earlier_run_is_refused_while_a_later_one_holds_its_place(stand: Stand) -> None:
    first = applied(stand)
    second = applied(stand, *with_key(stand, VALIDATION_KEY[::-1]))

    assert stand.keydeploy("rollback", "--to", first).code == 1
    assert stand.keydeploy("rollback", "--to", second).code == 0
    assert stand.keydeploy("rollback", "--to", first).code == 0
    assert web_configs(stand) == [OTHER_KEYS] * 3


def test_a_run_that_nobody_knows_is_told_with_the_next_step(stand: Stand) -> None:
    applied(stand)
    ran = stand.keydeploy("rollback", "--to", "gone")
    assert ran.code == 1
    assert ": there is no backup of run gone\n    hint: keydeploy status shows the backups" in ran.out


@pytest.mark.parametrize("place", ["backup.stage", "journal.commit"])
def test_a_way_back_that_fails_on_one_node_happens_on_none(stand: Stand, place: str) -> None:
    applied(stand)
    stand.behave("web2", fault(place, "fail"))

    ran = stand.tell("rollback")

    assert (ran.code, ran.of("portal")["verdict"]) == (1, "rolled_back")
    assert web_configs(stand) == [DECLARED_KEYS] * 3
    assert all(stand.is_at_rest(node) for node in NODES)


def test_a_run_that_was_cut_off_is_taken_back_and_nothing_before_it(stand: Stand) -> None:
    applied(stand)
    lost = [fault("journal.commit", "unreachable", when="after"), fault("journal.roll_back", "unreachable")]
    for node in NODES:
        stand.behave(node, *lost)
    cut_off = stand.keydeploy("apply", *with_key(stand, VALIDATION_KEY[::-1]))
    assert (cut_off.code, VALIDATION_KEY[::-1].encode() in stand.own_config("web1").read_bytes()) == (5, True)
    for node in NODES:
        stand.behave(node)

    ran = stand.tell("rollback")

    assert (ran.code, ran.of("portal")["verdict"]) == (0, "taken_back")
    assert web_configs(stand) == [DECLARED_KEYS] * 3


def test_a_leaked_key_leaves_no_backup(stand: Stand) -> None:
    applied(stand)
    applied(stand, "--compromised", *with_key(stand, VALIDATION_KEY[::-1]))

    own = [file for node in NODES for file in (stand.node(node) / "C/ProgramData/keydeploy").rglob("*")]
    held = [file for file in own if file.is_file() and VALIDATION_KEY.encode() in file.read_bytes().upper()]
    assert held == []
    ran = stand.keydeploy("rollback")
    assert (ran.code, "there is no backup to go back to" in ran.out) == (1, True)


def test_plain_ansible_takes_a_run_back_too(stand: Stand) -> None:
    run = applied(stand)
    ran = stand.playbook("keydeploy.core.rollback", "-f", "3", "-e", f"keydeploy_to={run}", "-e", "keydeploy_force=no")
    assert (ran.code, web_configs(stand)) == (0, [OTHER_KEYS] * 3), ran.text
    assert {result["state"] for result in ran.results("conclude").values()} == {"applied"}


def test_an_unfinished_run_ends_also_where_somebody_changed_something_when_that_is_to_stay(stand: Stand) -> None:
    lost = [fault("journal.commit", "unreachable", when="after"), fault("journal.roll_back", "unreachable")]
    for node in NODES:
        stand.behave(node, *lost)
    assert stand.keydeploy("apply").code == 5
    for node in NODES:
        stand.behave(node)
    mine = DECLARED_KEYS.replace(b"</configuration>", b"<!-- mine --></configuration>")
    stand.own_config("web2").write_bytes(mine)

    stuck = stand.keydeploy("apply")
    assert stuck.code == 5
    assert "hint: keydeploy apply --leave-changed" in stuck.text

    healed: Ran = stand.tell("apply", "--leave-changed")
    assert (healed.code, outcomes(healed.of("portal"))) == (0, dict.fromkeys(NODES, "applied"))
    assert web_configs(stand) == [DECLARED_KEYS, mine, DECLARED_KEYS]


def test_a_switch_that_is_neither_on_nor_off_is_told_by_its_name(stand: Stand) -> None:
    ran = stand.playbook("keydeploy.core.rollback", "-f", "3", "-e", "keydeploy_force=maybe")
    assert ran.code != 0
    assert "keydeploy_force is neither true nor false" in ran.text
