"""Encrypted sections follow their container's key: both change at one instant, and go back together."""

from pathlib import Path
from typing import Any

import pytest

from keydeploy.keys import rsa_key as keys
from keydeploy.webconfig.document import parse
from keydeploy.webconfig.protected import decrypt, protected
from keydeploy.webconfig.sections import own_section
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import container, pem
from tests.engine.farm import OTHER_KEYS, PASSWORD, QUICK, Stand, fault
from tests.engine.hunting import leaks
from tests.node.contract.material import rsa_key

NODES = ("web1", "web2")
SECTIONS = {"container": "Portal", "sections": ["connectionStrings"]}
APPLICATION = {"site": "Default Web Site", "path": "/portal", "protected_sections": SECTIONS}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Answer a farm whose sections are encrypted with the key of before."""
    spec: dict[str, Any] = {
        "machine_keys": {},
        "applications": {"portal": APPLICATION},
        "key_containers": {"Portal": container("previous")},
    }
    stand = Stand(tmp_path).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"}, **spec)
    assert stand.keydeploy("apply").code == 0
    return stand


def declare_new_key(stand: Stand) -> None:
    declared = container("portal", previous_key=pem("previous"))
    stand.groups["portal"]["vars"]["keydeploy"]["key_containers"] = {"Portal": declared}
    stand.write_inventory()


def opened_by(stand: Stand) -> list[tuple[str | None, str | None]]:
    """Answer of each node which key opens the section, and which one the container holds."""
    found = []
    for node in NODES:
        document = parse(stand.own_config(node).read_bytes())
        section = own_section(document, "connectionStrings")
        assert section is not None
        how = protected(document, section)
        assert how is not None
        texts = {which: decrypt(how, keys.take_over(rsa_key(which))) for which in ("portal", "previous")}
        held = beside.held(SandboxAtWork(stand.node(node)), "Portal")
        opener = next((which for which, text in texts.items() if text and PASSWORD.encode() in text.reveal()), None)
        found.append((opener, held.key if held else None))
    return found


def test_a_new_key_takes_the_sections_along_and_the_way_back_does_too(stand: Stand) -> None:
    before = opened_by(stand)
    declare_new_key(stand)
    planned, applied = stand.keydeploy("plan"), stand.tell("apply")
    there = opened_by(stand)
    again = stand.tell("apply")
    taken_back = stand.tell("rollback")

    assert before == [("previous", "previous")] * 2
    assert "impact: recycles app pool Portal" in planned.out
    assert (applied.code, there) == (0, [("portal", "portal")] * 2), applied.text
    assert (again.code, again.of("portal")["verdict"]) == (0, "in_order")
    assert (taken_back.code, opened_by(stand)) == (0, before)
    assert leaks(stand, planned, applied, again, taken_back) == []


@pytest.mark.parametrize("place", ["container.stage", "file.stage", "journal.commit"])
def test_a_farm_that_fails_keeps_both(stand: Stand, place: str) -> None:
    before = opened_by(stand)
    declare_new_key(stand)
    stand.behave("web2", fault(place, "fail"))
    ran = stand.tell("apply")
    assert (ran.code, ran.of("portal")["verdict"], opened_by(stand)) == (1, "rolled_back", before), ran.text


def test_without_the_old_key_a_section_cannot_be_read_and_nothing_is_changed(stand: Stand) -> None:
    stand.groups["portal"]["vars"]["keydeploy"]["key_containers"] = {"Portal": container("portal")}
    stand.write_inventory()
    before = opened_by(stand)
    ran = stand.keydeploy("apply", "--accept-irreversible")
    assert (ran.code, opened_by(stand)) == (1, before)
    assert "connectionStrings is encrypted with a key that is not declared" in ran.out
    assert "declare it as the previous_key of its container" in ran.out


def test_a_section_that_somebody_has_put_back_in_clear_is_drift(stand: Stand) -> None:
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    drift = stand.keydeploy("drift")
    assert drift.code == 2
    assert "protection: in clear → encrypted with Portal" in drift.out
    assert stand.keydeploy("apply").code == 0
    assert opened_by(stand) == [("previous", "previous")] * 2
    assert leaks(stand, drift) == []
