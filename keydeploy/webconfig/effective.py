"""The machine key that an application sees, merged from all files above it, and where each part comes from."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from keydeploy.errors import DocumentError
from keydeploy.secret import Secret
from keydeploy.webconfig.document import Document, Element
from keydeploy.webconfig.sections import (
    ProtectedSection,
    Section,
    check_readable,
    is_encrypted,
    sections,
    segments,
)

__all__ = ["DEFAULT", "Level", "MachineKeyState", "Opener", "ProtectedSection", "Setting", "effective_machine_key"]

DEFAULT = "the default"
"""The source of a value that no file sets."""

DEFAULTS = {
    "validationKey": "AutoGenerate,IsolateApps",
    "decryptionKey": "AutoGenerate,IsolateApps",
    "validation": "HMACSHA256",
    "decryption": "Auto",
    "compatibilityMode": "Framework20SP1",
    "dataProtectorType": "",
    "applicationName": "",
}
"""What applies where no file sets the attribute."""

_MACHINE_KEY = ("system.web", "machineKey")
_HTTP_RUNTIME = ("system.web", "httpRuntime")
_VERSION = re.compile(r"(\d+)\.(\d+)")
_LOCKS = ("lockAttributes", "lockAllAttributesExcept")

Opener = Callable[[Document, Element], Document]
"""Answers an encrypted section in clear, as a document whose root it is; raises `ProtectedSection`."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Level:
    """One configuration file that applies to the application."""

    name: str
    """As messages call it: `machine.config`, `root web.config`, `Default Web Site`, `/portal`."""
    document: Document
    location: str
    """The application's configuration path relative to the file: `Default Web Site/portal`, `portal`, or ""."""
    external: Document | None = None
    """The file that `<machineKey configSource="...">` of this level names."""


@dataclass(frozen=True, slots=True)
class Setting(Generic[T]):
    """The value of an attribute and the name of the level that it comes from."""

    value: T
    source: str
    hides: tuple[str, ...] = ()
    """The levels above *source* that set the attribute too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineKeyState:
    """The machine key in effect; every value is as written in its file."""

    validation_key: Setting[Secret]
    decryption_key: Setting[Secret]
    validation: Setting[str]
    decryption: Setting[str]
    compatibility_mode: Setting[str]
    data_protector_type: Setting[str]
    application_name: Setting[str]
    mode_is_explicit: bool
    """False when compatibilityMode follows from targetFramework or is the default."""
    locked_by: str | None
    """The level that forbids the application a machine key of its own."""


@dataclass(frozen=True, slots=True, repr=False)
class Placed:
    """A section that applies to the application, and the file that says it."""

    level: Level
    section: Section


def effective_machine_key(levels: Sequence[Level], opener: Opener | None = None) -> MachineKeyState:
    """Merge the machineKey sections that one application sees, attribute by attribute.

    *levels* run from machine.config to the application's own web.config, which alone has the location "";
    without it the state is what the application inherits. .NET evaluates place by place: what a file above
    says in a `<location>` for the application comes after every file for a place above it.
    Raises `ProtectedSection` when a level is encrypted and *opener* cannot open it, and `DocumentError` when a
    section is moved to a file that *levels* do not hold.
    Source: System.Configuration `BaseConfigurationRecord`, System.Web `MachineKeySection`.
    """
    placed = placed_sections(levels, _MACHINE_KEY)
    settings = {name: Setting(value, DEFAULT) for name, value in DEFAULTS.items()}
    contents = [_content(each, opener) for each in placed]
    for each, element in zip(placed, contents, strict=True):
        for name, above in settings.items():
            value = element.get(name)
            if value is not None:
                settings[name] = _over(above, value, each.level.name)
    mode_is_explicit = settings["compatibilityMode"].source != DEFAULT
    if not mode_is_explicit:
        settings["compatibilityMode"] = default_mode(levels)
    return MachineKeyState(
        validation_key=_secret(settings["validationKey"]),
        decryption_key=_secret(settings["decryptionKey"]),
        validation=settings["validation"],
        decryption=settings["decryption"],
        compatibility_mode=settings["compatibilityMode"],
        data_protector_type=settings["dataProtectorType"],
        application_name=settings["applicationName"],
        mode_is_explicit=mode_is_explicit,
        locked_by=next(_locking(placed, contents), None),
    )


def placed_sections(levels: Sequence[Level], path: tuple[str, ...]) -> list[Placed]:
    """Answer the sections at *path* in the order in which .NET evaluates them."""
    placed = [
        Placed(level, section)
        for level in levels
        for section in sections(level.document, path, level.location)
        if section.inherited or section.distance == 0
    ]
    return sorted(placed, key=lambda each: -each.section.distance)


def _content(placed: Placed, opener: Opener | None) -> Element:
    """Answer the machineKey element that holds the attributes: in the file itself, or in the one it names."""
    level, element = placed.level, placed.section.element
    if element.get("configSource") is None:
        return _opened(level, level.document, element, opener)
    if level.external is None:
        raise DocumentError(
            f"{level.name}: {level.document.place(element.start)}: machineKey stands in another file,"
            " which was not read",
            hint="move the section into its web.config",
        )
    root = level.external.root
    if root.name != "machineKey":
        raise DocumentError(
            f"{level.name}: the root element of the file that configSource names is not <machineKey>",
            hint="correct configSource by hand",
        )
    return _opened(level, level.external, root, opener)


def _opened(level: Level, document: Document, element: Element, opener: Opener | None) -> Element:
    try:
        if opener is not None and is_encrypted(element):
            return opener(document, element).root
        check_readable(document, element)
        return element
    except ProtectedSection as error:
        raise ProtectedSection(f"{level.name}: {error.message}", hint=error.hint) from None


def _over(above: Setting[str], value: str, source: str) -> Setting[str]:
    if above.source == DEFAULT:
        return Setting(value, source)
    hides = tuple(dict.fromkeys([*above.hides, above.source]))
    return Setting(value, source, hides)


def default_mode(levels: Sequence[Level]) -> Setting[str]:
    """Answer the mode that applies when no file sets one: targetFramework 4.5 or later asks for Framework45.

    Source: System.Web `ConfigUtil.SetFX45DefaultValue`.
    """
    mode = old = Setting(DEFAULTS["compatibilityMode"], DEFAULT)
    for each in placed_sections(levels, _HTTP_RUNTIME):
        version = _VERSION.match((each.section.element.get("targetFramework") or "").strip())
        if version is not None:
            modern = (int(version[1]), int(version[2])) >= (4, 5)
            mode = Setting("Framework45", each.level.name) if modern else old
    return mode


def _locking(placed: Sequence[Placed], contents: Sequence[Element]) -> Iterator[str]:
    """Yield the levels above the application that lock machineKey, whole or in some attributes."""
    for each, content in zip(placed, contents, strict=True):
        locks = each.section.locks or _locks(each.section.element) or _locks(content)
        if locks and segments(each.level.location):
            yield each.level.name


def _locks(element: Element) -> bool:
    item = (element.get("lockItem") or "").strip().lower() == "true"
    return item or any(element.get(name) for name in _LOCKS)


def _secret(setting: Setting[str]) -> Setting[Secret]:
    return Setting(Secret.of(setting.value), setting.source, setting.hides)
