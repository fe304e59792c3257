"""`keydeploy rotate` asks at a terminal: once for the password, once whether to go on; without one it needs --yes."""

import fcntl
import os
import pty
import subprocess
import termios
from pathlib import Path

import pytest

from tests.engine.farm import COMMANDS, TIMEOUT, fault
from tests.engine.vaults import KEYS, PASSWORDS, PLAIN, VaultStand

QUESTION = "replace on 2 nodes at one instant? type yes: "


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> VaultStand:
    stand = VaultStand(tmp_path_factory.mktemp("stand"))
    stand.keep(label="prod")
    stand.add_farm("portal", "web1", "web2")
    return stand


def at_a_terminal(stand: VaultStand, *options: str, answers: dict[str, str]) -> tuple[int, str]:
    """Run the command at a terminal of its own, type what *answers* has for a question; answer code and screen."""
    controller, terminal = pty.openpty()
    command: list[str | Path] = [COMMANDS / "keydeploy", "rotate", stand.inventory, "portal", *options]
    child = subprocess.Popen(
        command,
        cwd=stand.folder,
        env={**stand.environment(TERM="dumb"), "COLUMNS": "1000"},  # no line breaks
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - there are no threads here
    )
    os.close(terminal)
    shown, asked = "", dict(answers)
    with os.fdopen(controller, "r+b", buffering=0) as screen:
        while part := _read(screen.fileno()):
            shown += part.decode(errors="replace")
            for question in [each for each in asked if each in shown]:
                screen.write(f"{asked.pop(question)}\n".encode())
    assert asked == {}
    return child.wait(TIMEOUT), shown


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # Linux' way to say that nobody holds the terminal any more
        return b""


@pytest.mark.parametrize("answer", ["no", "", "y"])
def test_anything_but_yes_changes_nothing(stand: VaultStand, answer: str) -> None:
    code, shown = at_a_terminal(stand, *PLAIN, answers={QUESTION: answer})

    assert code == 1
    assert "users log in anew" in shown
    assert "not confirmed; nothing was changed" in shown
    assert stand.opened(stand.file("all/vault.yml")) == KEYS


def test_what_is_left_to_do_stands_last_on_the_screen(stand: VaultStand) -> None:
    before = stand.file("all/vault.yml").read_bytes()
    stand.behave("web2", fault("journal.commit", "unreachable"), fault("journal.roll_back", "unreachable"))

    code, shown = at_a_terminal(stand, "--yes", *PLAIN, answers={})

    stand.behave("web2")
    stand.file("all/vault.yml").with_name(".vault.yml.keydeploy-before").replace(stand.file("all/vault.yml"))
    healed = [stand.keydeploy("apply", *PLAIN).code for _ in range(2)]
    *_, kept, split, first, second, last = shown.splitlines()
    assert (code, healed[-1]) == (5, 0), shown
    assert stand.file("all/vault.yml").read_bytes() == before
    assert kept == "the new keys stay in group_vars/all/vault.yml"
    assert split == "keydeploy: error: farm portal may be split, or a node of it holds an unfinished run"
    assert first.startswith("keydeploy: hint: keydeploy apply first brings unfinished runs to their end")
    assert second == "keydeploy: error: the files hold the new keys, and not every node does"
    assert last.startswith(f"keydeploy: hint: keydeploy apply {stand.inventory} ")


def test_yes_goes_on_and_the_password_is_asked_for_once(stand: VaultStand) -> None:
    answers = {"Vault password: ": PASSWORDS["prod"], QUESTION: "yes"}

    code, shown = at_a_terminal(stand, "--ask-vault-pass", answers=answers)

    assert code == 0, shown
    assert shown.count("Vault password: ") == 1
    assert PASSWORDS["prod"] not in shown
    assert stand.opened(stand.file("all/vault.yml")) != KEYS
    assert stand.agrees()
