"""Fixtures that several tiers share."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from tests.node.windows import wine

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


@pytest.fixture(scope="session")
def mono_runtime() -> None:
    """Require Mono and its compiler."""
    for tool in ("mono", "mcs"):
        if shutil.which(tool) is None:
            missing(f"{tool} (Debian: mono-runtime mono-mcs)")


@pytest.fixture(scope="session")
def windows_dotnet() -> Path:
    """Answer the folder with the Windows build of .NET, which the project does not ship."""
    try:
        return wine.prepare(SHARED / "tools/windows-dotnet/clrhost.tar.xz")
    except FileNotFoundError as error:
        missing(str(error))
