"""The node under test."""

from pathlib import Path

import pytest

from tests.node.contract.under_test import CANNOT, IMPLEMENTATIONS, NodeUnderTest


@pytest.fixture(params=sorted(IMPLEMENTATIONS))
def node(request: pytest.FixtureRequest, tmp_path: Path) -> NodeUnderTest:
    """Answer a fresh node of each implementation in turn."""
    implementation: str = request.param
    test = request.node.originalname
    if test in CANNOT[implementation]:
        pytest.skip(f"{implementation}: {CANNOT[implementation][test]}")
    return IMPLEMENTATIONS[implementation](tmp_path / "web1")
