"""Writes the files of a rotation: all of them or none, and puts them back.

Each file is replaced in one step, by one of its mode beside it. What it held is kept as `.NAME.keydeploy-before` until
the roll-out has ended, so that a crash loses nothing. Neither holds a key in clear: both differ from the file of the
user in ciphertext alone. Ansible passes over hidden files among variables and inventories.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from keydeploy.errors import KeydeployError
from keydeploy.rotation.proposal import Rewritten

_KEPT = "keydeploy-before"
_NEW = "keydeploy-new"
_LIKE_BEFORE = "nothing was changed"


@dataclass(frozen=True, slots=True)
class _Change:
    file: Path
    before: bytes
    after: bytes


class Rewriting:
    """The files of one rotation, on their way from the old to the new content and perhaps back."""

    def __init__(self, files: Sequence[Rewritten]) -> None:
        """Read what is to be changed; raises `KeydeployError` where a file is not as it was when that was computed."""
        self._changes = tuple(_read(each) for each in files)

    def write(self) -> None:
        """Replace all files; raises `KeydeployError` where one cannot be, and leaves all of them as they were."""
        prepared: list[_Change] = []
        try:
            for change in self._changes:
                _keep(change)
                prepared.append(change)
                shutil.copystat(change.file, _beside(change.file, _KEPT))
                _beside(change.file, _NEW).unlink(missing_ok=True)  # of a run that was killed
                _create(_beside(change.file, _NEW), change.after, change.file)
                _settle(change.file.parent)
            for change in self._changes:
                if change.file.read_bytes() != change.before:
                    raise _moved(change.file)
                _beside(change.file, _NEW).replace(change.file)
                _settle(change.file.parent)
        except BaseException as error:
            for change in prepared:
                _undo(change)
            if isinstance(error, OSError):
                why = f"{error.filename or 'a file'} cannot be written: {error.strerror}; {_LIKE_BEFORE}"
                raise KeydeployError(why, hint="check the rights on the folder, and the space") from None
            raise

    def put_back(self) -> tuple[Path, ...]:
        """Put back what the files held; answer those that somebody else has changed meanwhile, which stay."""
        left = []
        for change in self._changes:
            kept = _beside(change.file, _KEPT)
            if change.file.read_bytes() == change.after:
                kept.replace(change.file)
                _settle(change.file.parent)
            else:
                left.append(change.file)
        return tuple(left)

    def forget(self) -> None:
        """Remove what the files held."""
        for change in self._changes:
            _beside(change.file, _KEPT).unlink(missing_ok=True)


def unfinished(files: Sequence[Rewritten]) -> Iterator[tuple[Path, Path]]:
    """Yield the files of which an earlier rotation has left behind what they held, and where."""
    for each in files:
        file = Path(each.file)
        if _beside(file, _KEPT).exists():
            yield file, _beside(file, _KEPT)


def kept(file: Path) -> Path:
    """Answer where it stands what *file* held before a rotation, as long as that runs."""
    return _beside(file, _KEPT)


def _read(rewritten: Rewritten) -> _Change:
    file = Path(rewritten.file)
    try:
        before = file.read_bytes()
    except OSError as error:
        raise KeydeployError(f"{file} cannot be read: {error.strerror}", hint="check that it is still there") from None
    if not file.is_file():
        raise KeydeployError(f"{file} is no regular file, so that it cannot be replaced", hint="keep keys in a file")
    after = before
    for edit in sorted(rewritten.edits, key=lambda edit: edit.start, reverse=True):
        end = edit.start + len(edit.old)
        if before[edit.start : end] != edit.old:
            raise _moved(file)
        after = after[: edit.start] + edit.new + after[end:]
    return _Change(file, before, after)


def _keep(change: _Change) -> None:
    """Write beside the file what it holds; raises `OSError`, or `KeydeployError` where a rotation is at work."""
    kept = _beside(change.file, _KEPT)
    try:
        _create(kept, change.before, change.file)
    except FileExistsError:
        hint = "wait for its end; where none is at work, remove what it has left behind"
        raise KeydeployError(f"{kept} is there: another rotation is at work; {_LIKE_BEFORE}", hint=hint) from None


def _create(file: Path, content: bytes, like: Path) -> None:
    """Make *file*, which must not be there, with the owner and mode of *like*; raises `OSError` and leaves nothing."""
    status = like.stat()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            with suppress(PermissionError):  # the owner may be another, whom only root can name
                os.fchown(descriptor, status.st_uid, status.st_gid)
            os.fchmod(descriptor, status.st_mode & 0o7777)
            os.fsync(descriptor)
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _undo(change: _Change) -> None:
    """Leave the file as it was, and nothing beside it; what somebody else has written meanwhile stays."""
    with suppress(OSError):
        _beside(change.file, _NEW).unlink(missing_ok=True)
    if change.after != change.before and change.file.read_bytes() == change.after:
        _beside(change.file, _KEPT).replace(change.file)
    _beside(change.file, _KEPT).unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Let the names of *folder* outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(file: Path, what: str) -> Path:
    return file.with_name(f".{file.name}.{what}")


def _moved(file: Path) -> KeydeployError:
    return KeydeployError(f"{file} has changed meanwhile; {_LIKE_BEFORE}", hint="run it once more")
