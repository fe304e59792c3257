"""A systemd that all tests of this folder share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.schedule import manager as managers
from tests.schedule.farms import HOSTILE, Farm, farm_at


@pytest.fixture(scope="session")
def manager() -> Iterator[managers.Manager]:
    """Answer a systemd that runs, over a folder that every account may enter."""
    lacks = managers.why_not()
    if lacks:
        missing(lacks)
    with tempfile.TemporaryDirectory(prefix="keydeploy-systemd-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with managers.running(folder) as running:
            yield running


@pytest.fixture(scope="session")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Farm:
    """Answer a farm that has drifted, for schedules that run as the one who runs these tests."""
    return farm_at(tmp_path_factory.mktemp("scheduled") / HOSTILE)
