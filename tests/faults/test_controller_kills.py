"""The controller is killed at a certain point of a phase, wholly or in part; the next run heals the farms.

A node that pauses holds the run at its point. Farms whose nodes pause in the same phase are killed in one run.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.engine.farm import Ran, Stand
from tests.faults.farms import (
    NEW,
    NEXT,
    OLD,
    ROLLOUT,
    add_farm,
    host_at,
    hosts_of,
    leaks,
    left_behind,
    let_leases_run_out,
    seen_on,
    wait_until,
    watching,
    with_next_keys,
)
from tests.faults.killing import Way, applying, wait_for_the_end_of
from tests.faults.matrix import ALL, SEED, Cell, Injection, Kind, Phase, Place, When, applicable, injection

STALL = Path(__file__).parent / "callbacks"
KILLS = [cell for cell in applicable() if cell.kind is Kind.CONTROLLER_KILLED]


@dataclass(frozen=True)
class Killing:
    """One run that is killed."""

    way: Way
    cells: tuple[Cell, ...]

    @property
    def phase(self) -> Phase:
        return self.cells[0].phase

    def __str__(self) -> str:
        when = f"{self.cells[0].when.value} " if self.phase is Phase.GATE else ""
        return f"{self.way.value}, {when}{self.phase.value}"


def killings() -> list[Killing]:
    """Answer all kills; or each phase once, each way and moment in turn, each moment on another node."""
    found = [Killing(way, cells) for cells in _batches() for way in Way]
    if ALL:
        return found
    turn = sum(SEED.encode())
    by_phase = {phase: [each for each in found if each.phase is phase] for phase in Phase}
    return [each[(turn + 5 * number) % len(each)] for number, each in enumerate(by_phase.values())]


def _batches() -> list[tuple[Cell, ...]]:
    found: list[tuple[Cell, ...]] = []
    for phase in Phase:
        cells = [cell for cell in KILLS if cell.phase is phase]
        if phase is Phase.GATE:  # which holds all farms at once
            found.extend((cell,) for cell in cells)
        elif ALL:
            found.append(tuple(cells))
        else:
            found.append(tuple(cell for cell in cells if _is_in_turn(cell)))
    return found


def _is_in_turn(cell: Cell) -> bool:
    """Tell whether it is this node's turn at this moment: a Latin square of moments, nodes and phases."""
    own = (list(When).index(cell.when), list(Place).index(cell.place), list(Phase).index(cell.phase))
    return (own[0] + own[1] + own[2] + sum(SEED.encode())) % 3 == 0


@dataclass
class Killed:
    """What was left of a killed run."""

    stand: Stand
    markers: dict[str, Path]
    env: dict[str, str]


def prepared(folder: Path, killing: Killing) -> Killed:
    stand = Stand(folder)
    (folder / "markers").mkdir()
    markers, env = {}, {}
    for number, cell in enumerate(killing.cells):
        farm = f"c{number}"
        add_farm(stand, farm, {**ROLLOUT, "lease": "5s"} if killing.way is Way.COMMAND else ROLLOUT)
        markers[farm] = folder / "markers" / farm
        found = injection(cell)
        assert isinstance(found, Injection)
        stand.behave(
            host_at(farm, cell.place.value), *({**fault, "marker": str(markers[farm])} for fault in found.faults)
        )
        stand.behave(host_at(farm, cell.other.value), *found.of_the_other)
        if cell.phase is Phase.GATE:
            env = {
                "ANSIBLE_CALLBACK_PLUGINS": str(STALL),
                "ANSIBLE_CALLBACKS_ENABLED": "stall",
                "STALL_AT": cell.when.value,
                "STALL_MARKER": str(markers[farm]),
            }
    return Killed(stand, markers, env)


def killed(killing: Killing, found: Killed) -> Ran:
    """Kill the run when all its farms have come so far, let the orphans go on, and answer the next run."""
    stand = found.stand
    with applying(stand, env=found.env) as running:
        wait_until(lambda: all(marker.exists() for marker in found.markers.values()))
        orphans = running.kill(killing.way)
        for farm in found.markers:
            assert seen_on(stand, farm) <= {OLD, NEW}
        for marker in found.markers.values():
            marker.unlink()
        if killing.way is Way.ENGINE:
            is_harmless = killing.phase is Phase.OBSERVE
            ran = running.ended()
            assert ran.code == (1 if is_harmless else 5), ran.text
            assert is_harmless or "may be split, or a node of it holds an unfinished run" in ran.err
        if killing.way is not Way.COMMAND:  # then Ansible may go on, and the next run waits for it, or for its lease
            wait_for_the_end_of(orphans)
            for farm in found.markers:
                let_leases_run_out(stand, hosts_of(farm))
        ran = stand.tell("apply", *with_next_keys())
        wait_for_the_end_of(orphans)
    return ran


@pytest.mark.parametrize("killing", killings(), ids=str)
def test_the_next_run_brings_every_farm_to_its_keys_when_the_controller_was_killed(
    tmp_path: Path, killing: Killing, record_property: Callable[[str, object], None]
) -> None:
    record_property("cells", json.dumps([[value.value for value in cell.values] for cell in killing.cells]))
    found = prepared(tmp_path, killing)
    with watching(found.stand) as watch:
        ran = killed(killing, found)
        drift = found.stand.tell("drift", *with_next_keys())

    assert ran.code == 0, ran.text
    assert {farm: seen_on(found.stand, farm) for farm in found.markers} == {farm: {NEXT} for farm in found.markers}
    assert drift.code == 0, drift.text
    for farm, place in product(found.markers, Place):
        assert left_behind(found.stand, host_at(farm, place.value)) == []
    assert watch.broken == []
    assert leaks(found.stand, {"next": ran, "drift": drift}) == []


@pytest.mark.parametrize(("phase", "content"), [(Phase.STAGE, OLD), (Phase.COMMIT, NEW)], ids=["before", "after"])
def test_a_run_whose_command_line_is_killed_stops_before_the_decision_and_goes_on_to_its_end_after_it(
    tmp_path: Path, phase: Phase, content: bytes
) -> None:
    found = prepared(tmp_path, Killing(Way.COMMAND, (Cell(Kind.CONTROLLER_KILLED, When.BEFORE, phase, Place.FIRST),)))
    with applying(found.stand) as running:
        wait_until(lambda: all(marker.exists() for marker in found.markers.values()))
        orphans = running.kill(Way.COMMAND)
        for marker in found.markers.values():
            marker.unlink()
        wait_for_the_end_of(orphans)

    hosts = [host for farm in found.markers for host in hosts_of(farm)]
    assert {farm: seen_on(found.stand, farm) for farm in found.markers} == {farm: {content} for farm in found.markers}
    assert [what for host in hosts for what in left_behind(found.stand, host)] == []
