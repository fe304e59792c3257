"""The fault matrix: what goes wrong, when, in which phase, on which node; and what must come of it.

A cell is generated for every combination. A table maps what is applicable to the faults of the sandbox, and
what is not to the reason why there is no such thing. What a run must tell follows from a few rules.
"""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from itertools import product
from typing import Any

from tests.faults.writes import writes_of

SEED = os.environ.get("KEYDEPLOY_FAULTS_SEED", "1")
"""Which of several possible points a cell takes, and the order in which cells are chosen."""
ALL = os.environ.get("KEYDEPLOY_FAULTS") == "all"
"""Every cell, and not only enough of them to have every pair."""

WEB_CONFIG = "C:\\inetpub\\portal\\web.config"
PORTAL = "C:\\inetpub\\portal"
HOUR = 3600.0
SLOW = 2.0
"""Seconds that a node's clock goes back between the stage and the commit: it waits so much longer."""


class Kind(Enum):
    """What goes wrong."""

    CONTROLLER_KILLED = "controller killed"
    NODE_KILLED = "node process killed"
    UNREACHABLE = "node unreachable"
    DISK_FULL = "disk full"
    FILE_LOCKED = "file locked"
    ACCESS_DENIED = "access denied"
    FILE_CHANGED = "file changed by someone else"
    CLOCK_JUMP = "clock jump"
    ANSWER_LOST = "answer lost after the work was done"
    DELIVERED_TWICE = "duplicate delivery"


class When(Enum):
    """At which side of the phase."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class Phase(Enum):
    """The phases of a roll-out; the last one ends in one of two ways."""

    OBSERVE = "observe"
    STAGE = "stage"
    GATE = "gate"
    COMMIT = "commit"
    CONCLUDE = "conclude"
    TAKE_BACK = "conclude, going back"
    """Another node has failed after its commit, so that all go back."""


class Place(Enum):
    """The node of the farm."""

    FIRST = "first"
    MIDDLE = "middle"
    LAST = "last"


@dataclass(frozen=True, order=True)
class Cell:
    """One cell of the matrix."""

    kind: Kind
    when: When
    phase: Phase
    place: Place

    def __str__(self) -> str:
        return f"{self.kind.value}, {self.when.value} {self.phase.value}, {self.place.value} node"

    @property
    def values(self) -> tuple[Enum, ...]:
        """Answer the value in each dimension."""
        return (self.kind, self.when, self.phase, self.place)

    @property
    def rng(self) -> random.Random:
        """Answer what decides between points that are all in the cell."""
        return random.Random(f"{SEED} {self}")

    @property
    def other(self) -> Place:
        """Answer a node of the farm that is not the cell's."""
        return Place.MIDDLE if self.place is not Place.MIDDLE else Place.LAST


@dataclass(frozen=True)
class Absent:
    """There is no such thing, and why."""

    reason: str


Faults = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Injection:
    """What the cell's node is told to do, and what the other one of the farm."""

    faults: Faults
    of_the_other: Faults = ()
    lasts_into_the_next_run: bool = False


class Outcome(Enum):
    """How the farm stands after the run in which the fault happens."""

    APPLIED = "applied"
    REFUSED = "refused"
    BACK = "rolled_back"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True)
class Expected:
    """What the run must tell of the farm."""

    outcome: Outcome
    code: int = 0
    told: str | None = None
    """A part of the reason that is told of the cell's node."""
    needs_leave: bool = False
    """Whether the next run ends the unfinished one only with `--leave-changed`."""
    starts_over: bool = False
    """Whether the command line goes over the path once more by itself."""


FIRST = {
    Phase.OBSERVE: "journal.read",
    Phase.STAGE: "lock.acquire",
    Phase.COMMIT: "journal.commit",
    Phase.CONCLUDE: "journal.confirm",
    Phase.TAKE_BACK: "journal.roll_back",
}
"""The first operation of the request of a phase; no phase before it asks for it."""
DONE = {**FIRST, Phase.OBSERVE: "system.read", Phase.STAGE: "file.stage"}
"""The operation with which the work of the phase is done."""
CHANGING = {
    Phase.STAGE: ("lock.acquire", "journal.begin", "file.stage"),
    Phase.COMMIT: ("journal.commit",),
    Phase.CONCLUDE: ("journal.confirm",),
    Phase.TAKE_BACK: ("journal.roll_back",),
}
"""The operations of a phase that write."""
ENDS = (Phase.CONCLUDE, Phase.TAKE_BACK)

NOT_AT_THE_GATE = Absent("the gate asks no node")
NO_WRITES = Absent("observe writes nothing")
OVER = Absent("the run has ended; it is the next run's observe")
NOT_YET_SENT = Absent("what has not been sent can be neither lost nor repeated")
ONE_OPERATION = Absent("the request is one operation: it arrives or does not")

DIED = "the node's process has died"
LOST = "the sandbox was told to lose the answer here"
GONE = "the sandbox was told to be gone"
CUT = "the node's answer is cut or damaged"
OF_THE_DISK = {
    Kind.DISK_FULL: ("full", "the disk is full"),
    Kind.FILE_LOCKED: ("locked", "another process is using the file"),
    Kind.ACCESS_DENIED: ("denied", "access to the file is denied"),
}
FAILED_AFTER_THE_COMMIT: Faults = ({"at": "journal.commit", "when": "after", "do": "fail", "times": 1},)


def cells() -> list[Cell]:
    """Answer every combination."""
    return [Cell(*values) for values in product(Kind, When, Phase, Place)]


def injection(cell: Cell) -> Injection | Absent:
    """Answer how the cell comes about on sandbox nodes, or why it does not."""
    faults = _faults(cell)
    if isinstance(faults, Absent):
        return faults
    other = FAILED_AFTER_THE_COMMIT if cell.phase is Phase.TAKE_BACK else ()
    lasts = any(fault["do"] == "again" for fault in faults)
    return Injection(faults, other, lasts)


def expected(cell: Cell) -> Expected:
    """Answer what the run must tell, by the rules."""
    if not _is_felt(cell):
        if cell.phase is Phase.TAKE_BACK:
            return Expected(Outcome.BACK, 1)
        return Expected(Outcome.APPLIED)
    told = _told(cell)
    if _has_moved(cell):
        return Expected(Outcome.APPLIED, starts_over=True)
    if cell.kind is Kind.FILE_CHANGED and cell.phase is not Phase.TAKE_BACK:
        return Expected(Outcome.INCOMPLETE, 5, told)  # nothing of the run is left, and the node is not as it was
    if _keeps_the_run_from_ending(cell):
        return Expected(Outcome.INCOMPLETE, 5, told, needs_leave=_is_changed_after_the_switch(cell))
    code = 4 if told in (DIED, LOST, GONE) else 1
    return Expected(Outcome.REFUSED if _stops_the_plan(cell) else Outcome.BACK, code, told)


def _faults(cell: Cell) -> Faults | Absent:  # noqa: PLR0911 - one for each kind
    match cell.kind:
        case Kind.CONTROLLER_KILLED:
            return _paused(cell)
        case Kind.NODE_KILLED:
            return NOT_AT_THE_GATE if cell.phase is Phase.GATE else ({**_point(cell), "do": "die", "times": 1},)
        case Kind.UNREACHABLE:
            return _unreachable(cell)
        case Kind.DISK_FULL | Kind.FILE_LOCKED | Kind.ACCESS_DENIED:
            return _of_the_disk(cell)
        case Kind.FILE_CHANGED:
            return _wherever(cell, {"do": "touch", "path": WEB_CONFIG, "times": 1})
        case Kind.CLOCK_JUMP:
            return _wherever(cell, {"do": "jump", "seconds": _jump(cell)})
        case Kind.ANSWER_LOST:
            return _lost(cell)
        case Kind.DELIVERED_TWICE:
            return _twice(cell)


def _before(phase: Phase) -> dict[str, Any]:
    return {"at": FIRST[phase], "when": "before"}


def _after(phase: Phase) -> dict[str, Any]:
    return {"at": DONE[phase], "when": "after"}


def _during(cell: Cell) -> dict[str, Any]:
    """Answer a point within the phase's work: between two readings, or at any of its writes."""
    if cell.phase is Phase.OBSERVE:
        return {"at": "file.read", "when": "before"}
    operation = cell.rng.choice(CHANGING[cell.phase])
    return {"at": operation, "write": cell.rng.randint(1, writes_of(operation))}


def _point(cell: Cell) -> dict[str, Any]:
    if cell.when is When.DURING:
        return _during(cell)
    return _before(cell.phase) if cell.when is When.BEFORE else _after(cell.phase)


_STAGED = {"at": "system.read", "beside": "file.stage", "when": "after"}
"""The end of the last operation of stage: what follows on the node is the first one of commit."""


def _wherever(cell: Cell, fault: dict[str, Any]) -> Faults | Absent:
    """Answer *fault* at the cell's point; the gate's are those between stage and commit."""
    if cell.phase is not Phase.GATE:
        point = _point(cell)
        if "write" in point:  # while the work is under way, and not in the instant between a comparison and a write
            point = {"at": point["at"], "write": 1} if cell.phase is not Phase.TAKE_BACK else _after(cell.phase)
        return ({**fault, **point},)
    if cell.when is When.DURING:
        return NOT_AT_THE_GATE
    return ({**fault, **(_STAGED if cell.when is When.BEFORE else _before(Phase.COMMIT))},)


def _paused(cell: Cell) -> Faults | Absent:
    if cell.phase is Phase.GATE:
        return () if cell.place is Place.FIRST else Absent("the gate runs once, on the controller")
    return ({**_point(cell), "do": "pause", "marker": "", "times": 1},)


def _unreachable(cell: Cell) -> Faults | Absent:
    """Before: the request does not arrive; during: the connection is lost; after: the node is gone from then on."""
    if cell.phase is Phase.GATE:
        return _wherever(cell, {"do": "gone"})
    if cell.when is When.BEFORE:
        return ({**_before(cell.phase), "do": "unreachable", "times": 1},)
    if cell.when is When.AFTER:
        return OVER if cell.phase in ENDS else ({**_after(cell.phase), "do": "gone"},)
    at = {Phase.OBSERVE: "file.read", Phase.STAGE: "file.stage"}.get(cell.phase, "journal.read")
    if cell.phase is Phase.CONCLUDE:
        return ONE_OPERATION
    return ({"at": at, "beside": FIRST[cell.phase], "do": "unreachable", "times": 1},)


def _of_the_disk(cell: Cell) -> Faults | Absent:  # noqa: PLR0911 - one for each kind of moment
    """Before: the phase's first write; during: any of them; after: every one from then on, of a certain file."""
    do, _ = OF_THE_DISK[cell.kind]
    places = {Kind.FILE_LOCKED: {"path": WEB_CONFIG}, Kind.ACCESS_DENIED: {"path": PORTAL}}
    place = places.get(cell.kind, {})
    if cell.phase is Phase.GATE or cell.when is When.AFTER:
        if cell.phase in ENDS:
            return OVER
        return _wherever(cell, {"do": do, "lasting": True, **place})
    if cell.phase is Phase.OBSERVE:
        if cell.kind is Kind.DISK_FULL:
            return NO_WRITES
        if cell.when is When.DURING:  # of all the files that are read, one
            return ({"at": "file.read", "do": do, "write": 1, "path": WEB_CONFIG},)
        code = {Kind.FILE_LOCKED: "in_use", Kind.ACCESS_DENIED: "access_denied"}[cell.kind]
        return ({"at": "file.read", "do": "fail", "code": code},)
    if cell.when is When.DURING:
        return ({**_during(cell), "do": do, "times": 1},)
    written = place if cell.phase in (Phase.COMMIT, Phase.TAKE_BACK) else {}
    return ({"at": FIRST[cell.phase], "write": 1, "do": do, "times": 1, **written},)


def _jump(cell: Cell) -> float:
    """Answer by how much the clock jumps: a node that is to wait for an instant and goes back waits so much longer."""
    if _is_between_stage_and_switch(cell):
        return -SLOW if cell.place is Place.LAST else HOUR
    return cell.rng.choice((-HOUR, HOUR))


def _lost(cell: Cell) -> Faults | Absent:
    if cell.phase is Phase.GATE:
        return NOT_AT_THE_GATE
    if cell.when is When.BEFORE:
        return NOT_YET_SENT
    if cell.when is When.DURING:
        return ({"at": DONE[cell.phase], "beside": FIRST[cell.phase], "do": "cut", "times": 1},)
    return ({**_after(cell.phase), "beside": FIRST[cell.phase], "do": "unreachable", "times": 1},)


_COMES_AGAIN = {
    Phase.OBSERVE: ("file.stage", "journal.commit", "journal.confirm"),
    Phase.STAGE: ("journal.commit", "journal.confirm", "lock.acquire"),
    Phase.COMMIT: ("journal.confirm", "lock.acquire"),
    Phase.CONCLUDE: ("lock.acquire",),
    Phase.TAKE_BACK: ("lock.acquire",),
}
"""Behind which operations a request comes once more; the lock is taken again only by the next run."""


def _twice(cell: Cell) -> Faults | Absent:
    if cell.phase is Phase.GATE:
        return NOT_AT_THE_GATE
    if cell.when is When.BEFORE:
        return NOT_YET_SENT
    if cell.when is When.DURING:
        return ({"at": FIRST[cell.phase], "do": "twice", "times": 1},)
    until = cell.rng.choice(_COMES_AGAIN[cell.phase])
    return ({"at": FIRST[cell.phase], "do": "again", "until": until, "times": 1},)


# The rules


def _is_between_stage_and_switch(cell: Cell) -> bool:
    """Tell whether the node has staged and has not begun to switch."""
    if cell.phase is Phase.GATE:
        return True
    return cell.phase is Phase.COMMIT and cell.when is not When.AFTER


def _is_felt(cell: Cell) -> bool:  # noqa: PLR0911 - one for each kind
    """Tell whether the run must notice the fault at all."""
    match cell.kind:
        case Kind.DELIVERED_TWICE:
            return False
        case Kind.CLOCK_JUMP:
            if _is_between_stage_and_switch(cell):
                return _jump(cell) > 0
            return cell.phase is Phase.STAGE or (cell.phase, cell.when) == (Phase.OBSERVE, When.AFTER)
        case Kind.FILE_CHANGED:
            if cell.phase is Phase.OBSERVE:
                return cell.when is When.AFTER
            return cell.phase in (Phase.STAGE, Phase.TAKE_BACK) or _is_between_stage_and_switch(cell)
        case Kind.FILE_LOCKED | Kind.ACCESS_DENIED:  # after its switch the file is not written any more
            return (cell.phase, cell.when) != (Phase.COMMIT, When.AFTER)
    return True


def _stops_the_plan(cell: Cell) -> bool:
    """Tell whether nothing was staged anywhere, because the node could not be observed."""
    return (cell.phase is Phase.OBSERVE and cell.when is not When.AFTER) or _is_lost_in_observe(cell)


def _is_lost_in_observe(cell: Cell) -> bool:
    return cell.phase is Phase.OBSERVE and cell.kind in (Kind.NODE_KILLED, Kind.ANSWER_LOST)


def _keeps_the_run_from_ending(cell: Cell) -> bool:
    """Tell whether the node cannot end the run: it fails at the end itself, or for good."""
    if cell.kind is Kind.UNREACHABLE and (cell.phase is Phase.GATE or cell.when is When.AFTER):
        return True
    if cell.kind is Kind.DISK_FULL and (cell.phase is Phase.GATE or cell.when is When.AFTER):
        return True
    return cell.phase in ENDS


def _has_moved(cell: Cell) -> bool:
    """Tell whether the node's file is no longer as it was observed when it is to be staged."""
    if cell.kind is not Kind.FILE_CHANGED:
        return False
    return cell.phase is Phase.OBSERVE or (cell.phase is Phase.STAGE and cell.when is not When.AFTER)


def _is_changed_after_the_switch(cell: Cell) -> bool:
    """Tell whether going back would lose what somebody else has done."""
    return cell.kind is Kind.FILE_CHANGED and cell.phase is Phase.TAKE_BACK and cell.when is When.BEFORE


def _told(cell: Cell) -> str:  # noqa: PLR0911 - one for each kind
    match cell.kind:
        case Kind.NODE_KILLED:
            return DIED
        case Kind.UNREACHABLE:
            return GONE if cell.phase is Phase.GATE or cell.when is When.AFTER else LOST
        case Kind.DISK_FULL | Kind.FILE_LOCKED | Kind.ACCESS_DENIED:
            if cell.phase is Phase.OBSERVE and cell.when is When.BEFORE:
                return "the sandbox was told to fail here"
            return OF_THE_DISK[cell.kind][1]
        case Kind.FILE_CHANGED if cell.phase is Phase.TAKE_BACK:
            if cell.when is When.BEFORE:
                return "the file was changed by someone else after the commit; it was left so"
            return "the node is neither as it was nor as declared"
        case Kind.FILE_CHANGED:
            return f"the file has changed since it was {'observed' if _has_moved(cell) else 'staged'}"
        case Kind.CLOCK_JUMP:
            return "s late and did not switch" if _is_between_stage_and_switch(cell) else "its clock moved by"
        case Kind.ANSWER_LOST:
            return CUT if cell.when is When.DURING else LOST
    raise AssertionError(f"{cell} is not felt")


# The choice


@cache
def applicable() -> tuple[Cell, ...]:
    """Answer the cells that there are."""
    return tuple(cell for cell in cells() if isinstance(injection(cell), Injection))


@cache
def chosen() -> tuple[Cell, ...]:
    """Answer all cells, or as few as have every pair of values."""
    return applicable() if ALL else tuple(pairwise(applicable()))


def pairwise(among: Sequence[Cell]) -> Iterator[Cell]:
    """Yield cells until every pair of values of two dimensions that is in any cell was in one: greedily."""
    left = {pair for cell in among for pair in pairs(cell)}
    order = sorted(among, key=str)
    random.Random(SEED).shuffle(order)
    while left:
        best = max(order, key=lambda cell: len(pairs(cell) & left))
        left -= pairs(best)
        yield best


def pairs(cell: Cell) -> set[frozenset[Enum]]:
    """Answer the pairs of values of a cell."""
    return {frozenset((one, other)) for one in cell.values for other in cell.values if one is not other}
