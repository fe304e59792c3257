"""Writes files whole or not at all: new ones never over one that is there, and one that follows another at once."""

import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from keydeploy.errors import KeydeployError

_LONGEST = 200
"""Bytes of a name that leave room for what is put around it; file systems take 255 bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFile:
    """One file that is to be written."""

    path: PurePosixPath
    """Below the folder that all of them are written to."""
    text: str
    about: str
    """What it is, in a few words."""
    is_program: bool = False


def refuse_existing(folder: Path, paths: Sequence[PurePath], *, hint: str) -> None:
    """Raise `KeydeployError` with everything that stands in the way of making *paths* below *folder*.

    *hint* tells where they could be made instead.
    """
    found = list(dict.fromkeys(each for path in paths for each in _in_the_way(folder, path)))
    if found:
        raise KeydeployError(
            f"{_listed([str(each) for each in found])} {'is' if len(found) == 1 else 'are'} there already;"
            " nothing was written",
            hint=hint,
        )


def write(folder: Path, new_files: Sequence[NewFile], *, hint: str) -> None:
    """Write *new_files* below *folder*, which is made where it is not there.

    Raises `KeydeployError`, with nothing left behind, where one of them is there already or cannot be written; *hint*
    tells where they could be. Nothing is left behind either where somebody interrupts it.
    """
    refuse_existing(folder, [file.path for file in new_files], hint=hint)
    made: list[Path] = []
    try:
        for file in new_files:
            _make_folders((folder / file.path).parent, made)
            _write(folder / file.path, file, made)
    except BaseException as error:
        for path in reversed(made):
            with suppress(OSError):  # somebody else has put something there meanwhile
                path.rmdir() if path.is_dir() else path.unlink()
        if isinstance(error, OSError):
            raise KeydeployError(f"{folder} cannot be written: {error.strerror}; nothing was", hint=hint) from None
        raise


def refusal(path: Path) -> str | None:
    """Answer why *path* cannot be put in the place of what is there, as far as can be told before; None if it can."""
    try:
        found = path.stat()
    except FileNotFoundError:
        found = None
    except OSError as error:
        return error.strerror
    folder = path.resolve().parent
    if found is not None and not stat.S_ISREG(found.st_mode):
        return "it is no file"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    return None if os.access(folder, os.W_OK | os.X_OK) else f"nothing can be written to the folder {folder}"


def replace(path: Path, text: str, *, mode: int | None = None) -> None:
    """Put *text*, in UTF-8, in the place of the file *path*: whoever reads it finds the old text or the new one.

    It gets *mode*, or without one that of the file before, or what the process gives to new files; it stays its
    owner's where the process may see to that. Nobody else can read it before either. A link stays, and the file that
    it leads to is replaced. Raises `OSError`, with nothing left behind.
    """
    target = path.resolve()
    before = target.stat() if target.exists() else None
    if mode is None and before is not None:
        mode = stat.S_IMODE(before.st_mode)
    short = os.fsencode(target.name)[:_LONGEST].decode("utf-8", "ignore")
    temporary = target.with_name(f".{short}.{secrets.token_hex(8)}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n") as stream:
            if before is not None:
                with suppress(OSError):  # it is another user's, and so is the new one then
                    os.fchown(stream.fileno(), before.st_uid, before.st_gid)
            if mode is not None:
                os.fchmod(stream.fileno(), mode)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _settle(target.parent)


def _settle(folder: Path) -> None:
    """Let the new name in *folder* outlive a loss of power, where the file system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _in_the_way(folder: Path, path: PurePath) -> Iterator[Path]:
    """Yield the file itself, or what is no folder on the way to it."""
    if os.path.lexists(folder / path):
        yield folder / path
        return
    for parent in (folder / path).parents:
        if os.path.lexists(parent):
            if not parent.is_dir():
                yield parent
            return


def _make_folders(folder: Path, made: list[Path]) -> None:
    if not folder.exists():
        _make_folders(folder.parent, made)
        folder.mkdir()
        made.append(folder)


def _write(path: Path, file: NewFile, made: list[Path]) -> None:
    with path.open("x", encoding="utf-8", newline="\n") as stream:
        made.append(path)
        stream.write(file.text)
    if file.is_program:
        path.chmod(path.stat().st_mode | 0o111)


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
