"""What the settings of a roll-out must satisfy beyond their shape."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from keydeploy.errors import Problem
from keydeploy.spec.declaration import Declaration, Path, address
from keydeploy.spec.names import attribute, known, meant
from keydeploy.spec.share import share

_HOOKS = ("drain", "undrain")
_OF_A_CALL = ("method", "expect", "within")
"""What can be said of a call, but not of tasks."""


def problems_of_rollout(declaration: Declaration) -> Iterator[Problem]:
    """Check the settings of *declaration*'s roll-out and yield every problem."""
    rollout = attribute(declaration.value, "spec", "rollout", {})
    if not isinstance(rollout, dict):
        return
    if attribute(rollout, "rollout", "commit", "together") == "together":
        yield from _out_of_place(declaration, rollout)
        return
    yield from _fractions(declaration, attribute(rollout, "rollout", "waves", {}))
    for name in _HOOKS:
        hook = rollout.get(name)
        if isinstance(hook, dict):
            yield from _hook(declaration, ("rollout", name), hook)


def _out_of_place(declaration: Declaration, rollout: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem for each setting that only waves have."""
    for name in ("waves", *_HOOKS):
        if name in rollout:
            what = "changes all nodes at one instant" if name == "waves" else "would take all nodes out at once"
            yield _problem(declaration, ("rollout", name), f"needs commit: waves; together {what}")


def _fractions(declaration: Declaration, waves: Any) -> Iterator[Problem]:
    path: Path = ("rollout", "waves", "fractions")
    shares = attribute(waves, "waves", "fractions")
    if not isinstance(shares, list):
        return
    for index, (before, after) in enumerate(pairwise(map(share, shares)), start=1):
        if before is not None and after is not None and after <= before:
            text = "not above the share before it; each wave adds nodes to those that have changed"
            yield Problem(declaration.place_of_value((*path, index)), address((*path, index)), text)


def _hook(declaration: Declaration, path: Path, hook: Mapping[str, Any]) -> Iterator[Problem]:
    if any(meant(name, known("hook")) in ("tasks", "url") for name in hook if name not in known("hook")):
        return  # The unknown name is told, and stands for what is missing here.
    if "tasks" in hook and "url" in hook:
        yield _problem(declaration, (*path, "url"), "declared beside tasks; keep one of the two")
    elif "tasks" in hook:
        for name in _OF_A_CALL:
            if name in hook:
                yield _problem(declaration, (*path, name), "belongs to a call of url, not to tasks; remove it")
    elif "url" not in hook:
        yield _problem(declaration, path, "names nothing to do; declare tasks or url")


def _problem(declaration: Declaration, path: Path, text: str) -> Problem:
    return Problem(declaration.place_of_name(path), address(path), text)
