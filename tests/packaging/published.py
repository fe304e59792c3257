"""What is published, built and put where it can be looked at."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from release import sources

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Published:
    """The files that a release has."""

    wheel: Path
    source: Path
    collection: Path

    @property
    def files(self) -> tuple[Path, Path, Path]:
        """Answer all of them."""
        return self.wheel, self.source, self.collection


def working_tree(folder: Path) -> Path:
    """Make a source archive's tree of this one as it lies here, committed or not; answer *folder*."""
    if sources.is_checkout(ROOT):
        told = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
        here = [name for name in told.split("\0") if name and os.path.lexists(ROOT / name)]
        names = [name for name in here if Path(name).parts[0] not in sources.NOT_PUBLISHED]
    else:
        names = sources.listed(ROOT)
    sources.copy(ROOT, folder, names)
    sources.enlist(folder)
    return folder


def publish(tree: Path, folder: Path, mask: int, **environment: str) -> Published:
    """Build *tree* into *folder* as `make build` does with the umask *mask*."""
    build = f"umask {mask:o} && exec {sys.executable} -m release.build --outdir '{folder}'"
    run("bash", "-c", build, cwd=tree, **environment)
    (wheel,) = folder.glob("*.whl")
    (collection,) = folder.glob("keydeploy-core-*.tar.gz")
    (source,) = set(folder.glob("*.tar.gz")) - {collection}
    return Published(wheel, source, collection)


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run *command*, which must succeed, and answer what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name not in sources.ANOTHER} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
