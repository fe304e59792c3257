"""Stands whose nodes run Windows' own code paths under Wine, for several scenarios."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.winrm.csharp import CSharpStand


@pytest.fixture
def windows(tmp_path: Path, windows_dotnet: Path) -> Iterator[CSharpStand]:
    (tmp_path / "stand").mkdir()
    with CSharpStand(tmp_path / "stand", dotnet=windows_dotnet) as stand:
        yield stand
