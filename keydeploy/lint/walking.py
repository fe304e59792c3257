"""Which files of folders lint looks at, and their bytes."""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from keydeploy.errors import KeydeployError

_PASSED_OVER = frozenset(
    (".git", ".hg", ".svn", ".vs", ".venv", "__pycache__", "bin", "node_modules", "obj", "packages", "site-packages")
)
"""What tools put there is made from what lies elsewhere, or is nobody's here; in lower case."""

_VARIABLES = frozenset(("group_vars", "host_vars"))
_INVENTORIES = frozenset(("environments", "hosts", "inventories", "inventory"))
"""How Ansible and its users call inventories, and the folders with them."""

_LONGEST_INVENTORY = 2**20
_LARGEST = 16 * 2**20
_SSH = re.compile(r"(?:.*[_.-])?id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?")
"""How OpenSSH calls private keys."""

_BACKUP = re.compile(r".*\.config(?:~|[._-](?:bak|backup|copy|old|orig|original|prev|previous|save|saved|\d+)\d*)+")
"""A copy that somebody kept of a configuration file: `web.config.bak`, `web.config.2024-01-31`."""


class Kind(Enum):
    """What a file is, by its name."""

    CONFIGURATION = "configuration"
    VARIABLES = "variables"
    """YAML or JSON, such as an inventory."""
    INI = "ini"
    INVENTORY = "inventory"
    """YAML or INI, as its content tells: a file without an ending, where inventories lie."""
    KEY = "key"
    """PEM, PFX or an exported container."""
    BACKUP = "backup"
    """A copy that somebody kept of a configuration file."""
    FOLDER = "folder"
    """A folder that cannot be opened, so that nobody knows what lies there."""
    NAMED = "named"
    """Named by the user, and of no kind that its name tells."""


_KINDS = {
    ".config": Kind.CONFIGURATION,
    **dict.fromkeys((".yml", ".yaml", ".json"), Kind.VARIABLES),
    ".ini": Kind.INI,
    **dict.fromkeys((".pem", ".key", ".crt", ".cer", ".pfx", ".p12", ".b64", ".xml"), Kind.KEY),
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Found:
    """One file."""

    path: Path
    shown: str
    """The path as it was named, with `/` between its parts and without characters that cannot be printed."""
    kind: Kind
    content: bytes | str
    """What it holds, or why it could not be read."""

    @property
    def is_among_variables(self) -> bool:
        """Tell whether Ansible reads it by its place."""
        return bool(_VARIABLES & {part.lower() for part in self.path.parts})


def walk(paths: Sequence[Path]) -> Iterator[Found]:
    """Yield the files at *paths* and, in folders, those whose names tell that they are to be looked at; each once.

    Links to folders are not followed. Raises `KeydeployError` when one of *paths* does not exist.
    """
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if not os.path.lexists(path):
            raise KeydeployError(f"{path}: no such file or folder", hint="check the path")
        for file in _below(path) if os.path.isdir(path) else [path]:  # noqa: PTH112
            if isinstance(file, OSError):
                folder = Path(file.filename)
                yield Found(path=folder, shown=shown(folder), kind=Kind.FOLDER, content=_why(file))
                continue
            kind = _kind(file)
            if kind is None and file != path:
                continue
            content = _read(file, seen)
            if content is None or (kind is Kind.INVENTORY and file != path and not _may_be_inventory(content)):
                continue
            yield Found(path=file, shown=shown(file), kind=kind or Kind.NAMED, content=content)


def is_backup(name: str) -> bool:
    """Tell whether a file called *name* is a copy that somebody kept of a configuration file."""
    return _BACKUP.fullmatch(name.lower()) is not None


def follow(found: Found, target: str) -> Found | None:
    """Answer the file at *target*, which the file *found* names as if it lay where that is shown; None without one.

    As on Windows, upper and lower case do not count.
    """
    file = found.path.parent
    for name in PurePosixPath(target).relative_to(PurePosixPath(found.shown).parent).parts:
        below = _child(file, name)
        if below is None:
            return None
        file = below
    if file.is_dir():
        return None
    return Found(path=file, shown=target, kind=Kind.CONFIGURATION, content=_read(file, set()) or b"")


def _child(folder: Path, name: str) -> Path | None:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return None
    same = [each for each in names if each.lower() == name.lower()]
    return folder / (name if name in same else same[0]) if same else None


def _below(folder: Path) -> Iterator[Path | OSError]:
    """Yield the files below *folder*, and what keeps folders there from being opened."""
    failed: list[OSError] = []
    for root, folders, files in os.walk(folder, onerror=failed.append, followlinks=False):
        folders[:] = sorted(name for name in folders if name.lower() not in _PASSED_OVER)
        yield from (Path(root, name) for name in sorted(files))
    yield from failed


def shown(file: Path) -> str:
    """Answer the path of *file* so that it can be printed on any terminal, whatever bytes its name has."""
    text = os.fsencode(file.as_posix()).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


def _kind(file: Path) -> Kind | None:
    if not file.suffix and _VARIABLES & {part.lower() for part in file.parts}:
        return Kind.VARIABLES
    if _SSH.fullmatch(file.name):
        return Kind.KEY
    if not file.suffix and _lies_among_inventories(file):
        return Kind.INVENTORY
    return _KINDS.get(file.suffix.lower()) or (Kind.BACKUP if is_backup(file.name) else None)


def _lies_among_inventories(file: Path) -> bool:
    """Tell whether Ansible may be told to read *file* as an inventory: by its name, or by what it lies in or beside.

    It passes over names that begin with a dot. Source: Ansible, `InventoryManager`, `IGNORED_ALWAYS`.
    """
    if file.name.startswith("."):
        return False
    beside = (file.with_name(name) for name in _VARIABLES)
    return bool(_INVENTORIES & {part.lower() for part in file.parts}) or any(map(os.path.isdir, beside))


def _may_be_inventory(content: bytes | str) -> bool:
    """Tell whether *content* may be that of an inventory: no program, and nothing but text."""
    if isinstance(content, str):
        return True
    return len(content) <= _LONGEST_INVENTORY and not content.startswith(b"#!") and b"\0" not in content


def _read(file: Path, seen: set[tuple[int, int]]) -> bytes | str | None:
    """Answer the bytes of *file*, or why it cannot be read; None where it was read before or is no file of bytes."""
    try:
        state = file.stat()
        if (state.st_dev, state.st_ino) in seen:
            return None
        seen.add((state.st_dev, state.st_ino))
        if not stat.S_ISREG(state.st_mode):
            return "not an ordinary file"
        if state.st_size > _LARGEST:
            return f"larger than {_LARGEST // 2**20} MiB"
        return file.read_bytes()
    except OSError as error:
        return _why(error)


def _why(error: OSError) -> str:
    return f"cannot be read: {re.sub(r'[^A-Za-z ]', '', error.strerror or 'unknown reason')}"
