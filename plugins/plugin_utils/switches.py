"""Variables that are on or off."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean


def is_on(name: str, value: Any) -> bool:
    """Tell whether the variable *name* is on; given with -e, its *value* is text. Raises `NodeError` for any other."""
    from keydeploy.errors import NodeError  # noqa: PLC0415

    try:
        return bool(boolean(value))
    except TypeError:
        raise NodeError("request", f"{name} is neither true nor false", hint="such as true") from None
