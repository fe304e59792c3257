"""What the members of a farm must declare alike of key containers, certificates and what uses them; see `agreement`.

Keys are compared by what they are, whatever they are written in. What shall be absent has no attributes.
"""

from collections.abc import Callable, Iterator
from typing import Any

from keydeploy.errors import KeyMaterialError
from keydeploy.spec import reading
from keydeploy.spec.declaration import DECLARED, UNRESOLVED, Path
from keydeploy.spec.lifetime import lifetime_attributes
from keydeploy.spec.material import installed_certificate, private_key
from keydeploy.spec.names import attribute

_PROTECTED = ("container", "provider", "cipher", "key_wrap")
_OF_POOL = ("load_user_profile", "set_profile_environment")
_OF_CERTIFICATE = ("pfx", "certificate", "private_key", "password")
_BINDING = {"site": reading.text, "port": reading.whole, "host": reading.text}
"""What tells one binding from another; its address may be another one on each node."""
_DEFAULTS = {"port": 443, "host": ""}


def agreed_material(value: Any) -> Iterator[tuple[Path, Any]]:
    """Yield by its path what the declaration *value* shares with its farm of keys and certificates."""
    yield from reading.things(value, "key_containers", _key_container)
    yield from reading.things(value, "certificates", _certificate)
    yield from _bindings(attribute(value, "spec", "bindings", []))


def told_at(value: Any, path: Path) -> Path:
    """Answer where the declaration *value* says what is agreed on at *path*.

    A certificate may be written as PFX, and bindings stand in a list in any order.
    """
    match path:
        case ("certificates", name, "certificate") if _within(value, "certificates", name, "pfx") is not None:
            return ("certificates", name, "pfx")
        case ("bindings", identity, *rest):
            bindings = _within(value, "bindings")
            known = [binding_identity(each) for each in bindings] if isinstance(bindings, list) else []
            return ("bindings", known.index(identity), *rest) if identity in known else path
        case _:
            return path


def protected_sections(value: Any) -> Any:
    """Answer what *value* declares of protected sections, in order and each once; None where it declares nothing."""
    if value is None:
        return None
    found = {name: reading.text(attribute(value, "protected_sections", name)) for name in _PROTECTED}
    sections = reading.names(attribute(value, "protected_sections", "sections"))
    if UNRESOLVED in (*found.values(), sections):
        return UNRESOLVED
    return found | {"sections": tuple(sorted({section_path(name) for name in sections}))}


def section_path(name: str) -> str:
    """Answer the path of the section that a spec calls *name*."""
    return "system.web/machineKey" if name == "machineKey" else name


def pool_settings(value: Any) -> Any:
    """Answer what *value* declares of an app pool."""
    found = {name: reading.truth(attribute(value, "app_pool", name)) for name in _OF_POOL}
    found["identity"] = reading.text(attribute(value, "app_pool", "identity"))
    return UNRESOLVED if UNRESOLVED in found.values() else found


def binding_identity(value: Any) -> Any:
    """Answer which binding *value* is about: `shop 443 www.example.com`; case does not count for IIS."""
    parts = [form(attribute(value, "binding", name, _DEFAULTS.get(name))) for name, form in _BINDING.items()]
    if UNRESOLVED in parts or None in parts:
        return UNRESOLVED
    return " ".join(str(part).lower() for part in parts if part != "")


def _key_container(path: Path, container: Any) -> Iterator[tuple[Path, Any]]:
    state = reading.text(attribute(container, "key_container", "state", "present"))
    yield (*path, "state"), state
    yield (*path, "previous_key"), _key(container, "previous_key", "previous_password")
    if state != "absent":
        provider_type = reading.whole(attribute(container, "key_container", "provider_type", 24))
        yield (*path, "private_key"), _key(container, "private_key", "password")
        yield (*path, "provider_type"), provider_type
        yield from lifetime_attributes(path, container, "key_container")
        yield from _access(path, container, "key_container")


def _certificate(path: Path, certificate: Any) -> Iterator[tuple[Path, Any]]:
    state = reading.text(attribute(certificate, "certificate", "state", "present"))
    yield (*path, "state"), state
    if state == "absent":
        thumbprint = reading.text(attribute(certificate, "certificate", "thumbprint"))
        yield (*path, "thumbprint"), thumbprint.upper() if isinstance(thumbprint, str) else thumbprint
    else:
        yield (*path, "certificate"), _content(certificate)
        yield (*path, "friendly_name"), reading.text(attribute(certificate, "certificate", "friendly_name"))
        yield from _access(path, certificate, "certificate")


def _access(path: Path, holder: Any, kind: str) -> Iterator[tuple[Path, Any]]:
    yield (*path, "readers"), _readers(attribute(holder, kind, "readers", []))
    yield (*path, "exportable"), reading.truth(attribute(holder, kind, "exportable", False))


def _bindings(bindings: Any) -> Iterator[tuple[Path, Any]]:
    found: dict[Any, list[Any]] = {}
    for binding in bindings if isinstance(bindings, list) else [UNRESOLVED]:
        found.setdefault(binding_identity(binding), []).append(binding)
    if UNRESOLVED in found:
        yield ("bindings",), UNRESOLVED
        return
    for identity, alike in found.items():
        path: Path = ("bindings", identity)
        yield path, DECLARED
        yield (*path, "certificate"), _all([attribute(each, "binding", "certificate") for each in alike], reading.text)
        yield (*path, "sni"), _all([attribute(each, "binding", "sni") for each in alike], reading.truth)


def _all(values: list[Any], form: Callable[[Any], Any]) -> Any:
    """Answer the values of bindings that differ in their address alone."""
    found = [form(value) for value in values]
    return UNRESOLVED if UNRESOLVED in found else tuple(sorted(map(str, found)))


def _key(container: Any, name: str, password: str) -> Any:
    text = reading.text(attribute(container, "key_container", name))
    opened_by = reading.text(attribute(container, "key_container", password))
    if text is None or UNRESOLVED in (text, opened_by):
        return text if text is None else UNRESOLVED
    try:
        return private_key(text, opened_by).content.reveal().hex()
    except KeyMaterialError:
        return UNRESOLVED


def _content(value: Any) -> Any:
    """Answer the certificate with its chain; its key belongs to it."""
    texts = {name: reading.text(attribute(value, "certificate", name)) for name in _OF_CERTIFICATE}
    if UNRESOLVED in texts.values():
        return UNRESOLVED
    try:
        found = installed_certificate({name: text for name, text in texts.items() if text is not None})
    except (KeyMaterialError, KeyError):
        return UNRESOLVED
    return found.thumbprint, *(each.hex() for each in found.chain)


def _readers(value: Any) -> Any:
    found = reading.names(value)
    return found if found is UNRESOLVED else tuple(sorted({name.lower() for name in found}))


def _within(value: Any, *path: str | int) -> Any:
    """Answer what the declaration *value* holds at *path*, None where there is nothing."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
