"""A key that is to be replaced is told of in time; one that is overdue fails what only looks, not what replaces it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import DECLARED_KEYS, Stand, machine_key
from tests.engine.hunting import leaks
from tests.spec.keys import texts

YEAR = timedelta(days=365)
HINT = " machine_keys.portal replaces it on all nodes at one instant"


def days_ago(days: int) -> date:
    """Answer a day in UTC; midnight may pass before a run ends, so it is asked for once in a test."""
    return datetime.now(UTC).date() - timedelta(days=days)


def made(stand: Stand, day: date, max_age: str = "365d") -> Stand:
    """Declare that the machine key was made on *day*."""
    declared = stand.groups["portal"]["vars"]["keydeploy"]["machine_keys"]
    declared["portal"] = machine_key() | {"created": day, "max_age": max_age}
    stand.write_inventory()
    return stand


def kinds(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(notice["kind"], notice["address"]) for notice in report["policy"]]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Answer a farm that is as declared."""
    return Stand(tmp_path, web_config=DECLARED_KEYS).add_farm("portal", "web1", "web2")


def test_a_young_key_is_not_spoken_of(stand: Stand) -> None:
    ran = made(stand, days_ago(300)).keydeploy("drift")

    assert ran.code == 0
    assert "policy" not in ran.out


@pytest.mark.parametrize(("verb", "code"), [("validate", 0), ("plan", 0), ("drift", 0), ("apply", 0)])
def test_a_key_that_is_due_is_a_warning(stand: Stand, verb: str, code: int) -> None:
    day = days_ago(355)
    ran = made(stand, day).keydeploy(verb)

    assert ran.code == code
    assert f"! policy: portal/machine_keys.portal: due on {day + YEAR}, in " in ran.out
    assert HINT in ran.out


@pytest.mark.parametrize(
    ("verb", "code"),
    [("validate", 0), ("plan", 6), ("drift", 6), ("apply --check", 6), ("apply", 0), ("rehearse", 0)],
)
def test_an_overdue_key_fails_what_only_looks(stand: Stand, verb: str, code: int) -> None:
    day = days_ago(366)
    ran = made(stand, day).keydeploy(*verb.split())

    assert ran.code == code, ran.text
    assert f"! policy: portal/machine_keys.portal: overdue since {day + YEAR}, for " in ran.out
    assert HINT in ran.out


def test_an_overdue_key_is_told_as_data(stand: Stand) -> None:
    ran = made(stand, days_ago(500)).tell("drift")

    assert ran.code == 6
    assert kinds(ran.report) == [("overdue", "machine_keys.portal")]
    assert ran.of("portal")["verdict"] == "in_order"


def test_a_change_goes_on_when_a_key_is_overdue(tmp_path: Path) -> None:
    stand = made(Stand(tmp_path).add_farm("portal", "web1", "web2"), days_ago(500))
    assert stand.keydeploy("plan", "--out", "plan.json").code == 6
    assert stand.keydeploy("apply", "--check").code == 6

    ran = stand.keydeploy("apply", "--plan", "plan.json")

    assert ran.code == 0, ran.text
    assert "! policy: portal/machine_keys.portal: overdue since" in ran.out
    assert stand.own_config("web2").read_bytes() == DECLARED_KEYS
    assert leaks(stand, ran) == []


def test_a_new_day_of_creation_is_no_change_of_a_node(stand: Stand) -> None:
    made(stand, days_ago(400))
    assert stand.keydeploy("apply").code == 0
    before = stand.own_config("web1").stat().st_mtime_ns

    ran = made(stand, days_ago(0)).tell("apply")

    assert (ran.code, ran.of("portal")["verdict"], ran.report["policy"]) == (0, "in_order", [])
    assert stand.own_config("web1").stat().st_mtime_ns == before


def test_a_farm_that_was_left_out_does_not_count(stand: Stand) -> None:
    made(stand, days_ago(500)).add_farm("shop", "shop1")
    stand.own_config("shop1").write_bytes(DECLARED_KEYS)

    ran = stand.keydeploy("drift", "-l", "shop1")

    assert ran.code == 0, ran.text
    assert "overdue" not in ran.out


def test_the_playbook_for_drift_fails_and_those_for_plans_and_changes_warn(stand: Stand) -> None:
    made(stand, days_ago(500))
    drift = stand.playbook("keydeploy.core.drift")
    assert drift.code == 2
    assert "keydeploy: overdue: portal/machine_keys.portal: overdue since" in drift.text
    for playbook in ("plan", "apply", "validate"):
        ran = stand.playbook(f"keydeploy.core.{playbook}")
        assert ran.code == 0
        assert "keydeploy: portal/machine_keys.portal: overdue since" in ran.err.replace("\n", " ")


def test_the_day_may_stand_in_the_vault_beside_the_key(stand: Stand) -> None:
    stand.variables["vault_portal"] = {**stand.variables["vault_portal"], "created": days_ago(400)}
    declared = stand.groups["portal"]["vars"]["keydeploy"]["machine_keys"]
    declared["portal"] = machine_key() | {"created": "{{ vault_portal.created }}", "max_age": "{{ 365 }}d"}
    stand.write_inventory()

    assert kinds(stand.tell("drift").report) == [("overdue", "machine_keys.portal")]


def test_a_day_to_come_is_a_mistake(stand: Stand) -> None:
    ran = made(stand, days_ago(-3)).keydeploy("apply")

    assert ran.code == 3
    assert "machine_keys.portal.created: this day is to come" in ran.out
    assert stand.calls("web1") == []


def test_containers_are_told_of_as_machine_keys_are(tmp_path: Path) -> None:
    old = {"private_key": texts()["pem"], "created": days_ago(31), "max_age": "30d"}
    stand = Stand(tmp_path, web_config=DECLARED_KEYS).add_farm("portal", "web1", key_containers={"Portal": old})
    assert stand.keydeploy("apply").code == 0

    ran = stand.tell("plan")

    assert ran.code == 6
    assert kinds(ran.report) == [("overdue", "key_containers.Portal")]
    assert leaks(stand, ran) == []
