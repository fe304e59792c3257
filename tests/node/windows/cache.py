"""What is made once and used by all tests and all later runs: `.cache/` in the project's folder."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[3] / ".cache"


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Answer what is cached under *name*; *make* is given the place where it shall make what is missing.

    Processes that ask at the same time wait for the one that makes it; what was made half is never seen.
    """
    place, unfinished = CACHE / name, CACHE / f"{name}.unfinished"
    with _alone(name):
        if not place.exists():
            discard(unfinished)
            try:
                make(unfinished)
                unfinished.rename(place)
            finally:
                discard(unfinished)
    return place


def keep_latest(pattern: str, number: int) -> None:
    """Remove what is cached under names that match *pattern*, but for the *number* made last."""
    made = sorted(CACHE.glob(pattern), key=lambda path: path.stat().st_mtime)
    for path in made[:-number]:
        discard(path)


def digest(*contents: bytes) -> str:
    """Answer a short name for *contents*."""
    hashed = hashlib.sha256()
    for content in contents:
        hashed.update(len(content).to_bytes(8, "big") + content)
    return hashed.hexdigest()[:16]


def own_folder(purpose: str) -> Path:
    """Make a folder for this process in the cache, and remove those that dead processes left."""
    folders = CACHE / purpose
    folders.mkdir(parents=True, exist_ok=True)
    with _alone(purpose):
        for left in folders.iterdir():
            if not Path(f"/proc/{left.name}").exists() or left.name == str(os.getpid()):
                discard(left)
        own = folders / str(os.getpid())
        own.mkdir()
    return own


def discard(path: Path) -> None:
    """Remove a file or a folder, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _alone(name: str) -> Iterator[None]:
    locks = CACHE / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
