"""The node under test."""

from pathlib import Path

import pytest

from tests.node.contract.under_test import IMPLEMENTATIONS, NodeUnderTest, SandboxNode, is_excused
from tests.node.windows.nodes import MonoNode, WineNode


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what an implementation is excused from; the end of a run tells which and why."""
    excused = [item for item in items if _implementation(item) and is_excused(_implementation(item), item)]
    config.hook.pytest_deselected(items=excused)
    items[:] = [item for item in items if item not in excused]


def _implementation(item: pytest.Item) -> str:
    """Answer the implementation that *item* runs against, empty for a test of another kind."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    found = parameters.get("node", "")
    return found if found in IMPLEMENTATIONS else ""


@pytest.fixture(params=IMPLEMENTATIONS)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> NodeUnderTest:
    """Answer a fresh node of each implementation in turn."""
    root = tmp_path / "web1"
    match request.param:
        case "mono":
            request.getfixturevalue("mono_runtime")
            return MonoNode(root)
        case "wine":
            return WineNode(root, request.getfixturevalue("windows_dotnet"))
        case _:
            return SandboxNode(root)
