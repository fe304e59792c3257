"""Every fault that does not kill the controller, at every moment, on farms of sandbox nodes: many in one run.

Each cell of the matrix is a farm of its own. Those of which a run must end with the same exit code are rolled out
together. The next run, without faults, must bring every farm to further keys.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import Ran, Stand, reasons
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
    struck,
    watching,
    with_next_keys,
)
from tests.faults.matrix import ALL, Cell, Expected, Injection, Kind, Outcome, chosen, expected, injection

AT_ONCE = 54
"""Cells in one stand: many enough that Ansible's own start counts little."""
CELLS = [cell for cell in chosen() if cell.kind is not Kind.CONTROLLER_KILLED]
BATCHES = [CELLS[start : start + AT_ONCE] for start in range(0, len(CELLS), AT_ONCE)]


Kin = tuple[int, bool]
"""The exit code with which the run must end, and whether it starts over: then it does so for all of its farms."""


def kin_of(cell: Cell) -> Kin:
    """Answer with which others a cell may be in one run."""
    return expected(cell).code, expected(cell).starts_over


def is_unfinished(cell: Cell) -> bool:
    """Tell whether a run may be left unfinished."""
    return expected(cell).outcome is Outcome.INCOMPLETE


def is_to_be_ended(cell: Cell) -> bool:
    """Tell whether the next run brings such a one to its end by itself."""
    return is_unfinished(cell) and not expected(cell).needs_leave


@dataclass
class Seen:
    """What a cell's farm showed after the run in which the fault happened."""

    contents: set[bytes]
    struck: int
    left_behind: list[str]


@dataclass
class Batch:
    """A stand with a farm for each of its cells, and the runs on it."""

    stand: Stand
    cells: Sequence[Cell]
    faulty: dict[Kin, Ran] = field(default_factory=dict)
    """The runs in which faults happened, by what is the same for their cells."""
    seen: dict[Cell, Seen] = field(default_factory=dict)
    """Between these runs and the next."""
    healing: dict[str, Ran] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    """Files that were missing or cut at any moment."""

    def farm(self, cell: Cell) -> str:
        return f"c{self.cells.index(cell)}"

    def host(self, cell: Cell) -> str:
        return host_at(self.farm(cell), cell.place.value)

    def run(self) -> None:
        for cell in self.cells:
            add_farm(self.stand, self.farm(cell))
            found = injection(cell)
            assert isinstance(found, Injection)
            self.stand.behave(self.host(cell), *found.faults)
            self.stand.behave(host_at(self.farm(cell), cell.other.value), *found.of_the_other)
        with watching(self.stand) as watch:
            self._run_all()
        assert watch.looks > 10
        self.broken = watch.broken

    def _run_all(self) -> None:
        for kin in sorted({kin_of(cell) for cell in self.cells}):
            self.faulty[kin] = self._apply(lambda cell, kin=kin: kin_of(cell) == kin)  # type: ignore[misc]
        for cell in self.cells:
            left = [what for host in hosts_of(self.farm(cell)) for what in left_behind(self.stand, host)]
            self.seen[cell] = Seen(seen_on(self.stand, self.farm(cell)), struck(self.stand, self.host(cell)), left)
        for cell in self.cells:
            found = injection(cell)
            if not (isinstance(found, Injection) and found.lasts_into_the_next_run):
                self.stand.behave(self.host(cell))
            self.stand.behave(host_at(self.farm(cell), cell.other.value))
            let_leases_run_out(self.stand, hosts_of(self.farm(cell)))
        self._heal()
        if ALL:
            self.healing["once more"] = self.stand.tell("apply", *with_next_keys())
            self.healing["drift"] = self.stand.tell("drift", *with_next_keys())

    def _heal(self) -> None:
        """Let the next runs come: those that bring an unfinished run to its end go twice over all of their farms."""
        if any(not is_unfinished(cell) for cell in self.cells):
            self.healing["ended"] = self._apply(lambda cell: not is_unfinished(cell), *with_next_keys())
        if any(is_to_be_ended(cell) for cell in self.cells):
            self.healing["unfinished"] = self._apply(is_to_be_ended, *with_next_keys())
        left = [cell for cell in self.cells if expected(cell).needs_leave]
        if left:
            self.healing["refused"] = self._apply(lambda cell: cell in left, *with_next_keys())
            for cell in left:
                let_leases_run_out(self.stand, hosts_of(self.farm(cell)))
            self.healing["left"] = self._apply(lambda cell: cell in left, "--leave-changed", *with_next_keys())

    def _apply(self, which: Callable[[Cell], bool], *arguments: str) -> Ran:
        limit = [self.farm(cell) for cell in self.cells if which(cell)]
        return self.stand.tell("apply", "-l", ":".join(limit), *arguments)

    @cached_property
    def leaks(self) -> list[str]:
        runs = {f"run {kin}": ran for kin, ran in self.faulty.items()} | self.healing
        return leaks(self.stand, runs)


class Matrix:
    """The batches, each run when a cell of it is asked for first."""

    def __init__(self, folder: Callable[[], Path]) -> None:
        self._folder = folder
        self._batches: dict[int, Batch] = {}

    def of(self, cell: Cell) -> Batch:
        number = next(number for number, cells in enumerate(BATCHES) if cell in cells)
        if number not in self._batches:
            self._batches[number] = Batch(Stand(self._folder()), BATCHES[number])
            self._batches[number].run()
        return self._batches[number]


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    return Matrix(lambda: tmp_path_factory.mktemp("matrix"))


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_the_farm_ends_as_it_must_when(
    matrix: Matrix, cell: Cell, record_property: Callable[[str, object], None]
) -> None:
    batch, must = matrix.of(cell), expected(cell)
    record_property("cell", json.dumps([value.value for value in cell.values] + [must.outcome.value]))
    farm = batch.faulty[kin_of(cell)].of(batch.farm(cell))
    told = summary(farm)

    assert batch.seen[cell].struck > 0 or _is_not_counted(cell), "the fault did not happen"
    assert farm["verdict"] == must.outcome.value, told
    if must.told is not None:
        assert must.told in _told_of(farm, batch.host(cell)), told
    if must.outcome is not Outcome.INCOMPLETE:
        assert batch.seen[cell].contents == {NEW if must.outcome is Outcome.APPLIED else OLD}
        assert batch.seen[cell].left_behind == [] or cell.kind is Kind.DELIVERED_TWICE
    assert batch.seen[cell].contents <= {OLD, NEW}
    assert seen_on(batch.stand, batch.farm(cell)) == {NEXT}
    for host in hosts_of(batch.farm(cell)):
        assert left_behind(batch.stand, host) == []


def _is_not_counted(cell: Cell) -> bool:
    """Tell whether nobody counts how often the cell's fault strikes."""
    found = injection(cell)
    return isinstance(found, Injection) and all("times" not in each and each["do"] == "fail" for each in found.faults)


def summary(farm: dict[str, Any]) -> list[object]:
    """Answer what a person who looks for the cause of a failure wants to know."""
    nodes = [(node["node"], node["outcome"], node["reasons"]) for node in farm["nodes"]]
    return [farm["verdict"], *reasons(farm), *nodes]


def _told_of(farm: dict[str, Any], host: str) -> str:
    """Answer all that the report tells of *host*."""
    own = [reason for node in farm["nodes"] if node["node"] == host for reason in node["reasons"]]
    return "\n".join([*(reason for reason in reasons(farm) if reason.startswith(f"{host}: ")), *own])


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_the_runs_end_with_the_exit_codes_of_their_farms(matrix: Matrix, number: int) -> None:
    batch = matrix.of(BATCHES[number][0])

    assert {kin: ran.code for kin, ran in batch.faulty.items()} == {kin: kin[0] for kin in batch.faulty}
    for (_, starts_over), ran in batch.faulty.items():
        assert ("starting over" in ran.err) == starts_over
    codes = {name: ran.code for name, ran in batch.healing.items()}
    assert codes.pop("refused", 5) == 5
    assert set(codes.values()) == {0}, codes
    if "refused" in batch.healing:
        assert "keydeploy apply --leave-changed ends the run and leaves that as it is" in batch.healing["refused"].out


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_no_file_was_missing_or_cut_at_any_moment(matrix: Matrix, number: int) -> None:
    assert matrix.of(BATCHES[number][0]).broken == []


@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_no_secret_is_left_anywhere_but_on_the_nodes(matrix: Matrix, number: int) -> None:
    assert matrix.of(BATCHES[number][0]).leaks == []


def test_the_rules_know_what_must_come_of_every_cell() -> None:
    assert all(isinstance(expected(cell), Expected) for cell in CELLS)
