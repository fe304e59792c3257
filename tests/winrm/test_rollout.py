"""The roll-out over WinRM: how often a node is called, what crosses the wire, and what is refused."""

from pathlib import Path

import pytest

from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, QUICK, outcomes, reasons
from tests.engine.hunting import find, forms, leaks
from tests.winrm.farm import WinRmStand, stand_in
from tests.winrm.server import Authentication, CutOutput, Delay, Drop, Hang, Security

TEN = tuple(f"web{number}" for number in range(1, 11))
ENCRYPTED = Security(authentication=Authentication.NTLM)
IN_CLEAR = Security(authentication=Authentication.BASIC, allow_unencrypted=True)
PAYLOAD = 115_000
"""Bytes of one call, before base64."""


@pytest.fixture
def stand(tmp_path: Path) -> WinRmStand:
    return stand_in(tmp_path / "stand")


def test_ten_nodes_are_called_four_times_each_and_once_when_there_is_nothing_to_do(stand: WinRmStand) -> None:
    stand.add_farm("portal", *TEN)
    with stand.serve(ENCRYPTED, *TEN):
        applied = stand.tell("apply")
        calls = {host: len(stand.calls(host)) for host in TEN}
        again = stand.tell("apply")
        calls_again = {host: len(stand.calls(host)) for host in TEN}
        drift = stand.tell("drift")
        sizes = [call.raw_size for host in TEN for call in stand.seen_by(host).calls]

    assert (applied.code, again.code, drift.code) == (0, 0, 0), applied.text
    assert set(calls.values()) == {4}
    assert set(calls_again.values()) == {1}
    assert {stand.own_config(host).read_bytes() for host in TEN} == {DECLARED_KEYS}
    assert max(sizes) <= PAYLOAD


def test_no_secret_crosses_the_wire_in_clear_nor_reaches_a_log(stand: WinRmStand) -> None:
    stand.add_farm("portal", "web1", "web2").add_farm("cut", "cut1", "cut2")
    with stand.serve(ENCRYPTED, "web1", "web2", "cut1", "cut2"):
        stand.seen_by("cut1").misbehave(CutOutput(), after=1)
        ran = stand.playbook("keydeploy.core.apply", "-vvvvv", "--diff")
        exchanges = [exchange for host in stand.addresses for exchange in stand.seen_by(host).exchanges]

    wanted = forms()
    crossed = [part for exchange in exchanges for part in (exchange.received, exchange.sent) if part]
    assert len(crossed) > 50
    assert [find(part, wanted) for part in crossed if find(part, wanted)] == []
    assert stand.own_config("web1").read_bytes() == DECLARED_KEYS
    assert stand.own_config("cut1").read_bytes() == OTHER_KEYS
    assert leaks(stand, ran) == []


def test_over_plain_http_without_encryption_nothing_is_sent(stand: WinRmStand) -> None:
    stand.add_farm("portal", "web1", "web2")
    with stand.serve(IN_CLEAR, "web1", "web2"):
        ran = stand.tell("apply")
        seen = stand.seen_by("web1")

    assert ran.code == 1
    assert [line for line in reasons(ran.of("portal")) if "without encryption" in line]
    assert (seen.calls, seen.exchanges) == ([], [])


@pytest.mark.parametrize("setting", ["never"])
def test_ntlm_without_message_encryption_counts_as_clear(stand: WinRmStand, setting: str) -> None:
    stand.add_farm("portal", "web1")
    with stand.serve(ENCRYPTED, "web1"):
        stand.set("web1", ansible_winrm_message_encryption=setting)
        ran = stand.tell("drift")

    assert [line for line in reasons(ran.of("portal")) if "without encryption" in line]


def test_a_test_lab_may_send_in_clear_and_is_warned(stand: WinRmStand) -> None:
    stand.add_farm("portal", "web1", "web2")
    stand.variables["keydeploy_allow_unencrypted"] = True
    with stand.serve(IN_CLEAR, "web1", "web2"):
        ran = stand.playbook("keydeploy.core.apply")

    assert ran.code == 0
    assert "keys cross the wire in clear" in ran.text
    assert stand.own_config("web2").read_bytes() == DECLARED_KEYS


@pytest.mark.parametrize("setting", ["ANSIBLE_DEBUG", "ANSIBLE_KEEP_REMOTE_FILES"])
def test_nothing_is_sent_while_ansible_shows_or_keeps_requests(stand: WinRmStand, setting: str) -> None:
    stand.add_farm("portal", "web1")
    with stand.serve(ENCRYPTED, "web1"):
        ran = stand.playbook("keydeploy.core.apply", env={setting: "1"})
        calls = stand.seen_by("web1").calls

    assert ran.code != 0
    assert calls == []
    assert leaks(stand, ran) == []


def test_a_commit_may_wait_for_longer_than_a_call_may_take(stand: WinRmStand) -> None:
    stand.add_farm("portal", "web1", "web2", rollout={**QUICK, "margin": "5s", "grace": "1s"})
    stand.variables["keydeploy_call_timeout"] = 4
    with stand.serve(ENCRYPTED, "web1", "web2"):
        ran = stand.tell("apply")

    assert ran.code == 0, ran.text


@pytest.mark.parametrize("after", [1, 2])
def test_a_node_that_hangs_stops_or_takes_back_the_change_of_all(stand: WinRmStand, after: int) -> None:
    stand.add_farm("portal", "web1", "web2", rollout={**QUICK, "grace": "1s"})
    stand.variables |= {"keydeploy_call_timeout": 3, "ansible_winrm_operation_timeout_sec": 1}
    stand.variables |= {"ansible_winrm_read_timeout_sec": 2}
    with stand.serve(ENCRYPTED, "web1", "web2"):
        stand.seen_by("web2").misbehave(Hang(), after=after, times=1)
        ran = stand.tell("apply")

    farm = ran.of("portal")
    assert [line for line in reasons(farm) if line.startswith("web2: ") and "did not answer within" in line]
    assert ran.code in (1, 4)
    assert outcomes(farm)["web1"] == {1: "unstaged", 2: "rolled_back"}[after]
    assert stand.own_config("web1").read_bytes() == OTHER_KEYS
    assert stand.own_config("web2").read_bytes() == OTHER_KEYS


def test_an_answer_that_is_lost_after_the_switch_takes_the_change_back_on_all(stand: WinRmStand) -> None:
    stand.add_farm("portal", "web1", "web2")
    with stand.serve(ENCRYPTED, "web1", "web2"):
        stand.seen_by("web1").misbehave(CutOutput(), after=2, times=1)
        ran = stand.tell("apply")

    assert set(outcomes(ran.of("portal")).values()) == {"rolled_back"}
    assert [line for line in reasons(ran.of("portal")) if "cut or damaged" in line]
    assert {stand.own_config(host).read_bytes() for host in ("web1", "web2")} == {OTHER_KEYS}


def test_a_slow_node_is_waited_for(stand: WinRmStand) -> None:
    stand.add_farm("portal", "web1", "web2")
    with stand.serve(ENCRYPTED, "web1", "web2"):
        stand.seen_by("web1").misbehave(Delay(1.5), times=2)
        ran = stand.tell("apply")

    assert ran.code == 0, ran.text


def test_a_dropped_connection_at_the_end_leaves_no_doubt_about_the_others(stand: WinRmStand) -> None:
    stand.add_farm("portal", "web1", "web2")
    with stand.serve(ENCRYPTED, "web1", "web2"):
        stand.seen_by("web2").misbehave(Drop(), after=3)
        ran = stand.tell("apply")
        stand.seen_by("web2").behave()

    assert ran.code == 5
    assert outcomes(ran.of("portal")) == {"web1": "applied", "web2": "unreachable"}
    assert {stand.own_config(host).read_bytes() for host in ("web1", "web2")} == {DECLARED_KEYS}
