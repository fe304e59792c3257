"""The node under test."""

from pathlib import Path

import pytest

from tests.node.contract.under_test import IMPLEMENTATIONS, NodeUnderTest, SandboxNode, why_excused
from tests.node.windows.nodes import MonoNode, WineNode


@pytest.fixture(params=IMPLEMENTATIONS)
def node(request: pytest.FixtureRequest, tmp_path: Path) -> NodeUnderTest:
    """Answer a fresh node of each implementation in turn."""
    implementation: str = request.param
    reason = why_excused(implementation, f"{request.node.path.name}::{request.node.name}")
    if reason:
        pytest.skip(f"{implementation}: {reason}")
    root = tmp_path / "web1"
    match implementation:
        case "mono":
            request.getfixturevalue("mono_runtime")
            return MonoNode(root)
        case "wine":
            return WineNode(root, request.getfixturevalue("windows_dotnet"))
        case _:
            return SandboxNode(root)
