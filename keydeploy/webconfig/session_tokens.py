"""Makes WIF protect session cookies by the machine key instead of the node's own DPAPI key, or stop doing so.

Without it, a cookie that one node of a farm wrote cannot be read by the others. Source: Microsoft, "WIF and
Web Farms"; System.IdentityModel 4.0 configuration schema.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from keydeploy.edit import Difference
from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import Document, Element
from keydeploy.webconfig.editor import Editor, NewElement, Node
from keydeploy.webconfig.identity_model import IDENTITY_MODEL, SERVICES, ensure_named, handed_down, named, own, register

_DEFAULT_HANDLER = (
    "System.IdentityModel.Tokens.SessionSecurityTokenHandler, System.IdentityModel, "
    "Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
)
_MACHINE_KEY_HANDLER = (
    "System.IdentityModel.Services.Tokens.MachineKeySessionSecurityTokenHandler, System.IdentityModel.Services, "
    "Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
)
_DEFAULT_HANDLER_3_5 = (
    "Microsoft.IdentityModel.Tokens.SessionSecurityTokenHandler, Microsoft.IdentityModel, "
    "Version=3.5.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35"
)
_PRESENT, _ABSENT = "present", "absent"


@dataclass(frozen=True, slots=True, repr=False)
class _Handlers:
    """The collection of token handlers in effect, as the files write it."""

    configuration: str
    """The name of the identity configuration, "" for the one without a name."""
    inherited: tuple[Element, ...]
    """The entries of the files above, in order."""
    is_above: bool
    """Whether a file above has that identity configuration."""
    model: Element | None
    """The section of the application's own file."""

    @property
    def own(self) -> Element | None:
        """Answer the collection in the application's own file."""
        return _collection(self.model, self.configuration) if self.model else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHandlers:
    """Which handlers protect session cookies."""

    by_node_key: bool
    """WIF's default, which encrypts with DPAPI, is among them."""
    by_machine_key: bool
    other: bool
    """One of somebody else's is among them, as far as its name tells."""


def require_machine_key_handler(editor: Editor, upper: Sequence[Document]) -> tuple[Difference, ...]:
    """Make the application's WIF session cookies use the machine key, and answer in what it differs.

    *upper* are the files above, from machine.config down; what they say is not said again, and what they say
    in a `<location>` for this application alone is not looked at. Raises `ProtectedSection` when a section is
    encrypted, and `DocumentError` when it stands in another file, or when a file above has the identity configuration
    without what is needed: WIF refuses a second one of the same name (ID7029). Source: System.IdentityModel
    `IdentityConfigurationElementCollection.BaseAdd`.
    """
    handlers = _handlers(editor.document, upper)
    return (*register(editor, upper, (IDENTITY_MODEL, SERVICES)), *_require_handlers(editor, handlers))


def forbid_machine_key_handler(editor: Editor, upper: Sequence[Document]) -> tuple[Difference, ...]:
    """Take the handler that uses the machine key out of the application's own file, and answer whether it was there.

    The removal of the default handler stays: an application that then registers no other fails at once instead
    of going back to the node's own key. *upper* are the files above. Raises `ProtectedSection` and
    `DocumentError` as `require_machine_key_handler` does, and `DocumentError` when a file above registers the handler.
    """
    handlers = _handlers(editor.document, upper)
    collection = handlers.own
    unwanted = [child for child in _entries(collection) if _adds(child, _MACHINE_KEY_HANDLER)]
    kept = [child for child in _entries(collection) if child not in unwanted]
    if _type_name(_MACHINE_KEY_HANDLER) in _evaluate([*handlers.inherited, *kept]):
        raise DocumentError(
            "a file above registers MachineKeySessionSecurityTokenHandler, so the certificate would not be used",
            hint='remove it there, or put that section into <location path="." inheritInChildApplications="false">',
        )
    if collection is not None:
        for child in unwanted:
            editor.remove(collection, child)
    return (Difference("MachineKeySessionSecurityTokenHandler", _PRESENT, _ABSENT),) if unwanted else ()


def session_handlers(services: Sequence[Element], models: Sequence[Element]) -> SessionHandlers:
    """Answer which token handlers an application of WIF 4.5 ends up with.

    *services* are the sections `system.identityModel.services` that apply, *models* those of `system.identityModel`,
    both in clear and from the highest down.
    """
    configuration = _identity_configuration_name(services)
    collections = (_collection(model, configuration) for model in models)
    entries = [entry for collection in collections for entry in _entries(collection)]
    return _told(_evaluate(entries), _DEFAULT_HANDLER, _type_name(_MACHINE_KEY_HANDLER))


def session_handlers_3_5(sections: Sequence[Element]) -> SessionHandlers:
    """Answer which token handlers an application of WIF 3.5 ends up with.

    *sections* are those of `microsoft.identityModel` that apply, in clear and from the highest down. WIF 3.5 has no
    handler of its own that uses the machine key: another one is somebody else's.
    """
    services = (named(section, "service", "") for section in sections)
    collections = (named(service, "securityTokenHandlers", "") for service in services if service)
    entries = [entry for collection in collections for entry in _entries(collection)]
    return _told(_evaluate(entries, _DEFAULT_HANDLER_3_5), _DEFAULT_HANDLER_3_5, None)


def _told(handlers: set[tuple[str, str]], default: str, by_machine_key: tuple[str, str] | None) -> SessionHandlers:
    others = handlers - {_type_name(default)} - ({by_machine_key} if by_machine_key else set())
    return SessionHandlers(
        by_node_key=_type_name(default) in handlers,
        by_machine_key=by_machine_key in handlers,
        other=any("SessionSecurityTokenHandler" in name for name, _ in others),
    )


def _handlers(document: Document, upper: Sequence[Document]) -> _Handlers:
    services = [*handed_down(upper, SERVICES), *own(document, SERVICES)]
    configuration = _identity_configuration_name(services)
    above = list(handed_down(upper, IDENTITY_MODEL))
    return _Handlers(
        configuration=configuration,
        inherited=tuple(entry for model in above for entry in _entries(_collection(model, configuration))),
        is_above=any(named(model, "identityConfiguration", configuration) for model in above),
        model=next(own(document, IDENTITY_MODEL), None),
    )


def _require_handlers(editor: Editor, found: _Handlers) -> Iterator[Difference]:
    collection = found.own
    kept = list(found.inherited)
    for child in _entries(collection):
        if collection and _adds(child, _DEFAULT_HANDLER):
            editor.remove(collection, child)
            yield Difference("added SessionSecurityTokenHandler", _PRESENT, _ABSENT)
        else:
            kept.append(child)
    handlers = _evaluate(kept)
    if _type_name(_DEFAULT_HANDLER) in handlers:
        _insert_remove(editor, _ensure_collection(editor, found))
        yield Difference("SessionSecurityTokenHandler", _PRESENT, _ABSENT)
    if _type_name(_MACHINE_KEY_HANDLER) not in handlers:
        new = NewElement("add", {"type": _MACHINE_KEY_HANDLER})
        editor.append(_ensure_collection(editor, found), new)
        yield Difference("MachineKeySessionSecurityTokenHandler", _ABSENT, _PRESENT)


def _adds(entry: Element, handler: str) -> bool:
    return entry.name == "add" and _handler(entry) == _type_name(handler)


def _evaluate(entries: Iterable[Element], default: str = _DEFAULT_HANDLER) -> set[tuple[str, str]]:
    """Answer the handlers after *entries*, in order; WIF starts with its *default* session handler."""
    handlers = {_type_name(default)}
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


def _ensure_collection(editor: Editor, found: _Handlers) -> Node:
    """Answer the handlers' default collection of the identity configuration in effect; created where missing."""
    present = named(found.model, "identityConfiguration", found.configuration) if found.model else None
    if found.is_above and present is None:
        raise DocumentError(
            "a file above has this <identityConfiguration>, and WIF does not merge it with one here (ID7029)",
            hint="declare session_tokens for the application above, or put that section into"
            ' <location path="." inheritInChildApplications="false">',
        )
    parent = found.model or editor.ensure(editor.document.root, IDENTITY_MODEL)
    identity = ensure_named(editor, parent, "identityConfiguration", found.configuration)
    return ensure_named(editor, identity, "securityTokenHandlers", "")


def _identity_configuration_name(services: Sequence[Element]) -> str:
    """Answer which identity configuration the application uses; the lowest file that names one decides."""
    for section in reversed(services):
        federation = named(section, "federationConfiguration", "")
        name = federation.get("identityConfigurationName") if federation else None
        if name is not None:
            return name
    return ""


def _collection(model: Element, configuration: str) -> Element | None:
    identity = named(model, "identityConfiguration", configuration)
    return named(identity, "securityTokenHandlers", "") if identity else None


def _entries(collection: Element | None) -> tuple[Element, ...]:
    return collection.children if collection else ()


def _handler(entry: Element) -> tuple[str, str]:
    return _type_name(entry.get("type") or "")


def _type_name(text: str) -> tuple[str, str]:
    """Answer the full type name and the assembly's simple name, which is all that counts here."""
    name, _, assembly = text.partition(",")
    return name.strip(), assembly.partition(",")[0].strip().lower()
