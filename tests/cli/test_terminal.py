"""Colours, progress and broken lines are for a terminal; a pipe gets plain text, and a log a line now and then."""

import contextlib
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyte
import pytest

from tests.engine.farm import COMMANDS, TIMEOUT, Stand, fault

ESCAPE = "\x1b["
SLOW = 5.2
"""Seconds after which a log hears of a phase."""


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer a farm of which one node takes a moment to be observed, so that the progress is drawn meanwhile."""
    stand = Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", "web1", "web2")
    stand.behave("web1", fault("journal.read", "late", seconds=0.6))
    return stand


@dataclass
class Terminal:
    """A terminal of a certain size, and what it has shown."""

    columns: int = 80
    lines: int = 24
    sent: str = ""
    seen: list[list[str]] = field(default_factory=list)
    """The screen after each part of the output."""

    def run(self, stand: Stand, *arguments: str, interrupt: str | None = None, **variables: str) -> int:
        """Run the command line on it and answer its exit code; press Ctrl-C when *interrupt* is on the screen."""
        controller, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", self.lines, self.columns, 0, 0))
        environment = stand.environment(**{"TERM": "xterm-256color", **variables})
        for name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"} - {*variables}:
            environment.pop(name, None)
        command: list[str | Path] = [COMMANDS / "keydeploy", arguments[0], stand.inventory, *arguments[1:]]
        child = subprocess.Popen(command, env=environment, stdin=terminal, stdout=terminal, stderr=terminal)
        os.close(terminal)
        screen = pyte.Screen(self.columns, self.lines)
        stream = pyte.ByteStream(screen)
        for part in _parts(controller):
            self.sent += part.decode(errors="replace")
            for line in part.splitlines(keepends=True):  # what scrolls away has been on the screen, too
                stream.feed(line)
                self.seen.append([shown.rstrip() for shown in screen.display])
            if interrupt is not None and any(interrupt in line for line in self.seen[-1]):
                child.send_signal(signal.SIGINT)
                interrupt = None
        self.is_cursor_shown = not screen.cursor.hidden
        return child.wait(TIMEOUT)

    @property
    def end(self) -> str:
        """Answer what is on the screen at the end."""
        return "\n".join(self.seen[-1])

    def showed(self, text: str) -> bool:
        """Tell whether *text* was in a line of the screen at any time."""
        return any(text in line for screen in self.seen for line in screen)


def _parts(controller: int) -> Iterator[bytes]:
    with os.fdopen(controller, "rb", buffering=0) as stream, contextlib.suppress(OSError):  # so Linux tells the end
        while part := os.read(stream.fileno(), 4096):
            yield part


@pytest.fixture(scope="module")
def planned(stand: Stand) -> Terminal:
    terminal = Terminal()
    assert terminal.run(stand, "plan") == 2
    return terminal


def test_a_terminal_gets_progress_and_colours(planned: Terminal) -> None:
    assert planned.showed("observing         1 of 2")
    assert planned.showed("waiting for web1")
    assert f"{ESCAPE}33m" in planned.sent


def test_what_was_drawn_is_taken_back(planned: Terminal) -> None:
    assert planned.end.startswith("farm portal: changes on 2 of 2 nodes\n")
    assert "observing" not in planned.end
    assert planned.is_cursor_shown


def test_lines_break_between_words(planned: Terminal) -> None:
    assert (
        "        impact: forms tickets, session cookies and view state of before are\n          refused" in planned.end
    )


def test_a_narrow_and_low_terminal_is_enough(stand: Stand) -> None:
    terminal = Terminal(columns=40, lines=10)
    assert terminal.run(stand, "plan") == 2
    assert terminal.showed("waiting for web1")
    assert any("  nodes: web1, web2. Nothing was" in screen for screen in terminal.seen)
    assert "observing" not in terminal.end


def test_an_interrupted_look_leaves_nothing_on_the_screen_either(stand: Stand) -> None:
    terminal = Terminal()
    assert terminal.run(stand, "plan", interrupt="waiting for web1") == 130
    assert terminal.end.startswith("keydeploy: error: interrupted\n")
    assert terminal.is_cursor_shown


def test_what_an_interrupted_change_says_stays_above_the_drawing(stand: Stand) -> None:
    terminal = Terminal()
    assert terminal.run(stand, "apply", interrupt="waiting for web1") == 130
    lines = terminal.end.splitlines()
    assert lines[0] == "keydeploy: stopping before anything goes live; once more to leave at once"
    assert lines[1] == "farm portal: not applied; nothing was changed"


@pytest.mark.parametrize(("arguments", "variables"), [(["--no-color"], {}), ([], {"NO_COLOR": "1"})])
def test_no_color_leaves_the_colours_out(stand: Stand, arguments: list[str], variables: dict[str, str]) -> None:
    terminal = Terminal()
    terminal.run(stand, "plan", *arguments, **variables)

    assert "changes on 2 of 2 nodes" in terminal.end
    assert terminal.showed("waiting for web1")
    assert not any(f"{ESCAPE}{style}{colour}m" in terminal.sent for style in ("", "1;") for colour in (31, 32, 33))


def test_a_dumb_terminal_gets_lines_without_escapes(stand: Stand) -> None:
    terminal = Terminal()
    terminal.run(stand, "plan", TERM="dumb")

    assert ESCAPE not in terminal.sent
    assert "changes on 2 of 2 nodes" in terminal.end


def test_quiet_shows_no_progress_at_a_terminal(stand: Stand) -> None:
    terminal = Terminal()
    assert terminal.run(stand, "plan", "--quiet") == 2
    assert not terminal.showed("observing")
    assert not terminal.showed("note:")


def test_a_pipe_gets_neither(stand: Stand) -> None:
    ran = stand.keydeploy("plan")

    assert ESCAPE not in ran.text
    assert [line for line in ran.err.splitlines() if not line.startswith("keydeploy: note: ")] == []
    assert ran.out.startswith("farm portal: changes on 2 of 2 nodes\n")


def test_a_log_that_takes_colours_is_no_screen(stand: Stand) -> None:
    ran = stand.keydeploy("plan", env={"FORCE_COLOR": "1"})

    assert f"{ESCAPE}33m" in ran.out
    assert ESCAPE not in ran.err


def test_a_log_hears_of_what_takes_its_time(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2")
    stand.behave("web1", fault("journal.read", "late", seconds=SLOW))
    said = stand.keydeploy("plan").err.splitlines()

    assert any(line.startswith("keydeploy: observing: 2 of 2 nodes, 5.") for line in said)


def test_quiet_prints_what_is_not_in_order_and_nothing_else(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2")

    pending = stand.keydeploy("plan", "--quiet")
    assert (pending.code, pending.err) == (2, "")
    assert pending.out.startswith("farm portal: changes on 2 of 2 nodes\n")

    for verb in ("apply", "drift", "status", "doctor"):
        ran = stand.keydeploy(verb, "-q")
        assert (ran.code, ran.text) == (0, ""), verb

    assert stand.keydeploy("drift", "-q", "--format", "json").report["exit_code"] == 0
