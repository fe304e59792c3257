"""A machine key that is publicly known is refused before any contact, unless the spec accepts it with a reason."""

import hashlib
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keydeploy.schema import validator
from tests.disclosed.server import serving
from tests.engine.farm import (
    DECLARED_KEYS,
    DECRYPTION_KEY,
    OLD_DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    PASSWORD,
    VALIDATION_KEY,
    Ran,
    Stand,
    fault,
    import_of,
    machine_key,
)
from tests.engine.hunting import leaks

VARIABLE = "keydeploy_disclosed_keys"
REASON = "replaced with the next release"
REFUSED = "machine_keys.portal.validation_key: this key is publicly known"
PLACE = "inventory.yml:7:23"
"""Where the validation key is declared."""
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


@pytest.mark.parametrize("verb", ["validate", "plan", "apply", "rehearse"])
def test_a_public_key_is_refused_at_its_place_before_any_contact(stand: Stand, verb: str) -> None:
    ran = stand.keydeploy(verb, "--disclosed-keys", "list.csv", "-vvvvv")

    is_refused_untouched(stand, ran)
    assert f"inventory.yml:7:23: {REFUSED}" in ran.out
    assert "keydeploy: error: the spec declares what must not be used (policy); no node was contacted" in ran.err
    assert hashlib.sha256(VALIDATION_KEY.lower().encode()).hexdigest() not in ran.text


def test_drift_tells_a_public_key_at_its_place_and_looks_at_the_nodes_all_the_same(stand: Stand) -> None:
    stand.add_farm("shop", "shop1", machine_keys={"portal": machine_key("vault_shop")})
    stand.variables["vault_shop"] = {"validation_key": OLD_VALIDATION_KEY, "decryption_key": OLD_DECRYPTION_KEY}
    stand.write_inventory()

    ran = stand.tell("drift", "--disclosed-keys", "list.csv", "-vvvvv")

    assert ran.code == 6, ran.text
    assert {farm["farm"]: farm["verdict"] for farm in ran.report["farms"]} == {"portal": "pending", "shop": "in_order"}
    assert [len(stand.calls(host)) for host in ("web1", "web2", "shop1")] == [1, 1, 1]
    (notice,) = ran.report["policy"]
    assert (notice["kind"], notice["farm"], notice["place"]) == ("disclosed", "portal", PLACE)
    assert ran.report["problems"] == []
    assert leaks(stand, ran) == []


def test_drift_ends_by_the_order_of_codes_and_tells_the_remedy(stand: Stand) -> None:
    stand.behave("web2", fault("system.read", "unreachable"))

    ran = stand.keydeploy("drift", "--disclosed-keys", "list.csv")

    assert ran.code == 4
    assert f"! policy: {PLACE}: portal/{REFUSED}" in ran.out
    assert " machine_keys.portal replaces it on all nodes at one instant" in ran.out


def test_the_playbook_for_drift_fails_where_a_key_is_public_and_looks_at_the_nodes(stand: Stand) -> None:
    assert stand.keydeploy("apply").code == 0
    stand.calls("web1")

    ran = stand.playbook("keydeploy.core.drift", "-e", f"{VARIABLE}=list.csv", "-vvvvv")

    assert ran.code == 2
    assert f"keydeploy: against policy: {PLACE}: portal/{REFUSED}" in ran.text
    assert len(stand.calls("web1")) == 1
    assert leaks(stand, ran) == []


def test_drift_looks_at_the_nodes_where_a_list_cannot_be_had_and_says_so(stand: Stand) -> None:
    stand.add_farm("shop", "shop1")
    stand.groups["portal"]["vars"][VARIABLE] = "{{ nothing }}"
    stand.groups["shop"]["vars"][VARIABLE] = "list.csv"
    stand.write_inventory()

    ran = stand.tell("drift")
    plain = stand.playbook("keydeploy.core.drift", "-l", "portal")

    assert ran.code == 1
    assert {farm["farm"]: farm["verdict"] for farm in ran.report["farms"]} == {"portal": "pending", "shop": "pending"}
    assert [(each["kind"], each["farm"]) for each in ran.report["policy"]] == [
        ("not_checked", "portal"),
        ("disclosed", "shop"),
    ]
    assert ran.err.startswith(f"keydeploy: error: {VARIABLE} cannot be resolved: ")
    assert len(stand.calls("web1")) == 2
    assert plain.code == 2


def test_the_playbook_for_drift_fails_where_a_list_cannot_be_had(stand: Stand) -> None:
    assert stand.keydeploy("apply").code == 0

    ran = stand.playbook("keydeploy.core.drift", "-e", f"{VARIABLE}=missing.csv")

    assert ran.code == 2
    assert "keydeploy: not checked: portal/machine_keys: the list of disclosed keys missing.csv cannot be " in ran.text


def test_the_report_tells_it_as_policy(stand: Stand) -> None:
    (problem,) = stand.tell("plan", "--disclosed-keys", "list.csv").report["problems"]

    assert (problem["policy"], problem["place"]) == (True, "inventory.yml:7:23")
    assert problem["address"] == "machine_keys.portal.validation_key"


def test_another_mistake_counts_more(stand: Stand) -> None:
    declare(stand, validation="sha1")

    ran = stand.tell("apply", "--disclosed-keys", "list.csv")

    assert ran.code == 3
    assert sorted(problem["policy"] for problem in ran.report["problems"]) == [False, True]


@pytest.mark.parametrize("playbook", ["validate", "plan", "apply"])
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


def test_an_address_with_a_token_is_refused_before_it_reaches_another_command_line(stand: Stand) -> None:
    ran = stand.keydeploy("apply", "--disclosed-keys", "https://lists.example/list.csv?token=Marked")

    assert ran.code == 1
    assert "Marked" not in ran.text
    assert f"give an address with a query by the variable {VARIABLE} in the inventory" in ran.err


def test_an_address_with_a_token_may_be_in_the_inventory(stand: Stand) -> None:
    with serving() as server:
        url = server.hand_out("/list.csv", (stand.folder / "list.csv").read_bytes())
        stand.variables[VARIABLE] = f"{url}?token={PASSWORD}"
        stand.write_inventory()
        ran = stand.keydeploy("apply", "-vvvvv", env={"no_proxy": "127.0.0.1"})

    is_refused_untouched(stand, ran)
    assert [path for path, _ in server.asked] == [f"/list.csv?token={PASSWORD}"]


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
        before = datetime.now(UTC).date()
        url = server.hand_out("/list.csv", (stand.folder / "list.csv").read_bytes(), ETag='"one"')
        is_refused_untouched(stand, stand.keydeploy("plan", "--disclosed-keys", url, env=alone))
        assert len(server.asked) == 1
        told = str(server.asked)
        assert VALIDATION_KEY[:16] not in told.upper()
    offline = stand.keydeploy("plan", "--disclosed-keys", url, env=alone)
    is_refused_untouched(stand, offline)
    told = f"keydeploy: note: {url} cannot be fetched: Connection refused; the stale copy of {{}} is used"
    days = (before, datetime.now(UTC).date())  # midnight may have passed
    assert any(told.format(day) in offline.err for day in days)
    assert stand.keydeploy("plan", "--disclosed-keys", url + "2", env=alone).code == 1


def test_an_acceptance_lets_it_through_and_is_told_each_time(stand: Stand) -> None:
    declare(stand, accept_disclosed={"reason": REASON})
    for verb, code in (("validate", 0), ("plan", 2), ("apply", 0)):
        ran = stand.keydeploy(verb, "--disclosed-keys", "list.csv")
        assert ran.code == code, ran.text
        assert f"! policy: {ACCEPTED}\n" in ran.out
        assert " machine_keys.portal replaces it on all nodes" in ran.out


def test_an_acceptance_ends_on_its_day(stand: Stand) -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)  # which still holds when midnight passes
    declare(stand, accept_disclosed={"reason": REASON, "until": tomorrow})
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


def test_lint_finds_a_declared_key_where_it_stands_and_looks_at_the_nodes(stand: Stand) -> None:
    ran = stand.keydeploy("lint", "--disclosed-keys", "list.csv", "--format", "json")
    plain = stand.playbook("keydeploy.core.lint", "-e", f"{VARIABLE}=list.csv", "-vvvvv")

    told = json.loads(ran.out)
    validator("lint").validate(told)
    assert (ran.code, plain.code) == (6, 2)
    assert [(each["rule"], each["file"], each["line"]) for each in told["findings"] if each["severity"] == "error"] == [
        ("disclosed-key", "inventory.yml", 7)
    ]
    assert [each["state"] for each in told["nodes"]] == ["looked_at", "looked_at"]
    assert f"keydeploy: against policy: {PLACE}: portal/{REFUSED}" in plain.text
    assert len(stand.calls("web1")) == 2
    assert leaks(stand, ran, plain) == []


def test_lint_looks_at_the_nodes_where_a_list_cannot_be_had_and_says_so(stand: Stand) -> None:
    ran = stand.keydeploy("lint", "--disclosed-keys", "missing.csv")
    plain = stand.playbook("keydeploy.core.lint", "-e", f"{VARIABLE}=missing.csv")

    told = f"the list of disclosed keys {stand.folder}/missing.csv cannot be read: No such file or directory"
    assert (ran.code, plain.code) == (1, 2)
    assert f"keydeploy: error: {told}\n" in ran.err
    assert f"not looked at: portal/machine_keys: {told}" in ran.out
    assert "; 2 nodes looked at" in ran.out
    assert "portal/machine_keys: the list of disclosed keys missing.csv cannot be read" in plain.text


def test_lint_compares_the_keys_on_nodes_of_which_none_is_declared(tmp_path: Path) -> None:
    portal = {"portal": {"site": "Default Web Site", "path": "/portal"}}
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2", machine_keys={}, applications=portal)
    write_list(tmp_path / "list.csv", OLD_VALIDATION_KEY)

    ran = stand.keydeploy("lint", "--disclosed-keys", "list.csv")

    assert ran.code == 6
    assert "[disclosed-key] (on web1 and web2)" in ran.out


def test_an_address_is_asked_once_where_files_and_nodes_are_looked_at_and_nothing_can_be_kept(stand: Stand) -> None:
    (stand.folder / "cache").touch()
    (stand.folder / "web.config").write_bytes(DECLARED_KEYS)
    with serving() as server:
        url = server.hand_out("/list.csv", (stand.folder / "list.csv").read_bytes())
        alone = {"no_proxy": "127.0.0.1", "XDG_CACHE_HOME": str(stand.folder / "cache")}
        nodes = stand.playbook("keydeploy.core.lint", "-e", f"{VARIABLE}={url}", env=alone)
        asked = len(server.asked)
        both = stand.keydeploy("lint", "web.config", "inventory.yml", "--disclosed-keys", url, env=alone)

    assert (nodes.code, both.code) == (2, 6)
    assert asked == 1
    assert len(server.asked) == 2
    assert "\nweb.config:8:17: error: validationKey is on the list" in both.out
    assert f"{PLACE}: error: portal/{REFUSED}" in both.out
    assert not [*stand.folder.rglob("*disclosed-keys-*")]
