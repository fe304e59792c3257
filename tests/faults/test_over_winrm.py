"""A part of the matrix over real WinRM connections to nodes that run the C# which crossed the wire, on Mono.

The server strikes a certain call of a node: the first observes, then it stages, commits and concludes. The process of
a node can be killed at any of its changes of the disk, and a request can reach it twice.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.engine.farm import QUICK, Ran
from tests.faults.farms import (
    NEW,
    OLD,
    PLACES,
    add_farm,
    host_at,
    hosts_of,
    leaks,
    left_behind,
    seen_on,
    watching,
)
from tests.faults.matrix import ALL, SEED, Cell, Kind, Outcome, Phase, Place, When, expected
from tests.node.windows import program
from tests.node.windows.host import Host, HostFailedError
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import Action, Call, CutOutput, Drop, Fault, Security

ROLLOUT = {**QUICK, "margin": "2s", "lease": "1s"}
CALLS = (Phase.OBSERVE, Phase.STAGE, Phase.COMMIT, Phase.CONCLUDE)
"""The calls to a node in their order."""
STRIKES: dict[tuple[Kind, When], Fault | None] = {
    (Kind.UNREACHABLE, When.BEFORE): Drop(Action.COMMAND),
    (Kind.ANSWER_LOST, When.DURING): CutOutput(),
    (Kind.ANSWER_LOST, When.AFTER): Drop(Action.RECEIVE),
    (Kind.DELIVERED_TWICE, When.DURING): None,
}
"""What the server does at the phase's call; a request that comes twice is delivered so by the stand."""
AT_ONCE = 5
CHANGES = 24
"""Changes of the disk by a node in a whole roll-out; at fewer, it dies before the end."""


def some_cells() -> list[Cell]:
    """Answer every cell that the server can bring about, on a node each; or each strike once, each at another call."""
    rng = random.Random(f"{SEED} winrm")
    turn = rng.randrange(len(CALLS))
    found = []
    for row, (kind, when) in enumerate(STRIKES):
        for column, phase in enumerate(CALLS):
            if ALL or (row + column + turn) % len(CALLS) == 0:
                found.append(Cell(kind, when, phase, rng.choice(list(Place))))
    return found


CELLS = some_cells()
BATCHES = [CELLS[start : start + AT_ONCE] for start in range(0, len(CELLS), AT_ONCE)]


@dataclass
class FaultyStand(CSharpStand):
    """Nodes whose process can be killed, and which requests can reach twice."""

    delivered_twice: dict[str, int] = field(default_factory=dict)
    """The number of the call to a host that is delivered twice."""
    dies_at: dict[str, int] = field(default_factory=dict)
    """The number of the change of the disk at which the process of a host is killed."""
    _numbers: dict[str, int] = field(default_factory=dict)

    def answer(self, call: Call) -> str:
        host = next(host for host, address in self.addresses.items() if address == call.node)
        number = self._numbers[host] = self._numbers.get(host, -1) + 1
        try:
            answer = super().answer(call)
            if self.delivered_twice.get(host) == number:
                answer = super().answer(call)
        except HostFailedError:
            self._hosts.pop((host, call.module))
            return ""
        return answer

    def _start(self, host: str, call: Call) -> Host:
        if host not in self.dies_at:
            return super()._start(host, call)
        code = program.for_mono(call.csharp)
        return Host.on_mono(code, self.node(host), dies_at=self.dies_at.pop(host))


@dataclass
class Batch:
    """A stand with a farm for each of its cells, one whose node dies, and the runs on it."""

    stand: FaultyStand
    cells: list[Cell]
    dying: str = "dying"
    runs: dict[str, Ran] = field(default_factory=dict)
    contents: dict[str, set[bytes]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def farm(self, cell: Cell) -> str:
        return f"c{self.cells.index(cell)}"

    @property
    def farms(self) -> list[str]:
        return [*map(self.farm, self.cells), self.dying]

    def run(self) -> None:
        for farm in self.farms:
            add_farm(self.stand, farm, ROLLOUT)
        hosts = [host for farm in self.farms for host in hosts_of(farm)]
        with self.stand.serve(Security(), *hosts), watching(self.stand, (OLD, NEW), in_two_steps=True) as watch:
            rng = random.Random(f"{SEED} {self.cells}")
            self.stand.dies_at[host_at(self.dying, rng.choice(PLACES))] = rng.randint(1, CHANGES)
            for cell in self.cells:
                self._strike(host_at(self.farm(cell), cell.place.value), cell)
            self.runs["faults"] = self.stand.tell("apply")
            self.contents = {farm: seen_on(self.stand, farm) for farm in self.farms}
            for host in hosts:
                self.stand.seen_by(host).behave()
            self.runs["next"] = self.stand.tell("apply")
            self.runs["drift"] = self.stand.tell("drift")
        self.broken = watch.broken

    def _strike(self, host: str, cell: Cell) -> None:
        fault, number = STRIKES[cell.kind, cell.when], CALLS.index(cell.phase)
        if fault is None:
            self.stand.delivered_twice[host] = number
        else:
            self.stand.seen_by(host).misbehave(fault, after=number, times=1)


@pytest.fixture(scope="module", params=range(len(BATCHES)))
def batch(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mono_runtime: None
) -> Iterator[Batch]:
    assert mono_runtime is None
    with FaultyStand(Path(tmp_path_factory.mktemp("winrm"))) as stand:
        found = Batch(stand, BATCHES[request.param])
        found.run()
        yield found


def test_over_winrm_a_farm_ends_as_the_rules_say(batch: Batch) -> None:
    for cell in batch.cells:
        farm, must = batch.runs["faults"].of(batch.farm(cell)), expected(cell)
        assert farm["verdict"] == must.outcome.value, f"{cell}: {farm}"
        if must.outcome is not Outcome.INCOMPLETE:
            assert batch.contents[batch.farm(cell)] == {NEW if must.outcome is Outcome.APPLIED else OLD}, cell


def test_over_winrm_a_farm_whose_node_dies_is_not_applied(batch: Batch) -> None:
    assert batch.runs["faults"].of(batch.dying)["verdict"] in ("rolled_back", "incomplete")
    assert batch.contents[batch.dying] <= {OLD, NEW}


def test_over_winrm_the_next_run_heals_every_farm(batch: Batch) -> None:
    assert batch.runs["next"].code == 0, batch.runs["next"].text
    assert batch.runs["drift"].code == 0
    assert {farm: seen_on(batch.stand, farm) for farm in batch.farms} == {farm: {NEW} for farm in batch.farms}
    hosts = [host for farm in batch.farms for host in hosts_of(farm)]
    assert [what for host in hosts for what in left_behind(batch.stand, host)] == []


def test_over_winrm_nothing_is_broken_and_no_secret_is_left(batch: Batch) -> None:
    assert batch.broken == []
    assert leaks(batch.stand, batch.runs) == []
