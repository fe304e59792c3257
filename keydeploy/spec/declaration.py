"""One host's variable `keydeploy`, resolved, with the place that each value came from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any, Final

from keydeploy.errors import Problem

Path = tuple[str | int, ...]

_NAME = re.compile(r"\w[\w .-]{0,63}")
_MAY_BE_A_KEY = re.compile(r"[0-9A-Fa-f]{16}|[0-9A-Za-z]{40}")
"""Hexadecimal, or a line of base64."""


class _Unresolved(Enum):
    UNRESOLVED = "unresolved"


UNRESOLVED: Final = _Unresolved.UNRESOLVED
"""Stands for a value that could not be resolved; its problem is already told, so no rule looks at it."""


class _Declared(StrEnum):
    DECLARED = "declared"


DECLARED: Final = _Declared.DECLARED
"""Stands for a named thing itself among what members share: that a member has it is to be agreed on too."""


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
        found = self.values.get(path) or self.names.get(path)
        return found if found or not path else self.place_of_value(path[:-1])

    def place_of_name(self, path: Path) -> str | None:
        """Answer where the name at *path* stands, else its value, else whatever holds it."""
        return self.names.get(path) or self.place_of_value(path)

    def is_told(self, path: Path) -> bool:
        """Tell whether a problem of resolving is at *path* itself."""
        return any(problem.address == address(path) for problem in self.problems)


def address(path: Path) -> str:
    """Write *path* as users see it: `machine_keys.portal.validation_key`."""
    return ".".join(speakable(str(part)) for part in path) or "keydeploy"


def speakable(name: str) -> str:
    """Answer *name* when a message may show it; a key pasted in the place of a name is not shown."""
    return name if _NAME.fullmatch(name) and not _MAY_BE_A_KEY.search(name) else "(a name)"
