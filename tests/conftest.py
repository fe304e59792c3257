"""Fixtures that several tiers share."""

import os
from pathlib import Path
from typing import NoReturn

import pytest

SHARED = Path(__file__).parents[2] / "shared"


def missing(what: str) -> NoReturn:
    """Skip the test with the reason; under CI a missing tool is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing: {what}")
    pytest.skip(f"missing: {what}")


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Answer the folder with published vectors and lists, which the project does not ship."""
    folder = SHARED / "data"
    if not folder.is_dir():
        missing("the folder with reference data")
    return folder
