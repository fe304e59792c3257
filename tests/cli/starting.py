"""`keydeploy init` in a folder of its own, run as somebody runs it, with a home that nobody else has."""

import os
import pty
import select
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.engine.farm import COMMANDS, TIMEOUT

VAULT_PASSWORD = "Marked-Passw0rd of the vault"


@dataclass(frozen=True)
class Desk:
    """A folder to work in, with a file that holds a vault password."""

    folder: Path

    def __post_init__(self) -> None:
        for name in ("home", "tmp", "work"):
            (self.folder / name).mkdir()
        self.password_file.write_text(VAULT_PASSWORD, "utf-8")

    @property
    def password_file(self) -> Path:
        return self.folder / "vault-password"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def vault(self) -> tuple[str, str]:
        """Answer the options that name the vault password."""
        return "--vault-password-file", str(self.password_file)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("ANSIBLE", "KEYDEPLOY", "GIT_", "XDG_"))
        }
        return kept | {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": "me@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
            **more,
        }

    def run(self, *command: str | Path, code: int | None = 0, cwd: Path | None = None, **more: str) -> str:
        """Run *command* without a terminal, check its exit code, and answer all that it wrote."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd or self.work,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="surrogateescape",  # as file names are
            timeout=TIMEOUT,
            start_new_session=True,
            check=False,
        )
        assert code is None or done.returncode == code, done.stdout
        return done.stdout

    def init(self, *arguments: str | Path, code: int = 0) -> str:
        """Run `keydeploy init` with the vault password at hand."""
        return self.run("keydeploy", "init", *arguments, *self.vault, code=code)

    def at_a_terminal(self, command: Sequence[str | Path], answers: Mapping[str, str]) -> tuple[int, str]:
        """Run *command* at a terminal, give each of *answers* once its question is shown; answer code and screen."""
        controller, terminal = pty.openpty()
        with subprocess.Popen(
            ["setsid", "--ctty", "--wait", *command],
            cwd=self.work,
            env=self.environment(),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        ) as child:
            os.close(terminal)
            shown, left = "", dict(answers)
            while part := _read(controller):
                shown += part
                for question in [each for each in left if each in shown]:
                    os.write(controller, f"{left.pop(question)}\n".encode())
        os.close(controller)
        return child.returncode, shown.replace("\r\n", "\n")


def _read(descriptor: int) -> str:
    if not select.select([descriptor], [], [], TIMEOUT)[0]:
        raise TimeoutError("the command waits for an answer that nobody gives")
    try:
        return os.read(descriptor, 4096).decode()
    except OSError:  # Linux' way to say that nobody holds the terminal any more
        return ""


def opened(desk: Desk, vault: Path) -> str:
    """Answer what Ansible's vault reads from the file *vault*."""
    command: list[str | Path] = [sys.executable, "-m", "ansible", "vault", "view", *desk.vault, vault]
    return subprocess.run(command, env=desk.environment(), capture_output=True, text=True, check=True).stdout
