"""What is published, built and put where it can be looked at."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
