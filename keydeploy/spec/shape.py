"""What the schema says of a declaration, in keydeploy's own words.

The messages of `jsonschema` quote the refused value, which may be a key; only the rule and the
path are taken from its errors.
"""

import datetime
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from keydeploy.errors import Problem
from keydeploy.schema import validator
from keydeploy.spec.declaration import UNRESOLVED, Declaration, Path, address
from keydeploy.spec.names import meant

_JINJA = r"|\{\{"
"""Ends the patterns of the schema, for editors; what is resolved is no expression any more."""
_NO_TEXT = "(?!)"
"""Begins the pattern of what is text only as an expression."""
_NETWORK_PATH = re.compile(r"[\\/]{2}")
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x85\xa0\u2028\u2029]")
_KINDS = {
    bool: "yes or no",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
    type(None): "nothing",
    datetime.datetime: "a date with a time",
    datetime.date: "a date",
}


def problems_of_shape(declaration: Declaration) -> Iterator[Problem]:
    """Compare *declaration* with the schema and yield every problem, each in one place."""
    explained: set[Path] = set()
    for error in _validator().iter_errors(declaration.value):
        path: Path = tuple(error.absolute_path)
        if error.instance is UNRESOLVED:
            continue
        match error.validator:
            case "additionalProperties":
                yield from _unknown_names(declaration, path, error)
            case "required":
                yield from _missing_names(declaration, path, error)
            case _ if path not in explained:
                explained.add(path)
                yield Problem(declaration.place_of_value(path), address(path), _explain(error))


@cache
def _validator() -> Validator:
    own = {"pattern": _pattern, "type": _type}
    strict: type[Validator] = extend(Draft202012Validator, own)  # type: ignore[no-untyped-call]
    return strict(validator("spec").schema)


def _pattern(_validator: Validator, pattern: str, text: Any, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(text, str) and not _matches(pattern, text):
        yield ValidationError("pattern")


def _type(validator: Validator, types: Any, value: Any, schema: Any) -> Iterator[ValidationError]:
    """Take a date for the text as which the schema describes it: what YAML reads, and editors do not."""
    is_date = isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)
    if not (is_date and schema.get("x-date")):
        yield from Draft202012Validator.VALIDATORS["type"](validator, types, value, schema)


def _matches(pattern: str, text: str) -> bool:
    # Python's $ matches before a last line end too, that of JSON Schema does not.
    return not text.endswith("\n") and bool(re.search(pattern.removesuffix(_JINJA), text))


def _unknown_names(declaration: Declaration, path: Path, error: ValidationError) -> Iterator[Problem]:
    known = list(_schema(error).get("properties", {}))
    patterns = list(_schema(error).get("patternProperties", {}))
    for name in _instance(error):
        where: Path = (*path, name)
        if name in known or any(_matches(pattern, name) for pattern in patterns) or declaration.is_told(where):
            continue
        if patterns:
            text = (
                "this name cannot be used; a name is made of letters, digits, space, dot, dash and underscore,"
                " and holds no 16 hex digits in a row, which may be a key"
            )
            yield Problem(declaration.place_of_name(where), address(path), text)
            continue
        similar = meant(name, known)
        advice = f"did you mean {similar}?" if similar else f"known are {', '.join(known)}"
        yield Problem(declaration.place_of_name(where), address(where), f"unknown name; {advice}")


def _missing_names(declaration: Declaration, path: Path, error: ValidationError) -> Iterator[Problem]:
    # jsonschema reports each missing name by an error of its own, and tells which in its message alone.
    name = error.message.split("'")[1]
    known: dict[str, Any] = _schema(error)["properties"]
    unknown = [other for other in _instance(error) if other not in known]
    if any(len(known) == 1 or meant(other, known) == name for other in unknown):
        return  # The unknown name is told, and stands for this one.
    text = f"missing; declare {_referenced(known[name])['x-expected']}"
    yield Problem(declaration.place_of_name(path), address((*path, name)), text)


def _referenced(schema: dict[str, Any]) -> dict[str, Any]:
    """Answer the definition that *schema* refers to, itself where it refers to none."""
    definitions: dict[str, Any] = validator("spec").schema["$defs"]  # type: ignore[index]
    return definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def _explain(error: ValidationError) -> str:
    expected = f"expected {_schema(error).get('x-expected', 'another value')}"
    found: Any = error.instance
    if error.validator == "type":
        return f"this is {_kind(found)}; {expected}{_remedy(found, _schema(error))}"
    if error.validator == "pattern" and str(error.validator_value).startswith(_NO_TEXT):
        is_scalar = not {"integer", "boolean"}.isdisjoint(_schema(error)["type"])
        return f"this is text; {expected}{', without quotes' if is_scalar else ''}"
    if error.validator == "pattern" and error.absolute_path[-1] == "web_config" and _NETWORK_PATH.match(found):
        return "a network path; two nodes would edit one file; give each node a local copy and declare its path"
    return f"{_unseen(found)}{expected}" if isinstance(found, str) else expected


def _unseen(text: str) -> str:
    """Tell what is wrong with *text* where the eye does not see it."""
    if text != text.strip():
        return "white space around the value; "
    if _CONTROL_CHARACTER.search(text):
        return "a control character, such as YAML makes of a backslash in double quotes; use single quotes; "
    return ""


def _kind(value: Any) -> str:
    return next((word for kind, word in _KINDS.items() if isinstance(value, kind)), "something else")


def _remedy(value: Any, schema: dict[str, Any]) -> str:
    examples = schema.get("examples", [str(value)])
    if str(value) not in examples:
        return f", such as {examples[0]}"
    was_text = isinstance(value, (bool, int, float, datetime.date)) and schema.get("type") == "string"
    if not was_text or not _matches(schema.get("pattern", ""), str(value)):
        return ""
    return f"; put it in quotes, or YAML reads it as {_kind(value)}"


def _instance(error: ValidationError) -> dict[str, Any]:
    assert isinstance(error.instance, dict)  # noqa: S101 - names are checked in mappings alone
    return error.instance


def _schema(error: ValidationError) -> dict[str, Any]:
    assert isinstance(error.schema, dict)  # noqa: S101 - a boolean schema has no rules that could fail by name
    return error.schema
