"""A process that plays one node, asked over its standard streams."""

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from tests.node.windows import wine

START, ANSWER = 60.0, 60.0
"""Seconds within which a host must be there, and answer."""


class HostFailedError(Exception):
    """A host that hangs, or has ended; it is dead then."""


class Host:
    """One process of the program that `Host.cs` becomes. Its node's time is the real one until `set_clock`."""

    def __init__(self, command: Sequence[str | Path], environment: Mapping[str, str], errors: Path) -> None:
        self._happen: Callable[[], object] | None = None
        self._received = b""
        self._errors = errors
        with errors.open("wb") as stream:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stream
            )
        self._expect("ready", START)

    @classmethod
    def on_mono(cls, program: Path, root: Path, *, dies_at: int | None = None) -> "Host":
        """Start *program* for the node whose drive C: is the folder `C` of *root*.

        With *dies_at* the process is killed before its change of that number to the disk.
        """
        environment = {
            **os.environ,
            "KEYDEPLOY_ROOT": str(root),
            "KEYDEPLOY_DIES_AT": str(dies_at or 0),
            "MONO_REGISTRY_PATH": str(root / "registry"),
        }
        return cls(["mono", program], environment, root / "errors.txt")

    @classmethod
    def on_wine(cls, program: Path, dotnet: Path, prefix: Path) -> "Host":
        """Start *program* in the Windows at *prefix*, which `wine.copy_prefix` made."""
        command: list[str | Path] = ["wine", dotnet / wine.LAUNCHER, program, "wine"]
        return cls(command, wine.environment(prefix), prefix / "errors.txt")

    @property
    def is_alive(self) -> bool:
        """Tell whether the process still runs."""
        return self._process.poll() is None

    def ask(self, text: str, seconds: float = ANSWER) -> str:
        """Send the request *text* and answer the response."""
        self._send(f"ask {base64.b64encode(text.encode()).decode()}")
        while True:
            word, _, value = self._line(seconds).partition(" ")
            if word == "answer":
                return base64.b64decode(value).decode()
            if word != "waiting":
                raise self._failed("says something strange")
            happen, self._happen = self._happen, None
            if happen is not None:
                happen()
            self._send("go")

    def clock(self) -> float:
        """Answer the node's time, in seconds since 1970."""
        self._send("now")
        return float(self._line(ANSWER).removeprefix("now "))

    def set_clock(self, seconds: float) -> None:
        """Freeze the node's clock; from now on its time passes when it sleeps, and takes none."""
        self._send(f"clock {seconds:.7f}")
        self._expect("ok", ANSWER)

    def while_waiting(self, happen: Callable[[], object] | None) -> None:
        """Let *happen* once, the next time that the node with a frozen clock sleeps; None: nothing."""
        self._happen = happen
        self._send(f"watch {'on' if happen else 'off'}")
        self._expect("ok", ANSWER)

    def clean(self) -> None:
        """Remove containers, certificates and the tests' own registry keys that came since the start."""
        self._send("clean")
        self._expect("ok", ANSWER)

    def close(self) -> None:
        """End the process."""
        if self.is_alive:
            try:
                self._send("quit")
                self._process.wait(10)
            except (HostFailedError, subprocess.TimeoutExpired):
                self._process.kill()
        self._process.wait(10)
        for stream in (self._input, self._output):
            stream.close()

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _output(self) -> IO[bytes]:
        assert self._process.stdout is not None
        return self._process.stdout

    def hold(self, path: str) -> None:
        """Open the file at the Windows *path* so that nobody else may, until `release`."""
        self._send(f"hold {base64.b64encode(path.encode()).decode()}")
        self._expect("ok", ANSWER)

    def release(self) -> None:
        """Close the file that is held."""
        self._send("release")
        self._expect("ok", ANSWER)

    def tell(self, what: str, how: Mapping[str, object]) -> None:
        """Let somebody else do *what* on the node: `make` a container or `link` a certificate, as *how* says."""
        self._send(f"{what} {base64.b64encode(json.dumps(how).encode()).decode()}")
        self._expect("ok", ANSWER)

    def _send(self, line: str) -> None:
        try:
            self._input.write(f"{line}\n".encode())
            self._input.flush()
        except OSError:
            raise self._failed("does not listen") from None

    def _expect(self, line: str, seconds: float) -> None:
        if self._line(seconds) != line:
            raise self._failed("says something strange")

    def _line(self, seconds: float) -> str:
        end = time.monotonic() + seconds
        while b"\n" not in self._received:
            if not select.select([self._output], [], [], max(0.0, end - time.monotonic()))[0]:
                raise self._failed(f"has not answered within {seconds:.0f} s")
            chunk = os.read(self._output.fileno(), 1 << 16)
            if not chunk:
                raise self._failed("has ended")
            self._received += chunk
        line, _, self._received = self._received.partition(b"\n")
        return line.decode()

    def _failed(self, what: str) -> HostFailedError:
        self._process.kill()
        self._process.wait(10)
        told = self._errors.read_text("utf-8", "replace")[-2000:] if self._errors.exists() else ""
        return HostFailedError(f"the node's process {what} (exit code {self._process.returncode})\n{told}")
