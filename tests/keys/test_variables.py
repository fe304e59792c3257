"""New keys as variables: what YAML and JSON hold is what was made, whatever the names and texts are."""

import json
from datetime import date

import yaml
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.keys import machine_key, rsa_key, variables
from keydeploy.secret import Secret
from tests.ansible_yaml import loaded
from tests.node.contract import material

DAY = date(2026, 2, 3)
NAMES = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=12)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=120)
VALUES = TEXTS | TEXTS.map(Secret.of) | st.lists(TEXTS, min_size=2).map(lambda lines: Secret.of("\n".join(lines)))


def plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return value.reveal().decode() if isinstance(value, Secret) else value


@given(st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES)))
def test_yaml_and_json_hold_what_was_given(fields: dict[str, variables.Value]) -> None:
    assert loaded(variables.as_yaml(fields).reveal()) == plain(fields)
    assert json.loads(variables.as_json(fields).reveal()) == plain(fields)
    assert yaml.safe_load(variables.as_json(fields).reveal()) == plain(fields)


def test_a_machine_key_without_a_mode_says_omit_and_the_day_is_text() -> None:
    key = machine_key.generate(lambda count: bytes(range(count)), mode="omit", validation="AES")
    fields = variables.of_machine_key(key, DAY)

    assert yaml.safe_load(variables.as_yaml(fields).reveal()) == {
        "validation": "AES",
        "decryption": "AES",
        "compatibility_mode": "omit",
        "validation_key": bytes(range(64)).hex().upper(),
        "decryption_key": bytes(range(32)).hex().upper(),
        "created": "2026-02-03",
    }


def test_a_private_key_is_a_block_of_lines() -> None:
    key = rsa_key.take_over(material.rsa_key("portal"))
    text = variables.as_yaml(variables.of_rsa_key(key, DAY)).reveal().decode()

    assert text.startswith("private_key: |\n  -----BEGIN PRIVATE KEY-----\n  ")
    assert text.endswith("\n  -----END PRIVATE KEY-----\ncreated: '2026-02-03'\n")
    assert rsa_key.load(yaml.safe_load(text)["private_key"]) == key


def test_nothing_of_it_prints() -> None:
    key = machine_key.generate(lambda count: b"\xab" * count)
    for value in (variables.of_machine_key(key, DAY), variables.as_yaml(variables.of_machine_key(key, DAY))):
        assert "ABAB" not in repr(value)
