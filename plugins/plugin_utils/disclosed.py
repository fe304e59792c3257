"""Finds the lists of disclosed keys that hosts are held to, each once, whichever hosts name it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from .declarations import why_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keydeploy.disclosed import DisclosedList


def lists(templar: Any, task_vars: dict[str, Any], hosts: Iterable[str], now: float) -> dict[str, DisclosedList]:
    """Answer the list of each of *hosts*; *now* is in seconds since 1970, the same in all steps of a run.

    The variable may be the inventory's, the command line's or the play's. Raises `DisclosedKeysError` when a list
    cannot be had.
    """
    from keydeploy.disclosed import find  # noqa: PLC0415

    found: dict[tuple[str, ...], DisclosedList] = {}
    by_host = {host: _named(templar, task_vars, host) for host in hosts}
    for named in by_host.values():
        if named not in found:
            found[named] = find(named, now=now, environment=os.environ)
    return {host: found[named] for host, named in by_host.items()}


def _named(templar: Any, task_vars: dict[str, Any], host: str) -> tuple[str, ...]:
    """Answer the paths and addresses that *host* is told, none where it is told nothing."""
    from keydeploy.disclosed import VARIABLE  # noqa: PLC0415
    from keydeploy.errors import DisclosedKeysError  # noqa: PLC0415

    hostvars = task_vars["hostvars"]
    variables = hostvars.raw_get(host)
    value = variables.get(VARIABLE, task_vars.get(VARIABLE))
    if value is None:
        return ()
    try:
        available = {**task_vars, **variables, "hostvars": hostvars}
        value = templar.copy_with_new_env(available_variables=available).template(value)
    except Exception as error:  # its text may quote anything
        raise DisclosedKeysError(f"{VARIABLE} cannot be resolved: {why_unresolved(error)}") from None
    names = [value] if isinstance(value, str) else value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DisclosedKeysError(f"{VARIABLE} is neither a path or address nor a list of them")
    return tuple(str.__str__(name) for name in names if name)
