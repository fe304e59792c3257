"""The same request, delivered twice at once: two calls of the sandbox, two processes on one Windows."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from keydeploy.node.contract import BeginJournal, Commit, Confirm, Operation, RollBack
from tests.node.contract.asking import WEB_CONFIG, acquire, ask, done, journal_of, replacing
from tests.node.contract.under_test import Answering, SandboxNode
from tests.node.windows import program
from tests.node.windows.host import Host
from tests.node.windows.nodes import WineNode

OTHER, CREATED = "C:\\inetpub\\other\\web.config", "C:\\inetpub\\portal\\new.config"
STAGE: tuple[Operation, ...] = (
    acquire(),
    BeginJournal(),
    replacing(WEB_CONFIG, b"old", b"new"),
    replacing(OTHER, b"other old", b"other new"),
    replacing(CREATED, None, b"created"),
)
OLD, NEW = (b"old", b"other old", None), (b"new", b"other new", b"created")
ROUNDS = 10


class Process(Answering):
    """A process of the C#, in real time."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def answer(self, request: str) -> str:
        return self.host.ask(request)


def at_once(calls: tuple[Answering, Answering], *operations: Operation, run: str) -> list[Any]:
    """Deliver the same request twice at once; answer both lists of results."""
    both = Barrier(2)

    def deliver(call: Answering) -> list[dict[str, Any]]:
        both.wait()
        return ask(call, *operations, run=run, delivered=run)

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(deliver, calls))


def plays_out(
    calls: tuple[Answering, Answering], node: SandboxNode | WineNode, clock: Callable[[], float], run: str
) -> None:
    """Stage, commit, roll back, all twice at once, and fail unless it is as if it had been once."""
    one, other = at_once(calls, *STAGE, run=run)
    assert one == other
    assert [result for result in one if "error" in result] == []
    one, other = at_once(calls, Commit(clock() + 0.05, 60.0), run=run)
    assert one == other
    assert tuple(node.read(path) for path in (WEB_CONFIG, OTHER, CREATED)) == NEW
    assert at_once(calls, RollBack(), run=run) == [[{"ok": {}}]] * 2
    assert tuple(node.read(path) for path in (WEB_CONFIG, OTHER, CREATED)) == OLD
    journal = journal_of(calls[0])
    assert (journal["run"], journal["lock"], journal["last"]["run"]) == (None, None, run)


def test_two_calls_of_the_sandbox_are_as_one(tmp_path: Path) -> None:
    node = SandboxNode(tmp_path / "web1")
    node.write(WEB_CONFIG, b"old")
    node.write(OTHER, b"other old")
    for number in range(ROUNDS):
        plays_out((node, node), node, node.clock, f"run-{number}")


@pytest.fixture
def processes(tmp_path: Path, windows_dotnet: Path) -> Iterator[tuple[WineNode, Process, Process]]:
    """Answer a Windows, and two processes of the C# there."""
    node = WineNode(tmp_path, windows_dotnet)
    node.write(WEB_CONFIG, b"old")
    node.write(OTHER, b"other old")
    compiled = program.for_wine(program.own_sources())
    one, other = (Process(Host.on_wine(compiled, windows_dotnet, node.root)) for _ in range(2))
    yield node, one, other
    one.host.close()
    other.host.close()


def test_two_processes_on_windows_are_as_one(processes: tuple[WineNode, Process, Process]) -> None:
    node, one, other = processes
    for number in range(ROUNDS):
        plays_out((one, other), node, one.host.clock, f"run-{number}")


def test_two_processes_on_windows_confirm_as_one(processes: tuple[WineNode, Process, Process]) -> None:
    node, one, other = processes
    done(one, *STAGE, Commit(one.host.clock(), 60.0), delivered="run-1")
    assert at_once((one, other), Confirm(), run="run-1") == [[{"ok": {}}]] * 2
    assert [backup["kept"] for backup in journal_of(one)["backups"]] == [True]
    assert node.read(WEB_CONFIG) == b"new"
