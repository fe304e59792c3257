"""Fixtures that several tiers share."""

import os
import shutil
from itertools import groupby
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import settings

from tests.node.contract.under_test import CANNOT
from tests.node.windows import wine

SHARED = Path(__file__).parents[2] / "shared"

# How long an example takes is the machine's affair, and that of whatever else it does.
settings.register_profile("any machine", settings(), deadline=None)
settings.load_profile("any machine")

SLOWEST = ("faults", "engine", "winrm", "docs", "runner", "farm", "cli", "browser", "packaging", "node")
"""The folders with the longest tests, which come first: at the end no worker waits for another one's long file."""


def missing(what: str) -> NoReturn:
    """Skip the test with the reason; under CI a missing tool is a failure."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"missing: {what}")
    pytest.skip(f"missing: {what}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the folders with long tests first; the order within each stays."""
    places = {folder: place for place, folder in enumerate(SLOWEST)}
    own = Path(__file__).parent
    items.sort(key=lambda item: places.get(item.path.relative_to(own).parts[0], len(places)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell what an implementation of a node was excused from, where any of them was tested."""
    if not any("tests/node/contract/" in report.nodeid for report in terminalreporter.stats.get("passed", ())):
        return
    terminalreporter.section("the node contract: what was not asked for")
    for implementation, excuses in CANNOT.items():
        for reason, patterns in groupby(
            sorted(excuses, key=lambda each: excuses[each]), key=lambda each: excuses[each]
        ):
            terminalreporter.line(f"{implementation}: {', '.join(patterns)}: {reason}")


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
