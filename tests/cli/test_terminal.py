"""Colours and progress are for a terminal; a pipe or a file gets plain text."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.engine.farm import COMMANDS, TIMEOUT, Stand, fault

ESCAPE = "\x1b["


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer a farm of which one node takes a moment to be observed, so that the progress is drawn meanwhile."""
    stand = Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", "web1", "web2")
    stand.behave("web1", fault("journal.read", "late", seconds=0.6))
    return stand


def at_a_terminal(stand: Stand, *arguments: str) -> str:
    """Run the command line with a terminal for its output and answer what that shows."""
    controller, terminal = pty.openpty()
    environment = {**stand.environment(TERM="xterm-256color"), "COLUMNS": "200"}
    for name in ("NO_COLOR", "FORCE_COLOR"):
        environment.pop(name, None)
    command: list[str | Path] = [COMMANDS / "keydeploy", arguments[0], stand.inventory, *arguments[1:]]
    child = subprocess.Popen(command, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    with os.fdopen(controller, "rb", buffering=0) as screen:
        shown = bytearray()
        while part := _read(screen.fileno()):
            shown += part
    child.wait(TIMEOUT)
    return shown.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux' way to say that nobody holds the terminal any more
        return b""


def test_a_terminal_gets_progress_and_colours(stand: Stand) -> None:
    shown = at_a_terminal(stand, "plan")

    assert "observing: 1 answered" in shown
    assert f"{ESCAPE}33m" in shown
    assert "farm portal" in shown


def test_no_color_leaves_the_colours_out(stand: Stand) -> None:
    shown = at_a_terminal(stand, "plan", "--no-color")

    assert "changes on 2 of 2 nodes" in shown
    assert not any(f"{ESCAPE}{colour}m" in shown for colour in (31, 32, 33))


def test_a_pipe_gets_neither(stand: Stand) -> None:
    ran = stand.keydeploy("plan")

    assert ESCAPE not in ran.text
    assert [line for line in ran.err.splitlines() if not line.startswith("keydeploy: note: ")] == []
    assert ran.out.startswith("farm portal: changes on 2 of 2 nodes\n")
