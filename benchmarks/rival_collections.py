"""Fetches collections of others: those that the playbook of `rival/site.yml` is written with, and awx.awx for tests.

They come out of the package `ansible` on PyPI, one version by its hash, and lie in the cache afterwards. Nothing is
installed: the ansible-core that keydeploy runs on runs them too.
"""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

VERSION = "12.3.0"
"""Of the package; made for ansible-core 2.19."""
COLLECTIONS = ("ansible.windows 3.3.0", "microsoft.iis 1.1.0")
"""What is in it, for people."""
_SHA256 = "cd156f82fa87f7a899212b0efa9f7ca3a24d609212de9f78428a572eb01e5414"
RIVAL = ("ansible.windows", "microsoft.iis")
AWX = ("awx.awx",)
CACHE = Path(__file__).parents[1] / ".cache"
"""Where they lie, unless a caller says otherwise."""
_TIMEOUT = 600.0


class NotToBeHad(Exception):
    """The collections are not in the cache, and could not be fetched; tells why."""


def fetch(cache: Path = CACHE, collections: Sequence[str] = RIVAL) -> Path:
    """Answer the folder for `ANSIBLE_COLLECTIONS_PATH` with *collections*, made in *cache* when it is not there.

    Raises `NotToBeHad` where pip cannot get the package.
    """
    kept = cache / "-".join((f"ansible-{VERSION}", *(() if collections == RIVAL else collections)))
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            unpacked = Path(folder) / "unpacked"
            unpack(_downloaded(Path(folder)), unpacked, collections)
            shutil.move(unpacked, kept)
    return kept


def unpack(wheel: Path, folder: Path, collections: Sequence[str] = RIVAL) -> None:
    """Unpack *collections* out of *wheel* into *folder*."""
    wanted = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in collections)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [name for name in archive.namelist() if name.startswith(wanted)])


def _downloaded(folder: Path) -> Path:
    requirements = folder / "requirements.txt"
    requirements.write_text(f"ansible=={VERSION} --hash=sha256:{_SHA256}\n", "utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes"]
    command = [*pip, "--requirement", str(requirements), "--dest", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT)
    except subprocess.CalledProcessError as failed:
        raise NotToBeHad(failed.stderr.strip().splitlines()[-1]) from None
    except subprocess.TimeoutExpired:
        raise NotToBeHad(f"pip did not get it within {_TIMEOUT:g} s") from None
    (wheel,) = folder.glob("*.whl")
    return wheel
