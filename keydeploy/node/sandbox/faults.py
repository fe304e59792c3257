"""The ways in which a sandbox node can be told to misbehave.

`ROOT/sandbox.json` holds them, for rehearsals and tests:

    {"clock_offset": 3.5, "calls": "/path/of/a/log",
     "faults": [{"at": "file.stage", "when": "before", "do": "fail", "code": "access_denied"}]}

`do` is `fail` (answer an error), `unreachable` (the answer is lost), `cut` (half of it arrives),
`late` (the operation begins `seconds` later) or `lie` (say that it was done, and do nothing).
`when` is `before` or `after` the operation; a fault `after` an operation finds it done.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keydeploy.errors import KeydeployError, NodeError, Unreachable

FILE = "sandbox.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One misbehaviour, at one operation."""

    at: str
    do: str
    when: str = "before"
    code: str = "io"
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How a sandbox node behaves; the default is well."""

    clock_offset: float = 0.0
    """Seconds by which the node's clock is ahead."""
    calls: str | None = None
    """A file outside the node to which every call appends a line with its operations."""
    faults: Sequence[Fault] = ()

    @classmethod
    def of(cls, root: Path) -> "Behaviour":
        """Read the behaviour of the node at *root*."""
        file = root / FILE
        if not file.is_file():
            return cls()
        try:
            value = json.loads(file.read_text("utf-8"))
            faults = tuple(Fault(**fault) for fault in value.pop("faults", ()))
            return cls(faults=faults, **value)
        except (ValueError, TypeError, AttributeError):
            raise KeydeployError(
                f"{file} does not say how the sandbox behaves", hint="see docs/sandbox.md, or delete it"
            ) from None

    def provoke(self, operation: str, when: str) -> None:
        """Fail as told *when* (`before` or `after`) the operation is carried out."""
        for fault in self._at(operation):
            if fault.when != when:
                continue
            if fault.do == "fail":
                raise NodeError(fault.code, "the sandbox was told to fail here")
            if fault.do == "unreachable":
                raise Unreachable("the sandbox was told to lose the answer here")

    def lateness(self, operation: str) -> float:
        """Answer by how many seconds *operation* begins too late."""
        return sum(fault.seconds for fault in self._at(operation) if fault.do == "late")

    def lies(self, operation: str) -> bool:
        """Tell whether *operation* is claimed and not done."""
        return any(fault.do == "lie" for fault in self._at(operation))

    def cuts(self, operations: Sequence[str]) -> bool:
        """Tell whether the answer to *operations* is cut in half."""
        return any(fault.do == "cut" for operation in operations for fault in self._at(operation))

    def _at(self, operation: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.at == operation]
