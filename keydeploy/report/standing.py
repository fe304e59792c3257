"""How each declared thing stands on each node at the end of a run: the one classification behind every record.

Pure. What could not be compared is never in order, and what was put right and verified is.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from keydeploy.observation import is_left_over
from keydeploy.plan import Action, Cause, Operation, Reason
from keydeploy.report.model import FarmReport, NodeReport, Report, Verdict


class State(Enum):
    """How something stands on a node; the most telling comes last."""

    IN_ORDER = "in_order"
    NOT_LOOKED_AT = "not_looked_at"
    EXTRA = "extra"
    """It is there, and must not be."""
    CHANGED = "changed"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """It could not be compared, or a run has ended without saying how it stands."""
    UNREACHABLE = "unreachable"

    @property
    def is_drift(self) -> bool:
        """Tell whether it is certain that something is not as declared."""
        return self in (State.EXTRA, State.CHANGED, State.MISSING)

    @property
    def is_told(self) -> bool:
        """Tell whether it is known how it stands."""
        return self is State.IN_ORDER or self.is_drift

    @property
    def kind(self) -> str:
        """Answer the state of a whole node in one word: its value, or `drift`."""
        return "drift" if self.is_drift else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One thing on one node."""

    name: str
    """Its address; with its place on the node behind, where the address alone stands for several things."""
    state: State
    operation: Operation | None = None
    """What was found and what was planned; None where nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One member of a farm."""

    node: str
    state: State
    """The most telling of its cells, and of what holds for it as a whole."""
    cells: tuple[Cell, ...] = ()
    """In the order of the report; of a node that gave no answer, what the others of its farm were asked for."""
    reasons: tuple[Reason, ...] = ()
    """What the report tells of this node."""
    report: NodeReport | None = None
    """None where the node was not looked at."""

    @property
    def drifts(self) -> bool:
        """Tell whether anything here is certainly not as declared, also where other things cannot be told."""
        return any(cell.state.is_drift for cell in self.cells)


def standings(farm: FarmReport) -> tuple[Standing, ...]:
    """Answer how every member of *farm* stands: first those that were asked, then those that were left out."""
    asked = _asked_for(farm)
    looked_at = [_standing(node, farm, asked) for node in farm.nodes]
    return (*looked_at, *(Standing(node=name, state=State.NOT_LOOKED_AT) for name in farm.not_looked_at))


def not_reached(report: Report) -> tuple[str, ...]:
    """Answer the declared nodes that *report* has no farm for, because the run ended before, or only read the spec."""
    told = {name for farm in report.farms for name in (*(node.node for node in farm.nodes), *farm.not_looked_at)}
    return tuple(name for name in report.declared if name not in told)


def state_of(operation: Operation) -> State:
    """Answer how the thing of *operation* stands where nothing has been done about it."""
    if operation.refusal:
        return State.UNKNOWN
    return {
        Action.CREATE: State.MISSING,
        Action.UPDATE: State.CHANGED,
        Action.DELETE: State.EXTRA,
        Action.NO_OP: State.IN_ORDER,
    }[operation.action]


def worst(states: Iterable[State]) -> State:
    """Answer the most telling of *states*; in order where there is none."""
    return max(states, key=list(State).index, default=State.IN_ORDER)


_DOUBTFUL = ("failed", "waits", "finished", "ended", "left_out", None)
"""Outcomes of a change that do not say what a node shows now."""
_AT_WORK = (Verdict.APPLIED, Verdict.ROLLED_BACK, Verdict.PARTLY, Verdict.INCOMPLETE, Verdict.FINISHED)
"""Verdicts on farms where nodes may not be any more as they were observed."""


def _standing(node: NodeReport, farm: FarmReport, asked: tuple[str, ...]) -> Standing:
    reasons = tuple(reason for reason in (*farm.reasons, *farm.missing) if reason.node == node.node)
    whole = _whole(node, farm.verdict, {reason.cause for reason in reasons})
    if node.plan is None:
        cells = tuple(Cell(name=name, state=whole) for name in asked)
    else:
        is_settled = node.outcome == "applied" or farm.verdict is Verdict.TAKEN_BACK
        cells = tuple(_cells(node.plan.operations, whole, is_settled=is_settled))
    state = worst([whole, *(cell.state for cell in cells)])
    return Standing(node=node.node, state=state, cells=cells, reasons=reasons, report=node)


def _whole(node: NodeReport, verdict: Verdict, causes: set[Cause]) -> State:
    """Answer what holds for all of *node*, where it cannot be told thing by thing; otherwise in order."""
    if node.outcome in ("unreachable", "missing") or (node.plan is None and Cause.UNREACHABLE in causes):
        return State.UNREACHABLE
    in_doubt = node.outcome in _DOUBTFUL and verdict in _AT_WORK
    if verdict is not Verdict.TAKEN_BACK:  # until then an unfinished run may go either way
        in_doubt = in_doubt or bool(causes & {Cause.UNFINISHED, Cause.SPEC})
    return State.UNKNOWN if node.plan is None or in_doubt else State.IN_ORDER


def _cells(operations: tuple[Operation, ...], whole: State, *, is_settled: bool) -> Iterator[Cell]:
    several = {address for address, count in Counter(each.address for each in operations).items() if count > 1}
    for operation in operations:
        name = f"{operation.address} {operation.target}" if operation.address in several else operation.address
        own = State.IN_ORDER if is_settled else state_of(operation)
        yield Cell(name=name, state=own if whole is State.IN_ORDER else whole, operation=operation)


def _asked_for(farm: FarmReport) -> tuple[str, ...]:
    """Answer what the members of *farm* were asked for; leftovers are each node's own."""
    plans = [node.plan for node in farm.nodes if node.plan is not None]
    addresses = (operation.address for plan in plans for operation in plan.operations)
    return tuple(dict.fromkeys(address for address in addresses if not is_left_over(address)))
