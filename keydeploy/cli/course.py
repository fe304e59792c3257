"""How far a run has come: which phases there were, and which nodes have answered in each.

Time is an argument, in seconds by the clock of the one who asks. Nothing is printed here.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from keydeploy.engine import Event
from keydeploy.report.phases import PER_NODE, WORDS

_FAILED = ("failed", "unreachable")
_NOT_ASKED = ("skipped", "nothing")


class Mark(Enum):
    """How a node has answered."""

    DONE = "done"
    FAILED = "failed"
    """It could not do what it was asked for, or gave no answer."""
    NOT_ASKED = "not_asked"
    """The phase was not for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeAnswer:
    """What a node has answered in a phase."""

    mark: Mark
    seconds: float | None
    """How long it was at it; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One phase of the run; of a roll-out in waves each wave has its own."""

    step: str
    begun: float
    ended: float | None = None
    """None as long as it lasts."""
    expected: tuple[str, ...] = ()
    """The nodes that are to answer."""
    answers: dict[str, NodeAnswer] = field(default_factory=dict)
    at: float | None = None
    """The instant for which it waits, in seconds since 1970."""
    pause: float = 0.0
    """Seconds for which it waits."""

    @property
    def words(self) -> str:
        """Answer what it is called."""
        return WORDS[self.step]

    @property
    def answered(self) -> int:
        """Answer how many of the nodes that were asked have answered."""
        return sum(answer.mark is not Mark.NOT_ASKED for answer in self.answers.values())

    @property
    def asked(self) -> int:
        """Answer how many nodes it is for; those of which nobody knows yet are among them."""
        return self.answered + len(self.missing)

    @property
    def missing(self) -> tuple[str, ...]:
        """Answer the nodes that have not answered yet."""
        return tuple(node for node in self.expected if node not in self.answers)

    @property
    def failed(self) -> tuple[str, ...]:
        """Answer the nodes that have failed, or that could not be reached."""
        return tuple(node for node, answer in self.answers.items() if answer.mark is Mark.FAILED)

    def lasted(self, now: float) -> float:
        """Answer for how long it goes on, or went on."""
        return max(0.0, (now if self.ended is None else self.ended) - self.begun)


@dataclass(slots=True)
class Course:
    """Takes events in and answers the phases so far; safe to be read by another thread at any time."""

    phases: tuple[Phase, ...] = ()
    _hosts: tuple[str, ...] = ()
    _members: frozenset[str] | None = None
    """Hosts that declare something; None before that is known."""
    _at: float | None = None
    _pause: float = 0.0

    def record(self, event: Event, now: float) -> Phase | None:
        """Take *event* in, and answer the phase that has ended by it."""
        if event.kind == "play":
            self._hosts = event.hosts or self._hosts  # a play of the path may be for nobody
        elif event.kind == "task" and event.name in WORDS:
            return self._begin(event.name, now)
        elif event.kind == "result" and event.host is not None:
            self._answer(event, event.host)
        return None

    def end(self, now: float) -> Phase | None:
        """Answer the last phase, which has ended; None where there is none."""
        if not self.phases:
            return None
        self.phases = (*self.phases[:-1], replace(self.phases[-1], ended=now))
        return self.phases[-1]

    @property
    def nodes(self) -> tuple[str, ...]:
        """Answer the hosts of the present play that declare something; all of them before that is known."""
        return tuple(host for host in self._hosts if self._members is None or host in self._members)

    def _begin(self, step: str, now: float) -> Phase | None:
        ended = self.end(now)
        expected = self.nodes if step in PER_NODE else ()
        at = self._at if step == "commit" else None
        is_first = all(phase.step != step for phase in self.phases)  # nothing waits before the first wave
        pause = self._pause if step == "pause" and not is_first else 0.0
        self.phases = (*self.phases, Phase(step=step, begun=now, expected=expected, at=at, pause=pause))
        return ended

    def _answer(self, event: Event, host: str) -> None:
        if event.name == "validate":
            self._members = frozenset(_members(event.result)) or None
            self._pause = max(_pauses(event.result), default=0.0)
        elif event.name == "gate":
            instants = [farm.get("at") for farm in event.result.get("farms", {}).values()]
            self._at = max((at for at in instants if at is not None), default=None)
        phase = self.phases[-1] if self.phases else None
        if phase is None or phase.step != event.name or phase.step not in PER_NODE:
            return
        if self._members is not None and host not in self._members:
            return
        answer = NodeAnswer(mark=_mark(event), seconds=event.seconds)
        self.phases = (*self.phases[:-1], replace(phase, answers={**phase.answers, host: answer}))


def _members(valid: dict[str, Any]) -> Iterator[str]:
    for farm in valid.get("farms", {}).values():
        yield from farm["members"]


def _pauses(valid: dict[str, Any]) -> Iterator[float]:
    for farm in valid.get("farms", {}).values():
        waves = farm.get("rollout", {}).get("waves")
        yield waves["pause"] if waves else 0.0


def _mark(event: Event) -> Mark:
    state = event.result.get("state")
    if event.status in _FAILED or state in _FAILED:
        return Mark.FAILED
    return Mark.NOT_ASKED if event.status == "skipped" or state in _NOT_ASKED else Mark.DONE
