"""What is published: the wheel that Ansible finds without configuration, and the collection for Galaxy."""

import sys
import tarfile
from pathlib import Path

import pytest
import yaml

import keydeploy
from tests.packaging.published import ROOT, Published, run


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


def test_the_wheel_carries_every_file_of_the_package(installed: Path) -> None:
    assert files_of(installed / "keydeploy") - files_of(ROOT / "keydeploy") == {
        f"schemas/{file.name}" for file in (ROOT / "schemas").iterdir()
    }
    assert files_of(ROOT / "keydeploy") <= files_of(installed / "keydeploy")  # templates among them


def test_the_collection_holds_what_ansible_reads_and_nothing_else(collection: Path) -> None:
    assert {path.name for path in collection.iterdir()} == {
        "plugins", "playbooks", "meta", "schemas",
        "README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "MANIFEST.json", "FILES.json",
    }  # fmt: skip


@pytest.mark.parametrize("folder", ["plugins", "playbooks", "meta"])
def test_the_wheel_and_the_collection_carry_every_file_that_ansible_needs(
    installed: Path, collection: Path, folder: str
) -> None:
    needed = files_of(ROOT / folder)  # among them all that a Windows node is sent
    assert files_of(installed / "ansible_collections/keydeploy/core" / folder) == needed
    assert files_of(collection / folder) == needed


def test_galaxy_finds_every_checksum_of_the_installed_collection_true(collections: Path) -> None:
    galaxy = (sys.executable, "-m", "ansible", "galaxy", "collection", "verify", "--offline", "-p", collections)
    told = run(*galaxy, "keydeploy.core", cwd=collections, HOME=str(collections))
    assert "Successfully verified that checksums for 'keydeploy.core" in told


def test_the_source_archive_holds_nothing_that_was_made_here(published: Published) -> None:
    with tarfile.open(published.source) as archive:
        names = {tuple(Path(name).parts[1:]) for name in archive.getnames()}
    made = {".git", ".venv", ".cache", ".ci", "dev", "demo", "dist", ".hypothesis", ".pytest_cache"}
    assert [name for name in names if made & set(name[:1]) or "__pycache__" in name] == []
    assert ("tests", "packaging", "test_packages.py") in names


def test_every_part_is_of_the_same_version() -> None:
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == keydeploy.__version__
    assert f'VERSION = "{keydeploy.__version__}"' in (ROOT / "plugins/plugin_utils/step.py").read_text()
    assert (ROOT / "meta/requirements.txt").read_text() == f"keydeploy=={keydeploy.__version__}\n"
