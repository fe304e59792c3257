"""What was checked in one process of a run is taken over in another, and only that."""

import base64
import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from keydeploy.errors import Problem, SpecError
from keydeploy.keys import pfx
from keydeploy.secret import Secret
from keydeploy.spec import Declaration, Seals, Spec, load, load_sealed, material, sealed
from tests.spec.keys import filled_in, pieces, texts

KEY, OTHER_KEY = Secret(b"k" * 32), Secret(b"l" * 32)
VALUE: dict[str, Any] = {
    "machine_keys": {"portal": {"validation_key": "A9" * 64, "decryption_key": "5C" * 32}},
    "certificates": {
        "session": {"pfx": "$pfx", "password": "$password"},
        "pem": {"certificate": "$other_certificate", "private_key": "$other_pem"},
        "gone": {"state": "absent", "thumbprint": "3FA4" * 10},
    },
}


def declared(host: str = "web1", **changes: Any) -> Declaration:
    return Declaration(host=host, value=filled_in({**VALUE, **changes}))


def made(day: object) -> Declaration:
    """Answer a declaration of a key that was made on *day*."""
    return declared(machine_keys={"portal": {**VALUE["machine_keys"]["portal"], "created": day}})


def seals(*declarations: Declaration) -> Seals:
    return sealed(((each, load(each)) for each in declarations or (declared(),)), KEY)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Answer the texts of the PFX files that were opened, from now on."""
    noted: list[str] = []
    open_it = pfx.opened

    def opening(text: str, password: str | None) -> Any:
        noted.append(text)
        return open_it(text, password)

    monkeypatch.setattr(pfx, "opened", opening)
    yield noted
    start_anew()


def start_anew() -> None:
    """Remember no more than a process that has read nothing yet."""
    material.forget()
    for remembered in (material._pfx, material._pem, material._private_key):
        remembered.cache_clear()


def test_what_is_sealed_is_the_same_spec_and_no_pfx_is_opened_for_it(opened: list[str]) -> None:
    expected, given = load(declared()), seals()
    start_anew()
    opened.clear()
    spec = load_sealed(declared("web2"), given, KEY)
    assert spec.digest() == expected.digest()
    assert spec.tag_key() == expected.tag_key()
    assert certificates(spec) == certificates(expected)
    assert not opened


def test_a_key_is_opened_where_it_is_used(opened: list[str]) -> None:
    address = "certificates.session.private_key"
    expected, given = load(declared()).private_keys()[address].parts(), seals()
    start_anew()
    opened.clear()
    assert load_sealed(declared(), given, KEY).private_keys()[address].parts() == expected
    assert opened == [texts()["pfx"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"rollout": {"grace": "3s"}},
        {"machine_keys": {"portal": {"validation_key": "A8" * 64, "decryption_key": "5C" * 32}}},
        {"certificates": {"session": {"pfx": "$other_pfx", "password": "$password"}}},
        {"certificates": {}},
    ],
)
def test_what_has_changed_since_is_checked_and_is_another_spec(changes: dict[str, Any]) -> None:
    changed = load_sealed(declared(**changes), seals(), KEY)
    assert changed.digest() == load(declared(**changes)).digest() != load(declared()).digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"certificates": {"session": {"pfx": "$pfx", "password": "another"}}},
        {"certificates": {"session": {"pfx": "$pfx"}}},
        {"machine_keys": {"portal": {"validation_key": "A9", "decryption_key": "5C" * 32}}},
        {"farm": 7},
    ],
)
def test_a_mistake_that_was_not_there_before_is_found(changes: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        load_sealed(declared(**changes), seals(), KEY)


def test_what_could_not_be_resolved_is_told_whatever_is_sealed() -> None:
    given = declared()
    broken = Declaration(host="web1", value=given.value, problems=(Problem(None, "farm", "cannot be resolved"),))
    with pytest.raises(SpecError):
        load_sealed(broken, seals(), KEY)


def test_seals_made_under_another_key_say_nothing(opened: list[str]) -> None:
    given = sealed([(declared(), load(declared()))], OTHER_KEY)
    start_anew()
    opened.clear()
    load_sealed(declared(), given, KEY)
    assert opened == [texts()["pfx"]]


def test_a_date_is_not_taken_for_the_text_of_it() -> None:
    date, text = (made(each) for each in (datetime.date(2026, 1, 2), "2026-01-02"))
    assert seals(date).declarations.keys().isdisjoint(seals(text).declarations)
    assert seals(date).declarations.keys() == seals(made(datetime.date(2026, 1, 2))).declarations.keys()


def test_seals_survive_json_and_hold_nothing_but_certificates() -> None:
    given = seals()
    written = json.dumps(given.to_json())
    assert Seals.from_json(json.loads(written)) == given
    tag_key = load(declared()).tag_key()
    assert tag_key is not None
    hidden = [texts()[name] for name in ("pfx", "password", "other_pem")] + ["A9" * 64, "5C" * 32]
    hidden += [tag_key.reveal().hex(), base64.b64encode(tag_key.reveal()).decode()]
    assert not any(piece in written for text in hidden for piece in pieces(text))


def test_a_tag_key_is_read_with_its_own_declaration_and_the_key_of_the_run_alone() -> None:
    one, other = declared(), declared(farm="other")
    given = seals(one, other)
    hidden = list(given.declarations.values())
    exchanged = Seals(dict(zip(given.declarations, reversed(hidden), strict=True)))
    with pytest.raises(InvalidTag):
        load_sealed(one, exchanged, KEY)


def test_a_farm_without_a_secret_has_no_tag_key_to_hand_on() -> None:
    empty = declared(machine_keys={}, certificates={})
    given = seals(empty)
    assert [*given.declarations.values()] == [None]
    assert load_sealed(empty, given, KEY).tag_key() is None


def test_what_no_declaration_can_hold_is_told_as_ever() -> None:
    with pytest.raises(SpecError):
        load_sealed(declared(farm=b"portal"), seals(), KEY)


def test_many_hosts_that_declare_the_same_have_one_seal() -> None:
    given = seals(declared("web1"), declared("web2"), declared("web3", rollout={"health": {"url": "http://web3/"}}))
    assert len(given.declarations) == 2
    assert len(given.certificates) == 2


def certificates(spec: Spec) -> list[tuple[str, bytes, tuple[bytes, ...], str]]:
    return [
        (name, found.der, found.chain, found.key.fingerprint)
        for name, each in spec.certificates.items()
        if (found := each.certificate) is not None
    ]
