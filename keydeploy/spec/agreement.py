"""What the members of a farm must declare alike: the one list of it.

It is read from declarations rather than from specs, so that members can be compared while
something else in them is still wrong.
"""

from collections.abc import Iterator
from typing import Any, Final

from keydeploy.keys import machine_key
from keydeploy.spec.declaration import UNRESOLVED, Path
from keydeploy.spec.duration import is_duration, seconds
from keydeploy.spec.model import Rollout
from keydeploy.spec.names import attribute

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

    Values that mean the same are equal: hex digits in upper case, times in seconds. It holds keys in clear.
    """
    return {
        **dict(_machine_keys(attribute(value, "spec", "machine_keys", {}))),
        **dict(_applications(attribute(value, "spec", "applications", {}))),
        **dict(_times(attribute(value, "spec", "rollout", {}))),
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


def _times(rollout: Any) -> Iterator[tuple[Path, Any]]:
    for name, default in Rollout().timing().items():
        time = attribute(rollout, "rollout", name)
        yield ("rollout", name), default if time is None else seconds(time) if is_duration(time) else UNRESOLVED


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else UNRESOLVED
