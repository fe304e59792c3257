"""Puts the files of a schedule where they belong, changes them and takes them away; never those of somebody else."""

import difflib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from keydeploy.errors import KeydeployError
from keydeploy.schedule.made import FIRST_LINE, Schedule, watched

_MODE = 0o644
"""cron refuses files that others may write; nothing in them is secret."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file, as it is and as it is to be; None where there is none."""

    path: Path
    before: str | None
    after: str | None

    @property
    def is_none(self) -> bool:
        """Tell whether there is nothing to do."""
        return self.before == self.after

    def diff(self) -> Iterator[str]:
        """Yield what would change, line by line."""
        before, after = (str(self.path) if text is not None else "/dev/null" for text in (self.before, self.after))
        old, new = (self.before or "").splitlines(), (self.after or "").splitlines()
        yield from difflib.unified_diff(old, new, before, after, lineterm="")


def place(root: Path, folder: PurePath) -> Path:
    """Answer *folder*, which is relative, below *root*; raises `KeydeployError` where a link leads out of *root*."""
    found = root / folder
    if not Path(os.path.realpath(found)).is_relative_to(os.path.realpath(root)):
        raise KeydeployError(
            f"{found} leads out of {root} by a link", hint="name the folder that it leads to, or print the schedule"
        )
    return found


def refuse_another(schedule: Schedule, folder: Path) -> None:
    """Raise `KeydeployError` where *folder* has a schedule of the same name that looks at other inventories."""
    for file in schedule.files:
        path = folder / file.path
        theirs, ours = watched(_own(path) or ""), watched(file.text)
        if theirs is not None and theirs != ours:
            raise KeydeployError(
                f"{path} looks at {theirs}, and not at {ours}",
                hint="give each schedule a --name of its own; --remove takes that one away",
            )


def to_install(schedule: Schedule, folder: Path) -> tuple[Change, ...]:
    """Answer what puts *schedule* into *folder*; raises `KeydeployError` where somebody else's file is in the way."""
    return tuple(Change(path, _own(path), file.text) for file in schedule.files for path in [folder / file.path])


def to_remove(schedule: Schedule, folder: Path) -> tuple[Change, ...]:
    """Answer what takes *schedule* out of *folder*; raises `KeydeployError` where a file is somebody else's."""
    return tuple(Change(path, _own(path), None) for file in schedule.files for path in [folder / file.path])


def links(schedule: Schedule, folder: Path) -> tuple[Path, ...]:
    """Answer the links that turn *schedule* on, as far as they are there and lead to its files in *folder*."""
    return tuple(path for link in schedule.links if _is_ours(path := folder / link, schedule))


def unlink(paths: tuple[Path, ...]) -> None:
    """Take away the links *paths*; raises `KeydeployError` where that fails."""
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _unwritable(path, error) from None


def carry_out(changes: tuple[Change, ...]) -> None:
    """Make *changes*; each file is the old or the new one, never a part. Raises `KeydeployError` where that fails."""
    for change in changes:
        if _own(change.path) != change.before:
            raise KeydeployError(f"{change.path} has changed meanwhile", hint="look at it, and run this again")
        try:
            if change.after is None:
                change.path.unlink(missing_ok=True)
            elif not change.is_none:
                _replace(change.path, change.after)
        except OSError as error:
            raise _unwritable(change.path, error) from None


def _own(path: Path) -> str | None:
    """Answer the text of our file at *path*, None where there is none; raises `KeydeployError` for another's."""
    try:
        text = path.read_text("utf-8") if path.is_file() and not path.is_symlink() else None
    except (OSError, UnicodeDecodeError):
        text = ""
    if text is None and not os.path.lexists(path):
        return None
    if text is None or text.partition("\n")[0] != FIRST_LINE:
        raise KeydeployError(
            f"{path} is there, and keydeploy schedule has not made it",
            hint="choose another --name, or move that file away",
        )
    return text


def _is_ours(link: Path, schedule: Schedule) -> bool:
    """Tell whether *link*, whose folder is a folder itself, leads to the file of its name beside that folder.

    In an image the links are those of the machine that it becomes, so they are read and not followed.
    """
    if link.parent.is_symlink() or not link.is_symlink() or schedule.folder is None:
        return False
    target = os.path.normpath(schedule.folder / link.parent.name / link.readlink())
    return target == str(schedule.folder / link.name)


def _unwritable(path: Path, error: OSError) -> KeydeployError:
    return KeydeployError(
        f"{path} cannot be written: {error.strerror}", hint="run it as root (sudo), or print it and put it there"
    )


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".keydeploy-new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            os.fchmod(stream.fileno(), _MODE)
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
