"""The machine key in the configuration files of .NET itself, as far as one declaration can say it.

A spec names one file (root web.config or machine.config), one key and the versions of .NET that hold it, each in its
files of 32 and of 64 bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy import iis
from keydeploy.adoption.machine_keys import Found, read
from keydeploy.adoption.model import Level as Place
from keydeploy.adoption.model import short
from keydeploy.errors import DocumentError
from keydeploy.iis import Runtime
from keydeploy.observation.files import ROOT_FILES, Files
from keydeploy.webconfig.effective import Level, Opener

_MACHINE_CONFIG, _ROOT_WEB_CONFIG = ROOT_FILES
_PLACES: tuple[tuple[Place, str], ...] = (("root_web_config", _ROOT_WEB_CONFIG), ("machine_config", _MACHINE_CONFIG))
_BELOW = "?"
"""The location of root web.config in machine.config: nothing that a `<location>` could name."""
_VERSIONS = ("v4.0", "v2.0")
"""The one that applications of today load comes first: where two hold different keys, it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the files of .NET hold."""

    level: Place = "root_web_config"
    runtimes: tuple[str, ...] = ()
    found: Found | None = None
    """The key that a spec can declare."""
    told: tuple[str, ...] = ()


def held(files: Files, opener: Opener) -> Held:
    """Read the files of every runtime that the node has."""
    seen = {
        (level, runtime): _read(files, file, runtime, opener) for level, file in _PLACES for runtime in iis.RUNTIMES
    }
    own = {where: found for where, found in seen.items() if found is not None and found.is_own}
    for level, _ in _PLACES:
        equal = {version: _equal(level, version, seen) for version in _VERSIONS}
        first = next((found for found in equal.values() if found is not None), None)
        if first is None or first.facts is None:
            continue
        same = {version for version, found in equal.items() if found and found.facts == first.facts}
        others = {where: found for where, found in own.items() if where[0] != level or where[1].version not in same}
        return Held(level=level, runtimes=tuple(sorted(same)), found=first, told=tuple(_told(others)))
    return Held(told=tuple(_told(own)))


def _read(files: Files, file: str, runtime: Runtime, opener: Opener) -> Found | None:
    """Answer what the *file* of *runtime* says; None where the node does not have it."""
    try:
        documents = {each: files.document(runtime.folder, each) for each in ROOT_FILES}
        if documents[_MACHINE_CONFIG] is None or documents[file] is None:
            return None
        levels = [
            Level(name=ROOT_FILES[each], document=document, location="" if each == file else _BELOW)
            for each, document in documents.items()
            if document is not None and each in (file, _MACHINE_CONFIG)
        ]
        return read(levels, opener)
    except DocumentError as error:
        return Found(why=error.told)


def _equal(level: Place, version: str, seen: dict[tuple[Place, Runtime], Found | None]) -> Found | None:
    """Answer what the files of all bitnesses of *version* agree on; None where they do not, or hold no key."""
    of_version = [found for where, found in seen.items() if where[0] == level and where[1].version == version]
    present = [found for found in of_version if found is not None]
    if not present or any(found.facts is None or found.facts != present[0].facts for found in present):
        return None
    return present[0]


def _told(others: dict[tuple[Place, Runtime], Found]) -> Iterator[str]:
    """Yield what a person should know of the keys that are not declared."""
    for (level, runtime), found in others.items():
        where = f"{ROOT_FILES[dict(_PLACES)[level]]} of {'Framework' if runtime.is_32_bit else 'Framework64'}"
        what = (
            f"a machineKey of its own, {short(found.facts.fingerprint)}"
            if found.facts
            else f"a machineKey: {found.why}"
        )
        yield f"{where} {runtime.version} holds {what}"
