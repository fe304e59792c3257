"""Compiles the programs of this folder, which play applications, and runs them on a node under Wine."""

import subprocess
from pathlib import Path

from tests.node.windows import wine
from tests.node.windows.cache import digest, keep_latest, made_once

_HERE = Path(__file__).parent
_TIMEOUT = 300.0
_COMPILE = (
    *("mcs", "-langversion:5", "-warn:4", "-warnaserror", "-target:exe"),
    *("-r:System.Core.dll", "-r:System.Xml.dll", "-out:program.exe"),
)


def run(source: str, dotnet: Path, prefix: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the C# program *source* on the node in the Windows at *prefix*; its exit code may be any."""
    program = made_once(f"application-{digest((_HERE / source).read_bytes())}", lambda place: _compile(source, place))
    return subprocess.run(
        ["wine", dotnet / wine.LAUNCHER, program / "program.exe", *arguments],
        env=wine.environment(prefix),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )


def _compile(source: str, place: Path) -> None:
    keep_latest("application-*", 4)
    place.mkdir()
    done = subprocess.run([*_COMPILE, _HERE / source], cwd=place, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{source} does not compile:\n{done.stdout}{done.stderr}")
