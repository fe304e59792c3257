"""What a spec must satisfy beyond its shape: key rules and references.

Each mistake is told once, at the value that has to change. A rule looks at text only: what is
missing or of another type is the schema's to tell.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keydeploy.errors import KeyMaterialError, Problem
from keydeploy.keys import machine_key
from keydeploy.spec.declaration import UNRESOLVED, Declaration, Path, address, speakable
from keydeploy.spec.lifetime import problems_of_lifetime
from keydeploy.spec.material_agreement import binding_identity
from keydeploy.spec.material_rules import (
    problems_of_access,
    problems_of_material,
    problems_of_protected_sections,
    unknown,
)
from keydeploy.spec.names import attribute, known, meant
from keydeploy.spec.rollout_rules import problems_of_rollout
from keydeploy.spec.smart_cards import problems_of_smart_cards

_TARGETS = ("site", "path", "web_config")


def problems_of_rules(declaration: Declaration) -> Iterator[Problem]:
    """Check the key rules and references of *declaration* and yield every problem."""
    keys = attribute(declaration.value, "spec", "machine_keys", {})
    for name, key in _mapping(keys).items():
        yield from _machine_key(declaration, ("machine_keys", name), key)
        yield from problems_of_lifetime(declaration, ("machine_keys", name), key, "machine_key")
    targets: dict[tuple[str, ...], str] = {}
    for name, application in _mapping(attribute(declaration.value, "spec", "applications")).items():
        path: Path = ("applications", name)
        if isinstance(application, dict):
            yield from _target(declaration, path, application, targets)
            if isinstance(keys, dict):
                yield from _references(declaration, path, application, keys)
            yield from _session_certificate(declaration, path, application)
            yield from _of_iis_alone(declaration, path, application)
            yield from _encrypted_tokens(declaration, path, application)
            yield from problems_of_protected_sections(
                declaration, (*path, "protected_sections"), application.get("protected_sections")
            )
    yield from problems_of_material(declaration)
    yield from _machine(declaration)
    yield from _bindings(declaration)
    yield from problems_of_smart_cards(declaration)
    yield from problems_of_rollout(declaration)


def _machine_key(declaration: Declaration, path: Path, key: Any) -> Iterator[Problem]:
    if not isinstance(key, dict):
        return
    found: list[Problem] = []

    def check(name: str, default: str | None, rule: Callable[[str], None]) -> str | None:
        """Apply *rule* to the attribute; answer its value when it is right, so that later rules may build on it."""
        text = attribute(key, "machine_key", name, default)
        if not isinstance(text, str):
            return None
        try:
            rule(text)
        except KeyMaterialError as error:
            found.append(_problem(declaration, (*path, name), error))
            return None
        return text

    mode = check("compatibility_mode", machine_key.DEFAULT_MODE, machine_key.check_mode)
    validation = check(
        "validation",
        machine_key.DEFAULT_VALIDATION,
        lambda text: machine_key.check_validation(text, mode or machine_key.OMIT),
    )
    decryption = check("decryption", machine_key.DEFAULT_DECRYPTION, machine_key.check_decryption)
    check("validation_key", None, lambda text: machine_key.check_validation_key(text, validation))
    check("decryption_key", None, lambda text: machine_key.check_decryption_key(text, decryption, mode))
    yield from found
    yield from _data_protector(declaration, path, key, mode)


def _data_protector(
    declaration: Declaration, path: Path, key: Mapping[str, Any], mode: str | None
) -> Iterator[Problem]:
    protector: Path = (*path, "data_protector_type")
    if not isinstance(key.get("data_protector_type"), str):
        return
    if mode is not None and mode != "Framework45":
        text = f"only Framework45 uses a data protector, and the mode is {mode}; remove one of the two"
        yield Problem(declaration.place_of_name(protector), address(protector), text)
    elif attribute(key, "machine_key", "application_name") is None:
        text = "a data protector needs application_name, equal on all nodes; declare it"
        yield Problem(declaration.place_of_name(protector), address(protector), text)


def _target(
    declaration: Declaration, path: Path, application: Mapping[str, Any], seen: dict[tuple[str, ...], str]
) -> Iterator[Problem]:
    if any(
        meant(other, known("application")) in _TARGETS for other in application if other not in known("application")
    ):
        return  # The unknown name is told, and stands for what is missing here.
    named = {name for name in _TARGETS if name in application}
    if "web_config" in named and len(named) > 1:
        place = declaration.place_of_name((*path, "web_config"))
        text = "declared beside site and path, which name a file too; keep one of the two"
        yield Problem(place, address((*path, "web_config")), text)
    elif named not in ({"web_config"}, {"site", "path"}):
        missing = {"site": "path", "path": "site"}
        other = missing[named.pop()] if named else None
        where = (*path, other) if other else path
        text = (
            "missing; an application needs site and path"
            if other
            else "names no file; declare site and path, or web_config"
        )
        yield Problem(declaration.place_of_name(path), address(where), text)
    else:
        yield from _repeated(declaration, path, [(name, application[name]) for name in sorted(named)], seen)


def _repeated(
    declaration: Declaration, path: Path, target: list[tuple[str, Any]], seen: dict[tuple[str, ...], str]
) -> Iterator[Problem]:
    if not all(isinstance(value, str) for _, value in target):
        return
    identity = tuple(re.sub(r"[\\/]+", "/", value).lower() for _, value in target)
    first = seen.setdefault(identity, address(path))
    if first != address(path):
        where = (*path, target[0][0])
        text = f"names the same application as {first}; declare it once"
        yield Problem(declaration.place_of_value(where), address(where), text)


def _references(
    declaration: Declaration, path: Path, application: Mapping[str, Any], keys: Mapping[str, Any]
) -> Iterator[Problem]:
    own: Path = (*path, "machine_key")
    of_tokens: Path = (*path, "session_tokens", "machine_key")
    key = application.get("machine_key")
    tokens = _mapping(application.get("session_tokens")).get("machine_key")
    broken = False
    for where, name in ((own, key), (of_tokens, tokens)):
        if isinstance(name, str) and name not in keys:
            broken = True
            declared = f"declared are {', '.join(map(speakable, keys))}" if keys else "none is declared"
            yield Problem(
                declaration.place_of_value(where), address(where), f"no machine key has this name; {declared}"
            )
    if isinstance(key, str) and isinstance(tokens, str) and key != tokens and not broken:
        text = "differs from the application's machine_key; the handler uses that one; name the same key"
        yield Problem(declaration.place_of_value(of_tokens), address(of_tokens), text)


def _session_certificate(declaration: Declaration, path: Path, application: Mapping[str, Any]) -> Iterator[Problem]:
    where: Path = (*path, "session_tokens", "certificate")
    tokens = _mapping(application.get("session_tokens"))
    if "certificate" in tokens and "machine_key" in tokens:
        text = "declared beside machine_key; one of the two protects session cookies; keep that one"
        yield Problem(declaration.place_of_name(where), address(where), text)
    else:
        yield from unknown(declaration, where, tokens.get("certificate"), "certificates", "certificate")


def _encrypted_tokens(declaration: Declaration, path: Path, application: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield a problem where session_tokens would have to be written into a section that shall be encrypted."""
    sections = _mapping(application.get("protected_sections")).get("sections")
    if "session_tokens" not in application or not isinstance(sections, list):
        return
    for index, name in enumerate(sections):
        if isinstance(name, str) and name.startswith(("system.identityModel", "microsoft.identityModel")):
            where: Path = (*path, "protected_sections", "sections", index)
            text = "session_tokens must be written into it, and it holds no secret; leave it out"
            yield Problem(declaration.place_of_value(where), address(where), text)


def _of_iis_alone(declaration: Declaration, path: Path, application: Mapping[str, Any]) -> Iterator[Problem]:
    if "web_config" in application:
        protected = application.get("protected_sections")
        yield from problems_of_access(declaration, (*path, "protected_sections"), protected)
    if "app_pool" in application and "web_config" in application:
        where: Path = (*path, "app_pool")
        text = "IIS knows the pool of an application by site and path alone; declare these in place of web_config"
        yield Problem(declaration.place_of_name(where), address(where), text)


def _machine(declaration: Declaration) -> Iterator[Problem]:
    machine = attribute(declaration.value, "spec", "machine")
    if not isinstance(machine, dict):
        return
    path: Path = ("machine",)
    if "machine_key" not in machine and "protected_sections" not in machine:
        if all(meant(name, known("machine")) not in ("machine_key", "protected_sections") for name in machine):
            text = "declares nothing; declare machine_key or protected_sections"
            yield Problem(declaration.place_of_name(path), address(path), text)
        return
    yield from unknown(declaration, (*path, "machine_key"), machine.get("machine_key"), "machine_keys", "machine key")
    protected = machine.get("protected_sections")
    yield from problems_of_protected_sections(declaration, (*path, "protected_sections"), protected)
    yield from problems_of_access(declaration, (*path, "protected_sections"), protected)


def _bindings(declaration: Declaration) -> Iterator[Problem]:
    seen: dict[Any, str] = {}
    bindings = attribute(declaration.value, "spec", "bindings", [])
    for index, binding in enumerate(bindings if isinstance(bindings, list) else ()):
        path: Path = ("bindings", index)
        if not isinstance(binding, dict):
            continue
        certificate = binding.get("certificate")
        yield from unknown(declaration, (*path, "certificate"), certificate, "certificates", "certificate")
        listens = attribute(binding, "binding", "address", "*")
        identity = (binding_identity(binding), listens)
        if UNRESOLVED in identity or not isinstance(listens, str):
            continue
        first = seen.setdefault(identity, address(path))
        if first != address(path):
            text = f"names the same binding as {first}; declare it once"
            yield Problem(declaration.place_of_value(path), address(path), text)


def _problem(declaration: Declaration, path: Path, error: KeyMaterialError) -> Problem:
    text = error.told
    return Problem(declaration.place_of_value(path), address(path), text)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
