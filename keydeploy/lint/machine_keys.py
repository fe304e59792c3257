"""The machine key that an application sees, attribute by attribute, with the place of each."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from keydeploy.errors import DocumentError
from keydeploy.keys.machine_key import COMPATIBILITY_MODES
from keydeploy.lint.key_text import KeyText, Kind, read
from keydeploy.lint.model import Application
from keydeploy.lint.sight import Part, locations, parts, written
from keydeploy.webconfig.effective import DEFAULT, DEFAULTS, Setting, default_mode

SECTION: Final = "system.web/machineKey"
KEYS: Final = ("validationKey", "decryptionKey")
FRAMEWORK_45: Final = "Framework45"
DES_DIGITS: Final = 16
"""The length of a decryptionKey by which `Auto` means DES, before Framework45. Source: `MachineKeySection`."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MachineKeyView:
    """What applies at one place of the application: at its root, or at a `<location>` of its own file."""

    application: Application
    parts: tuple[Part, ...]
    """In the order in which .NET evaluates them; what a later one sets counts."""
    target_mode: Setting[str]
    """The compatibilityMode that applies where no machineKey sets one: by targetFramework, or the default."""

    def part(self, attribute: str) -> Part | None:
        """Answer the part that sets *attribute* in the end; None where none does, or an unreadable one may."""
        for part in reversed(self.parts):
            if part.element is None:
                return None
            if part.get(attribute) is not None:
                return part
        return None

    def value(self, attribute: str) -> str | None:
        """Answer the value in effect, which may be the default; None where an unreadable part may set another."""
        part = self.part(attribute)
        if part is not None:
            return part.get(attribute)
        if not self.is_readable:
            return None
        return self.target_mode.value if attribute == "compatibilityMode" else DEFAULTS[attribute]

    @property
    def is_readable(self) -> bool:
        """Tell whether no part is encrypted or missing."""
        return all(part.element is not None for part in self.parts)

    @property
    def mode(self) -> str | None:
        """Answer the compatibilityMode in effect; None where it is not known, or none that ASP.NET knows."""
        value = self.value("compatibilityMode")
        return value if value in COMPATIBILITY_MODES else None

    @property
    def uses_data_protector(self) -> bool:
        """Tell whether a class of the application's own choice stands in for the algorithms of Framework45."""
        return bool(self.value("dataProtectorType")) and self.mode == FRAMEWORK_45

    def key(self, attribute: str) -> KeyText | None:
        """Answer what is in effect in the place of a key; None where it is not known."""
        value = self.value(attribute)
        return None if value is None else read(value)


def views(application: Application) -> Iterator[MachineKeyView]:
    """Yield the view of the application, and of each `<location>` of its own file that has a machineKey."""
    for below in dict.fromkeys(locations(application, SECTION)):
        yield MachineKeyView(
            application=application,
            parts=tuple(parts(application, SECTION, below)),
            target_mode=_target_mode(application, below),
        )


def keys_written(application: Application) -> Iterator[tuple[Part, str, KeyText]]:
    """Yield every key that the files write, wherever, with the attribute that holds it."""
    for part in written(application, SECTION):
        for attribute in KEYS:
            value = part.get(attribute)
            if value is not None:
                yield part, attribute, read(value)


def explicit_keys(view: MachineKeyView) -> Iterator[tuple[Part, str, KeyText]]:
    """Yield the keys in effect that a file spells out."""
    for attribute in KEYS:
        part, key = view.part(attribute), view.key(attribute)
        if part is not None and key is not None and key.kind is Kind.EXPLICIT:
            yield part, attribute, key


def _target_mode(application: Application, below: str) -> Setting[str]:
    levels = [
        replace(file.level, location="/".join(filter(None, (file.level.location, below)))) for file in application.files
    ]
    try:
        return default_mode(levels)
    except DocumentError:
        return Setting(DEFAULTS["compatibilityMode"], DEFAULT)
