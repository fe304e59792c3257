"""What the schema says of a declaration, in keydeploy's own words.

The messages of `jsonschema` quote the refused value, which may be a key; only the rule and the
path are taken from its errors.
"""

import difflib
import re
from collections.abc import Iterator
from typing import Any

from jsonschema.exceptions import ValidationError

from keydeploy.errors import Problem
from keydeploy.schema import validator
from keydeploy.spec.declaration import UNRESOLVED, Declaration, Path, address

_SPEAKABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_ .-]{0,40}")
_LOOKS_LIKE_A_KEY = re.compile(r"[0-9A-Fa-f]{12,}")
_NETWORK_PATH = re.compile(r"[\\/]{2}")


def problems_of_shape(declaration: Declaration) -> Iterator[Problem]:
    """Compare *declaration* with the schema and yield every problem, each in one place."""
    for error in validator("spec").iter_errors(declaration.value):
        path: Path = tuple(error.absolute_path)
        if error.instance is UNRESOLVED:
            continue
        match error.validator:
            case "additionalProperties":
                yield from _unknown_names(declaration, path, error)
            case "required":
                yield from _missing_names(declaration, path, error)
            case _:
                text = _explain(error)
                yield Problem(declaration.place_of_value(path), address(path), text)


def _unknown_names(declaration: Declaration, path: Path, error: ValidationError) -> Iterator[Problem]:
    known = list(_schema(error).get("properties", {}))
    patterns = list(_schema(error).get("patternProperties", {}))
    instance: dict[str, Any] = error.instance  # type: ignore[assignment]
    for name in instance:
        if name in known or any(re.search(pattern, name) for pattern in patterns):
            continue
        place = declaration.place_of_name((*path, name))
        if patterns:
            text = "this name cannot be used; a name is made of letters, digits, space, dot, dash and underscore"
            yield Problem(place, address(path), text)
            continue
        similar = difflib.get_close_matches(name, known, n=1)
        advice = f"did you mean {similar[0]}?" if similar else f"known are {', '.join(known)}"
        yield Problem(place, address((*path, _speakable(name))), f"unknown name; {advice}")


def _missing_names(declaration: Declaration, path: Path, error: ValidationError) -> Iterator[Problem]:
    # jsonschema reports each missing name by an error of its own, and tells which in its message alone.
    name = error.message.split("'")[1]
    expected = _schema(error)["properties"][name]["x-expected"]
    yield Problem(declaration.place_of_name(path), address((*path, name)), f"missing; declare {expected}")


def _explain(error: ValidationError) -> str:
    expected = f"expected {_schema(error).get('x-expected', 'another value')}"
    found = error.instance
    if error.validator == "type":
        return f"{_kind(found)}; {expected}{_remedy(found, _schema(error))}"
    if isinstance(found, str) and _NETWORK_PATH.match(found) and error.absolute_path[-1] == "web_config":
        return "a network path; two nodes would edit one file; give each node a local copy and declare its path"
    return expected


def _kind(value: Any) -> str:
    kinds = {bool: "yes or no", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}
    return f"this is {kinds.get(type(value), 'nothing')}"


def _remedy(value: Any, schema: dict[str, Any]) -> str:
    wants_text = schema.get("type") == "string"
    if wants_text and isinstance(value, (int, float)):
        return "; put it in quotes, or YAML reads digits as a number"
    return ""


def _schema(error: ValidationError) -> dict[str, Any]:
    assert isinstance(error.schema, dict)  # noqa: S101 - a boolean schema has no rules that could fail by name
    return error.schema


def _speakable(name: str) -> str:
    plain = _SPEAKABLE.fullmatch(name) and not _LOOKS_LIKE_A_KEY.search(name)
    return name if plain else "(a name)"
