"""`--format json` prints one document that its schema describes; `Ran.report` checks that in every test."""

from pathlib import Path

import pytest

from tests.engine.farm import DECLARED_KEYS, DECRYPTION_KEY, Stand


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer a farm that is as declared, and one that is not."""
    stand = Stand(tmp_path_factory.mktemp("stand")).add_farm("changes", "a1", "a2").add_farm("stays", "b1")
    stand.own_config("b1").write_bytes(DECLARED_KEYS)
    stand.add_hosts("lonely")
    return stand


def test_validate_tells_that_the_spec_is_valid(stand: Stand) -> None:
    ran = stand.tell("validate")

    assert ran.code == 0
    assert ran.report["problems"] == ran.report["farms"] == []
    assert ran.report["skipped"] == ["lonely"]
    assert ran.err == ""


def test_plan_tells_what_would_change_and_what_would_not(stand: Stand) -> None:
    ran = stand.tell("plan")

    assert ran.code == 2
    (operation,) = ran.of("changes")["nodes"][0]["operations"]
    assert (operation["action"], operation["address"]) == ("update", "applications.portal.machine_key")
    assert [difference["wanted"] for difference in operation["differences"]] == [
        "machine_keys.portal.validation_key",
        "machine_keys.portal.decryption_key",
    ]
    assert operation["found"] != operation["wanted"]
    (kept,) = ran.of("stays")["nodes"][0]["operations"]
    assert kept["action"] == "no-op"
    assert kept["found"] == kept["wanted"]
    assert ran.of("stays")["verdict"] == "in_order"


def test_a_spec_with_mistakes_is_told_as_data(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    stand.set("web1", vault_portal={"validation_key": DECRYPTION_KEY[:30], "decryption_key": DECRYPTION_KEY})

    ran = stand.tell("apply")

    assert ran.code == 3
    (problem,) = ran.report["problems"]
    assert problem["address"] == "machine_keys.portal.validation_key"
    assert problem["place"].startswith("inventory.yml:")
    assert ran.report["farms"] == []
