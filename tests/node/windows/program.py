"""Compiles the C# of the node together with the test host, and what stands in for appcmd."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.node.windows.cache import digest, keep_latest, made_once

HERE = Path(__file__).parent
SOURCES = HERE.parents[2] / "plugins/module_utils"
_COMPILE = (
    *("mcs", "-langversion:5", "-warn:4", "-warnaserror", "-target:exe"),
    *("-r:System.Core.dll", "-r:System.Numerics.dll", "-r:System.Runtime.Serialization.dll", "-r:System.Xml.dll"),
)

_KEPT = 10
"""Programs of a kind in the cache, which nobody else tidies."""

Sources = Mapping[str, str]
"""Name of the file, such as `Node.cs`, and its text. What crossed a wire is one text with all that the files hold."""

_PART = re.compile(r"^(?=namespace \w+\{)", re.MULTILINE)
_CLASS = re.compile(r"\bclass (\w+)")


def own_sources() -> dict[str, str]:
    """Answer the C# of the node as it lies in the project."""
    return {file.name: file.read_text("utf-8") for file in sorted(SOURCES.glob("*.cs"))}


def sources_of(module: str) -> dict[str, str]:
    """Answer the C# that *module*, such as `win_node`, names."""
    script = (SOURCES.parent / "modules" / f"{module}.ps1").read_text("utf-8")
    return {name: text for name, text in own_sources().items() if f"..module_utils.{name[:-3]}\n" in script}


def for_wine(sources: Sources) -> Path:
    """Compile *sources* as they are; answers the program of the test host."""
    return _compiled("wine", sources)


def for_mono(sources: Sources) -> Path:
    """Compile *sources* with the layers that stand in for Win32; answers the program of the test host."""
    stand_ins = {file.name: file.read_text("utf-8") for file in (HERE / "mono").glob("*.cs")}
    others = {name: _without(text, stand_ins) for name, text in sources.items() if name not in stand_ins}
    return _compiled("mono", {**others, **stand_ins})


def _without(text: str, files: Sources) -> str:
    """Answer the joined C# *text* without what was in *files*, each of which is called like its class."""
    head, *parts = _PART.split(text)
    return head + "".join(part for part in parts if f"{_CLASS.findall(part)[0]}.cs" not in files)


def appcmd() -> Path:
    """Compile what stands in for IIS' appcmd."""
    return _made("appcmd", "appcmd.exe", {"Appcmd.cs": _text("Appcmd.cs")})


def _compiled(platform: str, sources: Sources) -> Path:
    return _made(
        f"node-{platform}", "node.exe", {**sources, "Host.cs": _text("Host.cs"), "Others.cs": _text("Others.cs")}
    )


def _text(name: str) -> str:
    return (HERE / name).read_text("utf-8")


def _made(kind: str, program: str, sources: Sources) -> Path:
    parts = [part.encode() for name in sorted(sources) for part in (name, sources[name])]
    return made_once(f"{kind}-{digest(*parts)}", lambda place: _compile(place, kind, program, sources)) / program


def _compile(place: Path, kind: str, program: str, sources: Sources) -> None:
    keep_latest(f"{kind}-*", _KEPT)
    place.mkdir()
    for name, text in sources.items():
        (place / name).write_text(text, "utf-8")
    command = [*_COMPILE, f"-out:{program}", *sorted(sources)]
    compiled = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    if compiled.returncode != 0 or "warning" in compiled.stdout + compiled.stderr:
        raise AssertionError(f"{program} does not compile:\n{compiled.stdout}{compiled.stderr}")
