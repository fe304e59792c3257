"""One host's variable `keydeploy`, resolved, with the place that each value came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from keydeploy.errors import Problem

Path = tuple[str | int, ...]


class _Unresolved(Enum):
    UNRESOLVED = "unresolved"


UNRESOLVED: Final = _Unresolved.UNRESOLVED
"""Stands for a value that could not be resolved; its problem is already told, so no rule looks at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What one host declares."""

    host: str
    value: Any = field(repr=False)
    """Plain mappings, lists and scalars; it holds keys in clear and lives in one worker only."""
    values: Mapping[Path, str] = field(default_factory=dict)
    """Where each value came from, as `FILE:LINE:COLUMN`."""
    names: Mapping[Path, str] = field(default_factory=dict)
    """Where the name of each value stands."""
    problems: tuple[Problem, ...] = ()
    """What could not be resolved."""

    def place_of_value(self, path: Path) -> str | None:
        """Answer where the value at *path* stands, else its name, else whatever holds it."""
        return self.values.get(path) or self.place_of_name(path)

    def place_of_name(self, path: Path) -> str | None:
        """Answer where the name at *path* stands, else that of whatever holds it."""
        while path and path not in self.names:
            path = path[:-1]
        return self.names.get(path)


def address(path: Path) -> str:
    """Write *path* as users see it: `machine_keys.portal.validation_key`."""
    return ".".join(str(part) for part in path) or "keydeploy"
