"""What key containers and certificates must satisfy beyond their shape, and what may be encrypted with them."""

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Any, TypeVar

from keydeploy.errors import KeyMaterialError, Problem
from keydeploy.keys.certificate import OWN_CONTAINERS
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.spec.declaration import Declaration, Path, address, speakable
from keydeploy.spec.lifetime import problems_of_lifetime
from keydeploy.spec.material import installed_certificate, private_key
from keydeploy.spec.material_agreement import section_path
from keydeploy.spec.names import attribute, known, meant
from keydeploy.webconfig.protected import forbidden

_OF_PRESENT_KEYS = ("private_key", "password", "provider_type", "exportable", "readers", "created", "max_age")
_CONTENT = ("pfx", "certificate", "private_key")
_OF_PRESENT_CERTIFICATES = (*_CONTENT, "password", "readers", "exportable", "friendly_name")

T = TypeVar("T")


def problems_of_material(declaration: Declaration) -> Iterator[Problem]:
    """Check the key containers and certificates of *declaration* and yield every problem."""
    names: dict[str, str] = {}
    for name, container in _things(declaration, "key_containers"):
        yield from _container_name(declaration, name, names)
        yield from _container(declaration, ("key_containers", name), container)
    thumbprints: dict[str, str] = {}
    for name, certificate in _things(declaration, "certificates"):
        yield from _certificate(declaration, ("certificates", name), certificate, thumbprints)


def problems_of_protected_sections(declaration: Declaration, path: Path, value: Any) -> Iterator[Problem]:
    """Check what shall be protected at *path* and yield every problem."""
    if not isinstance(value, dict):
        return
    yield from unknown(declaration, (*path, "container"), value.get("container"), "key_containers", "key container")
    sections = value.get("sections")
    for index, name in enumerate(sections if isinstance(sections, list) else ()):
        why = forbidden(section_path(name)) if isinstance(name, str) else None
        if why:
            where: Path = (*path, "sections", index)
            text = f"this section cannot be encrypted: {why}; leave it out"
            yield Problem(declaration.place_of_value(where), address(where), text)


def problems_of_access(declaration: Declaration, path: Path, value: Any) -> Iterator[Problem]:
    """Yield a problem where sections that are protected at *path* could be read by no worker of any app pool.

    It is for places of which keydeploy does not know the pools: the files of .NET itself, and those that are declared
    as `web_config`.
    """
    name = value.get("container") if isinstance(value, dict) else None
    containers = attribute(declaration.value, "spec", "key_containers", {})
    container = containers.get(name) if isinstance(containers, dict) and isinstance(name, str) else None
    if not isinstance(container, dict) or _state(container, "key_container") != "present":
        return
    if attribute(container, "key_container", "readers", []) == []:
        where: Path = (*path, "container")
        text = "nobody may read this container; declare its readers, such as BUILTIN\\IIS_IUSRS for all app pools"
        yield Problem(declaration.place_of_value(where), address(where), text)


def unknown(declaration: Declaration, where: Path, name: Any, kind: str, what: str) -> Iterator[Problem]:
    """Yield a problem where *name* at *where* is not the name of a present thing of *kind*."""
    things = attribute(declaration.value, "spec", kind, {})
    if not isinstance(name, str) or not isinstance(things, dict):
        return
    if name not in things:
        declared = f"declared are {', '.join(map(speakable, things))}" if things else "none is declared"
        text = f"no {what} has this name; {declared}"
    elif isinstance(things[name], dict) and things[name].get("state") == "absent":
        text = f"this {what} shall be absent; name another, or declare it present"
    else:
        return
    yield Problem(declaration.place_of_value(where), address(where), text)


def _things(declaration: Declaration, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    things = attribute(declaration.value, "spec", kind, {})
    for name, thing in things.items() if isinstance(things, dict) else ():
        if isinstance(thing, dict):
            yield name, thing


def _container_name(declaration: Declaration, name: str, seen: dict[str, str]) -> Iterator[Problem]:
    path: Path = ("key_containers", name)
    first = seen.setdefault(name.lower(), address(path))
    if name.lower().startswith(OWN_CONTAINERS):
        text = f"names that begin with {OWN_CONTAINERS} are those of certificates' keys; choose another"
        yield Problem(declaration.place_of_name(path), address(path), text)
    elif first != address(path):
        text = f"Windows takes this for the same container as {first}; declare it once"
        yield Problem(declaration.place_of_name(path), address(path), text)


def _container(declaration: Declaration, path: Path, value: Mapping[str, Any]) -> Iterator[Problem]:
    key = previous = None
    state = _state(value, "key_container")
    if state != "absent":
        yield from problems_of_lifetime(declaration, path, value, "key_container")
    if state == "absent":
        yield from _out_of_place(declaration, path, value, _OF_PRESENT_KEYS)
    elif "private_key" in value:
        opened_by = attribute(value, "key_container", "password")
        key = yield from _key(declaration, (*path, "private_key"), value["private_key"], opened_by)
    elif state == "present" and not _is_misspelt(value, "key_container", "private_key"):
        text = "missing; declare an RSA key as PEM or RSAKeyValue, or state: absent"
        yield Problem(declaration.place_of_name(path), address((*path, "private_key")), text)
    if "previous_key" in value:
        opened_by = attribute(value, "key_container", "previous_password")
        previous = yield from _key(declaration, (*path, "previous_key"), value["previous_key"], opened_by)
    elif "previous_password" in value and not _is_misspelt(value, "key_container", "previous_key"):
        yield _misplaced(declaration, (*path, "previous_password"), "opens previous_key, which is not declared")
    if key is not None and previous is not None and key == previous:
        where: Path = (*path, "previous_key")
        yield Problem(declaration.place_of_value(where), address(where), "equal to private_key; leave it out")


def _key(declaration: Declaration, where: Path, text: Any, password: Any) -> Generator[Problem, None, RsaKey | None]:
    """Yield what is wrong with the key *text* at *where*; answer it where it is right."""
    if not isinstance(text, str) or not _may_open(password):
        return None
    return (yield from _tried(declaration, where, lambda: private_key(text, password)))


def _certificate(
    declaration: Declaration, path: Path, value: Mapping[str, Any], seen: dict[str, str]
) -> Iterator[Problem]:
    state = _state(value, "certificate")
    if state == "absent":
        yield from _absent_certificate(declaration, path, value, seen)
        return
    if state == "present" and "thumbprint" in value:
        yield _misplaced(
            declaration, (*path, "thumbprint"), "is computed from the certificate; it goes with state: absent"
        )
    if "pfx" in value:
        yield from _pfx(declaration, path, value, seen)
    elif not any(_is_misspelt(value, "certificate", name) for name in _CONTENT):
        missing = [name for name in ("certificate", "private_key") if name not in value]
        if not missing:
            yield from _pem(declaration, path, value, seen)
        elif state == "present":
            text = f"missing; declare {' and '.join(missing)} as PEM, or pfx in base64"
            yield Problem(declaration.place_of_name(path), address((*path, missing[0])), text)


def _pfx(declaration: Declaration, path: Path, value: Mapping[str, Any], seen: dict[str, str]) -> Iterator[Problem]:
    others = [name for name in ("certificate", "private_key") if name in value]
    for name in others:
        yield _misplaced(declaration, (*path, name), "declared beside pfx, which holds it; keep one of the two")
    if not others and isinstance(value["pfx"], str) and _may_open(attribute(value, "certificate", "password")):
        yield from _content(declaration, (*path, "pfx"), value, seen)


def _pem(declaration: Declaration, path: Path, value: Mapping[str, Any], seen: dict[str, str]) -> Iterator[Problem]:
    opened_by = attribute(value, "certificate", "password")
    key = yield from _key(declaration, (*path, "private_key"), value["private_key"], opened_by)
    if key is not None and isinstance(value["certificate"], str):
        yield from _content(declaration, (*path, "certificate"), value, seen)


def _content(
    declaration: Declaration, where: Path, value: Mapping[str, Any], seen: dict[str, str]
) -> Iterator[Problem]:
    certificate = yield from _tried(declaration, where, lambda: installed_certificate(value))
    if certificate is not None:
        yield from _repeated(declaration, where, certificate.thumbprint, seen)


def _may_open(password: Any) -> bool:
    """Tell whether *password*, where one is declared, is one; otherwise it is told, not what it does not open."""
    return password is None or (isinstance(password, str) and password != "")


def _absent_certificate(
    declaration: Declaration, path: Path, value: Mapping[str, Any], seen: dict[str, str]
) -> Iterator[Problem]:
    yield from _out_of_place(declaration, path, value, _OF_PRESENT_CERTIFICATES)
    if "thumbprint" in value:
        if isinstance(value["thumbprint"], str):
            yield from _repeated(declaration, (*path, "thumbprint"), value["thumbprint"].upper(), seen)
    elif not _is_misspelt(value, "certificate", "thumbprint"):
        text = "missing; declare which certificate shall be absent, by its 40 hex digits"
        yield Problem(declaration.place_of_name(path), address((*path, "thumbprint")), text)


def _repeated(declaration: Declaration, where: Path, thumbprint: str, seen: dict[str, str]) -> Iterator[Problem]:
    holder = address(where[:-1])
    first = seen.setdefault(thumbprint, holder)
    if first != holder:
        text = f"the same certificate as {first}; declare it once"
        yield Problem(declaration.place_of_value(where), address(where), text)


def _tried(declaration: Declaration, where: Path, read: Callable[[], T]) -> Generator[Problem, None, T | None]:
    """Answer what *read* reads at *where*; yield what is wrong with it."""
    try:
        return read()
    except KeyMaterialError as error:
        text = error.told
        yield Problem(declaration.place_of_value(where), address(where), text)
        return None


def _out_of_place(
    declaration: Declaration, path: Path, value: Mapping[str, Any], names: tuple[str, ...]
) -> Iterator[Problem]:
    for name in names:
        if name in value:
            yield _misplaced(
                declaration, (*path, name), "says how it shall be, beside state: absent; remove one of the two"
            )


def _misplaced(declaration: Declaration, where: Path, text: str) -> Problem:
    return Problem(declaration.place_of_name(where), address(where), text)


def _is_misspelt(value: Mapping[str, Any], kind: str, name: str) -> bool:
    """Tell whether an unknown name stands for *name*; it is told, and so is nothing else."""
    return any(
        re.match(r"\w", other) and meant(other, known(kind)) == name for other in value if other not in known(kind)
    )


def _state(value: Mapping[str, Any], kind: str) -> str | None:
    """Answer whether the thing shall be `present` or `absent`; None where that is wrong or unknown."""
    state = attribute(value, kind, "state", "present")
    return state if state in ("present", "absent") else None
