#!/usr/bin/env python3
"""Refuses a commit with keys in clear, or with configuration files whose keys must not be used.

`keydeploy init` has made this hook; git runs it once `git config core.hooksPath` names its folder. It looks at what is
about to be committed as it stands in the index, which may differ from the files beside it, and at nothing else. What
it finds that does not refuse the commit is shown as well.
To accept a finding, see docs/lint.md of keydeploy; what .keydeploy-baseline.json in the index accepts, at the top of
the repository, is accepted here too. To go past the hook once: git commit --no-verify.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

_FILES = (b"100644", b"100755")
"""How git writes the kinds of its entries that are files, and no links or submodules."""
_BASELINE = ".keydeploy-baseline.json"
"""Findings that people live with for now; keydeploy lint --offline . --write-baseline writes it."""
_ERRORS = ("key-in-clear",)
"""Rules that only warn elsewhere: a key that has been committed stays in the history."""
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
    baseline = [each for each in _entry(_BASELINE) if each not in staged]
    with tempfile.TemporaryDirectory(prefix="keydeploy-") as folder:  # for this user alone, and removed again
        _write([*staged, *baseline], Path(folder))
        looked = _look(keydeploy, Path(folder))
    sys.stderr.buffer.write(looked.stderr + _told(looked.stdout))  # bytes, as names of files may be any
    sys.stderr.flush()
    if looked.returncode == 0:
        return 0
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


def _entry(name: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield identity and path of the file *name* at the top of the repository, where the index has it."""
    command = ["git", "ls-files", "--stage", "-z", "--", name]  # the hook runs at the top
    for entry in filter(None, subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.split(b"\0")):
        about, _, path = entry.partition(b"\t")
        mode, identity, stage = about.split(b" ")
        if mode in _FILES and stage == b"0":
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
    command = [keydeploy, "lint", "--offline", "--format", "json"]
    command += [part for rule in _ERRORS for part in ("--error", rule)]
    command += ["--baseline", _BASELINE] if (folder / _BASELINE).exists() else []
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run([*command, "."], cwd=folder, env=environment, capture_output=True, check=False)


def _told(output: bytes) -> bytes:
    """Answer for people what the lint found; entries of the baseline may be about files that stay as they are."""
    try:
        found = json.loads(output)
    except ValueError:  # the lint has failed, and said so
        return output
    lines = [f"{_place(each)}: {each['severity']}: {each['text']} [{each['rule']}]" for each in found["findings"]]
    lines += [f"{_shown(each['file'])}: not looked at: {each['reason']}" for each in found["unread"]]
    lines += [f"[{each['id']}] {each['title']}: {each['remedy']}" for each in found["rules"]]
    return os.fsencode("".join(f"{line}\n" for line in lines))


def _place(finding: "dict[str, Any]") -> str:
    parts = (_shown(finding["file"]), finding["line"], finding["column"])
    return ":".join(str(part) for part in parts if part is not None)


def _shown(name: str) -> str:
    """Answer *name* in one line; bytes that are no text stay."""
    return "".join(each if each.isprintable() or "\udc80" <= each <= "\udcff" else "?" for each in name)


def _refuse(reason: str, hint: str) -> int:
    sys.stderr.write(f"keydeploy: error: the commit is refused: {reason}\n")
    sys.stderr.write(f"keydeploy: hint: {hint}; git commit --no-verify commits in spite of it\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
