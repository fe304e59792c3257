"""Laws that hold for every declaration, whatever somebody writes."""

import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import SpecError
from keydeploy.schema import validator
from keydeploy.spec import Declaration, load
from keydeploy.spec.agreement import agreed

deterministic = settings(derandomize=True, deadline=None, max_examples=100)

HEX = "0123456789abcdefABCDEF"
NAMES = st.from_regex(r"[A-Za-zÄÖÜß][\w .-]{0,11}", fullmatch=True)
DURATIONS = st.from_regex(r"[1-9][0-9]{0,2}(\.[0-9]{1,2})?(ms|s|m|h|d)", fullmatch=True)
MARK = "Marked!"
"""Stands at the end of every planted value, so that a message that quotes any part of it shows."""


def digits(*lengths: int) -> st.SearchStrategy[str]:
    return st.sampled_from(lengths).flatmap(lambda length: st.text(HEX, min_size=length, max_size=length))


MACHINE_KEYS = st.fixed_dictionaries(
    {"validation_key": digits(40, 64, 128), "decryption_key": digits(32, 48)},
    optional={
        "validation": st.sampled_from(["SHA1", "HMACSHA256", "HMACSHA384", "HMACSHA512"]),
        "decryption": st.sampled_from(["AES", "3DES", "Auto"]),
        "compatibility_mode": st.sampled_from(["Framework45", "Framework20SP2", "omit"]),
        "application_name": NAMES,
    },
)
HEALTHS = st.fixed_dictionaries(
    {"url": st.sampled_from(["http://node/health", "https://10.0.0.1:8443/?x=%20"])},
    optional={"expect": st.integers(100, 599), "within": DURATIONS},
)
TOGETHER = {
    "margin": DURATIONS,
    "grace": DURATIONS,
    "lease": DURATIONS,
    "clock_drift_limit": DURATIONS,
    "health": HEALTHS,
    "require": st.just("all") | st.fixed_dictionaries({"all_but": st.lists(NAMES, max_size=3)}),
    "backups": st.fixed_dictionaries({}, optional={"keep": st.integers(1, 9), "for": DURATIONS}),
}
HOOKS = st.fixed_dictionaries({"tasks": st.just("balancer/drain.yml")}, optional={"wait": DURATIONS}) | (
    st.fixed_dictionaries(
        {"url": st.just("http://balancer/out?node=web1")},
        optional={
            "method": st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
            "expect": st.integers(100, 599),
            "within": DURATIONS,
            "wait": DURATIONS,
        },
    )
)
WAVES = st.fixed_dictionaries(
    {},
    optional={
        "canary": st.integers(1, 9),
        "fractions": st.sets(st.integers(1, 100), max_size=3).map(lambda parts: [f"{part}%" for part in sorted(parts)]),
        "pause": DURATIONS,
        "tolerate": st.integers(0, 9),
    },
)
ROLLOUTS = st.fixed_dictionaries({}, optional={"commit": st.just("together"), **TOGETHER}) | st.fixed_dictionaries(
    {"commit": st.just("waves")}, optional={"waves": WAVES, "drain": HOOKS, "undrain": HOOKS, **TOGETHER}
)
TIMEOUTS = st.integers(50, 60_000).map(lambda milliseconds: f"{milliseconds}ms")
SMART_CARDS = st.fixed_dictionaries(
    {
        "transaction_timeout": TIMEOUTS
        | st.fixed_dictionaries({"csp": TIMEOUTS}, optional={"ksp": TIMEOUTS})
        | st.fixed_dictionaries({"ksp": TIMEOUTS})
    }
)


@st.composite
def valid_specs(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.dictionaries(NAMES, MACHINE_KEYS, max_size=3))
    applications = {
        name: {
            **draw(
                st.sampled_from(
                    [{"site": "Default Web Site", "path": f"/{index}"}, {"web_config": f"C:\\{index}\\web.config"}]
                )
            ),
            **({"machine_key": draw(st.sampled_from(sorted(keys)))} if keys else {}),
        }
        for index, name in enumerate(draw(st.lists(NAMES, unique=True, max_size=3)))
    }
    whole = {
        "farm": draw(NAMES),
        "machine_keys": keys,
        "applications": applications,
        "smart_cards": draw(SMART_CARDS),
        "rollout": draw(ROLLOUTS),
    }
    return {name: value for name, value in whole.items() if draw(st.booleans()) or name == "machine_keys"}


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


def told_of(value: Any) -> str:
    with pytest.raises(SpecError) as refused:
        load(Declaration(host="web1", value=value))
    return "\n".join([str(refused.value), *map(str, refused.value.problems)])


def is_refused(value: Any) -> bool:
    try:
        load(Declaration(host="web1", value=value))
    except SpecError as error:
        return len(error.problems) > 0
    return False


@deterministic
@given(valid_specs())
def test_a_legal_spec_passes_the_schema_and_loads(value: dict[str, Any]) -> None:
    assert validator("spec").is_valid(value)
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
    specs = [load(Declaration(host="web1", value=each)) for each in (value, other)]
    assert specs[0].digest() == specs[1].digest()
    assert agreed(value) == agreed(other)
