"""What the members of a farm must agree on, and all that is wrong in an inventory."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from keydeploy.errors import Problem
from keydeploy.spec.agreement import agreed
from keydeploy.spec.declaration import DECLARED, UNRESOLVED, Declaration, Path, address, speakable
from keydeploy.spec.load import build, farm_of, problems_of
from keydeploy.spec.material_agreement import told_at
from keydeploy.spec.model import Spec
from keydeploy.spec.policy import Notice, Policy, notices_of, notices_of_declarations, problems_of_policy

_NAMES_SHOWN = 4
_PLACE = re.compile(r"(.*):(\d+):(\d+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Checked:
    """All farms of an inventory: their specs where nothing is wrong, or what is wrong."""

    farms: Mapping[str, tuple[Spec, ...]]
    problems: tuple[Problem, ...]
    notices: tuple[Notice, ...] = ()
    """What policy has to say where nothing is wrong."""


def check(declarations: Sequence[Declaration], policy: Policy | None = None) -> Checked:
    """Check what all hosts of an inventory declare; a mistake that many hosts or names inherit is told once.

    Without a *policy*, specs are held to their rules alone.
    """
    members: dict[str | None, list[_Member]] = {}
    for declaration in declarations:
        member = _Member(declaration)
        members.setdefault(member.farm, []).append(member)
    several = len(members.keys() - {None}) > 1
    problems: list[Problem] = []
    for farm, of_farm in members.items():
        if farm is not None:
            _check_dispensable(of_farm, members.get(None, ()))
        found = [problem for member in of_farm for problem in member.problems]
        if farm is not None:
            found += _disagreements(of_farm)
        if policy is not None:
            found += (problem for member in of_farm for problem in problems_of_policy(member.declaration, policy))
        problems += (_in_farm(problem, farm) if several and farm is not None else problem for problem in found)
    farms = {
        farm: tuple(build(member.declaration, member.shared) for member in of_farm)
        for farm, of_farm in members.items()
        if farm is not None and not any(member.problems for member in of_farm)
    }
    if policy is None or problems:
        return Checked(farms, _told_once(problems))
    notices: list[Notice] = []
    for farm, specs in farms.items():
        declared = [member.declaration for member in members[farm]]
        notices += notices_of_declarations(farm, declared, policy, several=several)
        notices += notices_of(specs, policy, several=several)
    return Checked(farms, (), tuple(notices))


class _Member:
    """One host of a farm: what is wrong with it, and what it shares with the others."""

    def __init__(self, declaration: Declaration) -> None:
        self.declaration = declaration
        self.problems = problems_of(declaration)
        self.shared = agreed(declaration.value)
        self._wrong = {problem.address for problem in self.problems}
        self.farm = None if "farm" in self._wrong else farm_of(declaration)
        """None when it cannot be told."""

    def knows(self, path: Path) -> bool:
        """Tell whether the value at *path* can be compared: what is wrong or unknown is told already."""
        holders = (path[:length] for length in range(len(path) + 1))
        return not self._is_wrong(path) and all(self.shared.get(each) is not UNRESOLVED for each in holders)

    def _is_wrong(self, path: Path) -> bool:
        """Tell whether something is wrong with the value at *path*; that a thing is there holds whatever it is like."""
        if not self._wrong:
            return False
        where = address(told_at(self.declaration.value, path))
        if where in self._wrong or self.shared.get(path) is DECLARED:
            return where in self._wrong
        return any(each.startswith(f"{where}.") for each in self._wrong)

    def add(self, problem: Problem) -> None:
        """Note what is wrong with the host among the other members."""
        self.problems += (problem,)
        self._wrong.add(problem.address)


def _check_dispensable(members: Sequence[_Member], unplaced: Sequence[_Member]) -> None:
    """Check which members the farm may do without; any of the *unplaced* hosts may be a member of it, too."""
    hosts = [member.declaration.host for member in members]
    others = {member.declaration.host for member in unplaced}
    path: Path = ("rollout", "require", "all_but")
    for member in members:
        if not member.shared[path] or not member.knows(path):
            continue
        declaration = member.declaration
        if {*hosts, *others} <= {*member.shared[path]}:
            text = "names all members; a farm cannot do without all of its nodes"
            member.add(Problem(declaration.place_of_name(path), address(path), text))
        for index, name in enumerate(declaration.value["rollout"]["require"]["all_but"]):
            if name not in hosts and name not in others:
                text = f"no member of the farm has this name; members are {_listed(hosts)}"
                member.add(Problem(declaration.place_of_value((*path, index)), address(path), text))


def _disagreements(members: Sequence[_Member]) -> Iterator[Problem]:
    """Yield a problem for each value that some of *members* declare otherwise than most.

    Where there is no majority, the first host's value counts.
    """
    for path in dict.fromkeys(path for member in members for path in member.shared):
        # The absence of a thing counts, while attributes are absent with their thing.
        is_thing = any(member.shared.get(path) is DECLARED for member in members)
        groups: dict[Any, list[Declaration]] = {}
        for member in members:
            if member.knows(path) and (is_thing or path in member.shared):
                groups.setdefault(member.shared.get(path), []).append(member.declaration)
        majority = max(groups.values(), key=len, default=[])
        for value, group in groups.items():
            if group is not majority:
                yield from _deviation(path, _claim(value, is_thing), group, majority)


def _claim(value: Any, is_thing: bool) -> str:
    if not is_thing:
        return "another value on {} than on {}"
    return "declared by {}, but not by {}" if value is DECLARED else "not declared by {}, but by {}"


def _deviation(
    path: Path, claim: str, group: Sequence[Declaration], majority: Sequence[Declaration]
) -> Iterator[Problem]:
    places: dict[tuple[str | None, str], list[str]] = {}
    for declaration in group:
        at = told_at(declaration.value, path)
        places.setdefault((declaration.place_of_value(at), address(at)), []).append(declaration.host)
    for (place, where), hosts in places.items():
        found = claim.format(_listed(hosts), _listed([declaration.host for declaration in majority]))
        text = f"{found}; the members of a farm must agree; make them equal, or name another farm"
        yield Problem(place, where, text)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"


def _in_farm(problem: Problem, farm: str) -> Problem:
    return replace(problem, address=f"{speakable(farm)}/{problem.address}")


def _told_once(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Leave out what repeats: the same mistake of the same attribute in one place, whoever inherits it."""
    first: dict[tuple[str | None, str, str], Problem] = {}
    for problem in problems:
        what = problem.address.rpartition("." if problem.place else "/")[2]
        first.setdefault((problem.place, what, problem.text), problem)
    return tuple(sorted(first.values(), key=_by_place))


def _by_place(problem: Problem) -> tuple[bool, str, int, int]:
    if problem.place is None:
        return (True, "", 0, 0)
    found = _PLACE.fullmatch(problem.place)
    return (False, found[1], int(found[2]), int(found[3])) if found else (False, problem.place, 0, 0)
