"""A machine key that is publicly known is refused before any contact, unless the spec accepts it with a reason."""

import hashlib
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.disclosed.server import serving
from tests.engine.farm import (
    DECLARED_KEYS,
    DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    VALIDATION_KEY,
    Ran,
    Stand,
    import_of,
    machine_key,
)
from tests.engine.hunting import leaks

VARIABLE = "keydeploy_disclosed_keys"
REASON = "replaced with the next release"
REFUSED = "machine_keys.portal.validation_key: this key is publicly known"
ACCEPTED = f"portal/machine_keys.portal: publicly disclosed, and accepted: {REASON}"


def write_list(path: Path, *keys: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{hashlib.sha256(key.encode()).hexdigest()}, {'0' * 64}" for key in keys]
    path.write_text("\n".join(["validationKey, decryptionKey", *rows, ""]), "utf-8")
    return str(path)


def declare(stand: Stand, **key: Any) -> None:
    """Add *key* to what the farm declares of its machine key."""
    stand.groups["portal"]["vars"]["keydeploy"]["machine_keys"]["portal"] = machine_key() | key
    stand.write_inventory()


def is_refused_untouched(stand: Stand, ran: Ran) -> None:
    assert ran.code == 6, ran.text
    assert stand.calls("web1") == stand.calls("web2") == []
    assert leaks(stand, ran) == []


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Answer a farm whose validation key the list `list.csv` holds, as it was written by somebody in lower case."""
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2")
    write_list(tmp_path / "list.csv", VALIDATION_KEY.lower())
    return stand


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "drift", "rehearse"])
def test_a_public_key_is_refused_at_its_place_before_any_contact(stand: Stand, verb: str) -> None:
    ran = stand.keydeploy(verb, "--disclosed-keys", "list.csv", "-vvvvv")

    is_refused_untouched(stand, ran)
    assert f"inventory.yml:7:23: {REFUSED}" in ran.out
    assert "keydeploy: error: the spec declares what must not be used (policy); no node was contacted" in ran.err
    assert hashlib.sha256(VALIDATION_KEY.lower().encode()).hexdigest() not in ran.text


def test_the_report_tells_it_as_policy(stand: Stand) -> None:
    (problem,) = stand.tell("plan", "--disclosed-keys", "list.csv").report["problems"]

    assert (problem["policy"], problem["place"]) == (True, "inventory.yml:7:23")
    assert problem["address"] == "machine_keys.portal.validation_key"


def test_another_mistake_counts_more(stand: Stand) -> None:
    declare(stand, validation="sha1")

    ran = stand.tell("apply", "--disclosed-keys", "list.csv")

    assert ran.code == 3
    assert sorted(problem["policy"] for problem in ran.report["problems"]) == [False, True]


@pytest.mark.parametrize("playbook", ["validate", "plan", "apply", "drift"])
def test_playbooks_fail_likewise(stand: Stand, playbook: str) -> None:
    ran = stand.playbook(f"keydeploy.core.{playbook}", "-e", f"{VARIABLE}=list.csv", "-vvvvv")

    assert ran.code == 2
    assert f"keydeploy: invalid: inventory.yml:7:23: {REFUSED}" in ran.text
    assert stand.calls("web1") == stand.calls("web2") == []
    assert leaks(stand, ran) == []


def test_the_inventory_may_name_the_list_and_each_farm_its_own(stand: Stand) -> None:
    write_list(stand.folder / "lists" / "shop.csv", OLD_VALIDATION_KEY)
    stand.add_farm("shop", "shop1")
    stand.groups["shop"]["vars"][VARIABLE] = ["{{ inventory_dir }}/lists/{{ keydeploy_list_name }}.csv"]
    stand.groups["shop"]["vars"]["keydeploy_list_name"] = "shop"
    stand.write_inventory()
    assert stand.keydeploy("validate").code == 0

    stand.groups["shop"]["vars"]["keydeploy_list_name"] = "../list"
    stand.write_inventory()
    (problem,) = stand.tell("validate").report["problems"]
    assert problem["address"] == "shop/machine_keys.portal.validation_key"


def test_a_play_may_name_the_list(stand: Stand) -> None:
    ran = stand.playbook([import_of("apply", vars={VARIABLE: "list.csv"})])

    assert ran.code == 2
    assert REFUSED in ran.text


def test_a_list_at_its_usual_place_counts_without_being_named(stand: Stand) -> None:
    write_list(stand.folder / "home/.config/keydeploy/disclosed-keys.csv", DECRYPTION_KEY)

    ran = stand.keydeploy("plan")

    is_refused_untouched(stand, ran)
    assert "machine_keys.portal.decryption_key: this key is publicly known" in ran.out


def test_that_there_is_no_list_is_said_once_and_is_no_error(stand: Stand) -> None:
    ran = stand.keydeploy("apply")

    assert ran.code == 0
    assert ran.err.count("keydeploy: note: no list of disclosed keys was found") == 1
    told = stand.tell("drift")
    (note,) = told.report["notes"]
    assert note.startswith("no list of disclosed keys was found")
    assert told.err == ""
    assert "no list of disclosed keys was found" in stand.playbook("keydeploy.core.drift").err


def test_nothing_is_said_of_lists_where_no_machine_key_is_declared(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("cards", "web1", machine_keys={}, applications={})

    ran = stand.keydeploy("validate", "--disclosed-keys", "missing.csv")

    assert (ran.code, ran.err) == (0, "")


def test_an_old_list_is_said_to_be(stand: Stand) -> None:
    path = write_list(stand.folder / "old.csv", OLD_VALIDATION_KEY)
    os.utime(path, (1_600_000_000,) * 2)

    ran = stand.keydeploy("validate", "--disclosed-keys", "old.csv")

    assert ran.code == 0
    assert f"keydeploy: note: the list of disclosed keys {path} is of 2020-09-13, " in ran.err


@pytest.mark.parametrize("name", ["missing.csv", "inventory.yml"])
def test_a_named_list_that_is_none_ends_the_run_with_the_next_step(stand: Stand, name: str) -> None:
    ran = stand.keydeploy("apply", "--disclosed-keys", name, "-vvvvv")

    assert ran.code == 1
    assert f"{stand.folder}/{name} " in ran.err
    assert "keydeploy: hint: name " in ran.err
    assert stand.calls("web1") == []
    assert leaks(stand, ran) == []
    assert stand.playbook("keydeploy.core.apply", "-e", f"{VARIABLE}={name}").code == 2
    assert stand.calls("web1") == []


@pytest.mark.parametrize("value", ["{{ vault_portal.nothing }}", 5, ["{{ undefined_name }}"], {"path": "list.csv"}])
def test_a_variable_that_names_no_list_is_refused(stand: Stand, value: Any) -> None:
    stand.variables[VARIABLE] = value
    stand.write_inventory()

    ran = stand.keydeploy("validate")

    assert ran.code == 1
    assert ran.err.startswith(f"keydeploy: error: {VARIABLE} ")
    assert leaks(stand, ran) == []


def test_a_list_from_the_web_is_fetched_once_and_kept(stand: Stand) -> None:
    alone = {"no_proxy": "127.0.0.1"}
    with serving() as server:
        url = server.hand_out("/list.csv", (stand.folder / "list.csv").read_bytes(), ETag='"one"')
        is_refused_untouched(stand, stand.keydeploy("plan", "--disclosed-keys", url, env=alone))
        assert len(server.asked) == 1
        told = str(server.asked)
        assert VALIDATION_KEY[:16] not in told.upper()
    offline = stand.keydeploy("plan", "--disclosed-keys", url, env=alone)
    is_refused_untouched(stand, offline)
    today = datetime.now(UTC).date()
    assert (
        f"keydeploy: note: {url} cannot be fetched: Connection refused; the stale copy of {today} is used"
        in offline.err
    )
    assert stand.keydeploy("plan", "--disclosed-keys", url + "2", env=alone).code == 1


def test_an_acceptance_lets_it_through_and_is_told_each_time(stand: Stand) -> None:
    declare(stand, accept_disclosed={"reason": REASON})
    for verb, code in (("validate", 0), ("plan", 2), ("apply", 0), ("drift", 0), ("apply", 0), ("rehearse", 0)):
        ran = stand.keydeploy(verb, "--disclosed-keys", "list.csv")
        assert ran.code == code, ran.text
        assert f"! policy: {ACCEPTED}\n" in ran.out
        assert "hint: keydeploy rotate INVENTORY machine_keys.portal " in ran.out
    ran = stand.tell("drift", "--disclosed-keys", "list.csv")
    assert [(each["kind"], each["farm"], each["address"]) for each in ran.report["policy"]] == [
        ("disclosed_accepted", "portal", "machine_keys.portal")
    ]
    plain = stand.playbook("keydeploy.core.apply", "-e", f"{VARIABLE}=list.csv")
    assert plain.code == 0
    assert ACCEPTED in plain.err.replace("\n", " ")


def test_an_acceptance_ends_on_its_day(stand: Stand) -> None:
    today = datetime.now(UTC).date()
    declare(stand, accept_disclosed={"reason": REASON, "until": today + timedelta(days=1)})
    assert stand.keydeploy("validate", "--disclosed-keys", "list.csv").code == 0

    declare(stand, accept_disclosed={"reason": REASON, "until": date(2026, 1, 31)})
    ran = stand.keydeploy("apply", "--disclosed-keys", "list.csv")
    is_refused_untouched(stand, ran)
    assert "that it was accepted ended on 2026-01-31" in ran.out


def test_a_roll_back_is_not_held_up_by_what_is_declared(stand: Stand) -> None:
    assert stand.keydeploy("apply").code == 0
    assert stand.own_config("web1").read_bytes() == DECLARED_KEYS

    ran = stand.keydeploy("rollback", "-e", f"{VARIABLE}=list.csv")

    assert ran.code == 0, ran.text
    assert OLD_VALIDATION_KEY.encode() in stand.own_config("web1").read_bytes()
