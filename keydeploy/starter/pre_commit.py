#!/usr/bin/env python3
"""Refuses a commit with keys in clear, or with configuration files whose keys must not be used.

`keydeploy init` has made this hook; git runs it once `git config core.hooksPath` names its folder. It looks at what is
about to be committed as it stands in the index, which may differ from the files beside it, and at nothing else.
To accept a finding, see docs/lint.md of keydeploy; to go past the hook once: git commit --no-verify.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

_FILES = (b"100644", b"100755")
"""How git writes the kinds of its entries that are files, and no links or submodules."""
_ALWAYS_THERE = ".keydeploy.yml"
"""An empty file, because the lint takes it for a mistake when there is nothing that it could look at."""
_FINDINGS = 6
"""The exit code with which the lint tells errors."""


def main() -> int:
    """Look at what is about to be committed and answer the exit code: 0 lets the commit go on."""
    staged = list(_staged())
    if not staged:
        return 0
    keydeploy = shutil.which("keydeploy")
    if keydeploy is None:
        return _refuse("keydeploy is not found", "activate its environment, such as: . .venv/bin/activate")
    with tempfile.TemporaryDirectory(prefix="keydeploy-") as folder:  # for this user alone, and removed again
        _write(staged, Path(folder))
        Path(folder, _ALWAYS_THERE).touch()
        looked = _look(keydeploy, Path(folder))
    if looked.returncode == 0:
        return 0
    sys.stderr.buffer.write(looked.stdout)  # bytes, as names of files may be any
    sys.stderr.flush()
    if looked.returncode == _FINDINGS:
        return _refuse("keydeploy lint finds the above in what it would hold", "mend it, then git add it again")
    return _refuse(f"keydeploy lint ended with exit code {looked.returncode}", "see above")


def _staged() -> Iterator[tuple[bytes, bytes]]:
    """Yield identity and path of each file that the commit adds or changes."""
    command = ["git", "diff", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames", "--diff-filter=d"]
    parts = iter(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split(b"\0"))
    for entry in filter(None, parts):
        _, mode, _, identity, _ = entry.split(b" ")
        path = next(parts)
        if mode in _FILES:
            yield identity, path


def _write(staged: list[tuple[bytes, bytes]], folder: Path) -> None:
    """Write the files into *folder*, byte for byte as git keeps them, so that no filter decrypts one on the way."""
    command = ["git", "cat-file", "--batch"]
    wanted = b"".join(identity + b"\n" for identity, _ in staged)
    with tempfile.TemporaryFile() as answer:
        subprocess.run(command, input=wanted, stdout=answer, check=True)
        answer.seek(0)
        for _, path in staged:
            target = folder / os.fsdecode(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                _copy(answer, file)


def _copy(answer: IO[bytes], file: IO[bytes]) -> None:
    """Copy one object from what git answers: its size in a line, the content, and a line end."""
    left = int(answer.readline().split(b" ")[2])
    while left:
        content = answer.read(min(left, 1 << 20))
        if not content:
            raise EOFError("git cat-file broke off")
        file.write(content)
        left -= len(content)
    answer.read(1)


def _look(keydeploy: str, folder: Path) -> "subprocess.CompletedProcess[bytes]":
    """Run the lint in *folder*, so that it tells paths from the top of the repository."""
    command = [keydeploy, "lint", "--offline", "."]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def _refuse(reason: str, hint: str) -> int:
    sys.stderr.write(f"keydeploy: error: the commit is refused: {reason}\n")
    sys.stderr.write(f"keydeploy: hint: {hint}; git commit --no-verify commits in spite of it\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
