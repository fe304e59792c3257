"""What `keydeploy completion` prints completes commands, options, choices and files in the shells themselves."""

import contextlib
import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest

from keydeploy.cli import main
from tests.conftest import missing

PATIENCE = 30.0
"""Seconds in which a shell answers on a busy machine."""

CASES = [
    ("dri", "drift"),
    ("drift --form", "--format"),
    ("drift --format js", "json"),
    ("plan inv", "inventory.yml"),
    ("plan -i inv", "inventory.yml"),
    ("plan inventory.yml --out sav", "saved.json"),
    ("generate mach", "machine-key"),
    ("sandbox create nod", "nodes/"),
    ("completion fi", "fish"),
]
IDS = [line for line, _ in CASES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Answer a folder with files to complete."""
    folder = tmp_path_factory.mktemp("folder")
    for name in ("inventory.yml", "saved.json"):
        (folder / name).touch()
    (folder / "nodes").mkdir()
    return folder


def script(shell: str, file: Path) -> Path:
    with file.open("w", encoding="utf-8") as stream, contextlib.redirect_stdout(stream):
        assert main(["completion", shell]) == 0
    return file


def require(shell: str) -> None:
    if shutil.which(shell) is None:
        missing(f"{shell} (Debian: {shell})")


def answers(command: list[str], folder: Path) -> list[str]:
    """Run *command* in *folder* and answer what it prints, line by line."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("bash")
    return script("bash", tmp_path_factory.mktemp("bash") / "keydeploy")


@pytest.mark.parametrize(("line", "expected"), CASES, ids=IDS)
def test_bash_completes_it(line: str, expected: str, bash: Path, folder: Path) -> None:
    words = ["keydeploy", *line.split()]
    asked = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_keydeploy; printf "%s\\n" "${COMPREPLY[@]}"'
    found = answers(["bash", "--norc", "-c", asked, str(bash), *words], folder)
    assert found == [expected.rstrip("/")]  # the slash is added by the shell, which knows that it is a folder


@pytest.fixture(scope="module")
def fish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    require("fish")
    return script("fish", tmp_path_factory.mktemp("fish") / "keydeploy.fish")


@pytest.mark.parametrize(("line", "expected"), CASES, ids=IDS)
def test_fish_completes_it(line: str, expected: str, fish: Path, folder: Path) -> None:
    asked = f"set -x HOME {fish.parent}; function keydeploy; end; source {fish}; complete -C 'keydeploy {line}'"
    found = answers(["fish", "--no-config", "-c", asked], folder)
    assert [answer.partition("\t")[0] for answer in found] == [expected]


@pytest.mark.parametrize(("line", "expected"), CASES, ids=IDS)
def test_zsh_completes_it(line: str, expected: str, zsh: "Typing") -> None:
    zsh.type(f"keydeploy {line}\t")
    try:
        zsh.wait_for(" ".join(["% keydeploy", *line.split()[:-1], expected]))
    finally:
        zsh.type("\x15")  # empties the line


class Typing:
    """A shell at a terminal, and somebody who types."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._screen = pyte.Screen(100, 24)
        self._stream = pyte.ByteStream(self._screen)
        controller, terminal = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "xterm", "LC_ALL": "C.UTF-8"}
        self._child = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
        )
        os.close(terminal)
        self._controller = controller

    def type(self, text: str) -> None:
        os.write(self._controller, text.encode())

    def wait_for(self, text: str) -> None:
        """Wait until a line of the screen begins with *text*, apart from blanks."""
        end = time.monotonic() + PATIENCE
        while not any(line.rstrip() == text for line in self._screen.display):
            assert time.monotonic() < end, "\n".join(self._screen.display)
            if select.select([self._controller], [], [], 0.1)[0]:
                self._stream.feed(os.read(self._controller, 4096))

    def close(self) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._controller)


@pytest.fixture(scope="module")
def zsh(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typing]:
    require("zsh")
    functions = tmp_path_factory.mktemp("zsh")
    script("zsh", functions / "_keydeploy")
    typing = Typing(["zsh", "-f", "-i"], folder)
    typing.type(f"PS1='%% '; fpath=({functions} $fpath); autoload -Uz compinit; compinit -u -D; clear\n")
    typing.wait_for("%")
    yield typing
    typing.close()


def test_another_shell_is_refused_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["completion", "csh"])
    assert end.value.code == 1
    assert "'bash', 'zsh', 'fish'" in capsys.readouterr().err
