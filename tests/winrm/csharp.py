"""Farms whose nodes run the C# that crossed the wire: on Mono, or on the Windows build of .NET under Wine."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from keydeploy.node import paths
from tests.node.windows import program, wine
from tests.node.windows.host import Host
from tests.winrm.farm import WinRmStand
from tests.winrm.server import Call


@dataclass
class CSharpStand(WinRmStand):
    """A stand whose nodes are processes of the node's own code; use it as a context manager."""

    dotnet: Path | None = None
    """The Windows build of .NET, for nodes under Wine; None: nodes on Mono."""
    compiled: set[Path] = field(default_factory=set)
    """The programs that came out of the payloads."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._hosts: dict[tuple[str, str], Host] = {}  # by host and module
        self._locks: dict[str, threading.Lock] = {}
        self._ends = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def add_farm(self, name: str, *hosts: str, **spec: Any) -> "CSharpStand":
        """Make the farm, and a Windows for each of its nodes where they run under Wine."""
        super().add_farm(name, *hosts, **spec)
        for host in hosts:
            self._locks[host] = threading.Lock()
            if self.dotnet is not None:
                self._install(host)
        return self

    def node(self, host: str) -> Path:
        """Answer the folder in which the drives of *host* are."""
        windows = self.folder / "windows" / host
        return windows if windows.is_dir() else super().node(host)

    def may_hold_secrets(self, file: Path) -> bool:
        """Tell whether *file* is where secrets are declared or used: on a whole Windows that is one file.

        Those that the Windows has in common with others are links, which a write would have replaced.
        """
        return super().may_hold_secrets(file) or file.name == "web.config" or file.stat().st_nlink > 1

    def behave(self, host: str, *faults: Any, **behaviour: Any) -> None:
        """Refuse to let real code misbehave; the server can."""
        if faults or behaviour:
            raise AssertionError(f"{host} runs real code")

    def answer(self, call: Call) -> str:
        """Let the code of *call* answer it, in the process of its host."""
        host = next(host for host, address in self.addresses.items() if address == call.node)
        with self._locks[host]:
            process = self._hosts.get((host, call.module)) or self._start(host, call)
            self._hosts[host, call.module] = process
            return process.ask(call.arguments["request"])

    def _start(self, host: str, call: Call) -> Host:
        compile_: Callable[[program.Sources], Path] = program.for_wine if self.dotnet else program.for_mono
        code = compile_(call.csharp)
        self.compiled.add(code)
        if self.dotnet is None:
            process = Host.on_mono(code, self.node(host))
        else:
            process = Host.on_wine(code, self.dotnet, self.node(host))
            self._ends.callback(wine.shut_down, self.node(host))
        self._ends.callback(process.close)
        return process

    def _install(self, host: str) -> None:
        """Put the files of the node into a Windows of its own."""
        laid_out = self.folder / "nodes" / host
        windows = self.folder / "windows" / host
        windows.parent.mkdir(exist_ok=True)
        wine.copy_prefix(windows)
        for file in (laid_out / "C").rglob("*"):
            if file.is_file():
                relative = "\\".join(file.relative_to(laid_out / "C").parts)
                place = paths.locate(windows, f"C:\\{relative}")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.unlink(missing_ok=True)
                place.write_bytes(file.read_bytes())
