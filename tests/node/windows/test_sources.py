"""The C# keeps to what the oldest node has: C# 5 and the API of .NET Framework 4.5."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from plugins.plugin_utils.csharp import compact, joined
from tests.conftest import missing
from tests.node.windows.program import SOURCES, own_sources, sources_of

MODULES = SOURCES.parent / "modules"
MODULE_NAMES = sorted(file.stem for file in MODULES.glob("*.ps1"))
API = Path("/usr/lib/mono/4.5-api")
REFERENCES = (
    "-r:System.Core.dll",
    "-r:System.Numerics.dll",
    "-r:System.Runtime.Serialization.dll",
    "-r:System.Xml.dll",
)


def compiled(texts: Mapping[str, str], folder: Path) -> bytes:
    """Answer the assembly that *texts* become, against the oldest framework."""
    if not API.is_dir():
        missing("the API of .NET Framework 4.5 (Debian: mono-devel)")
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text, "utf-8")
    options = ["-sdk:4.5-api", "-langversion:5", "-warn:4", "-warnaserror", "-target:library", "-out:node.dll"]
    command = ["mcs", *options, *REFERENCES, *texts]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return (folder / "node.dll").read_bytes()


@pytest.mark.parametrize("module", MODULE_NAMES)
def test_what_a_module_sends_is_the_same_to_a_compiler_as_what_it_names(module: str, tmp_path: Path) -> None:
    texts = sources_of(module)
    sent = joined(map(compact, texts.values()))
    assert compiled({"Keydeploy.cs": sent}, tmp_path / "sent") == compiled(texts, tmp_path / "named")


def test_the_module_that_knows_everything_sends_every_file() -> None:
    assert sources_of("win_node_all") == own_sources()
