"""Makes WIF protect session cookies by the machine key instead of the node's own DPAPI key.

Without it, a cookie that one node of a farm wrote cannot be read by the others. Source: Microsoft, "WIF and
Web Farms"; System.IdentityModel 4.0 configuration schema.
"""

from collections.abc import Iterable, Iterator, Sequence

from keydeploy.edit import Difference
from keydeploy.webconfig.document import Document, Element
from keydeploy.webconfig.editor import Editor, NewElement, Node
from keydeploy.webconfig.sections import check_readable, sections

_IDENTITY_MODEL = "system.identityModel"
_SERVICES = "system.identityModel.services"
_SECTION_TYPES = {
    _IDENTITY_MODEL: "System.IdentityModel.Configuration.SystemIdentityModelSection, System.IdentityModel, "
    "Version=4.0.0.0, Culture=neutral, PublicKeyToken=B77A5C561934E089",
    _SERVICES: "System.IdentityModel.Services.Configuration.SystemIdentityModelServicesSection, "
    "System.IdentityModel.Services, Version=4.0.0.0, Culture=neutral, PublicKeyToken=B77A5C561934E089",
}
_DEFAULT_HANDLER = (
    "System.IdentityModel.Tokens.SessionSecurityTokenHandler, System.IdentityModel, "
    "Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
)
_MACHINE_KEY_HANDLER = (
    "System.IdentityModel.Services.Tokens.MachineKeySessionSecurityTokenHandler, System.IdentityModel.Services, "
    "Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
)
_PRESENT, _ABSENT = "present", "absent"


def require_machine_key_handler(editor: Editor, upper: Sequence[Document]) -> tuple[Difference, ...]:
    """Make the application's WIF session cookies use the machine key, and answer in what it differs.

    *upper* are the files above, from machine.config down; what they say is not said again, and what they say
    in a `<location>` for this application alone is not looked at. Raises `ProtectedSection` when a section is
    encrypted, and `DocumentError` when it stands in another file.
    """
    services = [*_handed_down(upper, _SERVICES), *_own(editor.document, _SERVICES)]
    configuration = _identity_configuration_name(services)
    inherited = [
        entry for model in _handed_down(upper, _IDENTITY_MODEL) for entry in _entries(_collection(model, configuration))
    ]
    return (*_register_sections(editor, upper), *_require_handlers(editor, inherited, configuration))


def _register_sections(editor: Editor, upper: Sequence[Document]) -> Iterator[Difference]:
    documents = [*upper, editor.document]
    known = {section.get("name") for document in documents for section in _registrations(document)}
    for name, section_type in _SECTION_TYPES.items():
        if name not in known:
            editor.append(_config_sections(editor), NewElement("section", {"name": name, "type": section_type}))
            yield Difference(f"registration of {name}", _ABSENT, _PRESENT)


def _registrations(document: Document) -> Iterator[Element]:
    for parent in document.root.named("configSections"):
        yield from parent.named("section")


def _config_sections(editor: Editor) -> Node:
    """Answer the `<configSections>`, which .NET wants to be the first child."""
    root = editor.document.root
    found = editor.children(root, "configSections")
    return found[0] if found else editor.insert(root, 0, NewElement("configSections"))


def _require_handlers(editor: Editor, inherited: list[Element], configuration: str) -> Iterator[Difference]:
    model = next(_own(editor.document, _IDENTITY_MODEL), None)
    own = _collection(model, configuration)
    kept = list(inherited)
    for child in _entries(own):
        if own and child.name == "add" and _handler(child) == _type_name(_DEFAULT_HANDLER):
            editor.remove(own, child)
            yield Difference("added SessionSecurityTokenHandler", _PRESENT, _ABSENT)
        else:
            kept.append(child)
    handlers = _evaluate(kept)
    if _type_name(_DEFAULT_HANDLER) in handlers:
        _insert_remove(editor, _ensure_collection(editor, model, configuration))
        yield Difference("SessionSecurityTokenHandler", _PRESENT, _ABSENT)
    if _type_name(_MACHINE_KEY_HANDLER) not in handlers:
        new = NewElement("add", {"type": _MACHINE_KEY_HANDLER})
        editor.append(_ensure_collection(editor, model, configuration), new)
        yield Difference("MachineKeySessionSecurityTokenHandler", _ABSENT, _PRESENT)


def _evaluate(entries: Iterable[Element]) -> set[tuple[str, str]]:
    """Answer the handlers after *entries*, in order; WIF starts with its default session handler."""
    handlers = {_type_name(_DEFAULT_HANDLER)}
    for entry in entries:
        match entry.name:
            case "clear":
                handlers.clear()
            case "remove":
                handlers.discard(_handler(entry))
            case "add":
                handlers.add(_handler(entry))
    return handlers


def _insert_remove(editor: Editor, collection: Node) -> None:
    """Insert the `<remove>` before the first `<add>`: the collection is evaluated in order."""
    names = [child.name for child in editor.children(collection)]
    index = names.index("add") if "add" in names else len(names)
    editor.insert(collection, index, NewElement("remove", {"type": _DEFAULT_HANDLER}))


def _ensure_collection(editor: Editor, model: Element | None, configuration: str) -> Node:
    """Answer the handlers' default collection of the identity configuration in effect; created where missing."""
    parent = model or editor.ensure(editor.document.root, _IDENTITY_MODEL)
    identity = _ensure_named(editor, parent, "identityConfiguration", configuration)
    return _ensure_named(editor, identity, "securityTokenHandlers", "")


def _ensure_named(editor: Editor, parent: Node, tag: str, name: str) -> Node:
    for child in editor.children(parent, tag):
        if (editor.value(child, "name") or "") == name:
            return child
    return editor.append(parent, NewElement(tag, {"name": name} if name else {}))


def _identity_configuration_name(services: Sequence[Element]) -> str:
    """Answer which identity configuration the application uses; the lowest file that names one decides."""
    for section in reversed(services):
        federation = _child(section, "federationConfiguration", "")
        name = federation.get("identityConfigurationName") if federation else None
        if name is not None:
            return name
    return ""


def _collection(model: Element | None, configuration: str) -> Element | None:
    identity = _child(model, "identityConfiguration", configuration) if model else None
    return _child(identity, "securityTokenHandlers", "") if identity else None


def _entries(collection: Element | None) -> tuple[Element, ...]:
    return collection.children if collection else ()


def _handed_down(upper: Sequence[Document], name: str) -> Iterator[Element]:
    """Yield the sections *name* that applications below the files *upper* see."""
    for document in upper:
        for section in sections(document, (name,), ""):
            if section.inherited:
                yield _readable(document, section.element)


def _own(document: Document, name: str) -> Iterator[Element]:
    """Yield the section *name* of the application's own file, if there is one."""
    for section in sections(document, (name,), ""):
        yield _readable(document, section.element)


def _readable(document: Document, element: Element) -> Element:
    check_readable(document, element)
    if element.get("configSource") is not None:
        document.refuse(
            element,
            f"{element.name} stands in another file (configSource), which is not edited",
            hint="move the section into web.config, or edit that file by hand",
        )
    return element


def _child(parent: Element, tag: str, name: str) -> Element | None:
    return next((child for child in parent.named(tag) if (child.get("name") or "") == name), None)


def _handler(entry: Element) -> tuple[str, str]:
    return _type_name(entry.get("type") or "")


def _type_name(text: str) -> tuple[str, str]:
    """Answer the full type name and the assembly's simple name, which is all that counts here."""
    name, _, assembly = text.partition(",")
    return name.strip(), assembly.partition(",")[0].strip().lower()
