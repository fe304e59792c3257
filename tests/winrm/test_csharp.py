"""The whole way for real: ansible-playbook, its winrm connection, the protocol, and the C# that crossed the wire."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.plugin_utils.csharp import compact, joined
from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, QUICK, outcomes, reasons
from tests.engine.hunting import find, forms, leaks
from tests.node.windows.program import sources_of
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import CutOutput, Drop, Security

TEN = tuple(f"web{number}" for number in range(1, 11))
PAYLOAD = 115_000
"""Bytes of one call, before base64."""


@pytest.fixture
def mono(tmp_path: Path, mono_runtime: None) -> Iterator[CSharpStand]:
    assert mono_runtime is None
    (tmp_path / "stand").mkdir()
    with CSharpStand(tmp_path / "stand") as stand:
        yield stand


@pytest.fixture
def windows(tmp_path: Path, windows_dotnet: Path) -> Iterator[CSharpStand]:
    (tmp_path / "stand").mkdir()
    with CSharpStand(tmp_path / "stand", dotnet=windows_dotnet) as stand:
        yield stand


def test_ten_nodes_are_rolled_out_with_four_calls_each_and_looked_at_with_one(mono: CSharpStand) -> None:
    mono.add_farm("portal", *TEN, rollout={**QUICK, "margin": "2s"})
    with mono.serve(Security(), *TEN):
        applied = mono.tell("apply")
        calls = [len(mono.seen_by(host).calls) for host in TEN]
        again = mono.tell("apply")
        calls_again = [len(mono.seen_by(host).calls) for host in TEN]
        sizes = [call.raw_size for host in TEN for call in mono.seen_by(host).calls]
        sent = dict(mono.seen_by("web1").calls[0].csharp)

    assert (applied.code, again.code) == (0, 0), applied.text + again.text
    assert calls == [4] * 10
    assert calls_again == [5] * 10
    assert {mono.own_config(host).read_bytes() for host in TEN} == {DECLARED_KEYS}
    assert max(sizes) <= PAYLOAD
    assert sent == {"Keydeploy.cs": joined(map(compact, sources_of("win_node").values()))}
    assert len(mono.compiled) == 1


def test_a_farm_under_windows_own_runtime_is_rolled_out_looked_at_and_taken_back(windows: CSharpStand) -> None:
    windows.add_farm("portal", "web1", "web2", rollout={**QUICK, "margin": "2s"})
    windows.add_farm("shop", "shop1", "shop2", rollout={**QUICK, "margin": "2s"})
    with windows.serve(Security(), "web1", "web2", "shop1", "shop2"):
        windows.seen_by("shop2").misbehave(CutOutput(), after=2, times=1)
        ran = windows.playbook("keydeploy.core.apply", "-vvvvv", "--diff", "-f", "10")
        drift = windows.tell("drift", "-l", "portal")
        report = windows.tell("plan", "-l", "shop")
        exchanges = [exchange for host in windows.addresses for exchange in windows.seen_by(host).exchanges]

    assert ran.code != 0
    concluded = {host: result["state"] for host, result in ran.results("conclude").items()}
    assert concluded == {"web1": "applied", "web2": "applied", "shop1": "rolled_back", "shop2": "rolled_back"}
    assert drift.code == 0
    assert report.code == 2
    assert [windows.own_config(host).read_bytes() for host in ("web1", "web2")] == [DECLARED_KEYS] * 2
    assert [windows.own_config(host).read_bytes() for host in ("shop1", "shop2")] == [OTHER_KEYS] * 2
    assert all(windows.is_at_rest(host) for host in windows.addresses)
    wanted = forms()
    assert [find(part, wanted) for exchange in exchanges for part in (exchange.received, exchange.sent) if part] != []
    assert not any(find(part, wanted) for exchange in exchanges for part in (exchange.received, exchange.sent) if part)
    assert leaks(windows, ran, drift, report) == []


def test_a_secret_stays_nowhere_on_a_windows_node_but_where_it_is_used(windows: CSharpStand) -> None:
    windows.add_farm("portal", "web1", rollout={**QUICK, "margin": "2s"})
    with windows.serve(Security(), "web1"):
        ran = windows.tell("apply")

    assert ran.code == 0, ran.text
    wanted = forms()
    drive = windows.node("web1") / "drive_c"
    stock = [file for file in drive.rglob("*") if file.is_file() and file.stat().st_nlink == 1]
    holding = {str(file.relative_to(drive)) for file in stock if find(file.read_bytes(), wanted)}
    assert holding == {"inetpub/portal/web.config"}
    kept = [file for file in (drive / "ProgramData/keydeploy").rglob("*") if file.is_file()]
    assert [file.suffix for file in kept if file.suffix == ".before"] == [".before"]


def test_a_node_whose_file_is_changed_by_somebody_else_stops_the_farm(windows: CSharpStand) -> None:
    windows.add_farm("portal", "web1", "web2", rollout={**QUICK, "margin": "2s"})
    with windows.serve(Security(), "web1", "web2"):
        planned = windows.tell("plan", "--out", "plan.json")
        windows.own_config("web2").write_bytes(OTHER_KEYS + b"<!-- somebody was here -->")
        ran = windows.tell("apply", "--plan", "plan.json")

    assert (planned.code, ran.code) == (2, 1)
    assert [line for line in reasons(ran.of("portal")) if line.startswith("web2: has changed since")]
    assert set(outcomes(ran.of("portal")).values()) == {"refused"}
    assert windows.own_config("web1").read_bytes() == OTHER_KEYS


def test_what_a_dead_run_left_is_ended_with_the_code_that_knows_everything(mono: CSharpStand) -> None:
    mono.add_farm("portal", "web1", "web2", rollout={**QUICK, "margin": "2s", "lease": "1s"})
    with mono.serve(Security(), "web1", "web2"):
        mono.seen_by("web2").misbehave(Drop(), after=3, times=1)
        first = mono.tell("apply")
        healed = mono.tell("apply")
        modules = [call.module for call in mono.seen_by("web2").calls]

    assert (first.code, healed.code) == (5, 0), healed.text
    assert modules.count("keydeploy.core.win_node_all") >= 1
    assert [mono.own_config(host).read_bytes() for host in ("web1", "web2")] == [DECLARED_KEYS] * 2
    assert all(mono.is_at_rest(host) for host in ("web1", "web2"))


def test_a_run_is_told_and_taken_back_from_the_nodes_own_backups(mono: CSharpStand) -> None:
    mono.add_farm("portal", "web1", "web2", rollout={**QUICK, "margin": "2s"})
    with mono.serve(Security(), "web1", "web2"):
        run = mono.tell("apply").report["run"]
        status = mono.keydeploy("status")
        calls = len(mono.seen_by("web1").calls)
        taken_back = mono.tell("rollback")
        calls = len(mono.seen_by("web1").calls) - calls
        left = [mono.own_config(host).read_bytes() for host in ("web1", "web2")]
        again = mono.tell("rollback")

    assert (status.code, f"    last run: {run}, confirmed " in status.out) == (0, True), status.text
    assert (taken_back.code, calls, left) == (0, 4, [OTHER_KEYS] * 2), taken_back.text
    assert (again.code, again.of("portal")["verdict"]) == (0, "in_order")
    assert leaks(mono, status, taken_back, again) == []


def test_a_setting_goes_in_waves_under_windows_own_runtime_and_is_absent_again_afterwards(windows: CSharpStand) -> None:
    rollout = {**QUICK, "margin": "2s", "commit": "waves", "waves": {"canary": 1, "fractions": []}}
    cards = {"smart_cards": {"transaction_timeout": "100ms"}}
    windows.add_farm("portal", "web1", "web2", rollout=rollout, machine_keys={}, applications={}, **cards)
    with windows.serve(Security(), "web1", "web2"):
        applied = windows.keydeploy("apply")
        in_order = windows.tell("drift")
        taken_back = windows.tell("rollback")
        drift = windows.keydeploy("drift")

    assert (applied.code, "in waves: web1; then web2" in applied.out) == (0, True), applied.text
    assert (in_order.code, taken_back.code, drift.code) == (0, 0, 2), taken_back.text
    assert drift.out.count("TransactionTimeoutMilliseconds: absent → 100") == 2
