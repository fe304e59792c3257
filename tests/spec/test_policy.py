"""What policy says of what is declared: keys that are publicly known, and keys that are too old."""

import hashlib
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.errors import DisclosedKeysError, KeydeployError
from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.spec import Acceptance, Declaration, Kind, Lifetime, Notice, Policy, check, load
from keydeploy.spec.farm import Checked
from tests.spec.keys import filled_in

TODAY = date(2026, 11, 21)
VALIDATION, DECRYPTION = "A9" * 64, "5c" * 32
KEY = {"validation_key": VALIDATION, "decryption_key": DECRYPTION}
ACCEPTED = {"reason": "the vendor ships it"}


def disclosed(*keys: str) -> DisclosedKeys:
    hashes = [hashlib.sha256(key.encode()).hexdigest() for key in (*keys, "another")]
    return DisclosedKeys.parse("\n".join(hashes).encode())


def held(lists: dict[str, DisclosedKeys] | None = None, **hosts: dict[str, Any]) -> Checked:
    return held_on(TODAY, lists or {}, hosts)


def held_on(today: date, lists: dict[str, DisclosedKeys], hosts: dict[str, dict[str, Any]]) -> Checked:
    return check(declared(hosts), Policy(today=today, disclosed=lists))


def looked_at(
    lists: dict[str, DisclosedKeys], missing: dict[str, KeydeployError] | None = None, **hosts: dict[str, Any]
) -> Checked:
    return check(declared(hosts), Policy(today=TODAY, disclosed=lists, missing=missing or {}, refuses=False))


def declared(hosts: dict[str, dict[str, Any]]) -> list[Declaration]:
    return [
        Declaration(host=host, value=filled_in(value), values={("machine_keys", "portal", "validation_key"): "v:1:1"})
        for host, value in hosts.items()
    ]


def spec(**portal: Any) -> dict[str, Any]:
    return {"machine_keys": {"portal": KEY | portal}}


def told(checked: Checked) -> list[str]:
    return [str(problem) for problem in checked.problems]


def only(checked: Checked) -> Notice:
    assert checked.problems == ()
    (notice,) = checked.notices
    return notice


def test_without_a_policy_nothing_but_the_rules_counts() -> None:
    value = spec(created="2999-01-01", max_age="1d", accept_disclosed=ACCEPTED)
    checked = check([Declaration(host="web1", value=value)])
    assert (checked.problems, checked.notices) == ((), ())


@pytest.mark.parametrize("name", ["validation_key", "decryption_key"])
@pytest.mark.parametrize("spell", [str.upper, str.lower])
def test_a_public_key_is_a_problem_of_policy_at_the_key(name: str, spell: Any) -> None:
    checked = held({"web1": disclosed(spell(KEY[name]))}, web1=spec())
    (problem,) = checked.problems
    assert problem.policy
    assert problem.address == f"machine_keys.portal.{name}"
    assert problem.place == ("v:1:1" if name == "validation_key" else None)
    assert "keydeploy rotate INVENTORY machine_keys.portal" in problem.text
    assert checked.farms == {} or checked.problems


def test_no_message_holds_a_key_or_its_hash() -> None:
    message = "\n".join(told(held({"web1": disclosed(VALIDATION, DECRYPTION)}, web1=spec()))).upper()
    for key in (VALIDATION, DECRYPTION):
        digest = hashlib.sha256(key.encode()).hexdigest()
        assert key[:16].upper() not in message
        assert digest[:16].upper() not in message


def test_each_host_is_held_to_its_own_list() -> None:
    shop = {"farm": "shop", **spec()}
    checked = held({"web1": disclosed(), "shop1": disclosed(VALIDATION)}, web1=spec(), shop1=shop)
    assert [problem.address for problem in checked.problems] == ["shop/machine_keys.portal.validation_key"]


def test_a_public_key_that_many_members_inherit_is_told_once() -> None:
    lists = {f"web{index}": disclosed(VALIDATION) for index in range(5)}
    assert len(held(lists, **{host: spec() for host in lists}).problems) == 1


def test_members_are_compared_where_a_key_is_public_too() -> None:
    checked = held({"web1": disclosed(VALIDATION)}, web1=spec(), web2=spec(), web3=spec(validation_key="B7" * 64))
    assert [(problem.policy, problem.text[:13]) for problem in checked.problems] == [
        (False, "another value"),
        (True, "this key is p"),
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"machine_keys": [KEY]},
        {"machine_keys": {"portal": "no mapping"}},
        spec(validation_key=5),
        spec(validation_key="\ud800" * 40),
        {"machine_keys": {"portal": {}}},
        spec(accept_disclosed=None),
        spec(accept_disclosed="yes"),
        spec(created=None),
        spec(created="2026-02-30"),
        "no mapping",
    ],
)
def test_what_is_wrong_otherwise_is_told_and_nothing_breaks(value: Any) -> None:
    checked = held({"web1": disclosed(VALIDATION)}, web1=value)
    assert checked.problems
    assert checked.notices == ()


@pytest.mark.parametrize("until", [None, "2026-11-21", date(2026, 11, 21), date(2027, 1, 31)])
def test_a_public_key_that_is_accepted_is_told_with_the_reason(until: Any) -> None:
    acceptance = ACCEPTED | ({"until": until} if until else {})
    notice = only(held({"web1": disclosed(VALIDATION)}, web1=spec(accept_disclosed=acceptance)))
    assert (notice.kind, notice.farm, notice.address) == (Kind.ACCEPTED, "default", "machine_keys.portal")
    end = f" until {until}" if until else ""
    assert notice.text == f"publicly disclosed, and accepted{end}: the vendor ships it"
    assert notice.hint is not None
    assert notice.hint.startswith("keydeploy rotate INVENTORY machine_keys.portal ")


def test_an_acceptance_that_has_ended_no_longer_holds() -> None:
    ended = spec(accept_disclosed=ACCEPTED | {"until": "2026-11-20"})
    (problem,) = held({"web1": disclosed(DECRYPTION)}, web1=ended).problems
    assert problem.policy
    assert "that it was accepted ended on 2026-11-20" in problem.text
    assert held({"web1": disclosed()}, web1=ended).problems == ()


def test_an_acceptance_of_one_key_does_not_hold_for_another() -> None:
    value = {"machine_keys": {"portal": KEY | {"accept_disclosed": ACCEPTED}, "shop": KEY}}
    (problem,) = held({"web1": disclosed(VALIDATION)}, web1=value).problems
    assert problem.address == "machine_keys.shop.validation_key"


def test_an_acceptance_is_told_as_one_in_case_where_nobody_knows_what_is_public() -> None:
    notice = only(held(web1=spec(accept_disclosed=ACCEPTED | {"until": "2027-01-31"})))
    assert notice.kind is Kind.ACCEPTED
    assert notice.text == ("accepted until 2027-01-31 in case it is disclosed: the vendor ships it; no list was read")


def test_a_public_key_is_told_at_its_place_where_nodes_are_only_looked_at() -> None:
    hosts = ("web1", "web2", "web3")
    notice = only(looked_at({host: disclosed(VALIDATION) for host in hosts}, **{host: spec() for host in hosts}))
    assert (notice.kind, notice.farm, notice.place) == (Kind.DISCLOSED, "default", "v:1:1")
    assert str(notice).startswith("v:1:1: default/machine_keys.portal.validation_key: this key is publicly known")
    assert notice.hint is not None
    assert notice.hint.startswith("keydeploy rotate INVENTORY machine_keys.portal ")


def test_both_public_keys_of_each_farm_are_told() -> None:
    both = disclosed(VALIDATION, DECRYPTION)
    shop = {"farm": "shop", **spec()}
    checked = looked_at({"web1": both, "shop1": both}, web1=spec(), shop1=shop)
    assert checked.problems == ()
    assert [(notice.farm, notice.address) for notice in checked.notices] == [
        ("default", "machine_keys.portal.validation_key"),
        ("default", "machine_keys.portal.decryption_key"),
        ("shop", "machine_keys.portal.validation_key"),
        ("shop", "machine_keys.portal.decryption_key"),
    ]
    assert "shop/machine_keys.portal" in (checked.notices[2].hint or "")


def test_a_look_heeds_an_acceptance_until_it_ends() -> None:
    public = {"web1": disclosed(VALIDATION)}
    assert only(looked_at(public, web1=spec(accept_disclosed=ACCEPTED))).kind is Kind.ACCEPTED
    ended = only(looked_at(public, web1=spec(accept_disclosed=ACCEPTED | {"until": "2026-11-20"})))
    assert ended.kind is Kind.DISCLOSED
    assert ended.text.endswith("that it was accepted ended on 2026-11-20")


def test_a_look_is_held_to_the_rules_too() -> None:
    checked = looked_at({"web1": disclosed(VALIDATION)}, web1=spec(decryption_key="AB"))
    assert [problem.policy for problem in checked.problems] == [False]
    assert checked.notices == ()


def test_a_list_that_cannot_be_had_is_told_once_for_each_farm_that_names_it() -> None:
    why: KeydeployError = DisclosedKeysError("the list cannot be read", hint="name a file")
    shop = {"farm": "shop", **spec()}
    missing = dict.fromkeys(("web1", "web2", "shop1"), why)
    checked = looked_at({}, missing, web1=spec(), web2=spec(), shop1=shop)
    assert [(notice.kind, notice.farm, notice.address) for notice in checked.notices] == [
        (Kind.NOT_CHECKED, "default", "machine_keys"),
        (Kind.NOT_CHECKED, "shop", "machine_keys"),
    ]
    assert {(notice.text, notice.hint) for notice in checked.notices} == {("the list cannot be read", "name a file")}


def test_an_acceptance_of_what_is_not_public_is_told_as_unused() -> None:
    notice = only(held({"web1": disclosed()}, web1=spec(accept_disclosed=ACCEPTED)))
    assert (notice.kind, notice.hint) == (Kind.UNUSED, "remove accept_disclosed")


@pytest.mark.parametrize(
    ("created", "max_age", "kind", "text"),
    [
        ("2026-11-21", "365d", None, ""),
        ("2025-12-22", "365d", None, ""),
        ("2025-12-21", "365d", Kind.DUE, "due on 2026-12-21, in 30 days; it was made on 2025-12-21, and its max_age"),
        ("2025-11-22", "365d", Kind.DUE, "due on 2026-11-22, in 1 day; "),
        ("2025-11-21", "365d", Kind.DUE, "due today; "),
        ("2025-11-20", "365d", Kind.OVERDUE, "overdue since 2026-11-20, for 1 day; it was made on 2025-11-20, "),
        ("2024-01-01", "365d", Kind.OVERDUE, "overdue since 2024-12-31, for 690 days; "),
        ("2026-09-01", "90d", Kind.DUE, "due on 2026-11-30, in 9 days; "),
        ("2026-09-02", "90d", None, ""),
        ("2026-11-20", "2d", Kind.DUE, "due on 2026-11-22, in 1 day; "),
        ("2026-11-21", "2d", None, ""),
        ("2026-11-21", "1d", Kind.DUE, "due on 2026-11-22, in 1 day; "),
        ("2026-11-22", "1d", None, ""),
        ("0001-01-01", "99999d", Kind.OVERDUE, "overdue since 0274-10-"),
    ],
)
def test_a_key_is_due_in_its_last_month_or_tenth_and_overdue_from_the_day_after(
    created: str, max_age: str, kind: Kind | None, text: str
) -> None:
    checked = held(web1=spec(created=created, max_age=max_age))
    assert checked.problems == ()
    assert [notice.kind for notice in checked.notices] == ([kind] if kind else [])
    assert all(notice.text.startswith(text) for notice in checked.notices)


def test_a_key_without_max_age_is_never_due() -> None:
    assert held(web1=spec(created="1999-01-01")).notices == ()


def test_containers_age_as_machine_keys_do() -> None:
    old = {"private_key": "$pem", "created": date(2020, 1, 1), "max_age": "365d"}
    notice = only(held(web1={"key_containers": {"Portal Keys": old}}))
    assert (notice.kind, notice.address) == (Kind.OVERDUE, "key_containers.Portal Keys")
    assert notice.hint is not None
    assert notice.hint.startswith("keydeploy rotate INVENTORY 'key_containers.Portal Keys' ")


def test_a_hint_names_the_farm_where_there_are_several() -> None:
    old = spec(created="2020-01-01", max_age="1d")
    notice = only(held(web1=old, shop1={"farm": "shop"}))
    assert notice.hint is not None
    assert notice.hint.startswith("keydeploy rotate INVENTORY default/machine_keys.portal ")
    assert str(notice).startswith("default/machine_keys.portal: overdue since ")


@pytest.mark.parametrize("kind", ["machine_keys", "key_containers"])
def test_a_key_that_is_yet_to_be_made_is_a_mistake_but_not_by_a_time_zone(kind: str) -> None:
    def made(day: date) -> Checked:
        keys = {"machine_keys": KEY, "key_containers": {"private_key": "$pem"}}
        return held(web1={kind: {"Portal": keys[kind] | {"created": day}}})

    assert made(TODAY + timedelta(days=1)).problems == ()
    (problem,) = made(TODAY + timedelta(days=2)).problems
    assert not problem.policy
    assert problem.address == f"{kind}.Portal.created"
    assert "it is 2026-11-21; declare when the key was made" in problem.text


def test_a_farm_is_told_of_once_whatever_its_size() -> None:
    old = spec(created="2020-01-01", max_age="1d")
    assert only(held(web1=old, web2=old, web3=old)).kind is Kind.OVERDUE


def test_the_spec_holds_what_was_declared() -> None:
    value = spec(created=date(2026, 11, 21), max_age="90d", accept_disclosed=ACCEPTED | {"until": "2027-01-31"})
    found = load(Declaration(host="web1", value=value))
    assert found.lifetimes == {"machine_keys.portal": Lifetime(TODAY, timedelta(days=90))}
    assert found.acceptances == {"portal": Acceptance("the vendor ships it", date(2027, 1, 31))}


@given(today=st.dates(date(2000, 1, 1), date(2100, 1, 1)), age=st.integers(0, 4000), most=st.integers(1, 99999))
def test_a_key_only_grows_older(today: date, age: int, most: int) -> None:
    def kinds(day: date) -> list[Kind]:
        value = spec(created=(today - timedelta(days=age)).isoformat(), max_age=f"{most}d")
        return [notice.kind for notice in held_on(day, {}, {"web1": value}).notices]

    order = {(): 0, (Kind.DUE,): 1, (Kind.OVERDUE,): 2}
    now, then = (order[tuple(kinds(day))] for day in (today, today + timedelta(days=1)))
    assert now <= then
    assert (now == 2) == (age > most)


def test_a_notice_survives_json() -> None:
    for checked in (held(web1=spec(accept_disclosed=ACCEPTED)), held(web1=spec(created="2020-01-01", max_age="1d"))):
        notice = only(checked)
        assert Notice.from_json(notice.to_json()) == notice
