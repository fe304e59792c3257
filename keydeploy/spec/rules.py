"""What a spec must satisfy beyond its shape: key rules and references.

Each mistake is told once, at the value that has to change. A rule looks at text only: what is
missing or of another type is the schema's to tell.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from keydeploy.errors import KeyMaterialError, Problem
from keydeploy.keys import machine_key
from keydeploy.spec.declaration import Declaration, Path, address, speakable
from keydeploy.spec.names import attribute, known, meant
from keydeploy.spec.rollout_rules import problems_of_rollout
from keydeploy.spec.smart_cards import problems_of_smart_cards

_TARGETS = ("site", "path", "web_config")


def problems_of_rules(declaration: Declaration) -> Iterator[Problem]:
    """Check the key rules and references of *declaration* and yield every problem."""
    keys = attribute(declaration.value, "spec", "machine_keys", {})
    for name, key in _mapping(keys).items():
        yield from _machine_key(declaration, ("machine_keys", name), key)
    targets: dict[tuple[str, ...], str] = {}
    for name, application in _mapping(attribute(declaration.value, "spec", "applications")).items():
        path: Path = ("applications", name)
        if isinstance(application, dict):
            yield from _target(declaration, path, application, targets)
            if isinstance(keys, dict):
                yield from _references(declaration, path, application, keys)
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


def _problem(declaration: Declaration, path: Path, error: KeyMaterialError) -> Problem:
    text = f"{error.message}; {error.hint}" if error.hint else error.message
    return Problem(declaration.place_of_value(path), address(path), text)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
