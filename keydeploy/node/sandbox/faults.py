"""The ways in which a sandbox node can be told to misbehave.

`ROOT/sandbox.json` holds them, for rehearsals and tests:

    {"clock_offset": 3.5, "calls": "/path/of/a/log",
     "faults": [{"at": "file.stage", "when": "before", "do": "fail", "code": "access_denied"}]}

What each `do` is and takes stands in docs/sandbox.md. How often a fault has struck is kept beside that file.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

from keydeploy.errors import KeydeployError
from keydeploy.node.contract import Operation

FILE = "sandbox.json"
STRUCK = "sandbox.struck.json"
"""How often each fault has struck, by its digest; only of those that are to be counted."""

_OPERATIONS = frozenset(operation.do for operation in get_args(Operation))
_MOMENT, _WRITE, _PATH = frozenset({"when"}), frozenset({"write"}), frozenset({"path"})
_TAKES = {
    "fail": _MOMENT | {"code"},
    "unreachable": _MOMENT,
    "gone": _MOMENT,
    "cut": frozenset[str](),
    "late": frozenset({"seconds"}),
    "lie": frozenset[str](),
    "die": _MOMENT | _WRITE,
    "full": _MOMENT | _WRITE | {"lasting"},
    "locked": _MOMENT | _WRITE | _PATH | {"lasting"},
    "denied": _MOMENT | _WRITE | _PATH | {"lasting"},
    "touch": _MOMENT | _WRITE | _PATH | {"text"},
    "jump": _MOMENT | _WRITE | {"seconds"},
    "pause": _MOMENT | _WRITE | {"marker"},
    "twice": frozenset[str](),
    "again": frozenset({"until"}),
}
"""What a fault may be told besides `at`, `do`, `beside` and `times`."""
_NEEDS = {"touch": "path", "jump": "seconds", "pause": "marker", "again": "until"}
OF_THE_DISK = frozenset({"full", "locked", "denied"})
_COUNTED = frozenset({"gone", "die", "full", "locked", "denied", "touch", "jump", "pause", "twice", "again"})

_NUMBERS = (float, int)
_TYPES: dict[str, tuple[type, ...]] = {
    "write": (int,),
    "times": (int,),
    "lasting": (bool,),
    "seconds": _NUMBERS,
}
"""Of the fields that are no text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misbehaviour, at one operation."""

    at: str
    do: str
    when: str = "before"
    beside: str | None = None
    """Another operation of the request; without it there, nothing happens."""
    write: int | None = None
    """Not before or after the operation, but at its change of the disk of this number, from 1."""
    times: int | None = None
    """How often it strikes at most."""
    lasting: bool = False
    """Whether every change of the disk fails from then on."""
    code: str = "io"
    seconds: float = 0.0
    path: str | None = None
    text: str = "<!-- somebody was here -->\n"
    until: str | None = None
    marker: str | None = None

    @classmethod
    def of(cls, value: Any) -> "Fault":
        """Read a fault; raises `ValueError` where there is no such one."""
        if not isinstance(value, dict):
            raise ValueError(f"{json.dumps(value)} is no fault")
        do, at = value.get("do"), value.get("at")
        if not isinstance(do, str) or do not in _TAKES:
            raise ValueError(f"{json.dumps(do)} is nothing that a node does; known: {', '.join(sorted(_TAKES))}")
        for name in ("at", "beside", "until"):
            if (name in value or name == "at") and value.get(name) not in _OPERATIONS:
                raise ValueError(f"{name} of {do} at {json.dumps(at)} is no operation of the contract")
        for name, given in value.items():
            cls._check(do, name, given)
        if "write" in value and ("when" in value or "lasting" in value):
            raise ValueError(f"{do} at {at} happens either at a write or before or after the operation")
        needed = _NEEDS.get(do)
        if needed is not None and needed not in value:
            raise ValueError(f"{do} at {at} needs {needed}")
        if do in OF_THE_DISK and "write" not in value and not value.get("lasting"):
            if "when" in value:
                raise ValueError(f"{do} at {at} happens at a write, or is lasting")
            return cls(**value, write=1)
        return cls(**value)

    @staticmethod
    def _check(do: str, name: str, given: object) -> None:
        """Raise `ValueError` where the field *name* is not one of *do*, or *given* is nothing for it."""
        if name not in _TAKES[do] | {"at", "do", "beside", "times"}:
            raise ValueError(f"{do} takes no {json.dumps(name)}")
        types = _TYPES.get(name, (str,))
        if type(given) not in types or (types == (int,) and isinstance(given, int) and given < 1):
            raise ValueError(f"{name} of {do} cannot be {json.dumps(given)}")
        if name == "when" and given not in ("before", "after"):
            raise ValueError(f"when of {do} is before or after, not {json.dumps(given)}")

    @property
    def digest(self) -> str:
        """Answer a name for the fault, by which is counted how often it has struck."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @property
    def needs_a_process(self) -> bool:
        """Tell whether the node must be a process for it: one that can be killed, or watched at its writes."""
        return self.do == "die" or self.write is not None or self.lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a sandbox node behaves; the default is well."""

    root: Path
    clock_offset: float = 0.0
    """Seconds by which the node's clock is ahead."""
    calls: str | None = None
    """A file outside the node to which every call appends a line with its operations."""
    faults: Sequence[Fault] = ()

    @classmethod
    def of(cls, root: Path) -> "Behaviour":
        """Read the behaviour of the node at *root*."""
        file = root / FILE
        try:
            value = json.loads(file.read_text("utf-8")) if file.is_file() else {}
            faults = tuple(Fault.of(fault) for fault in value.pop("faults", ()))
            found = cls(root=root, faults=faults, **_checked(value))
        except (ValueError, TypeError, AttributeError) as error:
            told = f": {error}" if type(error) is ValueError else ""
            raise KeydeployError(
                f"{file} does not say how the sandbox behaves{told}", hint="see docs/sandbox.md, or delete it"
            ) from None
        # Where there is none, nothing is removed: who looks at a node may not be able to write there.
        if not any(found.is_counted(fault) for fault in found.faults) and (root / STRUCK).exists():
            (root / STRUCK).unlink(missing_ok=True)
        return found

    def lateness(self, operation: str) -> float:
        """Answer by how many seconds *operation* begins too late."""
        return sum(fault.seconds for fault in self._at(operation) if fault.do == "late" and self.strikes(fault))

    def lies(self, operation: str) -> bool:
        """Tell whether *operation* is claimed and not done."""
        return any(fault.do == "lie" and self.strikes(fault) for fault in self._at(operation))

    def cuts(self, operations: Sequence[str]) -> bool:
        """Tell whether the answer to *operations* is cut in half."""
        return any(
            fault.do == "cut" and (fault.beside is None or fault.beside in operations) and self.strikes(fault)
            for operation in operations
            for fault in self._at(operation)
        )

    def clock_is_ahead(self) -> float:
        """Answer by how many seconds the node's clock is ahead now."""
        jumps = sum(fault.seconds for fault in self.faults if fault.do == "jump" and self.has_struck(fault))
        return self.clock_offset + jumps

    def is_counted(self, fault: Fault) -> bool:
        """Tell whether it matters how often *fault* has struck."""
        return fault.times is not None or fault.do in _COUNTED

    def has_struck(self, fault: Fault) -> bool:
        """Tell whether *fault* has struck already."""
        return self._struck().get(fault.digest, 0) > 0

    def strikes(self, fault: Fault) -> bool:
        """Tell whether *fault* strikes once more, and count that."""
        if not self.is_counted(fault):
            return True
        struck = self._struck()
        times = struck.get(fault.digest, 0)
        if fault.times is not None and times >= fault.times:
            return False
        new = self.root / f"{STRUCK}.{os.getpid()}"
        new.write_text(json.dumps({**struck, fault.digest: times + 1}), "utf-8")
        new.replace(self.root / STRUCK)
        return True

    def _struck(self) -> dict[str, int]:
        with suppress(FileNotFoundError):
            struck: dict[str, int] = json.loads((self.root / STRUCK).read_text("utf-8"))
            return struck
        return {}

    def _at(self, operation: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.at == operation]


def _checked(value: dict[str, Any]) -> dict[str, Any]:
    """Answer what there is beside the faults; raises `ValueError` where that is something else."""
    for name, given in value.items():
        types: tuple[type, ...] = {"clock_offset": _NUMBERS, "calls": (str,)}.get(name, ())
        if type(given) not in types:
            raise ValueError(f"{json.dumps(name)} is not known, or of another kind")
    return value
