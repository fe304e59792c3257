"""Where the values of the spec are kept, and what else is kept at the same place.

A value that two things share cannot be replaced for one of them alone, so all of them must be named.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as File
from typing import Any

from keydeploy.errors import Problem
from keydeploy.rotation.keeping import Replacement
from keydeploy.rotation.parts import Part
from keydeploy.secret import Secret
from keydeploy.spec import Declaration
from keydeploy.spec.declaration import Path, address

_PLACE = re.compile(r"(.+):(\d+):(\d+)", re.DOTALL)
_UNKNOWN = (
    "nothing tells where this value is kept, as with a script, an environment variable or -e;"
    " keep it in a file that ansible-vault encrypts, or let --print make a key for another secret store"
)


@dataclass(frozen=True, slots=True)
class Use:
    """A value of a host's spec and where Ansible read it."""

    farm: str
    path: Path
    place: str | None
    """`FILE:LINE:COLUMN`."""
    value: Secret


@dataclass(frozen=True, slots=True)
class Placed:
    """What is to be replaced in each file, or why it cannot be."""

    files: Mapping[str, tuple[Replacement, ...]]
    problems: tuple[Problem, ...]


def uses(farm: str, declaration: Declaration) -> Iterator[Use]:
    """Yield every value that *declaration* holds."""
    waiting: list[tuple[Path, Any]] = [((), declaration.value)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += (((*path, name), inner) for name, inner in value.items())
        elif isinstance(value, list):
            waiting += (((*path, index), inner) for index, inner in enumerate(value))
        else:
            yield Use(farm, path, declaration.values.get(path), Secret.of(str(value)))


def place(parts: Sequence[Part], known: Sequence[Use], folder: File) -> Placed:
    """Answer what is to stand where; *known* are the values of all hosts, and places are relative to *folder*."""
    wanted = {(part.farm, part.path): part for part in parts}
    at: dict[str, list[Use]] = {}
    problems: list[Problem] = []
    for use in known:
        if use.place is not None and _PLACE.fullmatch(use.place):
            at.setdefault(use.place, []).append(use)
        elif (use.farm, use.path) in wanted:
            problems.append(Problem(use.place, _shown(use.farm, use.path), _UNKNOWN))
    files: dict[str, list[Replacement]] = {}
    values = _chosen(parts, at)
    for where, users in at.items():
        replaced = [wanted[user.farm, user.path] for user in users if (user.farm, user.path) in wanted]
        if not replaced:
            continue
        against = _against(replaced, [user for user in users if (user.farm, user.path) not in wanted])
        if against:
            problems.append(Problem(where, _shown(replaced[0].farm, replaced[0].path), against))
        file, line, column = _split(where)
        replacement = Replacement(
            address=", ".join(dict.fromkeys(_shown(part.farm, part.path) for part in replaced)),
            line=line,
            column=column,
            present=users[0].value,
            value=values[where],
            content=replaced[0].content,
            may_be_clear=all(part.may_be_clear for part in replaced),
        )
        files.setdefault(str((folder / file).resolve()), []).append(replacement)
    told = sorted(dict.fromkeys(problems), key=lambda problem: (_order(problem.place), problem.address))
    return Placed({file: tuple(each) for file, each in sorted(files.items())}, tuple(told))


def _chosen(parts: Sequence[Part], at: Mapping[str, Sequence[Use]]) -> dict[str, Secret]:
    """Answer the new value for each place: parts that share a place, also by way of others, get that of the first."""
    places: dict[tuple[str, Path], set[str]] = {}
    for where, users in at.items():
        for user in users:
            places.setdefault((user.farm, user.path), set()).add(where)
    chosen: dict[str, Secret] = {}
    for part in parts:
        waiting = places.get((part.farm, part.path), set()) - chosen.keys()
        while waiting:
            where = waiting.pop()
            chosen[where] = part.value
            waiting |= {each for user in at[where] for each in places[user.farm, user.path]} - chosen.keys()
    return chosen


def _against(replaced: Sequence[Part], others: Sequence[Use]) -> str | None:
    """Tell why what stands at one place cannot be replaced; None where it can."""
    if others:
        told = ", ".join(dict.fromkeys(_shown(user.farm, user.path) for user in others))
        return f"this value is also that of {told}; name both, or give each a variable of its own"
    forms = dict.fromkeys(part.form for part in replaced)
    if len(forms) > 1:
        return f"one value for {' and '.join(forms)}; give each a variable of its own"
    return None


def _order(where: str | None) -> tuple[str, int, int]:
    return _split(where) if where and _PLACE.fullmatch(where) else (where or "", 0, 0)


def _split(where: str) -> tuple[str, int, int]:
    found = _PLACE.fullmatch(where)
    assert found is not None  # noqa: S101 - only such places are kept
    return found[1], int(found[2]), int(found[3])


def _shown(farm: str, path: Path) -> str:
    return f"{farm}/{address(path)}"
