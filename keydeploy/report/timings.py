"""How long each step of a run took, and which nodes were slowest in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from keydeploy.engine import Event

_SLOWEST = 5
"""More nodes than this nobody looks at one by one."""


@dataclass(frozen=True, slots=True)
class NodeTime:
    """How long one node was at it, in seconds."""

    node: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTime:
    """One step of the path, such as `observe`; of a roll-out in waves all of its passes together."""

    step: str
    seconds: float
    """From its beginning to that of the next one."""
    nodes: int = 0
    """How many have answered."""
    slowest: tuple[NodeTime, ...] = ()
    """The slowest first, and not all of them."""

    def to_json(self) -> dict[str, Any]:
        """Answer it as JSON values."""
        slowest = [{"node": each.node, "seconds": each.seconds} for each in self.slowest]
        return {"step": self.step, "seconds": self.seconds, "nodes": self.nodes, "slowest": slowest}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "StepTime":
        """Read what `to_json` wrote."""
        return cls(**{**value, "slowest": tuple(NodeTime(**each) for each in value["slowest"])})


@dataclass(slots=True)
class Stopwatch:
    """Takes events in and answers what took how long."""

    _step: str | None = None
    _since: float = 0.0
    _seconds: dict[str, float] = field(default_factory=dict)
    _nodes: dict[str, dict[str, float]] = field(default_factory=dict)

    def record(self, event: Event) -> None:
        """Take *event* in."""
        if self._step is not None:  # whatever comes, the step has lasted at least until now
            self._seconds[self._step] = self._seconds.get(self._step, 0.0) + event.at - self._since
        self._since = event.at
        if event.kind == "task":
            self._step = event.name
        elif event.kind == "result" and event.host is not None and event.seconds is not None:
            of_step = self._nodes.setdefault(event.name, {})
            of_step[event.host] = of_step.get(event.host, 0.0) + event.seconds

    def times(self) -> tuple[StepTime, ...]:
        """Answer the steps in the order in which they began, to the millisecond."""
        return tuple(self._time(step, seconds) for step, seconds in self._seconds.items())

    def _time(self, step: str, seconds: float) -> StepTime:
        nodes = self._nodes.get(step, {})
        slowest = sorted(nodes.items(), key=lambda each: (-each[1], each[0]))[:_SLOWEST]
        return StepTime(
            step=step,
            seconds=round(seconds, 3),
            nodes=len(nodes),
            slowest=tuple(NodeTime(node, round(time, 3)) for node, time in slowest),
        )
