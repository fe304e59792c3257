"""Puts configuration files that lie in folders together into applications.

A web.config inherits from the web.config files of the folders above it and from a machine.config beside the topmost;
what is not among the files that were looked at is not known. Files that configSource names belong to the file that
names them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import PurePosixPath

from keydeploy.errors import DocumentError
from keydeploy.lint import reporting_services
from keydeploy.lint.model import Application, ConfigFile, Node
from keydeploy.lint.sight import shown
from keydeploy.lint.walking import is_backup
from keydeploy.webconfig.document import Document, Element
from keydeploy.webconfig.effective import Level
from keydeploy.webconfig.sections import config_source, every_section

_TRANSFORM = "http://schemas.microsoft.com/XML-Document-Transform"
_WEB, _MACHINE = "web.config", "machine.config"
_VARIANT = re.compile(r"(?:web|app)\.[^.]+\.config")
"""`web.Release.config`, a transform by its name."""

_PROGRAM = re.compile(r"app\.config|.*\.(?:exe|dll)\.config")
_NOT_ON_A_FARM = re.compile(r"app\..*|.*\.debug\.config")
"""Beside programs: their transforms, and those for a developer's own machine."""

_SECTIONS = frozenset(
    (
        "appSettings",
        "connectionStrings",
        "microsoft.identityModel",
        "system.identityModel",
        "system.identityModel.services",
        "system.net/mailSettings/smtp",
        "system.web/authentication",
        "system.web/identity",
        "system.web/machineKey",
        "system.web/sessionState",
    )
)
"""What may be moved out of a web.config, as far as rules look into it."""

_ROOTS = frozenset(("configuration", *(section.rpartition("/")[2] for section in _SECTIONS)))

_SEPARATORS = re.compile(r"[\\/]")
_BELOW = "?"
"""Stands for any path below machine.config."""


class Role(Enum):
    """What is to be said of a file."""

    WHOLE = "whole"
    """All rules apply."""
    PROGRAM = "program"
    """It belongs to a program that no load balancer stands before."""
    CONTENT = "content"
    """It is applied to another file, or is a part of one: only what it holds counts."""
    KEYS = "keys"
    """It is a file of another product, which shares keys in the way of ASP.NET."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Placed:
    """An application as one file makes it, and how much of it is to be judged."""

    application: Application
    role: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A section that stands in a file of its own."""

    section: str
    path: str | None
    """Of that file; None where ASP.NET refuses it, as it does not lie below the one that names it."""
    shown_path: str | None
    """The path where it may be shown: what stands in configSource may be anything."""


def assemble(documents: Mapping[str, Document], *, on_farm: bool, node: Node | None = None) -> Iterator[Placed]:
    """Yield an application for each of *documents*, by the path as it is shown; *node* is where they lie, if known."""
    by_folded = {path.lower(): path for path in documents}
    moved = {path: dict(_moved(path, documents, by_folded)) for path in documents}
    parts_of_others = {target for found in moved.values() for target, _ in found.values()}
    for path, document in documents.items():
        if path in parts_of_others and document.root.name != "configuration":
            continue
        role = _role(path, document)
        above = _above(path, by_folded) if _name(path) == _WEB and role is Role.WHOLE else []
        files = [_file(each, path, documents, moved[each]) for each in [*above, path]]
        application = Application(
            name=str(PurePosixPath(path).parent),
            files=tuple(files),
            on_farm=on_farm and role is not Role.PROGRAM and not _NOT_ON_A_FARM.fullmatch(_name(path)),
            node=node,
        )
        yield Placed(application=application, role=role)


def is_configuration(document: Document) -> bool:
    """Tell whether *document* is a configuration file of .NET, or a section that was moved out of one."""
    return document.root.name in _ROOTS


def named_by(path: str, document: Document) -> Iterator[Moved]:
    """Yield what the file at *path* moves to other ones by configSource.

    The file that appSettings names by `file` is none of these: ASP.NET takes it for empty where it is missing.
    """
    for section, element in _sections(document):
        source = element.get("configSource")
        if source is not None:
            is_inside = _source(document, element) is not None
            target = _joined(path, source) if is_inside else None
            may_be_shown = target is not None and all(map(shown, _SEPARATORS.split(source.strip())))
            yield Moved(section=section, path=target, shown_path=target if may_be_shown else None)


def _role(path: str, document: Document) -> Role:
    name = _name(path)
    if name == reporting_services.FILE:
        return Role.KEYS
    is_other = _VARIANT.fullmatch(name) or is_backup(name) or _is_transform(document.root)
    if document.root.name != "configuration" or is_other:
        return Role.CONTENT
    return Role.PROGRAM if _PROGRAM.fullmatch(name) else Role.WHOLE


def _is_transform(root: Element) -> bool:
    return any(attribute.value == _TRANSFORM for attribute in root.attributes)


def _above(path: str, by_folded: Mapping[str, str]) -> list[str]:
    """Answer the files from which the web.config at *path* inherits, the topmost first."""
    folders = list(PurePosixPath(path).parents)
    webs = [by_folded.get(_in(folder, _WEB)) for folder in reversed(folders[1:])]
    found = [web for web in webs if web is not None]
    top = PurePosixPath(found[0] if found else path).parent
    machine = by_folded.get(_in(top, _MACHINE))
    return [*([machine] if machine else []), *found]


def _in(folder: PurePosixPath, name: str) -> str:
    return str(folder / name).lower()


def _file(
    path: str, own: str, documents: Mapping[str, Document], moved: Mapping[str, tuple[str, Document]]
) -> ConfigFile:
    folder, own_folder = PurePosixPath(path).parent, PurePosixPath(own).parent
    location = "" if path == own else "/".join(own_folder.relative_to(folder).parts) or _BELOW
    machine_key = moved.get("system.web/machineKey")
    level = Level(
        name=path,
        document=documents[path],
        location=location,
        external=machine_key[1] if machine_key else None,
    )
    return ConfigFile(
        path=path,
        level=level,
        moved={section: document for section, (_, document) in moved.items()},
        moved_to={section: target for section, (target, _) in moved.items()},
    )


def _moved(
    path: str, documents: Mapping[str, Document], by_folded: Mapping[str, str]
) -> Iterator[tuple[str, tuple[str, Document]]]:
    """Yield what the sections of the file at *path* are moved to, by section, where that was looked at."""
    document = documents[path]
    for section, element in _sections(document):
        source = _source(document, element)
        target = by_folded.get(_joined(path, source).lower()) if source else None
        if target is not None and target != path:
            yield section, (target, documents[target])


def _sections(document: Document) -> Iterator[tuple[str, Element]]:
    if document.root.name == "configuration":
        for section, element in every_section(document):
            if section in _SECTIONS:
                yield section, element


def _source(document: Document, element: Element) -> str | None:
    try:
        return config_source(document, element) or (element.get("file") if element.name == "appSettings" else None)
    except DocumentError:
        return None


def _joined(path: str, source: str) -> str:
    """Answer the path of *source*, which the file at *path* names."""
    return str(PurePosixPath(path).parent / source.strip().replace("\\", "/"))


def _name(path: str) -> str:
    return PurePosixPath(path).name.lower()
