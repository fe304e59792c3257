"""Finds and registers the configuration sections of Windows Identity Foundation (WIF).

WIF 4.5 is a part of .NET and reads `system.identityModel` and `system.identityModel.services`; WIF 3.5 was
delivered apart and reads `microsoft.identityModel`. Source: Microsoft, "WIF Configuration Reference", and the
same for 3.5.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from keydeploy.edit import Difference
from keydeploy.webconfig.document import Document, Element
from keydeploy.webconfig.editor import Editor, NewElement, Node
from keydeploy.webconfig.sections import check_readable, sections

IDENTITY_MODEL: Final = "system.identityModel"
SERVICES: Final = "system.identityModel.services"
WIF_3_5: Final = "microsoft.identityModel"

_SECTION_TYPES: Final = {
    IDENTITY_MODEL: "System.IdentityModel.Configuration.SystemIdentityModelSection, System.IdentityModel, "
    "Version=4.0.0.0, Culture=neutral, PublicKeyToken=B77A5C561934E089",
    SERVICES: "System.IdentityModel.Services.Configuration.SystemIdentityModelServicesSection, "
    "System.IdentityModel.Services, Version=4.0.0.0, Culture=neutral, PublicKeyToken=B77A5C561934E089",
    WIF_3_5: "Microsoft.IdentityModel.Configuration.MicrosoftIdentityModelSection, Microsoft.IdentityModel, "
    "Version=3.5.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35",
}


def register(editor: Editor, upper: Sequence[Document], names: Iterable[str]) -> Iterator[Difference]:
    """Register those of the sections *names* that neither the editor's document nor a file of *upper* registers."""
    known = registered([*upper, editor.document])
    for name in names:
        if name not in known:
            new = NewElement("section", {"name": name, "type": _SECTION_TYPES[name]})
            editor.append(_config_sections(editor), new)
            yield Difference(f"registration of {name}", "absent", "present")


def registered(documents: Iterable[Document]) -> set[str]:
    """Answer the sections of WIF that *documents* register."""
    found = {
        section.get("name")
        for document in documents
        for parent in document.root.named("configSections")
        for section in parent.named("section")
    }
    return {name for name in _SECTION_TYPES if name in found}


def handed_down(upper: Sequence[Document], name: str) -> Iterator[Element]:
    """Yield the sections *name* that applications below the files *upper* see.

    Raises `ProtectedSection` when one is encrypted, and `DocumentError` when it stands in another file.
    """
    for document in upper:
        for section in sections(document, (name,), ""):
            if section.inherited:
                yield _readable(document, section.element)


def own(document: Document, name: str) -> Iterator[Element]:
    """Yield the section *name* of the application's own file, if there is one; raises as `handed_down` does."""
    for section in sections(document, (name,), ""):
        yield _readable(document, section.element)


def named(parent: Element, tag: str, name: str) -> Element | None:
    """Answer the first child *tag* of *parent* that has the *name*; "" is the one without a name."""
    return next((child for child in parent.named(tag) if (child.get("name") or "") == name), None)


def ensure_named(editor: Editor, parent: Node, tag: str, name: str) -> Node:
    """Answer the child that `named` finds; appended where it is missing."""
    for child in editor.children(parent, tag):
        if (editor.value(child, "name") or "") == name:
            return child
    return editor.append(parent, NewElement(tag, {"name": name} if name else {}))


def _config_sections(editor: Editor) -> Node:
    """Answer the `<configSections>`, which .NET wants to be the first child."""
    root = editor.document.root
    found = editor.children(root, "configSections")
    return found[0] if found else editor.insert(root, 0, NewElement("configSections"))


def _readable(document: Document, element: Element) -> Element:
    check_readable(document, element)
    if element.get("configSource") is not None:
        document.refuse(
            element,
            f"{element.name} stands in another file (configSource), which is not edited",
            hint="move the section into web.config, or edit that file by hand",
        )
    return element
