"""Puts what is published of a tree into a folder of its own: what is committed, and nothing that lies beside it.

In a checkout that is the last commit, as git stores it. A source archive has no git: it names its files in `SOURCES`.
"""

import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from keydeploy.errors import KeydeployError

LIST = "SOURCES"
"""Names every file of a source archive but itself, one a line."""
NOT_PUBLISHED = (".ci", "dev")
"""What a checkout alone needs. pyproject.toml leaves it out too, for whoever builds without this module."""
AS_STORED = ("-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "core.attributesFile=/dev/null")
"""Else line ends would be those that this machine's git is told to write."""

ANOTHER = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
"""What git sets for its hooks: programs that they start would be answered of that repository, wherever they ask."""


def collect(root: Path, folder: Path) -> None:
    """Put what is published of the tree *root* into *folder*, with the list of it.

    Raises `KeydeployError` where git fails, where *root* is neither a checkout nor an unpacked source archive, and
    where a file of such an archive is gone.
    """
    if is_checkout(root):
        without = (f":(exclude){name}" for name in NOT_PUBLISHED)
        archive = git(root, *AS_STORED, "archive", "--format=tar", "HEAD", "--", ".", *without)
        with tarfile.open(fileobj=io.BytesIO(archive)) as committed:
            committed.extractall(folder, filter="data")
    else:
        copy(root, folder, listed(root))
    enlist(folder)


def is_checkout(root: Path) -> bool:
    """Answer whether *root* itself is a checkout; that a folder above it is one says nothing of its files."""
    return (root / ".git").exists()


def uncommitted(root: Path) -> list[str]:
    """Answer what is not in the last commit of the checkout *root* as it lies there; ignored files are left out."""
    return [line[3:] for line in git(root, "status", "--porcelain").decode().splitlines()]


def listed(root: Path) -> list[str]:
    """Answer the files that the source archive held that was unpacked as *root*."""
    try:
        return (root / LIST).read_text("utf-8").splitlines()
    except FileNotFoundError:
        raise KeydeployError(
            f"{root}: neither a git checkout nor an unpacked source archive: nothing tells which files are published",
            hint="clone the repository, or unpack keydeploy-VERSION.tar.gz",
        ) from None


def copy(root: Path, folder: Path, names: Iterable[str]) -> None:
    """Copy the files *names* of *root* into *folder*, with their times."""
    for name in names:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(root / name, target, follow_symlinks=False)
        except FileNotFoundError:
            raise KeydeployError(
                f"{root / name}: {LIST} names it, and it is gone", hint="unpack the source archive again"
            ) from None


def enlist(folder: Path) -> None:
    """Write the list of all that is in *folder*."""
    names = (file.relative_to(folder).as_posix() for file in folder.rglob("*") if not file.is_dir())
    text = "".join(f"{name}\n" for name in sorted(names) if name != LIST)
    (folder / LIST).write_text(text, "utf-8", newline="\n")


def git(root: Path, *arguments: str) -> bytes:
    """Answer what git prints of the checkout *root*; raises `KeydeployError` with what it says where it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in ANOTHER}
    done = subprocess.run(["git", *arguments], cwd=root, env=environment, capture_output=True, check=False)
    if done.returncode != 0:
        raise KeydeployError(f"git cannot read {root}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
