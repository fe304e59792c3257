"""Makes an application's own `<machineKey>` say exactly what is declared, and tells what differs."""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy.edit import Difference, Reference
from keydeploy.errors import DocumentError, KeyMaterialError
from keydeploy.keys.machine_key import (
    COMPATIBILITY_MODES,
    DECRYPTIONS,
    LEGACY_VALIDATIONS,
    MachineKey,
    fingerprint,
    is_automatic,
    key_bytes,
)
from keydeploy.secret import Secret
from keydeploy.webconfig import sections
from keydeploy.webconfig.document import Document, Element, is_namespace_declaration
from keydeploy.webconfig.editor import Editor, Node, Value
from keydeploy.webconfig.effective import MachineKeyState
from keydeploy.webconfig.sections import check_readable, own_section

PATH = ("system.web", "machineKey")
SECTION = "/".join(PATH)
_KNOWN_VALUES = {
    "validation": LEGACY_VALIDATIONS,
    "decryption": DECRYPTIONS,
    "compatibilityMode": COMPATIBILITY_MODES,
}
"""The values that may be shown; anything else may be a key in the wrong place."""

ATTRIBUTES = (*_KNOWN_VALUES, "validationKey", "decryptionKey", "dataProtectorType", "applicationName")
"""All that ASP.NET knows on a machineKey. Source: System.Web `MachineKeySection`."""

COMMON_ATTRIBUTES = (
    "lockAttributes",
    "lockAllAttributesExcept",
    "lockElements",
    "lockAllElementsExcept",
    "lockItem",
)
"""Known on every section. Source: System.Configuration `ConfigurationElement`."""

_ABSENT = "absent"


@dataclass(frozen=True, slots=True, repr=False)
class _Change:
    """What an attribute shall become, None to remove it, and the difference that this mends."""

    name: str
    value: Value | None
    difference: Difference


def config_source(document: Document) -> str | None:
    """Answer the relative path of the file that the application's own machineKey is moved to, or None.

    Raises `DocumentError` for a path that is empty, absolute or leads out of the application.
    """
    element = own_section(document, SECTION)
    return sections.config_source(document, element) if element else None


def require(
    editor: Editor, wanted: MachineKey, *, address: str, inherited: MachineKeyState | None
) -> tuple[Difference, ...]:
    """Make the application's own machineKey say *wanted*, and answer in what it differs.

    The editor's document is the application's web.config, or the file that `config_source` names: its root is
    the machineKey itself. *address* is where *wanted* is declared, such as `machine_keys.portal`; keys are
    written as references below it. *inherited* is the state without the application's own file: what it sets
    and *wanted* leaves out is written as an empty value, because it would change the wire format.
    Raises `ProtectedSection` when the section is encrypted, and `DocumentError` when it is locked above,
    stands twice or stands in another file, and when *wanted* leaves out a mode that a file above sets.
    """
    if inherited is not None and inherited.locked_by is not None:
        raise DocumentError(
            f"machineKey is locked by {inherited.locked_by}",
            hint="remove the lock there, or declare the key there",
        )
    if wanted.compatibility_mode is None and inherited is not None and inherited.mode_is_explicit:
        raise DocumentError(
            f"{inherited.compatibility_mode.source} sets compatibilityMode, so leaving it out does not leave it open",
            hint="declare a compatibility_mode instead of omit, or remove it there",
        )
    element = own_section(editor.document, SECTION)
    if element is not None:
        check_readable(editor.document, element)
        _check_in_this_file(editor.document, element)
    changes = [*_changes(element, wanted, address, inherited), *_unknown_attributes(editor.document, element)]
    if changes:
        node = element or editor.ensure(editor.document.root, *PATH)
        for change in changes:
            _amend(editor, node, change)
    return tuple(change.difference for change in changes)


def fingerprint_of(state: MachineKeyState) -> str | None:
    """Answer the fingerprint of the key in effect, or None when it has a part that is not an explicit key."""
    try:
        return fingerprint(
            state.validation.value.strip(),
            state.decryption.value.strip(),
            state.validation_key.value.reveal().decode().strip(),
            state.decryption_key.value.reveal().decode().strip(),
        )
    except KeyMaterialError:
        return None


def _check_in_this_file(document: Document, element: Element) -> None:
    if element.get("configSource") is not None:
        document.refuse(element, "machineKey stands in another file", hint="edit the file that configSource names")


def _changes(
    element: Element | None, wanted: MachineKey, address: str, inherited: MachineKeyState | None
) -> Iterator[_Change]:
    found = {attribute.name: attribute.value for attribute in element.attributes} if element else {}
    for name, declared in (("validation", wanted.validation), ("decryption", wanted.decryption)):
        yield from _algorithm(name, found[name].strip() if name in found else None, declared)
    yield from _algorithm("compatibilityMode", found.get("compatibilityMode"), wanted.compatibility_mode)
    yield from _key("validationKey", found, wanted.validation_key, f"{address}.validation_key")
    yield from _key("decryptionKey", found, wanted.decryption_key, f"{address}.decryption_key")
    protector = inherited.data_protector_type.value if inherited else ""
    yield from _text("dataProtectorType", found, wanted.data_protector_type, protector)
    application = inherited.application_name.value if inherited else ""
    yield from _text("applicationName", found, wanted.application_name, application)


def _algorithm(name: str, found: str | None, declared: str | None) -> Iterator[_Change]:
    if found != declared:
        shown = found if found in _KNOWN_VALUES[name] else _kind(found)
        yield _Change(name, declared, Difference(name, shown, _ABSENT if declared is None else declared))


def _key(name: str, found: dict[str, str], declared: Secret, address: str) -> Iterator[_Change]:
    """Yield a change unless the key's bytes are the declared ones; the case of hex digits is no difference."""
    kind = _ABSENT
    if name in found:
        try:
            content = Secret(key_bytes(found[name].strip()))
        except KeyMaterialError:
            kind = "automatic" if is_automatic(found[name]) else "not a key"
        else:
            if content == Secret(key_bytes(declared.reveal().decode().strip())):
                return
            kind = "another key"
    yield _Change(name, Reference(address), Difference(name, kind, address))


def _text(name: str, found: dict[str, str], declared: str | None, inherited: str) -> Iterator[_Change]:
    """Yield a change unless the value is the declared one, or empty when nothing is declared."""
    value = found.get(name)
    if declared is not None:
        if value != declared:
            yield _Change(name, declared, Difference(name, _kind(value), declared))
    elif value or (value is None and inherited):
        mended = "" if inherited else None
        yield _Change(name, mended, Difference(name, _kind(value), _ABSENT if mended is None else "empty"))


def _unknown_attributes(document: Document, element: Element | None) -> Iterator[_Change]:
    """Yield the removal of attributes at which ASP.NET fails; their names may be anything and are not shown."""
    for attribute in element.attributes if element else ():
        known = attribute.name in (*ATTRIBUTES, *COMMON_ATTRIBUTES)
        if not known and not is_namespace_declaration(attribute.name):
            place = document.place(attribute.start)
            yield _Change(attribute.name, None, Difference("unknown attribute", f"at {place}", _ABSENT))


def _kind(found: str | None) -> str:
    return _ABSENT if found is None else "another value"


def _amend(editor: Editor, node: Node, change: _Change) -> None:
    if change.value is None:
        editor.remove_attribute(node, change.name)
    else:
        editor.set_attribute(node, change.name, change.value)
