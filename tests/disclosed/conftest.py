"""A server for the tests of this folder."""

from collections.abc import Iterator

import pytest

from tests.disclosed.server import Server, serving


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Answer a server that no proxy stands in front of."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving() as found:
        yield found
