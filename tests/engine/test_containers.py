"""Containers that others have made become what is declared in one run, and go back to what they were."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine import beside
from tests.engine.beside import FULL, Held, SandboxAtWork
from tests.engine.declaring import POOL, POOL_SID, container, pem
from tests.engine.farm import QUICK, Stand, fault, outcomes, reasons
from tests.engine.hunting import leaks
from tests.engine.kinds import USED_BY_POOL
from tests.keys.openssl import openssl
from tests.node.contract.material import rsa_key
from tests.node.contract.others import OthersContainer

NODES = ("web1", "web2")
ADMINISTRATORS = "(A;;GA;;;SY)(A;;GA;;;BA)"
DENYING = f"D:(D;;GR;;;{POOL_SID}){ADMINISTRATORS}(A;;GR;;;{POOL_SID})"
INHERITED = f"D:AI(A;ID;GA;;;SY)(A;ID;GA;;;BA)(A;ID;GR;;;BU)(A;ID;GR;;;{POOL_SID})"
UNLIMITED = "D:NO_ACCESS_CONTROL"
MANY_READERS = f"D:P{ADMINISTRATORS}(A;;GR;;;{POOL_SID})(A;;GR;;;WD)(A;;GR;;;AU)(A;;GA;;;NS)"


def farm(folder: Path, declared: dict[str, Any], prepare: Callable[[SandboxAtWork], object]) -> Stand:
    """Answer a farm that declares the container `Portal`; *prepare* makes its nodes ready."""
    spec = {"machine_keys": {}, "applications": {}, "key_containers": {"Portal": declared}}
    stand = Stand(folder).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"}, **spec)
    for node in NODES:
        prepare(SandboxAtWork(stand.node(node)))
    return stand


def held(stand: Stand) -> list[Held | None]:
    return [beside.held(SandboxAtWork(stand.node(node)), "Portal") for node in NODES]


@pytest.mark.parametrize(
    ("others", "told"),
    [
        pytest.param(OthersContainer(name="Portal", provider_type=1), "exportable: true → false", id="aspnet_regiis"),
        pytest.param(OthersContainer(name="PORTAL", provider_type=12), "exportable: true → false", id="SChannel"),
        pytest.param(OthersContainer(name="portal", key_number=2), "signatures alone", id="signatures"),
        pytest.param(OthersContainer(name="Portal", sddl=DENYING), f"remove what denies {POOL}", id="denying"),
        pytest.param(OthersContainer(name="Portal", sddl=INHERITED), "remove Users", id="inherited"),
        pytest.param(OthersContainer(name="Portal", sddl=UNLIMITED), "key readers: no limits", id="no limits"),
        pytest.param(
            OthersContainer(name="Portal", sddl=MANY_READERS),
            "remove Authenticated Users, remove Everyone, remove NETWORK SERVICE",
            id="extra readers",
        ),
    ],
)
def test_one_that_another_tool_has_made_is_replaced_and_comes_back(
    tmp_path: Path, others: OthersContainer, told: str
) -> None:
    stand = farm(tmp_path, container("portal"), lambda node: node.make_container(others))
    before = held(stand)

    planned = stand.keydeploy("plan")
    applied = stand.tell("apply")
    there = held(stand)
    again = stand.tell("drift")
    taken_back = stand.tell("rollback")

    assert (planned.code, told in planned.out) == (2, True), planned.text
    assert (applied.code, there) == (0, [Held("portal", False, USED_BY_POOL)] * 2), applied.text
    assert (again.code, taken_back.code, held(stand)) == (0, 0, before)
    assert leaks(stand, planned, applied, again, taken_back) == []


@pytest.mark.parametrize("sddl", [DENYING, INHERITED, MANY_READERS])
def test_access_alone_is_mended_and_the_key_stays(tmp_path: Path, sddl: str) -> None:
    stand = farm(tmp_path, container("portal"), lambda node: beside.hold(node, "Portal", "portal", sddl=sddl))
    before = held(stand)

    applied = stand.tell("apply")

    assert (applied.code, held(stand)) == (0, [Held("portal", False, USED_BY_POOL)] * 2), applied.text
    operations = [operation for node in applied.of("portal")["nodes"] for operation in node["operations"]]
    assert [[each["name"] for each in one["differences"]] for one in operations] == [["key readers"]] * 2
    assert (stand.keydeploy("rollback").code, held(stand)) == (0, before)


def test_one_without_a_key_is_given_one(tmp_path: Path) -> None:
    def keyless(node: SandboxAtWork) -> None:
        node.make_container(OthersContainer(name="Portal"))
        (file,) = (node.root / "containers").glob("*.json")
        text = file.read_text("utf-8")
        start, end = text.index('"public_key"'), len(text)
        file.write_text(text[:start] + '"public_key": null, "key": null}' + "" * end, "utf-8")

    stand = farm(tmp_path, container("portal"), keyless)
    planned, applied = stand.keydeploy("plan"), stand.tell("apply")
    assert "key: without a key → sha256:" in planned.out
    assert (applied.code, held(stand)) == (0, [Held("portal", False, USED_BY_POOL)] * 2), applied.text


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(("rsa", "-traditional"), id="PKCS#1"),
        pytest.param(("pkcs8", "-topk8", "-nocrypt"), id="PKCS#8"),
        pytest.param(("pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", "pass:Marked-of-openssl"), id="encrypted"),
        pytest.param(("rsa", "-traditional", "-aes256", "-passout", "pass:Marked-of-openssl"), id="encrypted PKCS#1"),
    ],
)
def test_a_key_that_openssl_has_written_is_rolled_out(tmp_path: Path, form: tuple[str, ...]) -> None:
    written = openssl(*form, given=pem("portal").encode()).decode()
    password = {"password": "Marked-of-openssl"} if "ENCRYPTED" in written else {}
    declared = {"private_key": written, "readers": [POOL], **password}
    stand = farm(tmp_path, declared, lambda _node: None)
    ran = stand.tell("apply")
    assert (ran.code, held(stand)) == (0, [Held("portal", False, USED_BY_POOL)] * 2), ran.text
    assert leaks(stand, ran) == []


@pytest.mark.parametrize("provider_type", [1, 24])
def test_a_new_one_is_of_the_provider_that_is_declared_which_is_no_drift_in_an_old_one(
    tmp_path: Path, provider_type: int
) -> None:
    """Windows opens a container under any of these types, whichever it was made with."""
    stand = farm(tmp_path, container("portal", provider_type=provider_type), lambda _node: None)
    assert stand.keydeploy("apply").code == 0
    for node in NODES:
        (file,) = (stand.node(node) / "containers").glob("*.json")
        text = file.read_text("utf-8")
        assert f'"provider_type": {provider_type}' in text
        file.write_text(text.replace(f'"provider_type": {provider_type}', '"provider_type": 12'), "utf-8")
    assert stand.keydeploy("drift").code == 0


def test_accounts_of_the_node_are_found_by_their_names(tmp_path: Path) -> None:
    def with_accounts(node: SandboxAtWork) -> None:
        (node.root / "accounts.json").write_text('{"CONTOSO\\\\portal": "S-1-5-21-1-2-3-1105"}', "utf-8")

    declared = container("portal", readers=["contoso\\Portal", "IIS AppPool\\DefaultAppPool"])
    stand = farm(tmp_path, declared, with_accounts)
    applied, drift = stand.tell("apply"), stand.keydeploy("drift")
    readers = {
        "read S-1-5-21-1-2-3-1105",
        "read S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415",
    }
    assert (applied.code, drift.code) == (0, 0), applied.text
    assert held(stand) == [Held("portal", False, FULL | readers)] * 2


def test_an_account_that_a_node_does_not_know_is_told_and_nothing_is_changed(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal", readers=["CONTOSO\\portal"]), lambda _node: None)
    (stand.node("web1") / "accounts.json").write_text('{"CONTOSO\\\\portal": "S-1-5-21-1-2-3-1105"}', "utf-8")
    ran = stand.tell("apply")
    assert (ran.code, held(stand)) == (1, [None, None])
    assert reasons(ran.of("portal")) == [
        "web2: key_containers.Portal: the node knows no account CONTOSO\\portal; check the name, or declare its SID"
    ]


def test_where_accounts_cannot_be_looked_up_the_rest_is_still_compared(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal", readers=["CONTOSO\\portal"]), lambda _node: None)
    for node in NODES:
        stand.behave(node, fault("account.read", "fail"))
    ran = stand.tell("plan")
    (told, _) = reasons(ran.of("portal"))
    assert ran.code == 1
    assert told.startswith("web1: key_containers.Portal: ")


def test_a_container_that_nobody_may_open_is_told(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal"), lambda node: beside.hold(node, "Portal", "portal"))
    stand.behave("web2", fault("container.read", "fail", code="access_denied"))
    ran = stand.tell("apply")
    assert (ran.code, beside.held(SandboxAtWork(stand.node("web1")), "Portal")) == (1, Held("portal", False, FULL))
    assert [reason.startswith("web2: key_containers.Portal: ") for reason in reasons(ran.of("portal"))] == [True]


@pytest.mark.parametrize("place", ["container.stage", "journal.commit"])
def test_a_farm_that_fails_keeps_the_keys_and_the_access_of_before(tmp_path: Path, place: str) -> None:
    others = OthersContainer(name="Portal", provider_type=1, sddl=INHERITED)
    stand = farm(tmp_path, container("portal"), lambda node: node.make_container(others))
    before = held(stand)
    stand.behave("web2", fault(place, "fail"))

    ran = stand.tell("apply")

    assert (ran.code, ran.of("portal")["verdict"], held(stand)) == (1, "rolled_back", before), ran.text
    assert set(outcomes(ran.of("portal")).values()) <= {"rolled_back", "unstaged"}
    assert all(stand.is_at_rest(node) for node in NODES)


def test_pools_that_use_a_replaced_key_begin_anew_whatever_their_accounts_are_called(tmp_path: Path) -> None:
    """One runs as an account of the domain."""

    def with_user(node: SandboxAtWork) -> None:
        (node.root / "accounts.json").write_text('{"CONTOSO\\\\portal": "S-1-5-21-1-2-3-1105"}', "utf-8")
        host = node.root / "C/Windows/System32/inetsrv/config/applicationHost.config"
        model = '<processModel identityType="SpecificUser" userName="CONTOSO\\portal" />'
        text = host.read_text("utf-8").replace('<add name="Portal" />', f'<add name="Portal">{model}</add>')
        host.write_text(text, "utf-8")
        beside.hold(node, "Portal", "previous", sddl=f"D:P{ADMINISTRATORS}(A;;GR;;;S-1-5-21-1-2-3-1105)")

    declared = container("portal", readers=["CONTOSO\\portal"], previous_key=pem("previous"))
    stand = farm(tmp_path, declared, with_user)
    planned, applied = stand.keydeploy("plan"), stand.tell("apply")
    assert "impact: recycles app pool Portal" in planned.out
    assert applied.code == 0, applied.text
    assert '"recycled": 1' in (stand.node("web1") / "app_pools.json").read_text("utf-8")


def test_access_goes_in_waves_and_a_key_is_switched_at_one_instant(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal"), lambda node: beside.hold(node, "Portal", "portal"))
    spec = stand.groups["portal"]["vars"]["keydeploy"]
    spec["rollout"] |= {"commit": "waves", "waves": {"canary": 1, "fractions": []}}
    stand.write_inventory()
    access = stand.tell("apply")
    spec["key_containers"] = {"Portal": container("others", previous_key=pem("portal"))}
    stand.write_inventory()
    key = stand.tell("apply")

    assert (access.code, access.of("portal")["waves"]) == (0, [["web1"], ["web2"]]), access.text
    assert (key.code, key.of("portal")["waves"]) == (0, []), key.text
    assert held(stand) == [Held("others", False, USED_BY_POOL)] * 2


def test_the_old_key_may_be_declared_and_is_no_longer_needed_afterwards(tmp_path: Path) -> None:
    stand = farm(tmp_path, container("portal", previous_key=pem("previous")), lambda _node: None)
    assert rsa_key("previous") != rsa_key("portal")
    assert (stand.tell("apply").code, held(stand)) == (0, [Held("portal", False, USED_BY_POOL)] * 2)
    assert stand.keydeploy("drift").code == 0
