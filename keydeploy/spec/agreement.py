"""What the members of a farm must declare alike: the one list of it.

It is read from declarations rather than from specs, so that members can be compared while
something else in them is still wrong.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from keydeploy.keys import machine_key
from keydeploy.spec.declaration import UNRESOLVED, Path
from keydeploy.spec.duration import is_duration, seconds
from keydeploy.spec.model import Backups, Rollout, Waves
from keydeploy.spec.names import attribute
from keydeploy.spec.share import share
from keydeploy.spec.smart_cards import TRANSACTION_TIMEOUT, transaction_timeouts

DECLARED: Final = True
"""Stands at the path of a named thing itself: that a member has it is to be agreed on too."""

_MACHINE_KEY = {
    "validation": machine_key.DEFAULT_VALIDATION,
    "decryption": machine_key.DEFAULT_DECRYPTION,
    "compatibility_mode": machine_key.DEFAULT_MODE,
    "validation_key": None,
    "decryption_key": None,
    "data_protector_type": None,
    "application_name": None,
}
_KEYS = ("validation_key", "decryption_key")


def agreed(value: Any) -> dict[Path, Any]:
    """Answer by its path what the declaration *value* shares with its farm, UNRESOLVED where that is unknown.

    Values that mean the same are equal: hex digits in upper case, times in seconds, shares from 0 to 1, names in
    order. It holds keys in clear.
    """
    return {
        **dict(_machine_keys(attribute(value, "spec", "machine_keys", {}))),
        **dict(_applications(attribute(value, "spec", "applications", {}))),
        **dict(_rollout(attribute(value, "spec", "rollout", {}))),
        TRANSACTION_TIMEOUT: transaction_timeouts(value),
    }


def _machine_keys(keys: Any) -> Iterator[tuple[Path, Any]]:
    if not isinstance(keys, dict):
        yield ("machine_keys",), UNRESOLVED
        return
    for name, key in keys.items():
        path: Path = ("machine_keys", name)
        yield path, DECLARED
        for inner, default in _MACHINE_KEY.items():
            text = _text(attribute(key, "machine_key", inner, default))
            yield (*path, inner), text.upper() if inner in _KEYS and isinstance(text, str) else text


def _applications(applications: Any) -> Iterator[tuple[Path, Any]]:
    if not isinstance(applications, dict):
        yield ("applications",), UNRESOLVED
        return
    for name, application in applications.items():
        path: Path = ("applications", name)
        yield path, DECLARED
        of_tokens = attribute(
            attribute(application, "application", "session_tokens", {}), "session_tokens", "machine_key"
        )
        yield (*path, "session_tokens", "machine_key"), _text(of_tokens)
        yield (*path, "machine_key"), _text(attribute(application, "application", "machine_key", of_tokens))


def _rollout(rollout: Any) -> Iterator[tuple[Path, Any]]:
    defaults, waves, backups = Rollout(), Waves(), Backups()
    for name in ("margin", "grace", "lease", "clock_drift_limit"):
        yield ("rollout", name), _read(rollout, "rollout", name, getattr(defaults, name), _seconds)
    kept = attribute(rollout, "rollout", "backups", {})
    yield ("rollout", "backups", "keep"), _read(kept, "backups", "keep", backups.keep, _whole)
    yield ("rollout", "backups", "for"), _read(kept, "backups", "for", backups.expire, _seconds)
    require = attribute(rollout, "rollout", "require", "all")
    dispensable = () if require == "all" else _read(require, "require", "all_but", UNRESOLVED, _names)
    yield ("rollout", "require", "all_but"), dispensable
    commit = _read(rollout, "rollout", "commit", "together", _text)
    yield ("rollout", "commit"), commit
    if commit == "waves":
        declared = attribute(rollout, "rollout", "waves", {})
        for name, read in (("canary", _whole), ("fractions", _shares), ("pause", _seconds), ("tolerate", _whole)):
            yield ("rollout", "waves", name), _read(declared, "waves", name, getattr(waves, name), read)


def _read(holder: Any, kind: str, name: str, default: Any, read: Callable[[Any], Any]) -> Any:
    value = attribute(holder, kind, name)
    return default if value is None else read(value)


def _seconds(value: Any) -> Any:
    return seconds(value) if is_duration(value) else UNRESOLVED


def _whole(value: Any) -> Any:
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return int(value) if is_whole and not isinstance(value, bool) else UNRESOLVED


def _shares(value: Any) -> Any:
    found = [share(item) for item in value] if isinstance(value, list) else [None]
    return UNRESOLVED if None in found else tuple(found)


def _names(value: Any) -> Any:
    all_text = isinstance(value, list) and all(isinstance(item, str) for item in value)
    return tuple(sorted(set(value))) if all_text else UNRESOLVED


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else UNRESOLVED
