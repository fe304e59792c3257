"""Finds the configuration sections of a file that apply to one application.

A section stands directly under `<configuration>` or in a `<location path="...">`, whose path is relative
to the file. Source: System.Configuration `BaseConfigurationRecord`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import Document, Element

PROVIDER = "configProtectionProvider"
"""The attribute of an encrypted section; .NET tolerates no other beside it."""

ENCRYPTED_DATA = "{http://www.w3.org/2001/04/xmlenc#}EncryptedData"
_DEEPEST = 64
_ROOTED = re.compile(r"[\\/]|[^\\/]*:")


class ProtectedSection(DocumentError):
    """A section that is encrypted, so that it can be neither read nor edited here."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Section:
    """A section that applies to an application."""

    element: Element
    location: Element | None
    """The `<location>` that it stands in."""
    distance: int
    """How many path segments lie between what the section is written for and the application."""

    @property
    def inherited(self) -> bool:
        """Tell whether applications below the one that the section is written for see it."""
        return not _says(self.location, "inheritInChildApplications", "false")

    @property
    def locks(self) -> bool:
        """Tell whether configuration below may not change the section."""
        return _says(self.location, "allowOverride", "false") or _says(self.location, "overrideMode", "deny")


def sections(document: Document, path: tuple[str, ...], location: str) -> list[Section]:
    """Answer the sections at *path*, such as `("system.web", "machineKey")`, for the application at *location*.

    *location* is the application's configuration path relative to the file, "" for its own file. The section
    that is written for the highest place comes first. Raises `DocumentError` when the root is not
    `configuration`, or when the section stands twice for one place, which .NET refuses.
    """
    if document.root.name != "configuration":
        document.refuse(document.root, "the root element is not <configuration>", hint="name the right file")
    found = [
        Section(element=element, location=parent if parent.name == "location" else None, distance=distance)
        for parent, distance in _holders(document.root, location)
        for element in _at(parent, path)
    ]
    found.sort(key=lambda section: -section.distance)
    for above, section in pairwise(found):
        if above.distance == section.distance:
            _refuse_twice(document, path[-1], above.element, section.element)
    return found


def own_section(document: Document, name: str) -> Element | None:
    """Answer the section *name*, such as `system.web/machineKey`, of the application whose file *document* is, or None.

    In the file that configSource names, it is the root element. Raises what `sections` raises.
    """
    path = tuple(name.split("/"))
    if document.root.name == path[-1]:
        return document.root
    return next((section.element for section in sections(document, path, "")), None)


def every_section(document: Document) -> Iterator[tuple[str, Element]]:
    """Yield every element below `<configuration>` by its path, in document order; a `<location>` is in no path.

    What lies deeper than any section does is left out: nobody could read its path.
    """
    waiting = [("", child, 1) for child in reversed(document.root.children)]
    while waiting:
        path, element, depth = waiting.pop()
        inner = path if element.name == "location" else f"{path}/{element.name}".lstrip("/")
        if inner != path:
            yield inner, element
        if depth < _DEEPEST:
            waiting.extend((inner, child, depth + 1) for child in reversed(element.children))


def config_source(document: Document, element: Element) -> str | None:
    """Answer the relative path of the file that the section *element* is moved to, or None.

    Raises `DocumentError` for a path that is empty, absolute or leads out of the application.
    """
    path = element.get("configSource")
    if path is None:
        return None
    hint = "name a file in the application's folder or below it"
    if not path.strip():
        document.refuse(element, "configSource is empty", hint=hint)
    if _ROOTED.match(path.strip()):
        document.refuse(element, "configSource is not a relative path, as ASP.NET demands", hint=hint)
    if ".." in (part.strip() for part in re.split(r"[\\/]", path)):
        document.refuse(element, "configSource leads out of the application's folder", hint=hint)
    return path


def is_encrypted(element: Element) -> bool:
    """Tell whether the section *element* is encrypted, in whatever form."""
    return element.get(PROVIDER) is not None or any(element.named(ENCRYPTED_DATA))


def check_readable(document: Document, element: Element) -> None:
    """Raise `ProtectedSection` when the section *element* is encrypted."""
    if is_encrypted(element):
        raise ProtectedSection(
            f"{document.place(element.start)}: {element.name} is encrypted",
            hint="decrypt the section (aspnet_regiis -pd), or manage it by hand",
        )


def segments(path: str) -> tuple[str, ...]:
    """Split a configuration path; slashes at its ends, their direction and the case of letters do not count."""
    parts = path.replace("\\", "/").lower().split("/")
    return tuple(part for part in parts if part not in ("", "."))


def _holders(root: Element, location: str) -> Iterator[tuple[Element, int]]:
    """Yield the elements whose sections apply to *location*, and how far above it they apply."""
    wanted = segments(location)
    yield root, len(wanted)
    for element in root.named("location"):
        path = segments(element.get("path") or "")
        if wanted[: len(path)] == path:
            yield element, len(wanted) - len(path)


def _at(parent: Element, path: tuple[str, ...]) -> Iterable[Element]:
    found = [parent]
    for name in path:
        found = [child for element in found for child in element.named(name)]
    return found


def _refuse_twice(document: Document, name: str, first: Element, second: Element) -> None:
    places = sorted([first, second], key=lambda element: element.start)
    document.refuse(
        places[1],
        f"a second {name} for the same place, after that at {document.place(places[0].start)}; ASP.NET refuses this",
        hint="remove one of them by hand",
    )


def _says(location: Element | None, name: str, value: str) -> bool:
    return location is not None and (location.get(name) or "").strip().lower() == value
