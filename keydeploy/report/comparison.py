"""What has changed between two runs: how every declared thing stood on every node, and which keys were there.

Pure, and made from two reports alone. What could not be told in one of the two is never told as unchanged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from keydeploy.report.equality import shown_key
from keydeploy.report.exit_code import exit_code, most_telling
from keydeploy.report.findings import Finding, findings
from keydeploy.report.model import FarmReport, Report, Verb, Verdict
from keydeploy.report.moved import Change, Moved, cells_of, moved
from keydeploy.report.saved import Saved
from keydeploy.report.standing import Standing, not_reached, standings
from keydeploy.spec import Material, Notice

_UNTOLD = (Verdict.REFUSED, Verdict.INCOMPLETE, Verdict.FINISHED, Verdict.NOT_LOOKED_AT)
"""Verdicts on farms of which not everything is known."""
_FROM_WELL_TO_BAD = (
    (Verdict.IN_ORDER, Verdict.APPLIED, Verdict.TAKEN_BACK),
    (Verdict.PENDING,),
    (Verdict.NOT_LOOKED_AT,),
    (Verdict.ROLLED_BACK,),
    (Verdict.PARTLY,),
    (Verdict.REFUSED,),
    (Verdict.FINISHED,),
    (Verdict.INCOMPLETE,),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """A fingerprint that nodes show now in the place of another one.

    That of a machine key is over its algorithms too, so that the keys themselves may be the same.
    """

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
    def has_changed(self) -> bool:
        """Tell whether it is certain that something has changed."""
        nodes = self.new_nodes or self.gone_nodes
        moved = any(each.change.is_known for each in self.moved)
        spec = self.declared or self.undeclared
        found = nodes or moved or self.replaced or spec or self.violated or self.absolved
        return self.old is not self.new or bool(found)

    @property
    def is_told(self) -> bool:
        """Tell whether everything is known of both runs, and both compared with the same spec."""
        untold = any(each.change is Change.NEVER_TOLD for each in self.moved)
        verdicts = {self.old, self.new} & {None, *_UNTOLD}
        return self.is_same_spec and not untold and not verdicts

    @property
    def is_same(self) -> bool:
        """Tell whether nothing has changed, and everything can be told."""
        return self.is_told and not self.has_changed

    @property
    def is_worse(self) -> bool:
        """Tell whether something has become worse, or cannot be told any more."""
        verdicts = self.old is not None and self.new is not None and _rank(self.new) > _rank(self.old)
        return verdicts or bool(self.violated) or any(each.change.is_worse for each in self.moved)


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
    def has_changed(self) -> bool:
        """Tell whether it is certain that something has changed between the two."""
        policy = self.policy_new or self.policy_gone
        return bool(policy) or any(farm.has_changed for farm in self.farms)

    @property
    def is_told(self) -> bool:
        """Tell whether everything is known of both; where neither tells of a farm, nobody knows."""
        farms = bool(self.farms) and all(farm.is_told for farm in self.farms)
        return farms and not any(_ended_early(each.report) for each in (self.old, self.new))

    @property
    def is_same(self) -> bool:
        """Tell whether nothing has changed between the two, and everything can be told."""
        return self.is_told and not self.has_changed

    @property
    def is_worse(self) -> bool:
        """Tell whether something has become worse, or cannot be told any more."""
        report = self.new.report
        codes = exit_code(self.old.report), exit_code(report)
        if report.failure is not None or report.problems or self.policy_new:
            return True
        if codes[0] is not codes[1] and most_telling(codes) is codes[1]:
            return True
        return any(farm.is_worse for farm in self.farms)


def compare(old: Saved, new: Saved) -> Comparison:
    """Answer what has changed from *old* to *new*."""
    farms = {farm.farm: farm for farm in old.report.farms}, {farm.farm: farm for farm in new.report.farms}
    names = dict.fromkeys([*farms[0], *farms[1]])
    before, after = ({_identity(each): each for each in side.report.shown_policy} for side in (old, new))
    return Comparison(
        old=old,
        new=new,
        remarks=tuple(_remarks(old, new)),
        farms=tuple(
            _farm(
                name,
                farms[0].get(name),
                farms[1].get(name),
                compares_materials=old.tells_materials and new.tells_materials,
            )
            for name in names
        ),
        policy_new=tuple(notice for key, notice in after.items() if key not in before),
        policy_gone=tuple(notice for key, notice in before.items() if key not in after),
    )


def _identity(notice: Notice) -> tuple[str, ...]:
    """Answer what makes a notice the same in two runs: not its text, which may count the days."""
    return notice.kind.value, notice.farm, notice.address


def _ended_early(report: Report) -> bool:
    """Tell whether a run left something unasked that it should have looked at."""
    ended = report.failure is not None or report.interrupted or bool(report.problems)
    return ended or bool(report.not_checked or not_reached(report))


def _rank(verdict: Verdict) -> int:
    return next(place for place, alike in enumerate(_FROM_WELL_TO_BAD) if verdict in alike)


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
        if not side.tells_materials:
            yield f"the {place} report does not tell which keys are declared, so that this is not compared"
    if known[0] and known[1] and not known[0] & known[1]:
        yield "the reports have no farm in common"
    if old.made.version != new.made.version:
        yield f"the reports were made by different versions of keydeploy: {old.made.version} and {new.made.version}"


def _farm(name: str, old: FarmReport | None, new: FarmReport | None, *, compares_materials: bool) -> FarmComparison:
    before, after = _nodes(old), _nodes(new)
    found = tuple(moved(before, after)) if old and new else ()
    materials = [
        {each.address: each for each in farm.materials} if farm and compares_materials else {} for farm in (old, new)
    ]
    both = old is not None and new is not None
    return FarmComparison(
        farm=name,
        old=old.verdict if old else None,
        new=new.verdict if new else None,
        is_same_spec=both and old is not None and new is not None and old.spec == new.spec,
        new_nodes=tuple(node for node in after if node not in before) if both else (),
        gone_nodes=tuple(node for node in before if node not in after) if both else (),
        moved=tuple(each for each in found if each is not None),
        replaced=tuple(_replaced(before, after)) if both else (),
        declared=tuple(each for where, each in materials[1].items() if materials[0].get(where) != each) if both else (),
        undeclared=tuple(where for where in materials[0] if where not in materials[1]) if both else (),
        violated=_not_in(new, old) if both else (),
        absolved=_not_in(old, new) if both else (),
        unchanged=sum(1 for each in found if each is None),
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
    keys = {name: shown_key(cell, outcome) for name, cell in cells_of(standing).items()}
    return {name: key for name, key in keys.items() if key is not None}
