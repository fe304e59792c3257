"""What is published: the wheel that Ansible finds without configuration, and the collection for Galaxy."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

import keydeploy

ROOT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
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


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and install it into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    site = folder / "site"
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel, cwd=folder)
    return site


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the collection and unpack it."""
    folder = tmp_path_factory.mktemp("collection")
    run(sys.executable, "-m", "ansible", "galaxy", "collection", "build", ROOT, "--output-path", folder, cwd=folder)
    (archive,) = folder.glob("keydeploy-core-*.tar.gz")
    with tarfile.open(archive) as content:
        content.extractall(folder / "content", filter="data")
    return folder / "content"


def files_of(folder: Path) -> set[str]:
    """Answer every file below *folder* but those that Python has compiled."""
    files = {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}
    return {str(file) for file in files if file.parent.name != "__pycache__"}


def test_plain_ansible_finds_the_collection_of_the_installed_wheel(installed: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text("all: {hosts: {web1: {ansible_connection: local, keydeploy: {farm: portal}}}}\n")
    output = run(
        sys.executable, "-m", "ansible", "playbook", "keydeploy.core.validate", "-i", inventory, "-vvv",
        cwd=tmp_path, PYTHONPATH=str(installed),
    )  # fmt: skip
    assert f"plays in {installed}/ansible_collections/keydeploy/core/playbooks/validate.yml" in output
    assert '"state": "valid"' in output


def test_the_wheel_carries_the_schemas(installed: Path) -> None:
    published = {file.name for file in (ROOT / "schemas").iterdir()}
    assert {file.name for file in (installed / "keydeploy/schemas").iterdir()} == published


def test_the_collection_builds_from_the_same_tree_without_the_python_package(collection: Path) -> None:
    tops = {path.name for path in collection.iterdir()}
    assert {"plugins", "playbooks", "meta", "schemas", "README.md", "LICENSE"} <= tops
    assert not tops & {"keydeploy", "tests", "dev", "demo", "pyproject.toml", ".venv"}


@pytest.mark.parametrize("folder", ["plugins", "playbooks", "meta"])
def test_the_wheel_and_the_collection_carry_every_file_that_ansible_needs(
    installed: Path, collection: Path, folder: str
) -> None:
    needed = files_of(ROOT / folder)  # among them all that a Windows node is sent
    assert files_of(installed / "ansible_collections/keydeploy/core" / folder) == needed
    assert files_of(collection / folder) == needed


def test_every_part_is_of_the_same_version() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == keydeploy.__version__
    assert f'VERSION = "{keydeploy.__version__}"' in (ROOT / "plugins/plugin_utils/step.py").read_text()
    assert (ROOT / "meta/requirements.txt").read_text() == f"keydeploy=={keydeploy.__version__}\n"
