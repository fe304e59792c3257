"""The C# keeps to what the oldest node has: C# 5 and the API of .NET Framework 4.5."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.node.windows.program import SOURCES

MODULES = SOURCES.parent / "modules"
API = Path("/usr/lib/mono/4.5-api")


@pytest.mark.parametrize("module", ["win_node", "win_node_keys"])
def test_what_a_module_sends_compiles_alone_against_the_oldest_framework(module: str, tmp_path: Path) -> None:
    if not API.is_dir():
        missing("the API of .NET Framework 4.5 (Debian: mono-devel)")
    named = re.findall(r"module_utils\.(\w+)", (MODULES / f"{module}.ps1").read_text("utf-8"))
    options = ["-sdk:4.5-api", "-langversion:5", "-warn:4", "-warnaserror", "-target:library"]
    references = ["-r:System.Core.dll", "-r:System.Runtime.Serialization.dll", "-r:System.Xml.dll"]
    files = [SOURCES / f"{name}.cs" for name in named]
    command = ["mcs", *options, *references, f"-out:{tmp_path / 'node.dll'}", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_module_that_knows_everything_sends_every_file() -> None:
    named = re.findall(r"module_utils\.(\w+)", (MODULES / "win_node_keys.ps1").read_text("utf-8"))
    assert named == sorted(file.stem for file in SOURCES.glob("*.cs"))
