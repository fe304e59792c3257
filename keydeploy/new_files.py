"""Writes new files below a folder: all of them or none, and never over one that is there."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from keydeploy.errors import KeydeployError


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
