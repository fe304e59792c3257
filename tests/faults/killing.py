"""Kills a run that is under way with SIGKILL: all of it at once, or only a part, so that orphans go on."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.engine.farm import COMMANDS, TIMEOUT, Ran, Stand
from tests.faults.farms import wait_until


class Way(Enum):
    """Which processes of a run are killed."""

    TREE = "all processes"
    COMMAND = "the command line alone"
    ENGINE = "Ansible alone"
    CONTROLLER = "the command line and Ansible, but not its workers"


@dataclass
class Running:
    """A command line that is under way."""

    process: subprocess.Popen[str]
    out: Path
    err: Path

    def kill(self, way: Way) -> list[int]:
        """Kill what *way* says and answer the processes of the run that go on."""
        tree = _frozen_tree(self.process.pid)
        command, *below = tree
        engine = below[:1]
        doomed = {
            Way.TREE: tree,
            Way.COMMAND: [command],
            Way.ENGINE: engine,
            Way.CONTROLLER: [command, *engine],
        }[way]
        for process in doomed:
            _signal(process, signal.SIGKILL)
        orphans = [process for process in tree if process not in doomed]
        for process in orphans:
            _signal(process, signal.SIGCONT)
        return [process for process in orphans if process != command]

    def ended(self) -> Ran:
        """Wait for the command line itself."""
        code = self.process.wait(TIMEOUT)
        return Ran(code, self.out.read_text("utf-8"), self.err.read_text("utf-8"))


@contextmanager
def applying(stand: Stand, *arguments: str, env: Mapping[str, str] | None = None) -> Iterator[Running]:
    """Run `keydeploy apply`; what is left of it at the end is killed."""
    out, err = stand.folder / "killed.out", stand.folder / "killed.err"
    with out.open("w") as stdout, err.open("w") as stderr:
        process = subprocess.Popen(
            [COMMANDS / "keydeploy", "apply", stand.inventory, "--format", "json", *arguments],
            cwd=stand.folder,
            env=stand.environment(**(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,
        )
    try:
        yield Running(process, out, err)
    finally:
        for one in _frozen_tree(process.pid):
            _signal(one, signal.SIGKILL)
        process.wait(TIMEOUT)


def wait_for_the_end_of(processes: list[int]) -> None:
    """Wait until none of *processes* runs any more."""
    wait_until(lambda: not any(_is_running(process) for process in processes))


def _frozen_tree(process: int) -> list[int]:
    """Stop *process* and all below it, so that none can start another, and answer them from the top."""
    _signal(process, signal.SIGSTOP)
    _until_it_stands_still(process)
    found = [process]
    for child in _children(process):
        found.extend(_frozen_tree(child))
    return found


def _until_it_stands_still(process: int) -> None:
    end = time.monotonic() + 5.0
    while _state(process) not in ("T", "t", "Z", "X", "") and time.monotonic() < end:
        time.sleep(0.001)


def _children(process: int) -> list[int]:
    """Answer the children of all threads of *process*."""
    found: list[int] = []
    for file in Path(f"/proc/{process}/task").glob("*/children"):
        with suppress(OSError):
            found.extend(int(child) for child in file.read_text().split())
    return found


def _state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def _is_running(process: int) -> bool:
    return _state(process) not in ("", "Z", "X")


def _signal(process: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, number)
