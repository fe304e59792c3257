"""Builds the wheel, the source archive and the collection, byte for byte alike wherever the same commit is built.

The time in all three is that of the commit, and no byte tells of the machine: folder, user, umask, time zone and
language leave no trace; only the zlib of its Python does, in how it compresses. What is not committed is not in them
(release/sources.py). The build backend is the one of requirements/test.lock; nothing is fetched meanwhile.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from keydeploy.errors import KeydeployError
from release import collection, sources

ROOT = Path(__file__).parent.parent
PACKAGES = (sys.executable, "-m", "build")
COLLECTION = (sys.executable, "-m", "ansible", "galaxy", "collection", "build")
SHOWN = 5
"""So many files are named that are not committed."""


def main() -> None:
    """Build the three into a folder and name them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--outdir", type=Path, default=ROOT / "dist", help="where they go; default: dist")
    folder = parser.parse_args().outdir
    try:
        if sources.is_checkout(ROOT) and (left := sources.uncommitted(ROOT)):
            print(told(left), file=sys.stderr)
        for file in build(ROOT, folder, epoch(ROOT, os.environ)):
            print(file)
    except KeydeployError as error:
        sys.exit(f"build: error: {error}" + (f"\nbuild: hint: {error.hint}" if error.hint else ""))


def told(left: Sequence[str]) -> str:
    """Answer what to say of the files *left* that are not as they were committed."""
    more = f" and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    return f"build: warning: what is not committed is not in it: {', '.join(left[:SHOWN])}{more}"


def epoch(root: Path, environment: Mapping[str, str]) -> int:
    """Answer the time of what is built, in seconds since 1970.

    It is SOURCE_DATE_EPOCH where that is set (https://reproducible-builds.org/specs/source-date-epoch/), else the
    time of the last commit; in an unpacked source archive all files have that time, so the changelog tells it.
    Raises `KeydeployError` where git fails.
    """
    if given := environment.get("SOURCE_DATE_EPOCH"):
        return int(given)
    if sources.is_checkout(root):
        return int(sources.git(root, "log", "-1", "--no-show-signature", "--format=%ct"))
    return int((root / "CHANGELOG.md").stat().st_mtime)


def build(root: Path, folder: Path, time: int) -> list[Path]:
    """Build what is published of the tree *root* into *folder*, as of *time*; answer the files.

    Raises `KeydeployError` where nothing tells what is published, and `subprocess.CalledProcessError` where a build
    fails; what it said has been printed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # ansible-galaxy refuses to work where the language is not in UTF-8.
    environment = os.environ | {"SOURCE_DATE_EPOCH": str(time), "LC_ALL": "C.UTF-8"}
    with tempfile.TemporaryDirectory() as temporary:
        made, tree = Path(temporary) / "made", Path(temporary) / "tree"
        for each in (made, tree):
            each.mkdir()
        sources.collect(root, tree)
        _run(*PACKAGES, "--no-isolation", "--outdir", made, tree, environment=environment)
        _run(*COLLECTION, tree, "--output-path", made / "collection", environment=environment)
        (archive,) = (made / "collection").iterdir()
        content = collection.rewrite(archive.read_bytes(), time)
        (made / archive.name).write_bytes(content)
        built = sorted(file for file in made.iterdir() if file.is_file())
        return [_move(file, folder / file.name) for file in built]


def _run(*command: str | Path, environment: Mapping[str, str]) -> None:
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stdout + done.stderr, file=sys.stderr)
    done.check_returncode()


def _move(source: Path, target: Path) -> Path:
    target.write_bytes(source.read_bytes())
    return target


if __name__ == "__main__":
    main()
