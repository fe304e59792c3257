"""The digest of a spec: equal where the members of a farm agree, and only there."""

from collections.abc import Callable
from typing import Any

import pytest

from keydeploy.keys.rsa_key import take_over
from keydeploy.spec import Declaration, Spec, check, load
from tests.node.contract import material
from tests.spec.keys import filled_in

KEY = {"validation_key": "A9" * 64, "decryption_key": "5C" * 32}


def spec(**changes: Any) -> Spec:
    value: dict[str, Any] = {
        "machine_keys": {"portal": KEY, "other": KEY},
        "applications": {"portal": {"site": "Default Web Site", "path": "/", "machine_key": "portal"}},
        "rollout": {"grace": "2s", "health": {"url": "http://web1/health"}},
    }
    return load(Declaration(host="web1", value=filled_in({**value, **changes})))


CONTAINER: dict[str, Any] = {
    "private_key": "$pem",
    "previous_key": "$third_pem",
    "readers": ["IIS AppPool\\Portal", "SYSTEM"],
}
SESSION: dict[str, Any] = {
    "pfx": "$pfx",
    "password": "$password",
    "readers": ["IIS AppPool\\Portal"],
    "friendly_name": "Sessions",
}
GONE: dict[str, Any] = {"state": "absent", "thumbprint": "3FA4" * 10}
PROTECTED: dict[str, Any] = {
    "container": "Portal",
    "sections": ["machineKey", "connectionStrings"],
    "provider": "Portal",
}
BINDING: dict[str, Any] = {"site": "Portal", "certificate": "session", "host": "portal.example", "sni": True}


def with_material(**changes: Any) -> Spec:
    """Answer a spec with key containers, certificates and all that uses them."""
    application = {
        "site": "Portal",
        "path": "/",
        "session_tokens": {"certificate": "session"},
        "protected_sections": PROTECTED,
        "app_pool": {"load_user_profile": True, "identity": "ApplicationPoolIdentity"},
    }
    value: dict[str, Any] = {
        "key_containers": {"Portal": CONTAINER, "Shop": {"private_key": "$other_pem"}, "Gone": {"state": "absent"}},
        "certificates": {"session": SESSION, "portal": {"pfx": "$other_pfx", "password": "$password"}, "gone": GONE},
        "applications": {"portal": application},
        "bindings": [BINDING, {"site": "Shop", "certificate": "portal"}],
        "machine": {"level": "root_web_config", "machine_key": "portal", "runtimes": ["v2.0", "v4.0"]},
    }
    return spec(**{**value, **changes})


def container(**changes: Any) -> dict[str, Any]:
    gone = {"Shop": {"private_key": "$other_pem"}, "Gone": {"state": "absent"}}
    return {"key_containers": {"Portal": {**CONTAINER, **changes}, **gone}}


def certificate(thumbprint: str = "3FA4" * 10, **session: Any) -> dict[str, Any]:
    portal = {"pfx": "$other_pfx", "password": "$password"}
    return {"certificates": {"session": session, "portal": portal, "gone": {**GONE, "thumbprint": thumbprint}}}


def application(**changes: Any) -> dict[str, Any]:
    tokens = {"session_tokens": {"certificate": "session"}, "protected_sections": PROTECTED}
    pool = {"app_pool": {"load_user_profile": True, "identity": "ApplicationPoolIdentity"}}
    return {"applications": {"portal": {"site": "Portal", "path": "/", **tokens, **pool, **changes}}}


def bindings(*others: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"bindings": [{**BINDING, **changes}, {"site": "Shop", "certificate": "portal"}, *others]}


def machine(**changes: Any) -> dict[str, Any]:
    return {"machine": {"level": "root_web_config", "machine_key": "portal", "runtimes": ["v2.0", "v4.0"], **changes}}


@pytest.mark.parametrize(
    "changes",
    [
        {"machine_keys": {"portal": {**KEY, "validation_key": "A8" * 64}, "other": KEY}},
        {"machine_keys": {"portal": {**KEY, "validation": "SHA1"}, "other": KEY}},
        {"machine_keys": {"portal": {**KEY, "compatibility_mode": "omit"}, "other": KEY}},
        {"machine_keys": {"portal": KEY, "third": KEY}},
        {"machine_keys": {"portal": KEY, "other": KEY, "third": KEY}},
        {"applications": {}},
        {"applications": {"portal": {"site": "Default Web Site", "path": "/", "machine_key": "other"}}},
        {"rollout": {"grace": "3s"}},
        {"rollout": {"require": {"all_but": ["web2"]}}},
        {"rollout": {"backups": {"keep": 4}}},
        {"rollout": {"backups": {"for": "29d"}}},
        {"rollout": {"commit": "waves"}},
        {"smart_cards": {"transaction_timeout": "100ms"}},
        {"smart_cards": {"transaction_timeout": {"ksp": "100ms"}}},
    ],
)
def test_what_members_must_agree_on_changes_it(changes: dict[str, Any]) -> None:
    assert spec(**changes).digest() != spec().digest()


@pytest.mark.parametrize(
    "changes",
    [
        {"machine_keys": {"other": KEY, "portal": {**KEY, "validation": "HMACSHA256", "decryption": "AES"}}},
        {"applications": {"portal": {"web_config": "C:\\portal\\web.config", "machine_key": "portal"}}},
        {"rollout": {"grace": "2000ms", "lease": "1m", "health": {"url": "http://web2/health", "expect": 204}}},
        {"rollout": {"require": {"all_but": []}, "backups": {"keep": 5, "for": "720h"}, "commit": "together"}},
    ],
)
def test_what_is_a_members_own_or_only_written_otherwise_does_not(changes: dict[str, Any]) -> None:
    assert spec(**changes).digest() == spec().digest()


@pytest.mark.parametrize(
    ("waves", "same"),
    [
        ({"canary": 1, "fractions": ["25.0%"], "pause": "0ms", "tolerate": 0}, True),
        ({"canary": 2}, False),
        ({"fractions": []}, False),
        ({"fractions": ["25%", "50%"]}, False),
        ({"pause": "1h"}, False),
        ({"tolerate": 1}, False),
    ],
)
def test_how_waves_go_is_agreed_on_and_who_takes_a_node_out_is_not(waves: dict[str, Any], same: bool) -> None:
    own = {"drain": {"tasks": "drain.yml"}, "undrain": {"url": "http://balancer/in"}}
    other = spec(rollout={"commit": "waves", "waves": waves, **own})
    assert (other.digest() == spec(rollout={"commit": "waves"}).digest()) is same


@pytest.mark.parametrize(
    "changes",
    [
        container(private_key="$session_pem"),
        container(previous_key="$session_pem"),
        container(provider_type=1),
        container(exportable=True),
        container(readers=["IIS AppPool\\Portal"]),
        container(readers=["IIS AppPool\\Shop", "SYSTEM"]),
        certificate(thumbprint="0" * 40, **SESSION),
        {"key_containers": {"Portal": CONTAINER, "Shop": {"private_key": "$other_pem"}}},
        {"key_containers": {"Portal": CONTAINER, "Shop": {"state": "absent"}, "Gone": {"state": "absent"}}},
        certificate(**SESSION | {"pfx": "$renewed_pfx"}),
        certificate(**SESSION | {"pfx": "$pfx_without_chain"}),
        certificate(**SESSION | {"readers": []}),
        certificate(**SESSION | {"friendly_name": "sessions"}),
        certificate(**SESSION, exportable=True),
        application(session_tokens={"certificate": "portal"}),
        application(session_tokens={"machine_key": "portal"}),
        application(protected_sections=PROTECTED | {"sections": ["machineKey"]}),
        application(protected_sections=PROTECTED | {"container": "Shop"}),
        application(protected_sections=PROTECTED | {"cipher": "3des"}),
        application(protected_sections=PROTECTED | {"key_wrap": "rsa1_5"}),
        application(protected_sections=PROTECTED | {"provider": "Other"}),
        application(app_pool={"load_user_profile": False, "identity": "ApplicationPoolIdentity"}),
        application(app_pool={"identity": "ApplicationPoolIdentity"}),
        application(app_pool={"load_user_profile": True}),
        application(app_pool={"load_user_profile": True, "identity": "LocalSystem"}),
        bindings(certificate="portal"),
        bindings(sni=False),
        bindings(port=8443),
        bindings(host=""),
        bindings(site="Portals"),
        bindings({"site": "Shop", "certificate": "portal", "port": 8443}),
        bindings({"site": "Shop", "certificate": "session", "address": "10.0.0.1"}),
        machine(level="machine_config"),
        machine(machine_key="other"),
        machine(runtimes=["v4.0"]),
        machine(protected_sections=PROTECTED),
        {"bindings": []},
    ],
)
def test_what_members_must_agree_on_of_material_changes_it(changes: dict[str, Any]) -> None:
    assert with_material(**changes).digest() != with_material().digest()


@pytest.mark.parametrize(
    "changes",
    [
        container(private_key="$xml"),
        container(private_key="$encrypted_pkcs1", password="$password"),
        container(provider_type=24, exportable=False, state="present"),
        container(readers=["system", "IIS APPPOOL\\portal", "SYSTEM"]),
        certificate(**SESSION | {"pfx": "$pfx_again"}),
        certificate(**SESSION, store="My", exportable=False),
        certificate(
            certificate="$reversed_chain",
            private_key="$session_pem",
            **{name: SESSION[name] for name in ("readers", "friendly_name")},
        ),
        certificate(thumbprint="3fa4" * 10, **SESSION),
        application(site="Portal 2", path="/portal"),
        application(protected_sections=PROTECTED | {"sections": ["connectionStrings", "system.web/machineKey"]}),
        bindings(address="10.0.0.1", port=443),
        bindings(site="PORTAL", host="Portal.Example"),
        {"bindings": [*reversed(bindings()["bindings"])]},
        machine(runtimes=["v4.0", "v2.0", "v4.0"]),
    ],
)
def test_material_that_is_written_otherwise_does_not(changes: dict[str, Any]) -> None:
    other = with_material(**changes)
    assert other.digest() == with_material().digest()
    assert other.tag_key() == with_material().tag_key()


def test_tags_are_made_under_all_keys_whatever_they_are_written_in() -> None:
    assert spec().tag_key() != spec(**container()).tag_key()
    assert spec(**container(), **certificate(**SESSION)).tag_key() != spec(**container()).tag_key()
    assert spec(machine_keys={}, applications={}, **container()).tag_key() is not None
    assert spec(machine_keys={}, applications={}, key_containers={"Gone": {"state": "absent"}}).tag_key() is None
    one = spec(**container(private_key="$pkcs1"), **certificate(**SESSION))
    assert one.tag_key() == spec(**container(), **certificate(pfx="$open_pfx")).tag_key()


def test_private_keys_are_known_by_their_addresses() -> None:
    found = with_material().private_keys()
    assert [*found] == [
        "key_containers.Portal.private_key",
        "key_containers.Portal.previous_key",
        "key_containers.Shop.private_key",
        "certificates.portal.private_key",
        "certificates.session.private_key",
    ]
    keys = [take_over(material.rsa_key(which)) for which in ("first", "third", "other", "other", "session")]
    assert [*found.values()] == keys


def test_members_that_agree_have_one_digest() -> None:
    values = [{**container(), **certificate(**SESSION)}, {**container(private_key="$xml"), **certificate(**SESSION)}]
    hosts = [Declaration(host=f"web{index}", value=filled_in(value)) for index, value in enumerate(values)]
    checked = check(hosts)
    assert checked.problems == ()
    assert len({member.digest() for member in checked.farms["default"]}) == 1


@pytest.mark.parametrize("show", [str, repr, lambda spec: spec.digest(), lambda spec: f"{spec.shared}"])
def test_nothing_that_can_be_shown_holds_a_private_key(show: Callable[[Spec], str]) -> None:
    assert not material.shown_of(show(with_material()), "first", "third", "other", "session")


@pytest.mark.parametrize("show", [str, repr, lambda spec: spec.digest(), lambda spec: f"{spec.shared}"])
def test_nothing_that_can_be_shown_holds_a_key(show: Callable[[Spec], str]) -> None:
    assert KEY["decryption_key"] not in show(spec()).upper()
    assert KEY["validation_key"] not in show(spec()).upper()


def test_a_farm_without_secrets_has_a_digest_and_no_key_for_tags() -> None:
    bare = spec(machine_keys={}, applications={})
    assert bare.tag_key() is None
    assert bare.digest() == spec(machine_keys={}, applications={}).digest()
