"""Finds the lists of disclosed keys that hosts are held to, each once, whichever hosts name it.

The step that runs once finds them; the workers of nodes read what it has left in Ansible's own folder for this process,
which Ansible makes, and removes in the end. A list holds hashes alone, and is no secret.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants

from .declarations import why_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keydeploy.disclosed import DisclosedList
    from keydeploy.errors import DisclosedKeysError
    from keydeploy.keys.disclosed import DisclosedKeys

_FORM = "give the path or the https address of a list, or several of them as a list; docs/disclosed-keys.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """What hosts are held to."""

    found: Mapping[str, DisclosedList]
    """By host."""
    missing: Mapping[str, DisclosedKeysError]
    """Why the lists of a host cannot be had, by host."""


def lists(templar: Any, task_vars: dict[str, Any], hosts: Iterable[str], now: float) -> Lists:
    """Find the list of each of *hosts*; *now* is in seconds since 1970.

    The variable may be the inventory's, the command line's or the play's.
    """
    from keydeploy.disclosed import together  # noqa: PLC0415
    from keydeploy.errors import DisclosedKeysError  # noqa: PLC0415

    finder = _Finder(now)
    found: dict[str, DisclosedList] = {}
    missing: dict[str, DisclosedKeysError] = {}
    joined: dict[tuple[str, ...], DisclosedList] = {}
    for host in hosts:
        try:
            named = _named(templar, task_vars, host)
            if named not in joined:
                joined[named] = together([finder.find(name) for name in named]) if named else finder.find(None)
            found[host] = joined[named]
        except DisclosedKeysError as error:
            missing[host] = error
    return Lists(found=found, missing=missing)


def leave(found: Mapping[str, DisclosedList]) -> dict[str, list[str]]:
    """Write the lists for the workers of this run; answer which file is for which hosts."""
    hosts: dict[DisclosedKeys, list[str]] = {}
    for host, each in found.items():
        if each.keys is not None:
            hosts.setdefault(each.keys, []).append(host)
    return {_written(keys): names for keys, names in hosts.items()}


def left(files: Mapping[str, Iterable[str]], host: str) -> DisclosedKeys | None:
    """Read the list that was left for *host* in *files*, None where there is none."""
    from keydeploy.keys.disclosed import DisclosedKeys  # noqa: PLC0415

    file = next((name for name, hosts in files.items() if host in hosts), None)
    return DisclosedKeys.parse(Path(file).read_bytes()) if file is not None else None


def _written(keys: DisclosedKeys) -> str:
    from keydeploy.errors import DisclosedKeysError  # noqa: PLC0415

    try:
        descriptor, file = tempfile.mkstemp(prefix="disclosed-keys-", dir=constants.DEFAULT_LOCAL_TMP)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(keys.to_list())
    except OSError as error:
        told = f"the list of disclosed keys cannot be written for the workers: {error.strerror}"
        raise DisclosedKeysError(told, hint="look at local_tmp of Ansible's configuration") from None
    return file


class _Finder:
    """Finds every list once, and that one cannot be had."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._known: dict[str | None, DisclosedList | DisclosedKeysError] = {}

    def find(self, name: str | None) -> DisclosedList:
        """Answer the list called *name*, or with None that at its usual place; raises `DisclosedKeysError`."""
        from keydeploy.disclosed import find  # noqa: PLC0415
        from keydeploy.errors import DisclosedKeysError  # noqa: PLC0415

        if name not in self._known:
            try:
                self._known[name] = find([name] if name else [], now=self._now, environment=os.environ)
            except DisclosedKeysError as error:
                self._known[name] = error
        known = self._known[name]
        if isinstance(known, DisclosedKeysError):
            raise known
        return known


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
        raise DisclosedKeysError(f"{VARIABLE} cannot be resolved: {why_unresolved(error)}", hint=_FORM) from None
    names = [value] if isinstance(value, str) else value or []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DisclosedKeysError(f"{VARIABLE} is neither a path or address nor a list of them", hint=_FORM)
    return tuple(str.__str__(name) for name in names if name)
