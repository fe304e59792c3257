"""Shows how a run goes on while it lasts: drawn at a terminal, and in a log a line for what takes its time."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live

from keydeploy.cli.course import Course, Phase
from keydeploy.cli.live import View
from keydeploy.cli.screen import say
from keydeploy.engine import Event
from keydeploy.report.wording import count, names

_A_SECOND = 5
"""How often it is drawn; the nodes' workers need the processor too."""
_WORTH_A_LINE = 5.0
"""Seconds from which on a phase is told in a log."""
_SIGN_OF_LIFE = 30.0
"""Seconds after which a log hears that a phase still lasts, and who is late."""


class Progress:
    """Follows the events of a run."""

    def __init__(self) -> None:
        self.course = Course()

    def __call__(self, event: Event) -> None:
        """Take *event* in."""
        self.course.record(event, time.monotonic())


class Log(Progress):
    """Tells the phases that take long in lines, as they end, and in between who is late."""

    def __init__(self, messages: Console, patience: float = _SIGN_OF_LIFE) -> None:
        super().__init__()
        self._messages = messages
        self._patience = patience
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._tell_of_life, daemon=True)

    def __enter__(self) -> "Log":
        self._watch.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._watch.join()
        self._tell(self.course.end(time.monotonic()))

    def __call__(self, event: Event) -> None:
        """Take *event* in, and tell the phase that has ended by it where that took long."""
        self._tell(self.course.record(event, time.monotonic()))

    def _tell(self, phase: Phase | None) -> None:
        if phase is not None and phase.lasted(0.0) >= _WORTH_A_LINE:
            say(self._messages, told(phase, time.monotonic()))

    def _tell_of_life(self) -> None:
        while not self._over.wait(self._patience):
            phases = self.course.phases
            if phases and phases[-1].lasted(time.monotonic()) >= self._patience:
                say(self._messages, told(phases[-1], time.monotonic()))


def told(phase: Phase, now: float) -> str:
    """Answer a phase in one line: how many nodes have answered, how long it takes, who is late and who has failed."""
    answers = f"{phase.answered} of {count(phase.asked)}, " if phase.asked else ""
    goes_on = "so far" if phase.ended is None else ""
    late = f"; waiting for {names(phase.missing)}" if phase.missing and phase.ended is None else ""
    failed = f"; failed: {names(phase.failed)}" if phase.failed else ""
    return f"{phase.words}: {answers}{phase.lasted(now):.1f} s {goes_on}".rstrip() + late + failed


@contextmanager
def progress(messages: Console) -> Iterator[Progress]:
    """Follow a run, and show on *messages* how it goes on; what was drawn is taken back in the end, however it ends."""
    if messages.quiet:
        yield Progress()
    elif messages.is_interactive:
        shown = Progress()
        view = View(shown.course, time.monotonic)
        with Live(view, console=messages, transient=True, refresh_per_second=_A_SECOND, redirect_stdout=False):
            yield shown
    else:
        with Log(messages) as shown:
            yield shown


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
            say(self._messages, told)
