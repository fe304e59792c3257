"""Farms whose nodes run the C# that crossed the wire: on Mono, or on the Windows build of .NET under Wine."""

import json
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from keydeploy.node import paths
from keydeploy.node.sandbox.registry import Keys
from tests.node.windows import program, wine
from tests.node.windows.host import Host
from tests.node.windows.nodes import HostedNode
from tests.winrm.farm import WinRmStand
from tests.winrm.server import Call


class Somebody(HostedNode):
    """A process on a node, in real time."""

    def __init__(self, host: Host, root: Path) -> None:
        self.host = host
        self.root = root


@dataclass
class CSharpStand(WinRmStand):
    """A stand whose nodes are processes of the node's own code; use it as a context manager."""

    dotnet: Path | None = None
    """The Windows build of .NET, for nodes under Wine; None: nodes on Mono."""
    compiled: set[Path] = field(default_factory=set)
    """The programs that came out of the payloads."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._hosts: dict[tuple[str, str], Host] = {}  # by host, and module or who else works there
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

    def somebody_at(self, host: str) -> "Somebody":
        """Answer a hand on the node of *host* that no call reaches: for what others do there, and to look at it."""
        with self._locks[host]:
            if (host, "") not in self._hosts:
                self._hosts[host, ""] = self._run_on(host, self._compile(program.own_sources()))
            return Somebody(self._hosts[host, ""], self.node(host))

    def _start(self, host: str, call: Call) -> Host:
        code = self._compile(call.csharp)
        self.compiled.add(code)
        return self._run_on(host, code)

    def _compile(self, sources: program.Sources) -> Path:
        return program.for_wine(sources) if self.dotnet else program.for_mono(sources)

    def _run_on(self, host: str, code: Path) -> Host:
        if self.dotnet is None:
            process = Host.on_mono(code, self.node(host))
        else:
            process = Host.on_wine(code, self.dotnet, self.node(host))
            self._ends.callback(wine.shut_down, self.node(host))
        self._ends.callback(process.close)
        return process

    def _install(self, host: str) -> None:
        """Put the files and the registry of the node into a Windows of its own."""
        laid_out = self.folder / "nodes" / host
        windows = self.folder / "windows" / host
        windows.parent.mkdir(exist_ok=True)
        assert self.dotnet is not None
        wine.copy_prefix(windows, wine.prefix_with_appcmd(self.dotnet, program.appcmd()))
        _add_to_registry(windows, json.loads((laid_out / "registry.json").read_text("utf-8")))
        for file in (laid_out / "C").rglob("*"):
            if file.is_file():
                relative = "\\".join(file.relative_to(laid_out / "C").parts)
                place = paths.locate(windows, f"C:\\{relative}")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.unlink(missing_ok=True)
                place.write_bytes(file.read_bytes())


def _add_to_registry(prefix: Path, views: Mapping[str, Keys]) -> None:
    """Let the registry of the Windows at *prefix*, which does not run, hold the keys and values of *views* too."""
    lines = []
    for view, keys in views.items():
        for key, values in keys.items():
            _, top, *below = key.split("\\")
            is_other = view == "32" and top.upper() == "SOFTWARE"
            path = "\\".join([top, *(["Wow6432Node"] if is_other else []), *below])
            lines += ["", f"[{_escaped(path)}] {int(time.time())}"]
            lines += [f'"{_escaped(name)}"={_written(**value)}' for name, value in values.items()]
    with (prefix / "system.reg").open("a", encoding="utf-8") as file:
        file.write("\n".join([*lines, ""]))


def _written(kind: str, data: Any) -> str:
    match kind:
        case "dword":
            return f"dword:{data:08x}"
        case "string":
            return f'"{_escaped(data)}"'
        case _:
            raise AssertionError(f"no node is laid out with a value of the kind {kind}")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
