"""What has changed between two runs: how every declared thing stood on every node, and which keys were there.

Pure, and made from two reports alone. What could not be told in one of the two is never told as unchanged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from keydeploy.report.equality import shown_key
from keydeploy.report.findings import Finding, findings
from keydeploy.report.model import FarmReport, Verb, Verdict
from keydeploy.report.saved import Saved
from keydeploy.report.standing import Cell, Standing, State, standings
from keydeploy.spec import Material, Notice


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
    """It is looked at now, and was not declared before."""
    GONE = "gone"
    """It is not declared any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One thing on one node of which there is something to tell."""

    node: str
    address: str
    change: Change
    old: State | None
    """None where it was not declared."""
    new: State | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A key that nodes show now in the place of another one."""

    address: str
    nodes: tuple[str, ...]
    old: str
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FarmComparison:
    """One farm; a verdict is None in the report that does not know it."""

    farm: str
    old: Verdict | None
    new: Verdict | None
    is_same_spec: bool
    """Whether both have the same digest; that of a farm which declares no secret is another one in each run."""
    new_nodes: tuple[str, ...] = ()
    gone_nodes: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    replaced: tuple[Replaced, ...] = ()
    declared: tuple[Material, ...] = ()
    """Keys and certificates that are declared anew, or with other days or another key."""
    undeclared: tuple[str, ...] = ()
    violated: tuple[Finding, ...] = ()
    """What must not be used on nodes where that was not so before."""
    absolved: tuple[Finding, ...] = ()
    """What was not to be used on nodes where that is not so any more."""
    unchanged: int = 0
    """How many things were as declared on a node, and are."""

    @property
    def is_same(self) -> bool:
        """Tell whether nothing has changed, and everything can be told."""
        nodes = self.new_nodes or self.gone_nodes
        moved = any(each.change is not Change.STILL for each in self.moved)
        spec = self.declared or self.undeclared
        return self.old is self.new and not (nodes or moved or self.replaced or spec or self.violated or self.absolved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs."""

    old: Saved
    new: Saved
    remarks: tuple[str, ...]
    """What has to be known to read the rest rightly."""
    farms: tuple[FarmComparison, ...]
    policy_new: tuple[Notice, ...]
    policy_gone: tuple[Notice, ...]

    @property
    def is_same(self) -> bool:
        """Tell whether nothing has changed between the two; where neither tells of a farm, nobody knows."""
        same = bool(self.farms) and all(farm.is_same for farm in self.farms)
        return same and not self.policy_new and not self.policy_gone


def compare(old: Saved, new: Saved) -> Comparison:
    """Answer what has changed from *old* to *new*."""
    farms = {farm.farm: farm for farm in old.report.farms}, {farm.farm: farm for farm in new.report.farms}
    names = dict.fromkeys([*farms[0], *farms[1]])
    before, after = ({_identity(each): each for each in side.report.shown_policy} for side in (old, new))
    return Comparison(
        old=old,
        new=new,
        remarks=tuple(_remarks(old, new)),
        farms=tuple(_farm(name, farms[0].get(name), farms[1].get(name)) for name in names),
        policy_new=tuple(notice for key, notice in after.items() if key not in before),
        policy_gone=tuple(notice for key, notice in before.items() if key not in after),
    )


def _identity(notice: Notice) -> tuple[str, ...]:
    """Answer what makes a notice the same in two runs: not its text, which may count the days."""
    return notice.kind.value, notice.farm, notice.address


def _remarks(old: Saved, new: Saved) -> Iterator[str]:
    verbs = old.report.verb, new.report.verb
    if old.report.run and old.report.run == new.report.run:
        yield "both reports are of the same run"
    if datetime.fromisoformat(old.made.time) > datetime.fromisoformat(new.made.time):
        yield "the first report was made after the second: what is called old here is newer"
    if verbs[0] is not verbs[1]:
        yield f"the reports are of different verbs, {verbs[0].value} and {verbs[1].value}, which ask different things"
    if Verb.ROLLBACK in verbs:
        yield "rollback compares places with what they were before a run, not the spec"
    known = {farm.farm for farm in old.report.farms}, {farm.farm for farm in new.report.farms}
    for place, side in (("first", old), ("second", new)):
        if not side.report.farms:
            why = "only the spec was read" if side.report.verb is Verb.VALIDATE else "that run came to no farm"
            yield f"the {place} report tells of no farm: {why}"
    if known[0] and known[1] and not known[0] & known[1]:
        yield "the reports have no farm in common"
    if old.made.version != new.made.version:
        yield f"the reports were made by different versions of keydeploy: {old.made.version} and {new.made.version}"


def _farm(name: str, old: FarmReport | None, new: FarmReport | None) -> FarmComparison:
    before, after = _nodes(old), _nodes(new)
    moved = tuple(_moved(before, after)) if old and new else ()
    materials = [{each.address: each for each in farm.materials} if farm else {} for farm in (old, new)]
    both = old is not None and new is not None
    return FarmComparison(
        farm=name,
        old=old.verdict if old else None,
        new=new.verdict if new else None,
        is_same_spec=both and old is not None and new is not None and old.spec == new.spec,
        new_nodes=tuple(node for node in after if node not in before) if both else (),
        gone_nodes=tuple(node for node in before if node not in after) if both else (),
        moved=tuple(each for each in moved if each is not None),
        replaced=tuple(_replaced(before, after)) if both else (),
        declared=tuple(each for where, each in materials[1].items() if materials[0].get(where) != each) if both else (),
        undeclared=tuple(where for where in materials[0] if where not in materials[1]) if both else (),
        violated=_not_in(new, old) if both else (),
        absolved=_not_in(old, new) if both else (),
        unchanged=sum(1 for each in moved if each is None),
    )


def _not_in(found: FarmReport | None, other: FarmReport | None) -> tuple[Finding, ...]:
    """Answer what must not be used in *found*, on the nodes on which nothing of the same is said in *other*."""
    said = {(each.address, node) for each in _violations(other) for node in each.nodes}
    left = [
        replace(each, nodes=tuple(node for node in each.nodes if (each.address, node) not in said))
        for each in _violations(found)
    ]
    return tuple(each for each in left if each.nodes)


def _violations(farm: FarmReport | None) -> list[Finding]:
    return [each for each in findings(farm) if each.fails] if farm else []


def _nodes(farm: FarmReport | None) -> dict[str, Standing]:
    return {each.node: each for each in (standings(farm) if farm else ())}


def _cells(standing: Standing | None) -> dict[str, Cell]:
    return {cell.name: cell for cell in standing.cells} if standing else {}


def _moved(before: Mapping[str, Standing], after: Mapping[str, Standing]) -> Iterator[Moved | None]:
    """Yield what there is to tell of everything on every node; None where it was and is as declared."""
    for node in dict.fromkeys([*before, *after]):
        old, new = before.get(node), after.get(node)
        cells = _cells(old), _cells(new)
        for address in dict.fromkeys([*cells[0], *cells[1]]):
            was, is_ = cells[0].get(address), cells[1].get(address)
            states = _state(was, old), _state(is_, new)
            change = _change(*states, is_alike=_is_alike(was, is_))
            yield change and Moved(node=node, address=address, change=change, old=states[0], new=states[1])


def _state(cell: Cell | None, standing: Standing | None) -> State | None:
    """Answer how something stood on a node, None where it was not declared; of a node unseen nobody knows what was."""
    if cell is not None:
        return cell.state
    is_unseen = standing is not None and not standing.cells and not standing.state.is_told
    return State.NOT_LOOKED_AT if is_unseen else None


def _change(old: State | None, new: State | None, *, is_alike: bool) -> Change | None:
    if old is None or new is None:
        return Change.NEW if old is None else Change.GONE
    if not new.is_told:
        return Change.NOT_TOLD_NOW if old.is_told else Change.NEVER_TOLD
    if not old.is_told:
        return Change.FOUND if new.is_drift else Change.TOLD_AGAIN
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


def _replaced(before: Mapping[str, Standing], after: Mapping[str, Standing]) -> Iterator[Replaced]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for node, standing in after.items():
        was = _keys(before.get(node))
        for address, key in _keys(standing).items():
            if address in was and was[address] != key:
                found.setdefault((address, was[address], key), []).append(node)
    for (address, old_key, new_key), nodes in found.items():
        yield Replaced(address=address, nodes=tuple(nodes), old=old_key, new=new_key)


def _keys(standing: Standing | None) -> dict[str, str]:
    """Answer the keys that a node shows, by their addresses."""
    outcome = standing.report.outcome if standing and standing.report else None
    keys = {name: shown_key(cell, outcome) for name, cell in _cells(standing).items()}
    return {name: key for name, key in keys.items() if key is not None}
