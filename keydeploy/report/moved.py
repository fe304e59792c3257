"""What became of every declared thing on every node of a farm between two runs.

Pure. What could not be told in one of the two is never told as unchanged; a node of which nothing at all is known is
told of as a whole.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from keydeploy.report.standing import Cell, Standing, State


class Change(Enum):
    """What became of one thing on one node."""

    DRIFTED = "drifted"
    """It was as declared, and is not any more."""
    MENDED = "mended"
    """It was not as declared, and is now."""
    OTHERWISE = "otherwise"
    """It was not as declared, and is not in another way."""
    STILL = "still"
    """It was not as declared, and has not changed."""
    NOT_TOLD_NOW = "not_told_now"
    """It was known how it stood, and cannot be told now."""
    TOLD_AGAIN = "told_again"
    """It could not be told before, and is as declared now."""
    FOUND = "found"
    """It could not be told before, and is not as declared now."""
    NEVER_TOLD = "never_told"
    """It can be told of neither run."""
    NEW = "new"
    """It is as declared, and was not declared before."""
    NEW_DIFFERS = "new_differs"
    """It was not declared before, and is not as declared now."""
    NEW_NOT_TOLD = "new_not_told"
    """It was not declared before, and cannot be told now."""
    GONE = "gone"
    """It is not declared any more."""

    @property
    def is_known(self) -> bool:
        """Tell whether it is certain that something has changed."""
        return self not in (Change.STILL, Change.NEVER_TOLD)

    @property
    def is_worse(self) -> bool:
        """Tell whether it has become worse, or cannot be told any more."""
        return self in _WORSE


_WORSE = (
    Change.DRIFTED,
    Change.OTHERWISE,
    Change.FOUND,
    Change.NEW_DIFFERS,
    Change.NOT_TOLD_NOW,
    Change.NEW_NOT_TOLD,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One thing on one node of which there is something to tell."""

    node: str
    address: str | None
    """None for the node as a whole, where neither run knows what it was asked for."""
    change: Change
    old: State | None
    """None where it was not declared."""
    new: State | None


def moved(before: Mapping[str, Standing], after: Mapping[str, Standing]) -> Iterator[Moved | None]:
    """Yield what there is to tell of everything on every node; None where it was and is as declared."""
    for node in dict.fromkeys([*before, *after]):
        old, new = before.get(node), after.get(node)
        cells = cells_of(old), cells_of(new)
        for address in dict.fromkeys([*cells[0], *cells[1]]):
            was, is_ = cells[0].get(address), cells[1].get(address)
            states = _state(was, old), _state(is_, new)
            change = _change(*states, is_alike=_is_alike(was, is_))
            yield change and Moved(node=node, address=address, change=change, old=states[0], new=states[1])
        if not cells[0] and not cells[1]:
            yield from _whole(node, old, new)


def cells_of(standing: Standing | None) -> dict[str, Cell]:
    """Answer the cells of *standing* by their names."""
    return {cell.name: cell for cell in standing.cells} if standing else {}


def _whole(node: str, old: Standing | None, new: Standing | None) -> Iterator[Moved]:
    """Yield what there is to tell of a *node* without cells: nothing where it was seen, and nothing is declared."""
    states = old.state if old else None, new.state if new else None
    if any(state is not None and not state.is_told for state in states):
        change = _change(*states, is_alike=False)
        if change is not None:
            yield Moved(node=node, address=None, change=change, old=states[0], new=states[1])


def _state(cell: Cell | None, standing: Standing | None) -> State | None:
    """Answer how something stood on a node, None where it was not declared; of a node unseen nobody knows what was."""
    if cell is not None:
        return cell.state
    is_unseen = standing is not None and not standing.cells and not standing.state.is_told
    return standing.state if standing is not None and is_unseen else None


def _change(old: State | None, new: State | None, *, is_alike: bool) -> Change | None:
    if new is None:
        return Change.GONE
    if old is None:
        return _new(new)
    if not new.is_told:
        return Change.NOT_TOLD_NOW if old.is_told else Change.NEVER_TOLD
    if not old.is_told:
        return Change.FOUND if new.is_drift else Change.TOLD_AGAIN
    return _of_told(old, new, is_alike=is_alike)


def _new(state: State) -> Change:
    if not state.is_told:
        return Change.NEW_NOT_TOLD
    return Change.NEW_DIFFERS if state.is_drift else Change.NEW


def _of_told(old: State, new: State, *, is_alike: bool) -> Change | None:
    if not new.is_drift:
        return Change.MENDED if old.is_drift else None
    if not old.is_drift:
        return Change.DRIFTED
    return Change.STILL if is_alike else Change.OTHERWISE


def _is_alike(old: Cell | None, new: Cell | None) -> bool:
    """Tell whether both differ from the spec in the same way."""
    if old is None or new is None or old.operation is None or new.operation is None:
        return False
    before, after = old.operation, new.operation
    return (before.action, before.differences, before.found) == (after.action, after.differences, after.found)
