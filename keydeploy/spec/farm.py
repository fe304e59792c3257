"""What the members of a farm must agree on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from keydeploy.errors import Problem, SpecError
from keydeploy.secret import Secret
from keydeploy.spec.declaration import Declaration, Path, address
from keydeploy.spec.load import farm_of, load
from keydeploy.spec.model import DECLARED, Spec

Member = tuple[Declaration, Spec]
_NAMES_SHOWN = 4


def check_members(members: Sequence[Member]) -> Iterator[Problem]:
    """Yield a problem for each value that some members of one farm declare otherwise than most.

    *members* are of one farm. Where there is no majority, the first host's value counts.
    """
    # One key for all: under their own keys the tags of equal secrets would differ as soon as any secret does.
    key = next((found for _, spec in members if (found := spec.tag_key())), Secret(b""))
    agreed = [(declaration, spec.agreed(key)) for declaration, spec in members]
    for path in dict.fromkeys(path for _, values in agreed for path in values):
        groups: dict[str | None, list[Declaration]] = {}
        for declaration, values in agreed:
            if path in values or _is_declaration(agreed, path):
                groups.setdefault(values.get(path), []).append(declaration)
        if len(groups) > 1:
            yield from _disagreement(path, groups)


def _is_declaration(agreed: Sequence[tuple[Declaration, dict[Path, str]]], path: Path) -> bool:
    """Tell whether *path* is a name as such: its absence counts, while attributes are absent with their name."""
    return any(values.get(path) == DECLARED for _, values in agreed)


def _disagreement(path: Path, groups: dict[str | None, list[Declaration]]) -> Iterator[Problem]:
    majority = max(groups.values(), key=len)
    for value, group in groups.items():
        if group is majority:
            continue
        if value is None:
            claim = f"not declared by {_hosts(group)}, but by {_hosts(majority)}"
        elif value == DECLARED:
            claim = f"declared by {_hosts(group)}, but not by {_hosts(majority)}"
        else:
            claim = f"{_hosts(group)} {'has' if len(group) == 1 else 'have'} another value than {_hosts(majority)}"
        text = f"{claim}; the members of a farm must agree; make them equal, or name another farm"
        yield Problem(group[0].place_of_value(path), address(path), text)


def _hosts(group: Sequence[Declaration]) -> str:
    names = [declaration.host for declaration in group]
    shown = ", ".join(names[:_NAMES_SHOWN])
    return shown if len(names) <= _NAMES_SHOWN else f"{shown} and {len(names) - _NAMES_SHOWN} more"


@dataclass(frozen=True, slots=True)
class Checked:
    """All farms of an inventory: their specs where nothing is wrong, or what is wrong."""

    farms: Mapping[str, tuple[Spec, ...]]
    problems: tuple[Problem, ...]


def check(declarations: Sequence[Declaration]) -> Checked:
    """Check what all hosts of an inventory declare; a mistake that many hosts inherit is told once."""
    several = len({farm_of(declaration) for declaration in declarations}) > 1
    members: dict[str, list[Member]] = {}
    problems: list[Problem] = []
    for declaration in declarations:
        farm = farm_of(declaration)
        try:
            members.setdefault(farm, []).append((declaration, load(declaration)))
        except SpecError as error:
            problems += (_in_farm(problem, farm, several) for problem in error.problems)
    for farm, of_farm in members.items():
        problems += (_in_farm(problem, farm, several) for problem in check_members(of_farm))
    farms = {farm: tuple(spec for _, spec in of_farm) for farm, of_farm in members.items()}
    return Checked(farms, tuple(dict.fromkeys(problems)))


def _in_farm(problem: Problem, farm: str, several: bool) -> Problem:
    return replace(problem, address=f"{farm}/{problem.address}") if several else problem
