"""Nodes for the contract suite that run the C#, on Mono and under Wine.

Starting a process takes up to a second, so that each pytest worker has one process of a kind; a new node
finds it as if nobody had used it.
"""

import atexit
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path

from keydeploy.node import paths
from keydeploy.node.contract.codec import encode
from tests.node.contract.others import OthersContainer, OthersLink
from tests.node.windows import program, wine
from tests.node.windows.cache import discard, own_folder
from tests.node.windows.host import Host

NOW = 1_800_000_000.25


class HostedNode:
    """A node whose clock is frozen: its time passes only when it is told to, or when the node sleeps."""

    def __init__(self, host: Host, root: Path) -> None:
        self.host = host
        self.root = root
        host.while_waiting(None)
        host.set_clock(NOW)

    def answer(self, request: str) -> str:
        return self.host.ask(request)

    def clock(self) -> float:
        return self.host.clock()

    def pass_time(self, seconds: float) -> None:
        self.host.set_clock(self.clock() + seconds)

    def while_waiting(self, happen: Callable[[], object]) -> None:
        self.host.while_waiting(happen)

    def write(self, path: str, content: bytes) -> None:
        file = paths.locate(self.root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)  # it may be a link to a file of all nodes
        file.write_bytes(content)

    def read(self, path: str) -> bytes | None:
        file = paths.locate(self.root, path)
        return file.read_bytes() if file.is_file() else None

    def make_container(self, container: OthersContainer) -> None:
        self.host.tell("make", {**asdict(container), "key": encode(container.parts) if container.parts else None})

    def link(self, thumbprint: str, link: OthersLink) -> None:
        self.host.tell("link", {"thumbprint": thumbprint, **asdict(link)})

    def tree(self, folder: str = "C:\\") -> dict[str, bytes]:
        top = paths.locate(self.root, folder)
        files = (file for file in top.rglob("*") if file.is_file() and not self._is_stock(file))
        return {str(file.relative_to(top)): file.read_bytes() for file in files}

    def _is_stock(self, _file: Path) -> bool:
        """Tell whether *file* is one that every node has, and nobody replaced."""
        return False


class MonoNode(HostedNode):
    """The node's C# on Mono, with stand-ins for the layers that are nothing but Win32."""

    def __init__(self, _root: Path) -> None:
        root = _own_folder("mono-nodes")
        discard(root / "C")
        for folder in ("Windows", "ProgramData"):
            (root / "C" / folder).mkdir(parents=True)
        host = _running("mono", lambda: Host.on_mono(program.for_mono(program.own_sources()), root))
        host.clean()
        super().__init__(host, root)


class WineNode(HostedNode):
    """The node's C#, all of it, on the Windows build of .NET in the folder *dotnet* under Wine."""

    def __init__(self, _root: Path, dotnet: Path) -> None:
        prefix, self._base = _own_folder("wine-nodes") / "web1", _base(dotnet)
        host = _running("wine", lambda: _started(prefix, dotnet))
        _restore(prefix / "drive_c", self._base / "drive_c")
        host.clean()
        super().__init__(host, prefix)

    def _is_stock(self, file: Path) -> bool:
        return _stock(self._base / "drive_c").get(file.relative_to(self.root / "C")) == file.lstat().st_ino


_hosts: dict[str, Host] = {}


def _running(kind: str, start: Callable[[], Host]) -> Host:
    """Answer this process's host of a *kind*; one that a test has brought down is started anew."""
    if kind not in _hosts or not _hosts[kind].is_alive:
        _hosts[kind] = start()
        atexit.register(_hosts[kind].close)
    return _hosts[kind]


def _started(prefix: Path, dotnet: Path) -> Host:
    if prefix.exists():
        wine.shut_down(prefix)
        discard(prefix)
    wine.copy_prefix(prefix, _base(dotnet))
    atexit.register(wine.shut_down, prefix)
    return Host.on_wine(program.for_wine(program.own_sources()), dotnet, prefix)


@cache
def _own_folder(purpose: str) -> Path:
    folder = own_folder(purpose)
    atexit.register(discard, folder)  # after all that is registered later
    return folder


@cache
def _base(dotnet: Path) -> Path:
    """Answer the Windows that all nodes begin with: it has appcmd, but no IIS before a test configures it."""
    return wine.prefix_with_appcmd(dotnet, program.appcmd())


@cache
def _stock(drive: Path) -> dict[Path, int]:
    """Answer the files and links of the unused *drive*, relative to it, with their inodes."""
    return {path.relative_to(drive): path.lstat().st_ino for path in _files_and_links(drive)}


def _restore(drive: Path, source: Path) -> None:
    """Remove from *drive* what tests made, and put back what they replaced, as it is in the unused drive *source*."""
    stock = _stock(source)
    for path in list(_files_and_links(drive)):
        if stock.get(path.relative_to(drive)) != path.lstat().st_ino:
            path.unlink()
    for folder, _, _ in os.walk(drive, topdown=False):
        if not (source / Path(folder).relative_to(drive)).is_dir():
            Path(folder).rmdir()
    for path in stock:
        if not os.path.lexists(drive / path):
            os.link(source / path, drive / path, follow_symlinks=False)


def _files_and_links(drive: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(drive):
        yield from (Path(folder, name) for name in files)
        yield from (link for name in folders if (link := Path(folder, name)).is_symlink())
