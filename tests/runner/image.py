"""What stands in for the image: a fresh virtual environment that is filled as its Containerfile says.

No container engine is needed. The steps are read from what `ansible-builder create` writes, so that what is
tested is the definition; what the image takes from its distribution, Python and RPM packages, is not in it.
"""

import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEFINITION = Path("execution-environment/execution-environment.yml")
COMMANDS = Path(sys.executable).parent
IMPOSTOR = "keydeploy/impostor.py"
"""What only that package has which is of our name, and not ours."""
_TIMEOUT = 300.0


@dataclass(frozen=True)
class Image:
    """The image and the context that it was built from."""

    folder: Path

    @property
    def containerfile(self) -> str:
        """Answer how an engine would build it."""
        return (self.folder / "context/Containerfile").read_text("utf-8")

    @property
    def context(self) -> Path:
        """Answer the files of the context, `_build`."""
        return self.folder / "context/_build"

    @property
    def python(self) -> Path:
        """Answer its Python."""
        return self.folder / "python/bin/python"

    @property
    def collections(self) -> Path:
        """Answer the folder of its collections."""
        return self.folder / "collections"

    @property
    def python_requirements(self) -> str:
        """Answer what ansible-builder has found that Python needs: the definition's and the collection's."""
        return (self.folder / "requirements.txt").read_text("utf-8")

    @property
    def system_requirements(self) -> str:
        """Answer what ansible-builder has found that the system needs."""
        return (self.folder / "bindep.txt").read_text("utf-8")

    @property
    def pip(self) -> tuple[str | Path, ...]:
        """Answer the beginning of a command of pip that works on it."""
        return (sys.executable, "-m", "pip", "--python", self.python)

    def command(self, name: str) -> Path:
        """Answer one of its commands."""
        return self.python.parent / name

    def environment(self) -> dict[str, str]:
        """Answer what its processes get instead of what this one has."""
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        return {"PATH": path, "ANSIBLE_COLLECTIONS_PATH": str(self.collections)}


def publish(folder: Path) -> None:
    """Build the wheel and the collection into *folder*."""
    done(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    done(COMMANDS / "ansible-galaxy", "collection", "build", ROOT, "--output-path", folder, cwd=folder)


def build(folder: Path) -> Image:
    """Build the image in *folder*, where the tree's definition and what it takes from `dist` are put first."""
    image = Image(folder)
    definition = folder / DEFINITION
    definition.parent.mkdir()
    definition.write_bytes((ROOT / DEFINITION).read_bytes())
    (folder / "dist").mkdir()
    publish(folder / "dist")
    create = (COMMANDS / "ansible-builder", "create", "--file", definition, "--context", folder / "context")
    done(*create, "--output-filename", "Containerfile", cwd=folder)
    done(sys.executable, "-m", "venv", "--without-pip", folder / "python", cwd=folder)
    _install(image, *_argument(image, "ANSIBLE_INSTALL_REFS").split())
    galaxy = (image.command("ansible-galaxy"), "collection", "install", "-r", "requirements.yml")
    done(*galaxy, "--collections-path", image.collections, cwd=image.context)
    _introspect(image)
    here = image.python_requirements.replace("file:///output/", f"{image.context.as_uri()}/")
    (folder / "here.txt").write_text(here, "utf-8")
    _install(image, "--requirement", folder / "here.txt", PIP_FIND_LINKS=str(_impostor(folder)))
    return image


def _impostor(folder: Path) -> Path:
    """Make a package of the name and version of ours that pip prefers, and answer the folder that offers it."""
    (ours,) = (folder / "dist").glob("*.whl")
    offered = folder / "index" / ours.name.replace("-py3", "-9-py3")
    offered.parent.mkdir()
    offered.write_bytes(ours.read_bytes())
    with zipfile.ZipFile(offered, "a") as archive:
        archive.writestr(IMPOSTOR, "")
    return offered.parent


def done(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run *command*, which must succeed, and answer its standard output."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "KEYDEPLOY"))}
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=known | environment,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def _argument(image: Image, name: str) -> str:
    found = re.search(rf'^ARG {name}="(.*)"$', image.containerfile, re.MULTILINE)
    assert found, image.containerfile
    return found[1]


def _install(image: Image, *what: str | Path, **environment: str) -> None:
    done(*image.pip, "install", "--quiet", "--no-compile", *what, cwd=image.folder, **environment)


def _introspect(image: Image) -> None:
    script = image.context / "scripts/introspect.py"
    given = ("--user-pip", image.context / "requirements.txt", "--user-bindep", image.context / "bindep.txt")
    wanted = ("--write-pip", image.folder / "requirements.txt", "--write-bindep", image.folder / "bindep.txt")
    done(sys.executable, script, "introspect", *given, *wanted, image.collections, cwd=image.folder)
