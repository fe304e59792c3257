"""Laws that hold for every declaration, whatever somebody writes."""

import copy
import string
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import Problem, SpecError
from keydeploy.schema import validator
from keydeploy.spec import UNRESOLVED, Declaration, Spec, check, load
from keydeploy.spec.agreement import agreed
from keydeploy.spec.declaration import Path, address
from tests.spec.keys import filled_in
from tests.spec.strategies import CERTIFICATES, CONTENT, KEYS, digits, opened, valid_specs

deterministic = settings(derandomize=True, deadline=None, max_examples=100)

DEFINITIONS: Any = validator("spec").schema["$defs"]  # type: ignore[index]
SCHEMA_NAMES = {name for kind in DEFINITIONS.values() for name in kind.get("properties", ())}
MARK = "Marked!"
"""Stands at the end of every planted value, so that a message that quotes any part of it shows."""

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.binary() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(string.printable, max_size=9), inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def mangled_specs(draw: st.DrawFn) -> dict[str, Any]:
    """Answer a valid spec in which something is replaced by anything."""
    spec = draw(valid_specs())
    holder, name = draw(st.sampled_from(list(places(spec)) or [(spec, "farm")]))
    holder[name] = draw(ANYTHING)
    return spec


def places(holder: dict[str, Any]) -> list[tuple[dict[str, Any], str]]:
    inner = [place for value in holder.values() if isinstance(value, dict) for place in places(value)]
    return [(holder, name) for name in holder] + inner


def spec_of(value: Any) -> Spec:
    return load(Declaration(host="web1", value=filled_in(value)))


def told_of(value: Any) -> str:
    with pytest.raises(SpecError) as refused:
        spec_of(value)
    return "\n".join([str(refused.value), *map(str, refused.value.problems)])


def is_refused(value: Any) -> bool:
    try:
        spec_of(value)
    except SpecError as error:
        return len(error.problems) > 0
    return False


@deterministic
@given(valid_specs())
def test_a_legal_spec_passes_the_schema_and_loads(value: dict[str, Any]) -> None:
    assert validator("spec").is_valid(filled_in(value))
    assert not is_refused(value)


@deterministic
@given(mangled_specs())
def test_what_the_schema_refuses_is_refused(value: dict[str, Any]) -> None:
    refused = is_refused(value)  # whatever stands there, it ends in problems or in a spec
    assert refused or validator("spec").is_valid(value)


@deterministic
@given(ANYTHING)
def test_a_declaration_may_be_anything(value: Any) -> None:
    assert is_refused(value) or validator("spec").is_valid(value)


def plant(spec: dict[str, Any], change: Callable[[dict[str, Any], str], None], index: int) -> None:
    found = places(spec)
    change(*found[index % len(found)])


@deterministic
@given(valid_specs(), st.text(min_size=9), st.integers(0, 99))
def test_no_message_quotes_a_value_wherever_it_is_pasted(value: dict[str, Any], text: str, index: int) -> None:
    secret = text + MARK

    def paste(holder: dict[str, Any], name: str) -> None:
        holder[name] = secret

    plant(value, paste, index)
    if is_refused(value):
        assert MARK not in told_of(value)


@deterministic
@given(valid_specs(), digits(16, 32, 64, 128), st.integers(0, 99))
def test_no_message_quotes_a_key_that_is_pasted_as_a_name(value: dict[str, Any], key: str, index: int) -> None:
    def paste(holder: dict[str, Any], name: str) -> None:
        holder[key] = holder.pop(name)

    plant(value, paste, index)
    assert key not in told_of(value)


@deterministic
@given(valid_specs())
def test_upper_and_lower_case_of_keys_is_one_and_the_same_spec(value: dict[str, Any]) -> None:
    other = {
        **value,
        "machine_keys": {
            name: {
                **key,
                "validation_key": key["validation_key"].swapcase(),
                "decryption_key": key["decryption_key"].swapcase(),
            }
            for name, key in value["machine_keys"].items()
        },
    }
    assert_are_one(value, other)


@deterministic
@given(valid_specs(), st.randoms(use_true_random=False))
def test_whatever_keys_are_written_in_is_one_and_the_same_spec(value: dict[str, Any], random: Random) -> None:
    assert_are_one(value, written_otherwise(value, random))


def written_otherwise(value: Any, random: Random) -> Any:
    """Answer *value* with its keys and certificates in other ways, its names in another order and case of accounts."""
    if isinstance(value, list):
        return [written_otherwise(item, random) for item in value]
    if not isinstance(value, dict):
        return value
    found = {name: written_otherwise(inner, random) for name, inner in value.items()}
    for name, password in (("private_key", "password"), ("previous_key", "previous_password")):
        if name in value and "certificate" not in value:
            found.pop(password, None)
            found |= opened(name, random.choice(next(ways for ways in KEYS if value[name] in ways)), password)
    for ways in CERTIFICATES:
        if any(way.items() <= value.items() for way in ways):
            content = {name: each for name, each in found.items() if name not in CONTENT}
            found = content | random.choice(ways)
    if "readers" in value:
        found["readers"] = random.sample([reader.swapcase() for reader in value["readers"]], len(value["readers"]))
    return dict(random.sample(list(found.items()), len(found)))


def assert_are_one(value: dict[str, Any], other: dict[str, Any]) -> None:
    one, another = spec_of(value), spec_of(other)
    assert one.digest() == another.digest()
    assert one.tag_key() == another.tag_key()
    assert one.private_keys() == another.private_keys()
    assert agreed(filled_in(value)) == agreed(filled_in(other))


def everywhere(value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of everything in *value*."""
    for name, inner in [*value.items()] if isinstance(value, dict) else [*enumerate(value)]:
        yield (*path, name)
        if isinstance(inner, (dict, list)):
            yield from everywhere(inner, (*path, name))


def found_at(value: Any, path: Path) -> Any:
    for name in path:
        value = value[name]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """Answer *value* with *new* at *path*."""
    if not path:
        return new
    name, *below = path
    found = copy.copy(value)
    found[name] = replaced(value[name], tuple(below), new)
    return found


def told_beside(value: dict[str, Any], other: Any, *problems: Problem) -> list[Problem]:
    """Answer what is told of a farm of which two members declare *value*, and a third one *other*."""
    hosts = [Declaration(host=host, value=filled_in(value)) for host in ("web1", "web2")]
    return [*check([*hosts, Declaration(host="web3", value=filled_in(other), problems=problems)]).problems]


def without_members(value: dict[str, Any]) -> dict[str, Any]:
    """Answer *value* without the names of hosts, which would have to be those of the farm."""
    rollout = {name: inner for name, inner in value.get("rollout", {}).items() if name != "require"}
    return value | ({"rollout": rollout} if "rollout" in value else {})


@deterministic
@given(valid_specs(), st.integers(0, 9999))
def test_a_value_that_is_not_resolved_is_no_other_problem(value: dict[str, Any], index: int) -> None:
    value = without_members(value)
    paths = list(everywhere(value))
    path = paths[index % len(paths)]
    problem = Problem(None, address(path), "cannot be resolved")
    assert told_beside(value, replaced(value, path, UNRESOLVED), problem) == [problem]


@deterministic
@given(valid_specs(), st.integers(0, 9999), st.booleans())
def test_a_value_of_a_wrong_type_is_one_problem(value: dict[str, Any], index: int, is_nothing: bool) -> None:
    value = without_members(value)
    paths = list(everywhere(value))
    path = paths[index % len(paths)]
    wrong: Any = None if is_nothing else {} if isinstance(found_at(value, path), list) else [5]
    (problem,) = told_beside(value, replaced(value, path, wrong))
    assert problem.address == address(path)


@deterministic
@given(valid_specs(), st.integers(0, 9999))
def test_an_expression_may_stand_for_every_value_and_list(value: dict[str, Any], index: int) -> None:
    paths = [path for path in everywhere(value) if not isinstance(found_at(value, path), dict)] or [("farm",)]
    written = replaced({"farm": "x"} | value, paths[index % len(paths)], "{{ vault_portal.it }}")
    assert validator("spec").is_valid(filled_in(written))  # as an editor reads it


@deterministic
@given(valid_specs(), st.integers(0, 9999))
def test_a_misspelt_name_is_one_problem(value: dict[str, Any], index: int) -> None:
    value = without_members(value)
    paths = [path for path in everywhere(value) if path[-1] in SCHEMA_NAMES]
    path = paths[index % len(paths)]
    misspelt = (*path[:-1], str(path[-1]).title())
    (problem,) = told_beside(value, renamed(value, path))
    assert (problem.address, problem.text.partition(";")[0]) == (address(misspelt), "unknown name")


def renamed(value: Any, path: Path) -> Any:
    """Answer *value* with the name at *path* in another case."""
    name, *below = path
    if below:
        return replaced(value, (name,), renamed(value[name], tuple(below)))
    return {(str(other).title() if other == name else other): inner for other, inner in value.items()}
