"""What declared keys, certificates and their uses become."""

from collections.abc import Callable
from typing import Any

import pytest

from keydeploy.errors import KeyMaterialError, SpecError
from keydeploy.keys import certificate, rsa_key
from keydeploy.keys.rsa_key import take_over
from keydeploy.spec import (
    Application,
    AppPool,
    Binding,
    Declaration,
    KeyContainer,
    Machine,
    ProtectedSections,
    Spec,
    check,
    load,
)
from keydeploy.spec.material import installed_certificate, private_key
from tests.node.contract import material
from tests.spec.keys import PASSWORD, authority, filled_in, leaf, other, texts

FIRST, OTHER = (take_over(material.rsa_key(which)) for which in ("first", "other"))
SECTIONS = {"container": "Portal", "sections": ["machineKey", "connectionStrings"]}
PORTAL = {"key_containers": {"Portal": {"private_key": "$pem", "readers": ["IIS_IUSRS"]}}}


def spec(**value: Any) -> Spec:
    return load(Declaration(host="web1", value=filled_in(value)))


def container(**declared: Any) -> KeyContainer:
    return spec(key_containers={"Portal": declared}).key_containers["Portal"]


@pytest.mark.parametrize("text", ["$pem", "$pkcs1", "$folded_pem", "$xml"])
def test_a_container_is_not_exportable_and_for_nobody_else_by_default(text: str) -> None:
    found = container(private_key=text)
    assert found == KeyContainer(private_key=FIRST, provider_type=24, exportable=False, readers=())


def test_all_that_is_declared_of_a_container_is_there() -> None:
    found = container(
        private_key="$encrypted_pem",
        password="$password",
        previous_key="$other_xml",
        provider_type=1,
        exportable=True,
        readers=["CONTOSO\\portal", "IIS AppPool\\Portal"],
        state="present",
    )
    readers = ("CONTOSO\\portal", "IIS AppPool\\Portal")
    assert found == KeyContainer(
        private_key=FIRST, previous_key=OTHER, provider_type=1, exportable=True, readers=readers
    )


def test_a_container_that_shall_be_absent_has_no_key_but_maybe_the_one_before() -> None:
    assert container(state="absent") == KeyContainer(private_key=None)
    assert container(state="absent", previous_key="$pem") == KeyContainer(private_key=None, previous_key=FIRST)


@pytest.mark.parametrize(
    "declared",
    [
        {"pfx": "$pfx", "password": "$password"},
        {"pfx": "$open_pfx"},
        {"certificate": "$reversed_chain", "private_key": "$session_pem"},
        {"certificate": "$chain", "private_key": "$encrypted_session_pem", "password": "$password"},
    ],
)
def test_a_certificate_has_its_thumbprint_key_and_chain_whatever_it_is_written_in(declared: dict[str, str]) -> None:
    found = spec(certificates={"session": declared}).certificates["session"]
    assert found.thumbprint == material.thumbprint(leaf())
    assert found.certificate is not None
    assert found.certificate.der == material.der(leaf())
    assert found.certificate.chain == (material.der(authority()),)
    assert found.certificate.key == take_over(material.rsa_key("session"))
    assert (found.store, found.readers, found.exportable, found.friendly_name) == ("My", (), False, None)


def test_all_that_is_declared_of_a_certificate_is_there() -> None:
    declared = {"pfx": "$other_pfx", "password": "$password", "store": "My", "state": "present"}
    others = {"readers": ["SYSTEM"], "exportable": True, "friendly_name": "Portal: sessions"}
    found = spec(certificates={"session": {**declared, **others}}).certificates["session"]
    assert found.thumbprint == material.thumbprint(other())
    assert (found.readers, found.exportable, found.friendly_name) == (("SYSTEM",), True, "Portal: sessions")


def test_a_certificate_that_shall_be_absent_has_a_thumbprint_in_upper_case_alone() -> None:
    found = spec(certificates={"old": {"state": "absent", "thumbprint": "3fa4" * 10}}).certificates["old"]
    assert (found.thumbprint, found.certificate) == ("3FA4" * 10, None)


def test_bindings_listen_at_443_for_all_names_and_addresses_by_default() -> None:
    certificates = {"session": {"pfx": "$open_pfx"}}
    full = {"site": "Shop", "host": "shop.example", "port": 8443.0, "address": "10.0.0.1", "sni": False}
    declared = [{"site": "Shop", "certificate": "session"}, {**full, "certificate": "session"}]
    assert spec(certificates=certificates, bindings=declared).bindings == (
        Binding(site="Shop", port=443, host="", address="*", certificate="session", sni=None),
        Binding(site="Shop", port=8443, host="shop.example", address="10.0.0.1", certificate="session", sni=False),
    )
    assert spec().bindings == ()


@pytest.mark.parametrize(
    ("declared", "algorithms"),
    [
        ({}, {"provider": None, "cipher": None, "key_wrap": None}),
        ({"provider": "Portal", "cipher": "3des", "key_wrap": "rsa1_5"}, {}),
        ({"cipher": "aes256", "key_wrap": "oaep"}, {"provider": None}),
    ],
)
def test_sections_are_paths_in_order_each_once(declared: dict[str, Any], algorithms: dict[str, Any]) -> None:
    sections = ["machineKey", "connectionStrings", "system.web/machineKey", "acme/settings"]
    application = {"site": "Shop", "path": "/", "protected_sections": {**SECTIONS, "sections": sections, **declared}}
    found = spec(**PORTAL, applications={"shop": application}).applications["shop"].protected_sections
    expected = ("acme/settings", "connectionStrings", "system.web/machineKey")
    assert found == ProtectedSections(container="Portal", sections=expected, **{**declared, **algorithms})


def test_what_an_application_does_not_declare_stays_as_it_is() -> None:
    found = spec(applications={"shop": {"site": "Shop", "path": "/"}}).applications["shop"]
    assert found == Application(site="Shop", path="/")


def test_an_application_names_the_certificate_of_its_session_tokens() -> None:
    application = {"web_config": "C:\\shop\\web.config", "session_tokens": {"certificate": "session"}}
    found = spec(certificates={"session": {"pfx": "$open_pfx"}}, applications={"shop": application})
    assert found.applications["shop"].session_certificate == "session"
    assert found.applications["shop"].session_tokens is None
    assert found.applications["shop"].machine_key is None


def test_settings_of_a_pool_that_are_not_declared_are_none() -> None:
    pools = {
        "one": {"load_user_profile": False},
        "two": {"set_profile_environment": True, "identity": "CONTOSO\\portal"},
    }
    applications = {name: {"site": "Shop", "path": f"/{name}", "app_pool": pool} for name, pool in pools.items()}
    found = spec(applications=applications).applications
    assert found["one"].app_pool == AppPool(load_user_profile=False)
    assert found["two"].app_pool == AppPool(set_profile_environment=True, identity="CONTOSO\\portal")


def test_the_machine_has_all_runtimes_unless_some_are_named() -> None:
    keys = {"portal": {"validation_key": "A9" * 32, "decryption_key": "5C" * 32}}
    declared: dict[str, Any] = {"level": "machine_config", "machine_key": "portal"}
    assert spec(machine_keys=keys, machine=declared).machine == Machine(level="machine_config", machine_key="portal")
    found = spec(**PORTAL, machine={"level": "root_web_config", "runtimes": ["v4.0"], "protected_sections": SECTIONS})
    assert found.machine == Machine(
        level="root_web_config",
        runtimes=("v4.0",),
        protected_sections=ProtectedSections(
            container="Portal", sections=("connectionStrings", "system.web/machineKey")
        ),
    )
    assert spec().machine is None


def test_readers_of_all_keys_are_told_once_in_their_order() -> None:
    found = spec(
        key_containers={
            "Portal": {"private_key": "$pem", "readers": ["IIS AppPool\\Portal", "SYSTEM"]},
            "Gone": {"state": "absent"},
        },
        certificates={"session": {"pfx": "$open_pfx", "readers": ["CONTOSO\\portal", "IIS AppPool\\Portal"]}},
    )
    assert found.readers() == ("IIS AppPool\\Portal", "SYSTEM", "CONTOSO\\portal")


def test_keys_are_read_once_however_many_hosts_declare_them(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def noting(function: Callable[..., Any]) -> Callable[..., Any]:
        def note(text: str, password: str | None) -> Any:
            read.append(text)
            return function(text, password)

        return note

    monkeypatch.setattr(rsa_key, "load", noting(rsa_key.load))
    monkeypatch.setattr(certificate, "load_pfx", noting(certificate.load_pfx))
    # With a line end before them, these texts are like no others of the session.
    once = {name: f"\n{texts()[name]}" for name in ("pem", "cut_pem", "pfx")}
    containers = {"Portal": {"private_key": once["pem"]}, "Shop": {"private_key": once["cut_pem"]}}
    value = {"key_containers": containers, "certificates": {"session": {"pfx": once["pfx"], "password": PASSWORD}}}
    check([Declaration(host=f"web{index}", value=value) for index in range(20)])
    assert sorted(read) == sorted(once.values())


def test_what_cannot_be_read_is_refused_each_time_anew() -> None:
    for _ in range(2):
        with pytest.raises(KeyMaterialError, match="breaks off") as refused:
            private_key(texts()["cut_pem"], None)
        assert refused.value.__cause__ is None
        assert refused.value.__context__ is None
        with pytest.raises(KeyMaterialError, match="does not open"):
            installed_certificate({"pfx": texts()["pfx"], "password": "another"})


def test_a_text_that_utf_8_cannot_hold_is_a_problem_and_no_error() -> None:
    for declared in ({"private_key": "\ud800"}, {"private_key": "$encrypted_pem", "password": "\ud800"}):
        with pytest.raises(SpecError) as refused:
            container(**declared)
        assert [problem.address for problem in refused.value.problems] == ["key_containers.Portal.private_key"]
