"""A key that cannot be put back is taken away only where somebody has accepted that; with the old key nobody need."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import container, pem
from tests.engine.farm import QUICK, Ran, Stand, contents, fault, outcomes, reasons
from tests.engine.hunting import leaks
from tests.engine.kinds import FOR_POOL

NODES = ("web1", "web2")
LOST = "the key in the container cannot be exported and is not declared, so it cannot be put back"
ABSENT = {"state": "absent"}
WITH_OLD_KEY = container("portal", previous_key=pem("previous"))
NAMES_IT = b"""<configuration>
  <configProtectedData>
    <providers>
      <add name="Portal" type="System.Configuration.RsaProtectedConfigurationProvider, System.Configuration,
           Version=4.0.0.0, Culture=neutral, PublicKeyToken=b03f5f7f11d50a3a" keyContainerName="portal" />
    </providers>
  </configProtectedData>
</configuration>
"""


def farm(folder: Path, declared: dict[str, Any], **more: Any) -> Stand:
    """Answer a farm whose nodes hold the key of before in the container that is *declared*; it is not exportable."""
    spec = {"machine_keys": {}, "applications": {}, "key_containers": {"Portal": declared}} | more
    stand = Stand(folder).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"}, **spec)
    for node in NODES:
        beside.hold(at(stand, node), "Portal", "previous", sddl=FOR_POOL)
    return stand


def at(stand: Stand, node: str) -> SandboxAtWork:
    return SandboxAtWork(stand.node(node))


def keys(stand: Stand) -> list[str | None]:
    """Answer the key that the container holds on each node, None where it is absent."""
    held = (beside.held(at(stand, node), "Portal") for node in NODES)
    return [each.key if each else None for each in held]


def declare(stand: Stand, declared: dict[str, Any]) -> None:
    stand.groups["portal"]["vars"]["keydeploy"]["key_containers"] = {"Portal": declared}
    stand.write_inventory()


def was_refused(ran: Ran) -> bool:
    farm = ran.of("portal")
    told = [f"{node}: key_containers.Portal: {LOST}" for node in NODES]
    hints = {reason["hint"] for reason in farm["reasons"]}
    accepts = all("--accept-irreversible" in hint and "keydeploy_accept_irreversible" in hint for hint in hints)
    return (ran.code, farm["verdict"], reasons(farm)) == (1, "refused", told) and accepts


@pytest.mark.parametrize(("declared", "afterwards"), [(container("portal"), "portal"), (ABSENT, None)])
def test_a_key_that_is_lost_goes_only_where_that_is_accepted(
    tmp_path: Path, declared: dict[str, Any], afterwards: str | None
) -> None:
    stand = farm(tmp_path, declared)
    before = [contents(stand.node(node)) for node in NODES]

    planned = stand.keydeploy("plan")
    drift = stand.keydeploy("drift")
    refused = stand.tell("apply")
    left = [contents(stand.node(node)) for node in NODES]
    accepted = stand.tell("apply", "--accept-irreversible")
    again = stand.tell("apply")

    assert (planned.code, drift.code) == (2, 2)
    assert f"cannot be undone: {LOST}" in planned.out
    assert was_refused(refused), refused.text
    assert left == before
    assert (accepted.code, keys(stand)) == (0, [afterwards] * 2), accepted.text
    assert (again.code, again.of("portal")["verdict"]) == (0, "in_order")
    assert leaks(stand, planned, drift, refused, accepted, again) == []


def test_a_playbook_accepts_it_by_a_variable(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal"))
    refused = stand.playbook("keydeploy.core.apply", "-f", "2")
    assert (refused.code != 0, keys(stand)) == (True, ["previous"] * 2)
    accepted = stand.playbook("keydeploy.core.apply", "-f", "2", "-e", "keydeploy_accept_irreversible=yes", "-vvvvv")
    assert (accepted.code, keys(stand)) == (0, ["portal"] * 2), accepted.text
    assert leaks(stand, refused, accepted) == []


@pytest.mark.parametrize(
    ("declared", "afterwards"), [(WITH_OLD_KEY, "portal"), ({**ABSENT, "previous_key": pem("previous")}, None)]
)
def test_with_the_old_key_nobody_need_accept_anything_and_a_failing_farm_goes_back_to_it(
    tmp_path: Path, declared: dict[str, Any], afterwards: str | None
) -> None:
    stand = farm(tmp_path, declared)
    before = [beside.held(at(stand, node), "Portal") for node in NODES]
    stand.behave("web2", fault("journal.commit", "fail", when="after"))
    failed = stand.tell("apply")
    left = [beside.held(at(stand, node), "Portal") for node in NODES]
    stand.behave("web2")
    applied = stand.tell("apply")
    there = keys(stand)
    taken_back = stand.tell("rollback")

    assert (failed.code, failed.of("portal")["verdict"], left) == (1, "rolled_back", before), failed.text
    assert set(outcomes(failed.of("portal")).values()) == {"rolled_back"}
    assert (applied.code, there) == (0, [afterwards] * 2), applied.text
    assert (taken_back.code, [beside.held(at(stand, node), "Portal") for node in NODES]) == (0, before)
    assert leaks(stand, failed, applied, taken_back) == []


def test_a_lost_key_cannot_be_rolled_back_and_comes_again_with_a_spec_that_declares_it(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal"))
    assert stand.keydeploy("apply", "--accept-irreversible").code == 0
    refused = stand.tell("rollback")
    declare(stand, container("previous", previous_key=pem("portal")))
    back = stand.tell("apply")

    assert refused.code == 1
    assert reasons(refused.of("portal")) == [
        f"{node}: container Portal held a key that could not be kept, and cannot go back" for node in NODES
    ]
    assert {reason["hint"] for reason in refused.of("portal")["reasons"]} == {"declare the old key and apply it"}
    assert (back.code, keys(stand)) == (0, ["previous"] * 2), back.text


def test_a_farm_that_fails_after_a_key_was_lost_is_split_until_the_next_run(tmp_path: Path) -> None:
    """A node that cannot go back goes forward, and the others follow."""
    stand = farm(tmp_path, container("portal"))
    stand.behave("web2", fault("journal.commit", "fail"))
    split = stand.tell("apply", "--accept-irreversible")
    seen = keys(stand)
    stand.behave("web2")
    healed = stand.tell("apply", "--accept-irreversible")

    assert (split.code, seen) == (5, ["portal", "previous"]), split.text
    assert (healed.code, keys(stand)) == (0, ["portal"] * 2), healed.text


def test_a_way_back_that_fails_after_new_keys_went_is_healed_by_the_spec_that_declares_them(tmp_path: Path) -> None:
    """A key that a run has made is as lost as any other when the run is taken back."""
    stand = farm(tmp_path, container("portal"), key_containers={"New": container("portal")})
    assert stand.keydeploy("apply").code == 0
    stand.behave("web2", fault("journal.commit", "fail"))
    assert stand.keydeploy("rollback").code == 5
    stand.behave("web2")

    healed = stand.tell("apply")

    assert (healed.code, healed.of("portal")["verdict"]) == (0, "applied"), healed.text
    assert [beside.held(at(stand, node), "New") is not None for node in NODES] == [True, True]
    assert all(stand.is_at_rest(node) for node in NODES)


def test_a_plan_tells_whom_a_container_is_taken_away_from(tmp_path: Path) -> None:
    application = {"site": "Default Web Site", "path": "/portal", "app_pool": {"load_user_profile": True}}
    stand = farm(tmp_path, ABSENT, applications={"portal": application})
    for node in NODES:
        stand.own_config(node).write_bytes(NAMES_IT)
    planned = stand.keydeploy("plan")
    assert planned.code == 2
    assert "- key_containers.Portal: delete" in planned.out
    assert "impact: breaks application portal, whose configuration names it" in planned.out
    assert "impact: what is encrypted with its key can no longer be read" in planned.out
    assert "impact: recycles app pool Portal" in planned.out


def test_a_saved_plan_holds_only_with_the_acceptance_that_it_was_made_with(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal"))
    assert stand.keydeploy("plan", "--out", "plan.json").code == 2
    assert was_refused(stand.tell("apply", "--plan", "plan.json"))
    accepted = stand.tell("apply", "--plan", "plan.json", "--accept-irreversible")
    assert (accepted.code, keys(stand)) == (0, ["portal"] * 2), accepted.text
