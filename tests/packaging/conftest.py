"""What is published, built once for all who look at it."""

import sys
from pathlib import Path

import pytest

from tests.packaging.published import Published, publish, run, working_tree


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Build what is published of this tree, with what has been changed in it since the last commit."""
    folder = tmp_path_factory.mktemp("published")
    tree = working_tree(folder / "tree")
    return publish(tree, folder / "dist", 0o022, TZ="UTC", LC_ALL="C.UTF-8", PYTHONHASHSEED="1")


@pytest.fixture(scope="session")
def installed(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a folder of its own."""
    site = tmp_path_factory.mktemp("wheel") / "site"
    run(
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--target",
        site,
        published.wheel,
        cwd=site.parent,
    )
    return site


@pytest.fixture(scope="session")
def collections(published: Published, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the collection into a folder of collections, as Galaxy's clients do."""
    folder = tmp_path_factory.mktemp("collections")
    galaxy = (sys.executable, "-m", "ansible", "galaxy", "collection", "install", "--force", "--no-deps", "-p", folder)
    run(*galaxy, published.collection, cwd=folder, HOME=str(folder))
    return folder


@pytest.fixture(scope="session")
def collection(collections: Path) -> Path:
    """Answer the folder of the installed collection."""
    return collections / "ansible_collections/keydeploy/core"
