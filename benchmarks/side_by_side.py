"""Measures `keydeploy apply` and an ordinary playbook that does the same work, one after the other on the same server.

The playbook is `rival/site.yml`, its collections come from PyPI; where they cannot be had, nothing is measured.

    python -m benchmarks.side_by_side [NODES]...
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks import budgets, declared, farm, rival, winrm_farm
from benchmarks.budgets import Budget
from benchmarks.reporting import cells_of_cost, kilobytes, report, table_of
from benchmarks.rival_collections import COLLECTIONS, VERSION, NotToBeHad, fetch
from benchmarks.winrm_farm import NODE_TIME

_BUDGETED = 50
_NOTES = (
    f"the same {declared.KEYS} keys and settings, nodes, server, forks and ansible-core; every module takes"
    f" {NODE_TIME:g} s on its node",
    f"playbook: benchmarks/rival/site.yml with {' and '.join(COLLECTIONS)} of the package ansible {VERSION}",
    "scripts: those with which Ansible makes, fills and removes folders for files; they take no node time here,"
    " though each starts PowerShell",
    "ratio: of the playbook's time to that of keydeploy, for the same work",
    "the playbook neither waits for other nodes, nor looks at what was there before, nor checks what came of it",
    "nodes' CPU is that of the server that plays them, and of looking at the memory, on the same cores",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What was measured with the one and the other."""

    keydeploy: farm.Farm
    playbook: rival.Figures

    @property
    def apply(self) -> farm.Run:
        """The first apply."""
        return self.keydeploy.run(farm.FIRST_APPLY)

    @property
    def share(self) -> float:
        """Of the playbook's time that the first apply takes."""
        return self.apply.cost.seconds / self.playbook.first.cost.seconds


def main(sizes: Sequence[int]) -> None:
    """Measure farms of *sizes* nodes."""
    try:
        collections = fetch()
    except NotToBeHad as why:
        print(f"left out, because the collections of the playbook cannot be had: {why}", file=sys.stderr)
        return
    pairs = [measure(nodes, collections) for nodes in sizes]
    rows = [row for pair in pairs for row in rows_of(pair)]
    report("side_by_side", [table_of("the same work, done twice", rows)], pairs, list(held(pairs)), _NOTES)


def measure(nodes: int, collections: Path) -> Pair:
    """Measure both on *nodes* nodes of their own."""
    keydeploy = farm.patiently(partial(winrm_farm.measure, nodes, NODE_TIME))
    with tempfile.TemporaryDirectory() as folder:
        playbook = rival.measure(Path(folder), collections, nodes, NODE_TIME)
    return Pair(keydeploy=keydeploy, playbook=playbook)


def rows_of(pair: Pair) -> Iterator[dict[str, str]]:
    """Answer the rows of the table that tell of *pair*: the work itself, then a run with nothing to do."""
    looked = pair.keydeploy.run(farm.DRIFT)
    for what, run, rival_run in (
        ("keydeploy apply", pair.apply, pair.playbook.first),
        ("keydeploy drift", looked, pair.playbook.again),
    ):
        nodes, wire = str(pair.playbook.nodes), run.wire
        yield {
            "nodes": nodes,
            "with": what,
            **cells_of_cost(run.cost, 1.0),
            "calls": str(run.calls),
            "scripts": "0",
            "requests": kilobytes(sum(wire.request_bytes)) if wire else "",
        }
        yield {
            "nodes": nodes,
            "with": "playbook" if rival_run is pair.playbook.first else "playbook again",
            **cells_of_cost(rival_run.cost, rival_run.cost.seconds / run.cost.seconds),
            "calls": str(rival_run.calls),
            "scripts": str(rival_run.scripts),
            "requests": kilobytes(rival_run.request_bytes),
        }


def held(pairs: Sequence[Pair]) -> Iterator[Budget]:
    """Hold *pairs* against their budgets."""
    for pair in pairs:
        if pair.playbook.nodes == _BUDGETED:
            what = f"first apply, {_BUDGETED} nodes of {NODE_TIME:g} s, {declared.KEYS} keys"
            yield Budget(what, pair.apply.cost.seconds, 14.0, "s")
            yield Budget("its share of the playbook's time", pair.share, 0.2, "")
    farms = [pair.keydeploy for pair in pairs]
    yield from budgets.of_calls(farms)
    yield from budgets.of_requests(farms)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [_BUDGETED])
