"""Ctrl-C stops a roll-out before anything goes live; a second one ends it at once.

A node that is slow to stage holds the run at a moment that can be seen: its second call has begun.
"""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.farm import COMMANDS, OTHER_KEYS, TIMEOUT, Ran, Stand, fault, outcomes, reasons
from tests.engine.hunting import find, forms, processes

NODES = ("web1", "web2")
STAGING = 2
"""The number of the call that stages."""


def stand_with_a_slow_node(folder: Path, seconds: float) -> Stand:
    stand = Stand(folder).add_farm("portal", *NODES)
    stand.behave("web2", fault("journal.begin", "late", seconds=seconds))
    return stand


@contextmanager
def applying(stand: Stand) -> Iterator[subprocess.Popen[str]]:
    """Run `keydeploy apply` up to the moment at which both nodes stage."""
    child = subprocess.Popen(
        [COMMANDS / "keydeploy", "apply", stand.inventory, "--format", "json"],
        env=stand.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_until(lambda: all(calls_begun(stand, node) >= STAGING for node in NODES))
        yield child
    finally:
        child.kill()
        child.wait()


def calls_begun(stand: Stand, node: str) -> int:
    log = stand.folder / f"{node}.calls"
    return log.read_text("utf-8").count("\n") if log.exists() else 0


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def ended(child: subprocess.Popen[str]) -> Ran:
    out, err = child.communicate(timeout=TIMEOUT)
    return Ran(child.returncode, out, err)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_run_that_is_told_to_stop_goes_live_nowhere_and_no_process_shows_a_secret(
    tmp_path: Path, number: signal.Signals
) -> None:
    stand = stand_with_a_slow_node(tmp_path, seconds=1.5)
    with applying(stand) as child:
        running = processes(child.pid)
        child.send_signal(number)
        ran = ended(child)

    assert ran.code == 130
    assert "keydeploy: stopping before anything goes live; once more to leave at once\n" in ran.err
    assert ran.report["interrupted"]
    assert reasons(ran.of("portal")) == ["the run was interrupted"]
    assert outcomes(ran.of("portal")) == dict.fromkeys(NODES, "unstaged")
    assert all(stand.own_config(node).read_bytes() == OTHER_KEYS for node in NODES)
    assert all(stand.is_at_rest(node) for node in NODES)
    assert any(b"ansible" in shown for shown in running.values())
    assert [place for place, shown in running.items() if find(shown, forms())] == []


def test_told_twice_it_leaves_at_once_with_no_process_behind_and_says_what_may_be_left(tmp_path: Path) -> None:
    stand = stand_with_a_slow_node(tmp_path, seconds=TIMEOUT)
    with applying(stand) as child:
        running = processes(child.pid)
        child.send_signal(signal.SIGINT)
        assert child.stderr is not None
        assert child.stderr.readline().startswith("keydeploy: stopping")
        child.send_signal(signal.SIGINT)
        ran = ended(child)

    assert ran.code == 5
    assert ran.report["interrupted"]
    assert "keydeploy: error: farm portal may be split" in ran.err
    assert all(stand.own_config(node).read_bytes() == OTHER_KEYS for node in NODES)
    workers = {int(process.split()[0]) for process in running} - {child.pid}
    assert len(workers) >= STAGING
    wait_until(lambda: not any(is_running(worker) for worker in workers))


def is_running(process: int) -> bool:
    """Tell whether *process* is there and is no zombie that nobody has buried."""
    try:
        return Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
