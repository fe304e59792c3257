"""What a command costs on the controller: time, processor and memory of its whole tree of processes."""

import os
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_LEAST_PAUSE = 0.05
_PAUSE = 19
"""Between two looks at the memory, by the processor time that a look takes: it gets a twentieth of one core at most."""


class CommandFailed(Exception):
    """A command ended with another code than 0, so there is nothing to measure; tells what it wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one command took."""

    seconds: float
    cpu_seconds: float
    """User and system time of the command and of every process below it."""
    benchmark_cpu_seconds: float
    """Of this process meanwhile, which looks at the memory and plays the nodes that are reached over WinRM."""
    others_cpu_seconds: float
    """Of everything else on this machine meanwhile: where it is not small, the times say little."""
    memory_bytes: int
    """The most that was seen of the proportional set size, summed up over the command and the processes below it."""


def cost_of(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Cost:
    """Run *command* in *folder* and answer what it costs; raises `CommandFailed`."""
    own, everything = time.process_time(), _cpu_seconds_of_everything()
    seconds, usage, memory = _run(command, folder, environment)
    own, everything = time.process_time() - own, _cpu_seconds_of_everything() - everything
    cpu = usage.ru_utime + usage.ru_stime
    return Cost(
        seconds=seconds,
        cpu_seconds=cpu,
        benchmark_cpu_seconds=own,
        others_cpu_seconds=max(0.0, everything - own - cpu),
        memory_bytes=memory,
    )


def memory_of_tree(pid: int) -> int:
    """Answer the bytes that the process *pid* and those below it hold; what several of them share counts once."""
    return sum(_size(f"/proc/{each}/smaps_rollup", "Pss:") for each in _tree(pid))


def peak_of_this_process() -> int:
    """Answer the most bytes that this process has had in memory at once."""
    return _size("/proc/self/status", "VmHWM:")


class _Watch(threading.Thread):
    """Looks at the memory of a tree of processes until it is told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(name="memory")
        self.most = 0
        self.ended = threading.Event()
        self._pid = pid

    def run(self) -> None:
        pause = _LEAST_PAUSE
        while not self.ended.wait(pause):
            began = time.thread_time()
            self.most = max(self.most, memory_of_tree(self._pid))
            pause = max(_LEAST_PAUSE, _PAUSE * (time.thread_time() - began))


def _run(
    command: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[float, resource.struct_rusage, int]:
    """Run *command* and answer its time, what the kernel tells of its tree of processes, and its memory."""
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        child = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        with _watched(child.pid) as memory:
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            output.seek(0)
            told = output.read().decode(errors="replace")
            raise CommandFailed(f"{' '.join(command)} ended with {child.returncode}:\n{told}")
    return seconds, usage, memory.most


@contextmanager
def _watched(pid: int) -> Iterator[_Watch]:
    watch = _Watch(pid)
    watch.start()
    try:
        yield watch
    finally:
        watch.ended.set()
        watch.join()


def _tree(pid: int) -> Iterator[int]:
    yield pid
    children: list[str] = []
    with suppress(OSError):  # it has ended
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += (task / "children").read_text().split()
    for child in children:
        yield from _tree(int(child))


def _cpu_seconds_of_everything() -> float:
    """Answer the seconds that the cores of this machine have been busy, all together."""
    user, nice, system, _idle, _waiting, *rest = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    interrupts_and_stolen = rest[:3]
    return sum(map(int, (user, nice, system, *interrupts_and_stolen))) / os.sysconf("SC_CLK_TCK")


def _size(file: str, name: str) -> int:
    """Answer the bytes that a *file* of the kernel tells of *name*, 0 when the process has ended."""
    with suppress(OSError):
        for line in Path(file).read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0
