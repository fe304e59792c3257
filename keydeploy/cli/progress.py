"""Shows how a run goes on while it lasts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from keydeploy.engine import Event

_PHASES = {
    "validate": "checking the spec",
    "observe": "observing",
    "imitate": "copying",
    "plan": "planning",
    "pause": "waiting for the next wave",
    "drain": "taking nodes out of the load balancer, or letting them in",
    "stage": "staging",
    "gate": "deciding",
    "commit": "committing",
    "verdict": "judging",
    "conclude": "concluding",
    "end": "concluding",
    "look": "looking",
    "examine": "examining",
    "inspect": "inspecting",
    "survey": "looking at the inventory",
    "adopt": "reading",
    "compare": "comparing",
}
_PER_NODE = ("adopt", "observe", "imitate", "drain", "stage", "commit", "conclude", "end", "examine", "inspect", "look")


@contextmanager
def progress(messages: Console) -> "Iterator[_Progress]":
    """Show the phase and how many nodes have answered, on a terminal only."""
    if not messages.is_terminal:
        yield _Progress(lambda _: None)
        return
    with messages.status("starting Ansible") as status:
        yield _Progress(status.update)


class Waits:
    """Tells once which run is in the way, because a change waits for it without a sign of life."""

    def __init__(self, messages: Console) -> None:
        self._messages = messages
        self._is_told = False

    def record(self, event: Event) -> None:
        """Look at what a node shows of its lock."""
        holder = (event.result.get("observation") or {}).get("holder") if event.name == "observe" else None
        if holder is not None and not self._is_told:
            self._is_told = True
            told = f"{event.host} is held by {holder}; waiting until that run has ended or its lease has run out"
            self._messages.print(f"keydeploy: {told}", markup=False)


class _Progress:
    def __init__(self, update: Callable[[str], object]) -> None:
        self._update = update
        self._answers = 0

    def __call__(self, event: Event) -> None:
        if event.kind == "task":
            self._answers = 0
        elif event.kind == "result":
            self._answers += 1
        phase = _PHASES.get(event.name)
        if phase is not None:
            count = f": {self._answers} answered" if event.name in _PER_NODE and self._answers else ""
            self._update(phase + count)
