"""A plan that was saved is applied as it was reviewed, or not at all."""

from pathlib import Path

import pytest

from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, VALIDATION_KEY, Stand, import_of, reasons
from tests.engine.hunting import leaks


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", "web1", "web2")


@pytest.fixture
def saved(stand: Stand) -> str:
    ran = stand.keydeploy("plan", "--out", "plan.json")
    assert ran.code == 2
    assert leaks(stand, ran) == []
    return str(stand.folder / "plan.json")


def contents(stand: Stand) -> list[bytes]:
    return [stand.own_config(host).read_bytes() for host in ("web1", "web2")]


def test_it_is_shown_as_it_was_made(stand: Stand, saved: str) -> None:
    planned, shown = stand.keydeploy("plan", "--diff"), Shown(stand, saved)

    *listed, summary = planned.out.splitlines()
    assert shown.lines[1:] == listed
    assert summary.startswith("Farm portal: apply would change 2 of 2 nodes")
    assert shown.lines[0].startswith("plan of 20")


def test_it_is_applied_while_it_holds_and_the_second_operator_is_told(stand: Stand, saved: str) -> None:
    first = stand.tell("apply", "--plan", saved)
    second = stand.tell("apply", "--plan", saved)

    assert (first.code, second.code) == (0, 1)
    assert contents(stand) == [DECLARED_KEYS, DECLARED_KEYS]
    assert reasons(second.of("portal")) == [
        f"{host}: is already as the plan would make it" for host in ("web1", "web2")
    ]


def test_a_node_that_has_moved_stops_all_of_it(stand: Stand, saved: str) -> None:
    stand.own_config("web2").write_bytes(OTHER_KEYS + b"<!-- somebody was here -->")
    ran = stand.tell("apply", "--plan", saved)

    assert ran.code == 1
    assert reasons(ran.of("portal")) == ["web2: has changed since the plan was made: C:\\inetpub\\portal\\web.config"]
    assert contents(stand)[0] == OTHER_KEYS


def test_a_spec_that_has_changed_stops_it_also_where_only_a_secret_did(stand: Stand, saved: str) -> None:
    stand.variables["vault_portal"]["validation_key"] = VALIDATION_KEY[::-1]
    stand.write_inventory()
    ran = stand.tell("apply", "--plan", saved)

    assert ran.code == 1
    assert "the spec has changed since the plan was made" in reasons(ran.of("portal"))


def test_plain_ansible_holds_to_it_too(stand: Stand, saved: str) -> None:
    plays = [import_of("apply", vars={"keydeploy_saved_plan": saved})]
    stand.own_config("web2").write_bytes(OTHER_KEYS + b"<!-- somebody was here -->")
    refused = stand.playbook(plays, "-f", "10")
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    applied = stand.playbook(plays, "-f", "10")

    assert (refused.code != 0, applied.code) == (True, 0)
    assert "has changed since the plan was made" in refused.text
    assert contents(stand) == [DECLARED_KEYS, DECLARED_KEYS]


def test_what_is_no_plan_is_told_before_any_contact(stand: Stand) -> None:
    (stand.folder / "plan.json").write_text("{}")
    ran = stand.keydeploy("apply", "--plan", "plan.json")

    assert ran.code == 1
    assert "plan.json is no plan of this version" in ran.err
    assert stand.calls("web1") == []


def test_a_plan_that_cannot_be_applied_is_not_saved(stand: Stand) -> None:
    stand.set("web2", keydeploy_sandbox=str(stand.folder / "nothing"))
    ran = stand.keydeploy("plan", "--out", "plan.json")

    assert ran.code == 4
    assert not (stand.folder / "plan.json").exists()


class Shown:
    """What `keydeploy show` prints."""

    def __init__(self, stand: Stand, file: str) -> None:
        ran = stand._run(["keydeploy", "show", file, "--diff"], {})
        assert ran.code == 0, ran.text
        self.lines = ran.out.splitlines()
