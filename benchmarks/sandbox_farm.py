"""Measures farms of sandbox nodes.

Nothing crosses a wire, so this shows what Ansible and keydeploy themselves take.

    python -m benchmarks.sandbox_farm [NODES]...
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks import budgets, farm
from benchmarks.budgets import Budget
from benchmarks.reporting import report_farms
from tests.engine.farm import Stand

_BUDGETED = 200
_NOTE = "a sandbox node does its work in the worker that asks it, so the processor time holds that of the nodes"


def main(sizes: Sequence[int]) -> None:
    """Measure farms of *sizes* nodes."""
    farms = (farm.patiently(partial(measure, nodes)) for nodes in sizes)
    report_farms("sandbox_farm", "farms of sandbox nodes", farms, held, _NOTE)


def measure(nodes: int) -> farm.Farm:
    """Measure a farm of as many *nodes*."""
    hosts = farm.host_names(nodes)
    with tempfile.TemporaryDirectory() as folder:
        stand = Stand(Path(folder), web_config=None)
        farm.add_farm(stand, hosts)
        return farm.measure(stand, hosts, wire=lambda: None)


def held(farms: Sequence[farm.Farm]) -> Iterator[Budget]:
    """Hold *farms* against their budgets."""
    for each in farms:
        if each.nodes == _BUDGETED:
            yield Budget(f"first apply, {_BUDGETED} nodes", each.run(farm.FIRST_APPLY).cost.seconds, 25.0, "s")
            yield Budget(f"drift, {_BUDGETED} nodes", each.run(farm.DRIFT).cost.seconds, 10.0, "s")
            yield Budget(f"commit spread as computed, {_BUDGETED} nodes", each.computed_spread * 1000, 100.0, "ms")
            yield Budget(f"commit spread as recorded, {_BUDGETED} nodes", each.recorded_spread * 1000, 500.0, "ms")
    yield from budgets.of_calls(farms)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 50, _BUDGETED])
