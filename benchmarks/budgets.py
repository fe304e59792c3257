"""What figures are held against."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from benchmarks.farm import EMPTY_PLAY, FIRST_APPLY, Farm

_CALLS_OF_A_CHANGE = 4
_CALLS_OF_A_LOOK = 1
_PHASES = ("observe", "stage", "commit", "conclude")
_ONE_MESSAGE = 200.0
"""Kilobytes that Ansible's winrm connection sends at once; what is longer takes a second Send."""


@dataclass(frozen=True, slots=True)
class Budget:
    """A figure and the most that it may be, in the same unit."""

    what: str
    figure: float
    limit: float
    unit: str

    @property
    def is_kept(self) -> bool:
        """Tell whether the figure is within its limit."""
        return self.figure <= self.limit


def of_calls(farms: Sequence[Farm]) -> Iterator[Budget]:
    """Hold the calls to one node, on all of *farms*, against their budgets."""
    runs = [run for farm in farms for run in farm.runs if run.name != EMPTY_PLAY]
    changes = max(run.calls for run in runs if run.name == FIRST_APPLY)
    looks = max(run.calls for run in runs if run.name != FIRST_APPLY)
    yield Budget("calls to a node, first apply", changes, _CALLS_OF_A_CHANGE, "")
    yield Budget("calls to a node, apply again and drift", looks, _CALLS_OF_A_LOOK, "")


def of_requests(farms: Sequence[Farm]) -> Iterator[Budget]:
    """Hold what is sent to a node for one call, by the phase of a change, against one message of WSMan."""
    sent = [run.wire.request_bytes for farm in farms for run in farm.runs if run.name == FIRST_APPLY and run.wire]
    for phase, sizes in zip(_PHASES, zip_longest(*sent, fillvalue=0), strict=False):
        yield Budget(f"request of {phase}, before base64", max(sizes) / 1000, _ONE_MESSAGE, "kB")
