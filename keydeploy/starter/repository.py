"""Turns a farm's hook on in the git repository around it, where that has no hooks of its own.

git runs the hooks of one folder: `core.hooksPath`, or `.git/hooks`. What somebody has set or put there stays.
"""

import subprocess
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path, PurePosixPath

_SAMPLE = ".sample"
"""Ends the names of the examples that git puts into its folder of hooks."""


class Standing(Enum):
    """Whether a hook is run before a commit."""

    ON = auto()
    NO_REPOSITORY = auto()
    OTHER_HOOKS = auto()
    """The repository has hooks already, which this would turn off."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """How it stands with the hooks of a folder."""

    standing: Standing
    path: PurePosixPath
    """The folder of hooks as git takes it: from the top of the repository, or of the one that is to be."""


def turn_on(folder: Path, hooks: PurePosixPath) -> Hooks:
    """Let git run the hooks in *hooks*, below *folder*, unless the repository has others."""
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None:
        return Hooks(Standing.NO_REPOSITORY, hooks)
    path = PurePosixPath(folder.resolve().relative_to(Path(top).resolve()).as_posix()) / hooks
    if _git(folder, "config", "--get", "core.hooksPath") is not None or _has_hooks(folder):
        return Hooks(Standing.OTHER_HOOKS, path)
    is_set = _git(folder, "config", "core.hooksPath", str(path)) is not None
    return Hooks(Standing.ON if is_set else Standing.NO_REPOSITORY, path)


def _has_hooks(folder: Path) -> bool:
    found = _git(folder, "rev-parse", "--git-path", "hooks")
    hooks = folder / (found or "")
    return found is not None and hooks.is_dir() and any(file.suffix != _SAMPLE for file in hooks.iterdir())


def _git(folder: Path, *arguments: str) -> str | None:
    """Answer what git writes, without its line end; None where it fails or is not installed."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    except OSError:
        return None
    return done.stdout.rstrip("\n") if done.returncode == 0 else None
