"""Prints the table of the matrix: how many cells there were of each kind in each phase, and what there is not."""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby

import pytest
from rich.console import Console
from rich.table import Table

from tests.faults.matrix import ALL, SEED, Absent, Kind, Phase, cells, injection

MARKS = {"applied": "+", "refused": "!", "rolled_back": "<", "incomplete": "?", "killed": "x"}
LEGEND = (
    "what the run itself told: + applied, ! refused, < back, ? incomplete (the next run heals it); x it was killed; "
    "FAILED: not as it must be"
)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table where all cells were asked for."""
    if not ALL:
        return
    outcomes: dict[tuple[str, str], Counter[str]] = {}
    for result in ("passed", "failed"):
        for report in terminalreporter.stats.get(result, ()):
            for kind, phase, told in _cells_of(report):
                counted = outcomes.setdefault((kind, phase), Counter())
                counted["FAILED" if result == "failed" else MARKS[told]] += 1
    console = Console(width=160, highlight=False)
    console.print(_table(outcomes))
    console.print(LEGEND)
    for line in _absences():
        console.print(line)


def _cells_of(report: pytest.TestReport) -> Iterator[tuple[str, str, str]]:
    for name, value in report.user_properties:
        if name == "cell":
            kind, _, phase, _, told = json.loads(str(value))
            yield kind, phase, told
        elif name == "cells":
            for kind, _, phase, _ in json.loads(str(value)):
                yield kind, phase, "killed"


def _table(outcomes: dict[tuple[str, str], Counter[str]]) -> Table:
    table = Table(title=f"the fault matrix, seed {SEED}")
    table.add_column("")
    for phase in Phase:
        table.add_column(phase.value)
    for kind in Kind:
        row = [outcomes.get((kind.value, phase.value), Counter()) for phase in Phase]
        table.add_row(kind.value, *(" ".join(f"{count}{mark}" for mark, count in each.items()) or "-" for each in row))
    return table


def _absences() -> Iterator[str]:
    """Yield what there is not, by its reason."""
    found = [(absent.reason, cell) for cell in cells() if isinstance(absent := injection(cell), Absent)]
    for reason, group in groupby(sorted(found, key=lambda each: each[0]), key=lambda each: each[0]):
        absent_cells = [cell for _, cell in group]
        what = sorted({f"{cell.kind.value} {cell.when.value} {cell.phase.value}" for cell in absent_cells})
        yield f"{len(absent_cells)} cells are not there: {reason} ({'; '.join(what)})"
