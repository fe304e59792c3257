"""What the files of an application say in a section, and where each word of it stands.

Nothing here raises for what a file holds: a section that cannot be told apart, opened or found is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from keydeploy.errors import DocumentError
from keydeploy.lint.model import Application, ConfigFile, Finding, Rule
from keydeploy.webconfig.document import Attribute, Document, Element
from keydeploy.webconfig.effective import Level, Placed, placed_sections
from keydeploy.webconfig.sections import every_section, is_encrypted

_SEPARATORS = re.compile(r"[\\/]")
_NAMESPACE = re.compile(r"\{[^}]*\}")
_LONGEST_SHOWN = 60
_NAME = re.compile(r"[A-Za-z .:_-]+[0-9]{0,2}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_WORD = 20
_SHORTEST_ON_AVERAGE = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Part:
    """A section as one file writes it."""

    application: Application
    file: ConfigFile
    section: str
    """Such as `system.web/machineKey`."""
    path: str
    """Of the file that holds its content: where configSource moves it, another than that of `file`."""
    document: Document
    """The file at `path`."""
    anchor: Element
    """The section as that file has it."""
    element: Element | None
    """The section in clear; None where it is encrypted, or in a file that was not read."""

    @property
    def is_encrypted(self) -> bool:
        """Tell whether the file has it encrypted."""
        return is_encrypted(self.anchor)

    @property
    def is_own(self) -> bool:
        """Tell whether the application's own file says it, or one that this file names."""
        return self.file is self.application.own

    def get(self, attribute: str) -> str | None:
        """Answer the value of *attribute*, or None."""
        return self.element.get(attribute) if self.element else None

    def below(self, *path: str) -> Iterator[Element]:
        """Yield the elements at *path* in the section."""
        found = [self.element] if self.element else []
        for name in path:
            found = [child for element in found for child in element.named(name)]
        yield from found

    def finding(
        self, rule: Rule, text: str, *, attribute: str | None = None, element: Element | None = None, subject: str = ""
    ) -> Finding:
        """Answer that *rule* strikes at *attribute* of *element*, or at the whole of it.

        *element* is the section itself where it is left out. *subject* tells it from others in the section; it must
        hold nothing that may be a key, see `shown`.
        """
        target = element or self.element or self.anchor
        offset = target.start if attribute is None else _offset(target, attribute)
        if self.is_encrypted:
            offset = self.anchor.start  # In clear it stands nowhere.
        line, column = map(int, self.document.place(offset).split(":"))
        suffix = f"@{attribute}" if attribute else ""
        return Finding(
            rule=rule,
            file=self.path,
            line=line,
            column=column,
            text=text,
            subject=f"{self.section}{subject}{suffix}",
            node=self.application.node.name if self.application.node else None,
            application=self.application.name if self.is_own else None,
        )


def parts(application: Application, section: str, below: str = "") -> list[Part]:
    """Answer what the files say in *section* for the application, in the order in which .NET evaluates it.

    *below* is a path in the application, such as that of a `<location>`, for which it is asked instead.
    """
    path = tuple(section.split("/"))
    found = [
        (placed.section.distance, _part(application, file, section, placed.section.element))
        for file in application.files
        for placed in _placed(replace(file.level, location=_joined(file.level.location, below)), path)
    ]
    found.sort(key=lambda each: -each[0])
    return [part for _, part in found]


def written(application: Application, section: str) -> list[Part]:
    """Answer every *section* that the application's own file has, for whatever place, and those above that apply."""
    above = [part for part in parts(application, section) if not part.is_own]
    own, path = application.own, section.split("/")
    root = own.level.document.root
    if root.name == path[-1]:
        return [*above, _part(application, own, section, root)]
    found = [root, *root.named("location")] if root.name == "configuration" else []
    for name in path:
        found = [child for element in found for child in element.named(name)]
    return [*above, *(_part(application, own, section, element) for element in found)]


def with_moved(parts: list[Part]) -> Iterator[Part]:
    """Yield *parts* of appSettings, and the files that their attribute `file` names, which come on top."""
    for part in parts:
        yield part
        moved = part.file.moved.get(part.section)
        if part.anchor.get("file") is not None and moved is not None and moved.root.name == part.section:
            path = _moved_to(part.file, part.section, part.anchor.get("file") or "")
            yield replace(part, path=path, document=moved, anchor=moved.root, element=moved.root)


def every(application: Application) -> Iterator[Part]:
    """Yield every element below the root of the application's own file as a part, by its path."""
    own = application.own
    for path, element in every_section(own.level.document):
        yield Part(
            application=application,
            file=own,
            section=_NAMESPACE.sub("", path),
            path=own.path,
            document=own.level.document,
            anchor=element,
            element=None if is_encrypted(element) else element,
        )


def locations(application: Application, section: str) -> Iterator[str]:
    """Yield the paths of the `<location>` elements of the application's own file that hold *section*; "" first."""
    yield ""
    root, name = application.own.level.document.root, section.split("/")
    for location in root.named("location"):
        found = [location]
        for step in name:
            found = [child for element in found for child in element.named(step)]
        path = (location.get("path") or "").strip("./\\ ")
        if found and path:
            yield path


def local_name(element: Element) -> str:
    """Answer the name of *element* without its namespace, which may be any text."""
    return element.name.rpartition("}")[2]


def shown(name: str | None) -> str | None:
    """Answer *name*, of a setting or a connection, where it is made of words, so that it may be shown; or None.

    Anything else may be a key in the wrong place.
    """
    if not name or len(name) > _LONGEST_SHOWN or not _NAME.fullmatch(name):
        return None
    words = [len(word) for word in _WORD.findall(name)]
    is_made_of_words = words and max(words) <= _LONGEST_WORD and sum(words) >= _SHORTEST_ON_AVERAGE * len(words)
    return name if is_made_of_words else None


def _placed(level: Level, path: tuple[str, ...]) -> list[Placed]:
    try:
        return placed_sections([level], path)
    except DocumentError:
        return []


def _part(application: Application, file: ConfigFile, section: str, element: Element) -> Part:
    path, document, anchor, content = file.path, file.level.document, element, element
    source = element.get("configSource")
    if source is not None:
        external = _external(file, section)
        if external is None or external.root.name != section.rsplit("/", maxsplit=1)[-1]:
            return Part(
                application=application,
                file=file,
                section=section,
                path=path,
                document=document,
                anchor=anchor,
                element=None,
            )
        path, document = _moved_to(file, section, source), external
        anchor = content = external.root
    return Part(
        application=application,
        file=file,
        section=section,
        path=path,
        document=document,
        anchor=anchor,
        element=_opened(application, document, content),
    )


def _external(file: ConfigFile, section: str) -> Document | None:
    return (file.level.external if section == "system.web/machineKey" else None) or file.moved.get(section)


def _opened(application: Application, document: Document, element: Element) -> Element | None:
    if not is_encrypted(element):
        return element
    if application.opener is None:
        return None
    try:
        return application.opener(document, element).root
    except DocumentError:
        return None


def _offset(element: Element, name: str) -> int:
    found: Attribute | None = next((each for each in element.attributes if each.name == name), None)
    return found.start if found else element.start


def _joined(location: str, below: str) -> str:
    return "/".join(filter(None, (location, below)))


def _moved_to(file: ConfigFile, section: str, source: str) -> str:
    """Answer the path of *source*, to which *file* moves *section*."""
    path = file.path
    if section in file.moved_to:
        return file.moved_to[section]
    separator = "\\" if "\\" in path else "/"
    folder = path.rpartition(separator)[0]
    return separator.join([*([folder] if folder else []), *_SEPARATORS.split(source.strip())])
