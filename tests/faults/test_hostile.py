"""Plain ansible-playbook under an ansible.cfg that would change every decision: the same farms go live or back."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.engine.conftest import HOSTILE
from tests.engine.farm import Ran, Stand
from tests.faults.farms import (
    NEW,
    NEXT,
    OLD,
    add_farm,
    host_at,
    hosts_of,
    leaks,
    left_behind,
    let_leases_run_out,
    seen_on,
    watching,
    with_next_keys,
)
from tests.faults.matrix import ALL, SEED, Cell, Injection, Kind, Outcome, applicable, expected, injection

AT_ONCE = 12
"""Cells in one stand: their nodes are fewer than the forks of that configuration."""
PLAY = "keydeploy.core.apply"
FAILED = 2
"""What ansible-playbook ends with where a host has failed."""


def some_cells() -> list[Cell]:
    """Answer a cell of each kind, or three; one whose next run needs an option has no place here."""
    rng = random.Random(f"{SEED} hostile")
    found: list[Cell] = []
    for kind in Kind:
        if kind is not Kind.CONTROLLER_KILLED:
            among = [cell for cell in applicable() if cell.kind is kind and not expected(cell).needs_leave]
            found.extend(rng.sample(among, 3 if ALL else 1))
    return found


def outcome_of(cell: Cell) -> Outcome:
    """Answer how the cell's farm stands after a run that does not start over by itself."""
    return Outcome.BACK if expected(cell).starts_over else expected(cell).outcome


CELLS = some_cells()
BATCHES = [CELLS[start : start + AT_ONCE] for start in range(0, len(CELLS), AT_ONCE)]


@dataclass
class Batch:
    """A stand with a farm for each of its cells, and the runs on it."""

    stand: Stand
    cells: list[Cell]
    runs: dict[str, Ran] = field(default_factory=dict)
    after_few_forks: set[bytes] = field(default_factory=set)
    after_the_faults: dict[Cell, set[bytes]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def farm(self, cell: Cell) -> str:
        return f"c{self.cells.index(cell)}"

    def run(self) -> None:
        for cell in self.cells:
            add_farm(self.stand, self.farm(cell))
        with watching(self.stand) as watch:
            self.stand.configure(**HOSTILE | {"forks": 2})
            self.runs["few forks"] = self.stand.playbook(PLAY)
            self.after_few_forks = {content for cell in self.cells for content in seen_on(self.stand, self.farm(cell))}
            self.stand.configure(**HOSTILE)
            self._run_with_faults()
            self.runs["next"] = self.stand.playbook(PLAY, *with_next_keys())
            self.between = {cell: seen_on(self.stand, self.farm(cell)) for cell in self.cells}
            self.runs["once more"] = self.stand.playbook(PLAY, *with_next_keys())
        self.broken = watch.broken

    def _run_with_faults(self) -> None:
        for cell in self.cells:
            found = injection(cell)
            assert isinstance(found, Injection)
            self.stand.behave(host_at(self.farm(cell), cell.place.value), *found.faults)
            self.stand.behave(host_at(self.farm(cell), cell.other.value), *found.of_the_other)
        self.runs["faults"] = self.stand.playbook(PLAY, "-vvvvv", "--diff")
        for cell in self.cells:
            self.after_the_faults[cell] = seen_on(self.stand, self.farm(cell))
            found = injection(cell)
            if not (isinstance(found, Injection) and found.lasts_into_the_next_run):
                self.stand.behave(host_at(self.farm(cell), cell.place.value))
            self.stand.behave(host_at(self.farm(cell), cell.other.value))
            let_leases_run_out(self.stand, hosts_of(self.farm(cell)))


class Stands:
    """The batches, each run when a cell of it is asked for first."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        self._factory = factory
        self._batches: dict[int, Batch] = {}

    def of(self, number: int) -> Batch:
        if number not in self._batches:
            self._batches[number] = Batch(Stand(Path(self._factory.mktemp("hostile"))), BATCHES[number])
            self._batches[number].run()
        return self._batches[number]


@pytest.fixture(scope="module")
def stands(tmp_path_factory: pytest.TempPathFactory) -> Stands:
    return Stands(tmp_path_factory)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_under_a_hostile_configuration_a_farm_ends_as_under_any_other_when(stands: Stands, cell: Cell) -> None:
    batch = stands.of(next(number for number, cells in enumerate(BATCHES) if cell in cells))
    must = outcome_of(cell)
    concluded = batch.runs["faults"].results("conclude")
    states = {concluded[host]["state"] for host in hosts_of(batch.farm(cell))}

    match must:
        case Outcome.APPLIED:
            assert states == {"applied"}
        case Outcome.REFUSED:
            assert states == {"refused"}
        case Outcome.BACK:
            assert states <= {"unstaged", "rolled_back"}
        case Outcome.INCOMPLETE:
            assert states & {"failed", "unreachable"}
    if must is not Outcome.INCOMPLETE:
        assert batch.after_the_faults[cell] == {NEW if must is Outcome.APPLIED else OLD}
    assert batch.between[cell] in ({OLD}, {NEW}, {NEXT})
    assert seen_on(batch.stand, batch.farm(cell)) == {NEXT}
    assert [what for host in hosts_of(batch.farm(cell)) for what in left_behind(batch.stand, host)] == []


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_with_few_forks_nothing_is_changed_and_the_message_names_the_setting(stands: Stands, number: int) -> None:
    batch = stands.of(number)

    assert batch.runs["few forks"].code == FAILED
    assert "nodes must wait for one instant, and Ansible works on 2 at a time" in batch.runs["few forks"].text
    assert batch.after_few_forks == {OLD}


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_the_runs_fail_as_long_as_a_farm_is_not_as_declared(stands: Stands, number: int) -> None:
    batch = stands.of(number)

    applied = all(outcome_of(cell) is Outcome.APPLIED for cell in batch.cells)
    assert batch.runs["faults"].code == (0 if applied else FAILED)
    assert batch.runs["once more"].code == 0, batch.runs["once more"].text
    unfinished = any(result["state"] == "finished" for result in batch.runs["next"].results("conclude").values())
    assert batch.runs["next"].code == (FAILED if unfinished else 0), batch.runs["next"].text


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_nothing_is_broken_and_no_secret_is_left(stands: Stands, number: int) -> None:
    batch = stands.of(number)

    assert batch.broken == []
    assert leaks(batch.stand, batch.runs) == []
