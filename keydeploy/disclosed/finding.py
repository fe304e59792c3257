"""Finds the lists of disclosed keys: named ones, or the one at its usual place; by path, or fetched from the web.

What is looked up goes nowhere: a list is read whole, and keys are compared with it here. A list that is named and
cannot be had is an error, because a check that somebody asked for would silently not happen; that there is none is
said. The clock and the environment are arguments.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from keydeploy.disclosed import web
from keydeploy.errors import DisclosedKeysError
from keydeploy.keys.disclosed import DisclosedKeys

VARIABLE = "keydeploy_disclosed_keys"
"""The Ansible variable that names lists, one or several."""

_DAY = 86400
_OLD = 180 * _DAY
"""Seconds after which a list is said to be old; keys become public all the time."""
_FILE = "disclosed-keys.csv"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")

_IN_CLEAR = "is fetched without encryption, so anybody on the way can leave keys out; name an https address"
NO_LIST = (
    f"no list of disclosed keys was found, so nobody knows whether a declared key is public; name one with"
    f" --disclosed-keys (in playbooks {VARIABLE}), or put it at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosedList:
    """What is known of publicly disclosed keys in this run."""

    keys: DisclosedKeys | None
    """None where there is no list."""
    notes: tuple[str, ...] = ()
    """What is to be said once: that there is no list, or how old it is."""


def find(named: Sequence[str], *, now: float, environment: Mapping[str, str]) -> DisclosedList:
    """Answer the lists that are *named* by path or URL, taken together; where none is named, that at its usual place.

    *now* is in seconds since 1970; *environment* is that of the process, for the folders of the user. Raises
    `DisclosedKeysError` when a list cannot be had or is none.
    """
    places = usual_places(environment)
    if named:
        return together([_one(name, now=now, environment=environment) for name in dict.fromkeys(named)])
    found = next((_from_file(place, now) for place in places if place.is_file()), None)
    return found or DisclosedList(keys=None, notes=(f"{NO_LIST} {places[0]}",))


def together(lists: Sequence[DisclosedList]) -> DisclosedList:
    """Answer *lists* taken together."""
    return DisclosedList(
        keys=DisclosedKeys(frozenset().union(*(each.keys.hashes for each in lists if each.keys))),
        notes=tuple(note for each in lists for note in each.notes),
    )


def usual_places(environment: Mapping[str, str]) -> tuple[Path, ...]:
    """Answer where a list is looked for when none is named: the user's own, then that of the machine."""
    return _user_folder(environment, "XDG_CONFIG_HOME", ".config") / _FILE, Path("/etc/keydeploy") / _FILE


def absolute(name: str) -> str:
    """Answer *name* so that it means the same in another folder: a path becomes absolute, a URL stays."""
    return name if _URL.match(name) else str(Path(name).expanduser().absolute())


def check_typed(name: str) -> None:
    """Raise `DisclosedKeysError` where *name* may hold a secret: others on this machine can read a command line."""
    if _URL.match(name) and ("?" in name or "@" in name):
        raise DisclosedKeysError(
            "an address with a query, a user or a password does not belong into a command line, which others on this"
            " machine can read",
            hint=f"give an address with a query by the variable {VARIABLE} in the inventory, which may be in the vault",
        )


def _one(name: str, *, now: float, environment: Mapping[str, str]) -> DisclosedList:
    if not _URL.match(name):
        return _from_file(Path(name).expanduser(), now)
    fetched = web.fetch(name, _user_folder(environment, "XDG_CACHE_HOME", ".cache"), now)
    notes = [] if web.is_encrypted(name) else [f"{web.shown(name)} {_IN_CLEAR}"]
    notes += [fetched.doubt] if fetched.doubt else []
    if fetched.failure is not None:
        notes.append(f"{fetched.failure}; the stale copy of {_date(fetched.time)} is used")
        notes += _age(web.shown(name), fetched.time, now)
    return DisclosedList(keys=fetched.keys, notes=tuple(notes))


def _from_file(path: Path, now: float) -> DisclosedList:
    hint = f"name a file or an address with --disclosed-keys (in playbooks {VARIABLE})"
    try:
        with path.open("rb") as file:
            content, changed = file.read(web.LARGEST + 1), os.fstat(file.fileno()).st_mtime
    except OSError as error:
        told = f"the list of disclosed keys {path} cannot be read: {error.strerror}"
        raise DisclosedKeysError(told, hint=hint) from None
    if len(content) > web.LARGEST:
        told = f"the list of disclosed keys {path} is larger than {web.LARGEST // 1024**2} MiB"
        raise DisclosedKeysError(told, hint=hint)
    try:
        keys = DisclosedKeys.parse(content)
    except DisclosedKeysError as error:
        raise DisclosedKeysError(f"{path} is no list of disclosed keys: {error.message}", hint=error.hint) from None
    return DisclosedList(keys=keys, notes=_age(str(path), changed, now))


def _age(name: str, since: float, now: float) -> tuple[str, ...]:
    if now - since <= _OLD:
        return ()
    days = int((now - since) // _DAY)
    return (f"the list of disclosed keys {name} is of {_date(since)}, {days} days old; fetch it anew",)


def _date(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).date().isoformat()


def _user_folder(environment: Mapping[str, str], variable: str, below_home: str) -> Path:
    """Answer keydeploy's folder of a kind; source: XDG Base Directory Specification, a relative path does not count."""
    named = Path(environment.get(variable, ""))
    if named.is_absolute():
        return named / "keydeploy"
    return Path(environment.get("HOME") or "/nonexistent") / below_home / "keydeploy"
