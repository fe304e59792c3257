"""Tells figures: as tables for people, and as JSON below `dist/bench`."""

import json
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from benchmarks.budgets import Budget
from benchmarks.farm import Farm, Run
from benchmarks.measuring import Cost

FOLDER = Path(__file__).parents[1] / "dist" / "bench"

_WIDTH = 120
"""Characters of a table that goes to a file."""
_MIB = 1024 * 1024
_FARM_NOTES = (
    "CPU: user and system time of the command and all processes below it; others' CPU: of all else on this machine"
    " meanwhile, without which the times would be shorter",
    "memory: the most seen of the proportional set size (PSS) summed up over these processes; a peak between two looks"
    " is missed",
    "ratio: to an empty play over the same hosts in the same run",
    "commit spread: last minus first instant by the nodes' true clocks, each of which is wrong by N(0, 3 s);"
    " computed: as the nodes were told, recorded: as they switched",
    "attempts: farms that were made until one could be measured; in the others, a run failed",
)


def report_farms(
    name: str,
    title: str,
    measured: Iterable[Farm],
    held: Callable[[Sequence[Farm]], Iterable[Budget]],
    note: str,
) -> None:
    """Report farms as they come out of *measured*, and the budgets that *held* makes of them.

    When a farm cannot be measured, or the user has waited enough, those before it are reported.
    """
    farms: list[Farm] = []
    try:
        for farm in measured:
            farms.append(farm)  # not at once: those before a failure count
    finally:
        if farms:
            runs = [_cells_of_run(farm, run) for farm in farms for run in farm.runs]
            tables = [table_of(title, runs), table_of("commit spread", [_cells_of_spread(farm) for farm in farms])]
            report(name, tables, farms, list(held(farms)), [*_FARM_NOTES, note])


def report(
    name: str, tables: Sequence[Table], figures: Sequence[Any], budgets: Sequence[Budget], notes: Sequence[str]
) -> None:
    """Print *tables* and *budgets*, and write *figures* (dataclasses) and *budgets* to the file *name* as JSON."""
    file = FOLDER / f"{name}.json"
    value = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "ansible_core": version("ansible-core"),
        "keydeploy": version("keydeploy"),
        "notes": list(notes),
        "figures": [asdict(figure) for figure in figures],
        "budgets": [{**asdict(budget), "is_kept": budget.is_kept} for budget in budgets],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
    console = Console(width=None if sys.stdout.isatty() else _WIDTH, highlight=False)
    for table in (*tables, table_of("budgets", [_cells_of_budget(budget) for budget in budgets])):
        console.print(table)
    for note in notes:
        console.print(note)
    console.print(f"{os.cpu_count()} cores; all figures: {file.relative_to(FOLDER.parents[1])}")


def table_of(title: str, rows: Sequence[Mapping[str, str]]) -> Table:
    """Answer a table of *rows*, whose cells have the names of columns; columns without any text are left out."""
    table = Table(title=title, box=SIMPLE_HEAD, collapse_padding=True)
    shown = [name for name in rows[0] if any(row[name] for row in rows)]
    for name in shown:
        is_text = name in ("run", "budget", "verdict", "with")
        table.add_column(name, justify="left" if is_text else "right", no_wrap=is_text)
    for row in rows:
        table.add_row(*(row[name] for name in shown))
    return table


def cells_of_cost(cost: Cost, ratio: float) -> dict[str, str]:
    """Answer the cells that tell what a command took, and the *ratio* of its time to that of another."""
    return {
        "time": _seconds(cost.seconds),
        "ratio": f"{ratio:.1f} x",
        "CPU": _seconds(cost.cpu_seconds),
        "nodes' CPU": _seconds(cost.benchmark_cpu_seconds),
        "others' CPU": _seconds(cost.others_cpu_seconds),
        "memory": f"{cost.memory_bytes / _MIB:.0f} MiB",
    }


def _cells_of_farm(farm: Farm) -> dict[str, str]:
    return {"nodes": str(farm.nodes), "node time": "" if farm.node_time is None else f"{farm.node_time:g} s"}


def _cells_of_run(farm: Farm, run: Run) -> dict[str, str]:
    wire = run.wire
    return _cells_of_farm(farm) | {
        "run": run.name,
        **cells_of_cost(run.cost, run.ratio),
        "nodes' CPU": _seconds(run.cost.benchmark_cpu_seconds) if wire else "",
        "calls": str(run.calls or ""),
        "largest request": kilobytes(max(wire.request_bytes)) if wire else "",
        "up": kilobytes(wire.up_bytes) if wire else "",
        "down": kilobytes(wire.down_bytes) if wire else "",
    }


def _cells_of_spread(farm: Farm) -> dict[str, str]:
    return _cells_of_farm(farm) | {
        "computed": f"{farm.computed_spread * 1000:.0f} ms",
        "recorded": f"{farm.recorded_spread * 1000:.0f} ms",
        "attempts": str(farm.attempts),
    }


def _cells_of_budget(budget: Budget) -> dict[str, str]:
    return {
        "budget": budget.what,
        "figure": f"{budget.figure:.4g} {budget.unit}",
        "limit": f"{budget.limit:.4g} {budget.unit}",
        "verdict": "kept" if budget.is_kept else "EXCEEDED",
    }


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s"


def kilobytes(size: int) -> str:
    """Write a number of bytes for people."""
    return f"{size / 1000:.0f} kB"
