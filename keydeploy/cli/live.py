"""Draws how far a run has come, for a person at a terminal: the phases, who is late, and the nodes of a small farm.

It fits any screen: where that is low, the latest phases are shown and no table; where it is narrow, no table.
"""

import math
import time
from collections.abc import Callable, Iterator

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from keydeploy.cli.course import Course, Mark, NodeAnswer, Phase
from keydeploy.report.phases import PER_NODE
from keydeploy.report.wording import names

_SMALL_FARM = 12
_NARROW = 60
_CURSOR = 1
_AROUND = 2
"""Lines of the table beside those of the nodes: an empty one, and its head."""
_PART = 3
_NODE_WIDTH = 20


class View:
    """Renders *course* as it is at the moment."""

    def __init__(self, course: Course, clock: Callable[[], float], today: Callable[[], float] = time.time) -> None:
        self._course = course
        self._clock = clock
        self._today = today
        self._began = clock()
        self._spinner = Spinner("dots")

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        # What prints is told not to break lines; a drawing must, or it could not be taken back.
        options = options.update(no_wrap=False, overflow="fold")
        if options.ascii_only and self._spinner.name != "line":
            self._spinner = Spinner("line")
        phases = self._course.phases
        if not phases:
            yield from console.render(self._beside("starting Ansible"), options)
            return
        waits = self._waits(phases[-1], console, options)
        height = console.height - _CURSOR - len(waits)
        wide = options.max_width >= _NARROW
        table = self._nodes(phases) if wide and len(self._course.nodes) <= _SMALL_FARM else None
        if table is not None and table.row_count + _AROUND + len(phases) > height:
            table = None
        shown = self._phases(phases[-max(1, height) :], ascii_only=options.ascii_only)
        lines = [*console.render_lines(shown, options, pad=False), *waits]
        if table is not None:
            lines += console.render_lines(Group(Text(), table), options, pad=False)
        for line in lines:
            yield from line
            yield Segment.line()

    def _beside(self, words: str) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_row(self._spinner, words, _seconds(self._clock() - self._began))
        return grid

    def _phases(self, phases: tuple[Phase, ...], *, ascii_only: bool) -> Table:
        grid = Table.grid(padding=(0, 1))
        grid.add_column(width=1)
        grid.add_column(no_wrap=True, overflow="ellipsis")
        grid.add_column(no_wrap=True, justify="right")
        grid.add_column(no_wrap=True, justify="right", min_width=6)
        now = self._clock()
        for phase in phases:
            count = f"{phase.answered} of {phase.asked}" if phase.asked else ""
            lasts = phase.ended is None
            mark: RenderableType = self._spinner if lasts else _sign(phase, ascii_only=ascii_only)
            grid.add_row(mark, phase.words, count, _seconds(phase.lasted(now)), style="" if lasts else "dim")
        return grid

    def _waits(self, phase: Phase, console: Console, options: ConsoleOptions) -> list[list[Segment]]:
        """Answer what the present phase waits for, as lines of the screen and in no more than a third of it."""
        text = Text("\n".join(f"  {line}" for line in self._waited_for(phase)), style="yellow")
        lines = console.render_lines(text, options, pad=False) if text else []
        return lines[: max(1, console.height // _PART)]

    def _waited_for(self, phase: Phase) -> Iterator[str]:
        ahead = phase.at - self._today() if phase.at is not None else 0.0
        if ahead > 0:
            yield f"all nodes switch at the same instant, in {math.ceil(ahead)} s"
        elif phase.pause > (waited := phase.lasted(self._clock())):
            yield f"the next wave begins in {math.ceil(phase.pause - waited)} s"
        elif phase.missing:
            yield f"waiting for {names(phase.missing)}"
        if phase.failed:
            yield f"failed: {names(phase.failed)}"

    def _nodes(self, phases: tuple[Phase, ...]) -> Table:
        """Answer a table of the nodes and how long each was at the phases in which nodes are asked."""
        columns = {phase.step: phase for phase in phases if phase.step in PER_NODE}
        table = Table(box=None, padding=(0, 1), show_edge=False, header_style="dim")
        table.add_column("  node", no_wrap=True, overflow="ellipsis", max_width=_NODE_WIDTH)
        for phase in columns.values():
            table.add_column(phase.words, no_wrap=True, overflow="ellipsis", justify="right")
        for node in self._course.nodes:
            table.add_row(f"  {node}", *(self._cell(phase, phase.answers.get(node)) for phase in columns.values()))
        return table

    def _cell(self, phase: Phase, answer: NodeAnswer | None) -> RenderableType:
        if answer is None:
            return self._spinner if phase.ended is None else Text("?", style="red")
        took = "" if answer.seconds is None else _seconds(answer.seconds)
        match answer.mark:
            case Mark.FAILED:
                return Text(f"failed {took}".rstrip(), style="red")
            case Mark.NOT_ASKED:
                return Text("-", style="dim")
            case Mark.DONE:
                return Text(took or "done", style="green")


def _sign(phase: Phase, *, ascii_only: bool) -> Text:
    if phase.failed:
        return Text("!", style="red")
    return Text("+" if ascii_only else "✓", style="green")


def _seconds(seconds: float) -> str:
    """Answer a time that people can take in: `3.2 s`, and from a minute on `2 min 05 s`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02} s"
