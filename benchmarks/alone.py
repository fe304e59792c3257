"""Measures the controller without a node: planning for a large farm, and how soon the command line answers.

Planning is pure, so it is called here; the observations stand ready in memory before.

    python -m benchmarks.alone
"""

import json
import os
import secrets
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.budgets import Budget
from benchmarks.measuring import cost_of, peak_of_this_process
from benchmarks.reporting import report
from keydeploy.observation import Observation
from keydeploy.plan import Farm, plan
from tests.engine.farm import COMMANDS
from tests.observation.farm import Node, spec_of

NODES = 1000
KEYS = 50
_TIMES = 11
_NOTES = (
    f"plan: every one of {NODES} nodes needs all of {KEYS} machine keys; the median of {_TIMES} times",
    "memory: the peak of the whole process, with the interpreter and the observations",
    f"--help: the median of {_TIMES} times, after one that is not counted",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured; times in seconds."""

    plan: float
    plan_memory_bytes: int
    help: float


def main() -> None:
    """Measure both."""
    figures = measure()
    budgets = (
        Budget(f"plan of {NODES} nodes with {KEYS} keys each", figures.plan, 2.0, "s"),
        Budget("its memory", figures.plan_memory_bytes / 1024**2, 300.0, "MiB"),
        Budget("keydeploy --help", figures.help * 1000, 150.0, "ms"),
    )
    report("alone", [], [figures], budgets, _NOTES)


def measure() -> Figures:
    """Measure planning first, because memory that was taken once is not given back."""
    observations = list(observe_farm())
    members = tuple(observation.node for observation in observations)
    farm = Farm(name="portal", spec=observations[0].spec or "", members=members)
    times = []
    for _ in range(_TIMES):
        began = time.perf_counter()
        plan(farm, observations)
        times.append(time.perf_counter() - began)
    return Figures(plan=statistics.median(times), plan_memory_bytes=peak_of_this_process(), help=help_time())


def observe_farm() -> Iterator[Observation]:
    """Answer what the nodes show: each its own copy of what one node shows, as they come out of the workers."""
    names = [f"app{number:02}" for number in range(1, KEYS + 1)]
    keys = {name: {"validation_key": secrets.token_hex(64), "decryption_key": secrets.token_hex(32)} for name in names}
    applications = {name: {"site": "Default Web Site", "path": f"/{name}", "machine_key": name} for name in names}
    with tempfile.TemporaryDirectory() as folder:
        node = Node(Path(folder) / "node", {f"/{name}": None for name in names})
        text = json.dumps(node.observe(spec_of(applications, machine_keys=keys)).to_json())
    for number in range(1, NODES + 1):
        yield Observation.from_json({**json.loads(text), "node": f"node{number:04}"})


def help_time() -> float:
    """Answer the seconds in which the command line tells its options."""
    with tempfile.TemporaryDirectory() as folder:
        costs = [cost_of([str(COMMANDS / "keydeploy"), "--help"], Path(folder), os.environ) for _ in range(_TIMES + 1)]
    return statistics.median(cost.seconds for cost in costs[1:])


if __name__ == "__main__":
    main()
