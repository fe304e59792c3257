"""How long a transaction on a smart card may last: one duration for both providers of Windows, or one for each."""

from collections.abc import Iterator
from typing import Any, Final

from keydeploy.errors import Problem
from keydeploy.spec.declaration import UNRESOLVED, Declaration, Path, address
from keydeploy.spec.duration import is_duration, milliseconds
from keydeploy.spec.names import attribute

TRANSACTION_TIMEOUT: Final[Path] = ("smart_cards", "transaction_timeout")

_PROVIDERS = ("csp", "ksp")
_SHORTEST, _LONGEST = 50, 60_000
"""Milliseconds; a card needs some time for a signature, and Windows ends a transaction that idles for five seconds."""


def transaction_timeouts(value: Any) -> Any:
    """Answer the milliseconds that the declaration *value* wants for CSP and KSP, None where it wants none.

    UNRESOLVED where one of them is unknown or wrong.
    """
    declared = _durations(value)
    both = declared.get(TRANSACTION_TIMEOUT)
    found = tuple(_milliseconds(declared.get((*TRANSACTION_TIMEOUT, name), both)) for name in _PROVIDERS)
    return UNRESOLVED if UNRESOLVED in found else found


def problems_of_smart_cards(declaration: Declaration) -> Iterator[Problem]:
    """Yield a problem for each duration that Windows cannot be told."""
    for path, duration in _durations(declaration.value).items():
        if is_duration(duration) and _milliseconds(duration) is UNRESOLVED:
            text = "expected a whole number of milliseconds from 50ms, which a card needs, to 1m; Windows takes 1500ms"
            yield Problem(declaration.place_of_value(path), address(path), text)


def _durations(value: Any) -> dict[Path, Any]:
    """Answer what is declared at the place of one duration for both, or at the places of one for each."""
    timeout = attribute(attribute(value, "spec", "smart_cards", {}), "smart_cards", "transaction_timeout", {})
    if not isinstance(timeout, dict):
        return {TRANSACTION_TIMEOUT: timeout}
    return {(*TRANSACTION_TIMEOUT, name): attribute(timeout, "transaction_timeout", name) for name in _PROVIDERS}


def _milliseconds(duration: Any) -> Any:
    if duration is None:
        return None
    try:
        found = milliseconds(duration) if is_duration(duration) else 0
    except ValueError:
        return UNRESOLVED
    return found if _SHORTEST <= found <= _LONGEST else UNRESOLVED
