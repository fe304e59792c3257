"""What the benchmarks compute from what they see; nothing here is timed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import reporting
from benchmarks.alone import KEYS, observe_farm
from benchmarks.budgets import Budget, of_calls
from benchmarks.farm import DRIFT, FIRST_APPLY, Farm, Run, patiently
from benchmarks.measuring import CommandFailed, Cost, cost_of, memory_of_tree
from benchmarks.spread import committed_at, spread, wrong_clocks
from keydeploy.plan import node_plan
from tests.observation.farm import NOW, Node, plan_of, spec_of

COST = Cost(seconds=2.0, cpu_seconds=1.0, benchmark_cpu_seconds=0.1, others_cpu_seconds=0.0, memory_bytes=50_000_000)
FARM = Farm(
    nodes=3,
    node_time=None,
    runs=(
        Run(name=FIRST_APPLY, cost=COST, ratio=2.0, calls=4, wire=None),
        Run(name=DRIFT, cost=COST, ratio=1.0, calls=2, wire=None),
    ),
    computed_spread=0.01,
    recorded_spread=0.02,
)
HOLDS_MEMORY = "held = b'x' * {size}; print(flush=True); input()"


def test_nodes_that_are_told_the_same_true_instant_have_no_spread() -> None:
    clocks = {"web1": 3.5, "web2": -2.0, "web3": 0.0}
    assert spread({node: 100.0 + ahead for node, ahead in clocks.items()}, clocks) == 0.0


def test_the_spread_is_from_the_earliest_to_the_latest_node_by_the_true_clocks() -> None:
    told = {"web1": 103.5, "web2": 98.25, "web3": 99.875}
    assert spread(told, {"web1": 3.5, "web2": -2.0, "web3": 0.0}) == 0.375


def test_a_node_without_an_instant_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        spread({"web1": 1.0}, {"web1": 0.0, "web2": 0.0})


def test_the_wrong_clocks_differ_between_nodes_and_not_between_runs() -> None:
    hosts = [f"node{number}" for number in range(200)]
    clocks = wrong_clocks(hosts)
    assert clocks == wrong_clocks(hosts)
    assert len(set(clocks.values())) == 200
    assert max(clocks.values()) - min(clocks.values()) > 10


def test_the_instant_of_the_switch_is_read_from_the_record_of_the_node(tmp_path: Path) -> None:
    node, spec = Node(tmp_path / "web1", {"/portal": None}), spec_of()
    node.roll_out(spec, plan_of(spec, node.observe(spec)))
    assert committed_at(node.root) == NOW + 1


def test_every_observed_node_needs_every_key() -> None:
    assert [operation.action.name for operation in node_plan(next(observe_farm())).operations] == ["CREATE"] * KEYS


def test_the_memory_of_a_tree_holds_that_of_the_processes_below() -> None:
    inner = [sys.executable, "-c", HOLDS_MEMORY.format(size=50_000_000)]
    outer = f"import subprocess; subprocess.run({inner!r}, check=True)"
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tree:
        assert tree.stdout is not None
        tree.stdout.readline()
        memory = memory_of_tree(tree.pid)
        tree.communicate(b"\n")
    assert 50_000_000 < memory < 100_000_000
    assert memory_of_tree(tree.pid) == 0


def test_the_processor_time_of_a_command_holds_that_of_the_processes_below(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    assert cost_of([sys.executable, "-c", outer], tmp_path, os.environ).cpu_seconds >= 0.2


def test_a_command_that_fails_is_not_measured_and_tells_why(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="ended with 3:\nthe reason"):
        cost_of([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], tmp_path, os.environ)


def test_a_farm_whose_run_fails_is_made_anew(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes: list[Farm | CommandFailed] = [CommandFailed("node7 was late"), FARM]

    def measure() -> Farm:
        outcome = outcomes.pop(0)
        if isinstance(outcome, CommandFailed):
            raise outcome
        return outcome

    assert patiently(measure).attempts == 2
    assert "node7 was late" in capsys.readouterr().err


def test_a_farm_that_fails_each_time_is_not_measured() -> None:
    def measure() -> Farm:
        raise CommandFailed("node7 was late")

    with pytest.raises(CommandFailed):
        patiently(measure)


def test_farms_before_one_that_fails_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def farms() -> Iterator[Farm]:
        yield FARM
        raise CommandFailed("node7 was late")

    monkeypatch.setattr(reporting, "FOLDER", tmp_path / "dist" / "bench")
    with pytest.raises(CommandFailed):
        reporting.report_farms("farm", "a farm", farms(), of_calls, "a note")
    told = json.loads((tmp_path / "dist/bench/farm.json").read_text("utf-8"))
    assert [run["name"] for run in told["figures"][0]["runs"]] == [FIRST_APPLY, DRIFT]
    assert [(budget["figure"], budget["is_kept"]) for budget in told["budgets"]] == [(4, True), (2, False)]


def test_a_figure_at_its_limit_is_within_the_budget() -> None:
    assert Budget("drift", 10.0, 10.0, "s").is_kept
    assert not Budget("drift", 10.1, 10.0, "s").is_kept
