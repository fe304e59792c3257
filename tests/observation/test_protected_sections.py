"""Sections that shall be encrypted on one node: what is seen, what mends it, and that nothing of it is told."""

import json
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from keydeploy.keys.rsa_key import to_pem
from keydeploy.observation import FileChange, Observation
from keydeploy.plan import NodePlan, plan
from keydeploy.report.diff import redacted_diff
from keydeploy.spec import Spec
from keydeploy.webconfig.document import Document, parse
from keydeploy.webconfig.protected import Algorithms, Protected, protected
from keydeploy.webconfig.sections import own_section
from tests.observation.farm import (
    EQUAL,
    OLD,
    OLD_VALIDATION_KEY,
    PORTAL,
    VALIDATION_KEY,
    Node,
    farm_of,
    plan_of,
    planted_in,
    spec_of,
)
from tests.webconfig.mono import Mono
from tests.webconfig.protecting import CONNECTION_STRINGS, encrypted, in_clear, key, section

WEB = "C:\\inetpub\\portal\\web.config"
PARENT = "C:\\inetpub\\wwwroot\\web.config"
ROOT = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Config\\web.config"
HOST = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
RSA = "System.Configuration.RsaProtectedConfigurationProvider, System.Configuration"
ENTRY = f'<add name="Portal" type="{RSA}" keyContainerName="Portal"/>'
MACHINE_KEY = "system.web/machineKey"
ALONE = {"site": "Default Web Site", "path": "/portal"}
OLDER = Algorithms("3des", "rsa1_5")


def pem(name: str) -> str:
    return to_pem(key(name)).reveal().decode()


@cache
def containers() -> dict[str, dict[str, Any]]:
    return {
        "Portal": {"private_key": pem("declared"), "previous_key": pem("before")},
        "Other": {"private_key": pem("other")},
    }


def declared(application: dict[str, Any] | None = None, **others: Any) -> Spec:
    """Answer a spec whose application `portal` has *others* as its protected sections."""
    wanted = {"container": "Portal", "sections": ["connectionStrings"], **others}
    return spec_of({"portal": {**(application or ALONE), "protected_sections": wanted}}, key_containers=containers())


def protecting(*providers: str) -> str:
    return f"<configProtectedData><providers>{''.join(providers)}</providers></configProtectedData>"


def web(*content: str) -> str:
    return "\n  ".join(["<configuration>", *content]) + "\n</configuration>\n"


def machine_key(attributes: str) -> str:
    return f"<system.web>{attributes}</system.web>"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "web1", {"/portal": None, "/": None})


def seen(observation: Observation) -> dict[str, list[str]]:
    """Answer the differences of the application, by address below it."""
    return {
        subject.address.removeprefix("applications.portal."): [
            f"{each.name}: {each.found} → {each.wanted}" for each in subject.differences
        ]
        for subject in observation.subjects
        if subject.address.startswith("applications.portal.") and subject.refusal is None
    }


def refused(node: Node, spec: Spec) -> str:
    """Answer why all that is declared for the application is refused."""
    observation = node.observe(spec)
    assert not any(isinstance(change, FileChange) for change in observation.to_stage)
    (refusal,) = {each.refusal for each in observation.subjects if each.address.startswith("applications.")}
    assert refusal is not None
    return refusal


def edited(observation: Observation) -> list[str]:
    """Answer the files that are to be changed."""
    return [change.path for change in observation.to_stage if isinstance(change, FileChange)]


def mended(node: Node, spec: Spec, path: str = WEB) -> Document:
    """Roll *spec* out, and answer the file at *path*; nothing is left to do, nor is it to the next run."""
    observation = node.observe(spec)
    assert [each.refusal for each in observation.subjects if each.refusal] == []
    assert planted_in(json.dumps(observation.to_json())) == []
    after = node.roll_out(spec, plan_of(spec, observation))
    assert [each.address for each in after.subjects if each.differences] == []
    assert after.to_stage == ()
    assert node.observe(spec).to_stage == ()
    return parse(node.file(path).read_bytes())


def how(document: Document, name: str = "connectionStrings") -> Protected:
    element = own_section(document, name)
    assert element is not None
    found = protected(document, element)
    assert found is not None
    return found


def test_a_section_in_clear_is_encrypted_with_an_entry_that_leads_to_the_container(node: Node) -> None:
    node.write(WEB, web("<configSections/>", CONNECTION_STRINGS, "<appSettings/>"))
    assert seen(node.observe(declared())) == {
        "protected_sections.connectionStrings": [
            "protection: in clear → encrypted with Portal",
            "provider entry: absent → present",
        ]
    }
    document = mended(node, declared())
    assert in_clear(document) == CONNECTION_STRINGS
    assert [each.name for each in document.root.children] == [
        "configSections",
        "configProtectedData",
        "connectionStrings",
        "appSettings",
    ]
    assert (how(document).provider, how(document).algorithms) == ("Portal", Algorithms("aes256", "oaep"))


def test_a_section_that_is_encrypted_as_declared_is_left_alone(node: Node) -> None:
    for algorithms in (Algorithms(), OLDER):
        content = encrypted(CONNECTION_STRINGS, algorithms=algorithms).text
        node.write(WEB, web(protecting(ENTRY), section(content)))
        observation = node.observe(declared())
        assert seen(observation) == {"protected_sections.connectionStrings": []}
        assert edited(observation) == []


def test_sections_that_are_not_there_are_no_difference(node: Node) -> None:
    sections = ["appSettings", "connectionStrings", "custom/group", "machineKey"]
    observation = node.observe(declared(sections=sections))
    assert seen(observation) == {
        f"protected_sections.{name}": [] for name in ("appSettings", "connectionStrings", "custom/group", MACHINE_KEY)
    }
    assert edited(observation) == []


def test_sections_of_other_places_in_the_file_are_left_alone(node: Node) -> None:
    below = f'<location path="admin">{CONNECTION_STRINGS}</location>'
    node.write(WEB, web(below))
    assert edited(node.observe(declared())) == []
    node.write(WEB, web(below, f'<location path=".">{CONNECTION_STRINGS}</location>'))
    document = mended(node, declared())
    assert below in document.text
    assert in_clear(document) == CONNECTION_STRINGS


def test_a_section_of_the_key_before_is_encrypted_anew_with_its_algorithms(node: Node) -> None:
    node.write(WEB, web(protecting(ENTRY), section(encrypted(CONNECTION_STRINGS, "before", OLDER).text)))
    assert seen(node.observe(declared())) == {
        "protected_sections.connectionStrings": ["key: another key (previous_key of Portal) → that of Portal"]
    }
    document = mended(node, declared())
    assert in_clear(document) == CONNECTION_STRINGS
    assert how(document).algorithms == OLDER


def test_a_section_of_another_declared_container_moves_to_this_one(node: Node) -> None:
    others = f'<add name="Other" type="{RSA}" keyContainerName="Other"/>'
    content = section(encrypted(CONNECTION_STRINGS, "other").text, provider="Other")
    node.write(WEB, web(protecting(others), content))
    assert seen(node.observe(declared())) == {
        "protected_sections.connectionStrings": [
            "key: another key (that of Other) → that of Portal",
            "provider: another provider → Portal",
            "provider entry: absent → present",
        ]
    }
    assert in_clear(mended(node, declared())) == CONNECTION_STRINGS


def test_algorithms_that_are_declared_are_required(node: Node) -> None:
    node.write(WEB, web(protecting(ENTRY), section(encrypted(CONNECTION_STRINGS, algorithms=OLDER).text)))
    spec = declared(cipher="aes256", key_wrap="oaep")
    assert seen(node.observe(spec)) == {
        "protected_sections.connectionStrings": ["cipher: 3des → aes256", "key_wrap: rsa1_5 → oaep"]
    }
    assert how(mended(node, spec)).algorithms == Algorithms("aes256", "oaep")


def test_an_algorithm_that_is_not_declared_stays(node: Node) -> None:
    node.write(WEB, web(protecting(ENTRY), section(encrypted(CONNECTION_STRINGS, algorithms=OLDER).text)))
    assert how(mended(node, declared(key_wrap="oaep"))).algorithms == Algorithms("3des", "oaep")


def test_the_entry_says_which_key_wrap_is_declared(node: Node) -> None:
    node.write(WEB, web(CONNECTION_STRINGS))
    assert 'useOAEP="false"' in mended(node, declared(key_wrap="rsa1_5", cipher="3des")).text


def test_an_unknown_key_is_refused_with_the_next_step(node: Node) -> None:
    node.write(WEB, web(protecting(ENTRY), section(encrypted(CONNECTION_STRINGS, "unknown").text)))
    refusal = refused(node, declared())
    assert refusal.startswith("3:3: connectionStrings is encrypted with a key that is not declared; ")
    assert "previous_key" in refusal
    assert "aspnet_regiis -pd" in refusal


def test_what_dpapi_encrypted_is_refused_with_the_next_step(node: Node) -> None:
    data = "<EncryptedData><CipherData><CipherValue>AQAA</CipherValue></CipherData></EncryptedData>"
    node.write(WEB, web(section(data, provider="DataProtectionConfigurationProvider")))
    refusal = refused(node, declared())
    assert "perhaps by DPAPI" in refusal
    assert "aspnet_regiis -pd" in refusal


@pytest.mark.parametrize("path", [ROOT, ROOT.replace("web.config", "machine.config"), PARENT])
def test_an_entry_of_a_file_above_is_used(node: Node, path: str) -> None:
    node.replace(path, "</configuration>", f"{protecting(ENTRY.replace('Portal', 'Above', 1))}</configuration>")
    node.write(WEB, web(CONNECTION_STRINGS))
    document = mended(node, declared())
    assert how(document).provider == "Above"
    assert "configProtectedData" not in document.text


def test_an_entry_that_an_application_above_gets_in_the_same_run_is_not_said_again_below(node: Node) -> None:
    node.write(WEB, web(CONNECTION_STRINGS))
    node.write(PARENT, web(CONNECTION_STRINGS))
    wanted = {"protected_sections": {"container": "Portal", "sections": ["connectionStrings"]}}
    applications = {"portal": {**ALONE, **wanted}, "site": {**ALONE, "path": "/", **wanted}}
    document = mended(node, spec_of(applications, key_containers=containers()))
    assert "configProtectedData" not in document.text
    assert "configProtectedData" in node.file(PARENT).read_text("utf-8")


def test_the_stock_entry_is_used_for_the_container_of_net_itself(node: Node) -> None:
    stock = f'<add name="RsaProtectedConfigurationProvider" type="{RSA}" useMachineContainer="true" useOAEP="false"/>'
    machine = ROOT.replace("web.config", "machine.config")
    node.replace(machine, "</configuration>", f"{protecting(stock)}</configuration>")
    node.write(WEB, web(CONNECTION_STRINGS))
    wanted = {"container": "NetFrameworkConfigurationKey", "sections": ["connectionStrings"]}
    keys = {"NetFrameworkConfigurationKey": {"private_key": pem("declared")}}
    spec = spec_of({"portal": {**ALONE, "protected_sections": wanted}}, key_containers=keys)
    document = mended(node, spec)
    assert how(document).provider == "RsaProtectedConfigurationProvider"
    assert "configProtectedData" not in document.text


def test_another_provider_is_named_without_a_new_ciphertext(node: Node) -> None:
    content = encrypted(CONNECTION_STRINGS).text
    node.write(WEB, web(section(content, provider="Stock"), "<!-- Stock -->"))
    assert seen(node.observe(declared())) == {
        "protected_sections.connectionStrings": [
            "provider: another provider → Portal",
            "provider entry: absent → present",
        ]
    }
    assert f"{section(content)}\n  <!-- Stock -->" in mended(node, declared()).text


def test_a_provider_that_is_declared_is_used_and_added(node: Node) -> None:
    content = encrypted(CONNECTION_STRINGS).text
    node.write(WEB, web(protecting(ENTRY), section(content)))
    spec = declared(provider="Own")
    assert seen(node.observe(spec))["protected_sections.connectionStrings"][0] == "provider: another provider → Own"
    document = mended(node, spec)
    assert f'{ENTRY}<add name="Own" ' in document.text
    assert section(content, provider="Own") in document.text


def test_names_of_providers_are_found_in_any_case(node: Node) -> None:
    node.write(WEB, web(protecting(ENTRY), section(encrypted(CONNECTION_STRINGS).text, provider="PORTAL")))
    for spec in (declared(), declared(provider="portal")):
        assert seen(node.observe(spec)) == {"protected_sections.connectionStrings": []}
        assert edited(node.observe(spec)) == []


@pytest.mark.parametrize("other", ["Another", 'Portal" useMachineContainer="false'])
def test_a_name_that_is_taken_is_refused_with_the_way_out(node: Node, other: str) -> None:
    taken = f'<add name="Portal" type="{RSA}" keyContainerName="{other}"/>'
    node.write(WEB, web(protecting(taken), CONNECTION_STRINGS))
    refusal = refused(node, declared())
    assert refusal.startswith("the provider Portal is there and does not lead to the machine-wide container Portal; ")
    assert "`provider`" in refusal
    assert how(mended(node, declared(provider="Own"))).provider == "Own"


def test_the_entry_is_of_the_runtime_that_the_pool_loads(node: Node) -> None:
    node.replace(HOST, '<add name="Portal" />', '<add name="Portal" managedRuntimeVersion="v2.0" />')
    node.write(WEB, web(CONNECTION_STRINGS))
    assert "System.Configuration, Version=2.0.0.0, " in mended(node, declared()).text


def test_attributes_that_net_refuses_beside_the_provider_are_removed(node: Node) -> None:
    content = section(encrypted(CONNECTION_STRINGS).text).replace("<connectionStrings", '<connectionStrings a="1"')
    node.write(WEB, web(protecting(ENTRY), content))
    assert seen(node.observe(declared())) == {
        "protected_sections.connectionStrings": ["attributes beside configProtectionProvider: present → absent"]
    }
    assert 'a="1"' not in mended(node, declared()).text


def test_a_section_that_is_moved_to_another_file_is_encrypted_there(node: Node) -> None:
    node.write(WEB, web('<connectionStrings configSource="keys\\own.config"/>'))
    node.write("C:\\inetpub\\portal\\keys\\own.config", f"{CONNECTION_STRINGS}\r\n")
    document = mended(node, declared(), "C:\\inetpub\\portal\\keys\\own.config")
    assert document.root.name == "connectionStrings"
    assert in_clear(document) == CONNECTION_STRINGS
    assert 'configSource="keys\\own.config"' in node.file(WEB).read_text("utf-8")


def test_a_section_whose_file_is_not_there_is_refused(node: Node) -> None:
    node.write(WEB, web('<connectionStrings configSource="own.config"/>'))
    assert refused(node, declared()).startswith("configSource names no file that holds a connectionStrings; ")
    node.write(WEB, web('<connectionStrings configSource="..\\own.config"/>'))
    assert "leads out of the application's folder" in refused(node, declared())


def test_a_section_that_code_without_keys_reads_is_refused(node: Node) -> None:
    registered = '<sectionGroup name="own"><section name="x" allowLocation="false"/></sectionGroup>'
    node.write(WEB, web(f"<configSections>{registered}</configSections>", "<own><x/></own>"))
    assert refused(node, declared(sections=["own/x"])).startswith("own/x cannot be encrypted: it is registered for")


def test_a_section_with_a_prefix_that_is_declared_outside_is_refused(node: Node) -> None:
    node.write(WEB, '<configuration xmlns:x="urn:x"><connectionStrings x:a="1"/></configuration>')
    assert refused(node, declared()).startswith("connectionStrings cannot stand alone, so it cannot be encrypted; ")


def test_a_file_of_another_encoding_keeps_it(node: Node) -> None:
    text = '<?xml version="1.0" encoding="utf-16"?>' + web("<!-- Größe -->", CONNECTION_STRINGS)
    node.file(WEB).write_bytes(text.encode("utf-16"))
    document = mended(node, declared())
    assert document.encoding == "utf-16-le"
    assert "<!-- Größe -->" in document.text
    assert in_clear(document) == CONNECTION_STRINGS


STATES = {
    "clear": lambda: CONNECTION_STRINGS,
    "declared": lambda: section(encrypted(CONNECTION_STRINGS).text),
    "before": lambda: section(encrypted(CONNECTION_STRINGS, "before", OLDER).text, provider="Old"),
    "other": lambda: section(encrypted(CONNECTION_STRINGS, "other", OLDER).text, provider="Other"),
}
ENTRIES = {"no entry": "", "an entry": protecting(ENTRY), "cleared": protecting("<clear/>")}
WISHES: dict[str, dict[str, Any]] = {"nothing": {}, "all": {"cipher": "3des", "key_wrap": "oaep", "provider": "P"}}


@pytest.mark.parametrize(("state", "entries", "wish"), list(product(STATES, ENTRIES, WISHES)))
def test_after_a_run_nothing_is_left_to_do(node: Node, state: str, entries: str, wish: str) -> None:
    node.write(WEB, web(ENTRIES[entries], STATES[state](), "<!-- end -->"))
    document = mended(node, declared(**WISHES[wish]))
    assert in_clear(document) == CONNECTION_STRINGS
    assert document.text.endswith("<!-- end -->\n</configuration>\n")


# A machine key that is right and encrypted.

BOTH: dict[str, Any] = {"application": PORTAL, "sections": ["machineKey"]}


def attributes_of(document: Document, by: str = "declared") -> dict[str, str]:
    """Answer what the machineKey of *document* says, which is encrypted with the key *by*."""
    text = in_clear(document, by, MACHINE_KEY)
    assert text is not None
    return {each.name: each.value for each in parse(text.encode()).root.attributes}


def is_declared(document: Document) -> bool:
    found = attributes_of(document)
    rest = {name: value for name, value in found.items() if not name.endswith("Key")}
    expected = {"validation": "HMACSHA256", "decryption": "AES", "compatibilityMode": "Framework45"}
    return rest == expected and found["validationKey"].upper() == VALIDATION_KEY


def test_a_machine_key_becomes_right_and_encrypted_at_once(node: Node) -> None:
    node.write(WEB, web(machine_key(f"<machineKey {OLD}/>")))
    assert seen(node.observe(declared(**BOTH))) == {
        "machine_key": [
            "validation: absent → HMACSHA256",
            "decryption: absent → AES",
            "compatibilityMode: absent → Framework45",
            "validationKey: another key → machine_keys.portal.validation_key",
            "decryptionKey: another key → machine_keys.portal.decryption_key",
        ],
        f"protected_sections.{MACHINE_KEY}": [
            "protection: in clear → encrypted with Portal",
            "provider entry: absent → present",
        ],
    }
    document = mended(node, declared(**BOTH))
    assert is_declared(document)
    assert planted_in(document.text) == []


def test_a_right_machine_key_becomes_encrypted_as_it_is(node: Node) -> None:
    node.write(WEB, web(machine_key(f"<!-- x --><machineKey {EQUAL}/>")))
    assert seen(node.observe(declared(**BOTH)))["machine_key"] == []
    document = mended(node, declared(**BOTH))
    assert in_clear(document, name=MACHINE_KEY) == f"<machineKey {EQUAL}/>"
    assert "<!-- x --><machineKey configProtectionProvider" in document.text


def test_a_machine_key_that_is_not_there_is_made_encrypted(node: Node) -> None:
    document = mended(node, declared(**BOTH))
    assert is_declared(document)
    assert "targetFramework" in document.text


def test_a_machine_key_is_made_encrypted_in_a_web_config_that_is_not_there(node: Node) -> None:
    node.file(WEB).unlink()
    assert seen(node.observe(declared(**BOTH)))[f"protected_sections.{MACHINE_KEY}"] == [
        "protection: absent → encrypted with Portal",
        "provider entry: absent → present",
    ]
    assert is_declared(mended(node, declared(**BOTH)))


@pytest.mark.parametrize("by", ["declared", "before", "other"])
def test_an_encrypted_machine_key_that_is_wrong_is_mended_inside(node: Node, by: str) -> None:
    content = encrypted(f'<machineKey {OLD} unknown="1"/>', by, OLDER).text
    node.write(WEB, web(protecting(ENTRY), machine_key(section(content, name="machineKey"))))
    found = seen(node.observe(declared(**BOTH)))
    assert [each.split(":")[0] for each in found["machine_key"]] == [
        "validation",
        "decryption",
        "compatibilityMode",
        "validationKey",
        "decryptionKey",
        "unknown attribute",
    ]
    document = mended(node, declared(**BOTH))
    assert is_declared(document)
    assert how(document, MACHINE_KEY).algorithms == OLDER


def test_an_encrypted_machine_key_that_is_right_is_left_alone_and_told_by_its_fingerprint(node: Node) -> None:
    content = section(encrypted(f"<machineKey {EQUAL}/>").text, name="machineKey")
    node.write(WEB, web(protecting(ENTRY), machine_key(content)))
    spec = declared(**BOTH)
    observation = node.observe(spec)
    assert edited(observation) == []
    (subject,) = [each for each in observation.subjects if each.address == "applications.portal.machine_key"]
    assert subject.found == subject.wanted == spec.machine_keys["portal"].fingerprint


def test_a_machine_key_in_another_file_is_encrypted_there(node: Node) -> None:
    node.write(WEB, web(machine_key('<machineKey configSource="own.config"/>')))
    node.write("C:\\inetpub\\portal\\own.config", f"<machineKey {OLD}/>")
    document = mended(node, declared(**BOTH), "C:\\inetpub\\portal\\own.config")
    assert is_declared(document)
    assert "configProtectedData" in node.file(WEB).read_text("utf-8")


def only_the_key() -> Spec:
    return spec_of({"portal": PORTAL}, key_containers=containers())


def test_an_encrypted_machine_key_stays_encrypted_where_only_the_key_is_declared(node: Node) -> None:
    content = section(encrypted(f"<machineKey {OLD}/>", "other", OLDER).text, "Stock", "machineKey")
    node.write(WEB, web(machine_key(content)))
    assert len(seen(node.observe(only_the_key()))["machine_key"]) == 5
    document = mended(node, only_the_key())
    assert attributes_of(document, "other")["validationKey"] == VALIDATION_KEY
    assert (how(document, MACHINE_KEY).provider, how(document, MACHINE_KEY).algorithms) == ("Stock", OLDER)
    assert "configProtectedData" not in document.text


def test_it_goes_along_when_the_key_of_its_container_is_replaced(node: Node) -> None:
    content = section(encrypted(f"<machineKey {EQUAL}/>", "before").text, name="machineKey")
    node.write(WEB, web(machine_key(content)))
    assert seen(node.observe(only_the_key())) == {
        "machine_key": ["key of its encryption: another key (previous_key of Portal) → that of Portal"]
    }
    assert in_clear(mended(node, only_the_key()), name=MACHINE_KEY) == f"<machineKey {EQUAL}/>"


def test_it_is_refused_when_no_declared_key_opens_it(node: Node) -> None:
    content = section(encrypted(f"<machineKey {EQUAL}/>", "unknown").text, name="machineKey")
    node.write(WEB, web(machine_key(content)))
    assert "machineKey is encrypted with a key that is not declared" in refused(node, only_the_key())


@pytest.mark.parametrize("path", [ROOT, PARENT])
def test_an_encrypted_machine_key_of_a_level_above_is_read(node: Node, path: str) -> None:
    text = '<machineKey validation="SHA1" applicationName="above"/>'
    content = machine_key(section(encrypted(text, "other").text, name="machineKey"))
    node.write(path, web(content))
    document = mended(node, only_the_key())
    assert 'applicationName=""' in document.text


def test_a_lock_inside_an_encrypted_machine_key_of_a_level_above_counts(node: Node) -> None:
    content = section(encrypted('<machineKey lockItem="true"/>', "other").text, name="machineKey")
    node.write(PARENT, web(machine_key(content)))
    assert "machineKey is locked by Default Web Site" in refused(node, only_the_key())


def test_a_level_above_that_no_declared_key_opens_is_refused_by_its_name(node: Node) -> None:
    content = section(encrypted("<machineKey/>", "unknown").text, name="machineKey")
    node.write(PARENT, web(machine_key(content)))
    assert refused(node, only_the_key()).startswith("Default Web Site: 2:15: machineKey is encrypted with a key")


def test_session_tokens_stand_beside_protected_sections(node: Node) -> None:
    application = {**PORTAL, "session_tokens": {"machine_key": "portal"}}
    node.write(WEB, web(CONNECTION_STRINGS, machine_key(f"<machineKey {OLD}/>")))
    document = mended(node, declared(application, sections=["connectionStrings", "machineKey"]))
    assert is_declared(document)
    assert [each.name for each in document.root.children][:2] == ["configSections", "configProtectedData"]


@pytest.mark.parametrize(
    ("content", "section", "warning"),
    [
        (CONNECTION_STRINGS, "appSettings", "the file has no such section, so nothing is encrypted"),
        (
            f'{CONNECTION_STRINGS}<location path="admin">{CONNECTION_STRINGS}</location>',
            "connectionStrings",
            "a <location> of the file has such a section too, which stays in clear",
        ),
    ],
)
def test_what_a_declaration_does_not_reach_is_told(node: Node, content: str, section: str, warning: str) -> None:
    node.write(WEB, web(content))
    found = node.observe(declared(sections=[section])).subjects
    (subject,) = (each for each in found if each.address == f"applications.portal.protected_sections.{section}")
    assert [warning in text for text in subject.warnings] == [True]


def test_a_pool_keeps_its_right_to_a_key_while_its_application_has_sections_that_need_it(node: Node) -> None:
    node.write(WEB, web(CONNECTION_STRINGS))
    mended(node, declared())
    spec = spec_of({"portal": ALONE}, key_containers=containers())
    found = {each.address: each.differences for each in node.observe(spec).subjects}
    assert found["key_containers.Portal"] == ()


@pytest.mark.parametrize("name", ["ConnectionStrings", "conectionStrings"])
def test_a_misspelt_section_is_refused(node: Node, name: str) -> None:
    node.write(WEB, web(CONNECTION_STRINGS))
    refusal = f"the file has no section {name}, but connectionStrings; correct the name, also its case"
    assert refused(node, declared(sections=[name])) == refusal


def test_sections_beside_the_declared_ones_are_rotated_with_the_key_so_that_they_stay_readable(node: Node) -> None:
    settings = '<appSettings><add key="a" value="b"/></appSettings>'
    old = [
        section(encrypted(CONNECTION_STRINGS, "before").text),
        section(encrypted(settings, "before", section="appSettings").text, name="appSettings"),
        f'<location path="admin">{section(encrypted(CONNECTION_STRINGS, "before").text)}</location>',
    ]
    node.write(WEB, web(protecting(ENTRY), *old))
    place = parse(web(protecting(ENTRY), *old).encode())
    at = place.place(place.text.rindex("<connectionStrings"))
    rotated = ["key: another key (previous_key of Portal) → that of Portal"]
    assert seen(node.observe(declared())) == {
        "protected_sections.connectionStrings": rotated,
        "protected_sections.appSettings": rotated,
        f"protected_sections.connectionStrings ({at})": rotated,
    }
    document = mended(node, declared())
    assert in_clear(document) == CONNECTION_STRINGS
    assert in_clear(document, name="appSettings") == settings


def test_an_application_that_declares_no_section_is_rotated_too(node: Node) -> None:
    node.write(WEB, web(protecting(ENTRY), section(encrypted(CONNECTION_STRINGS, "before").text)))
    document = mended(node, spec_of({"portal": ALONE}, key_containers=containers()))
    assert in_clear(document) == CONNECTION_STRINGS


def test_a_group_of_sections_that_a_file_registers_is_refused(node: Node) -> None:
    registered = (
        '<configSections><sectionGroup name="acme"><section name="a" type="A"/></sectionGroup></configSections>'
    )
    node.write(WEB, web(registered, "<acme><a/></acme>"))
    assert "it is a group" in refused(node, declared(sections=["acme"]))


# Nothing of a section is told.


def plans_of(spec: Spec, *nodes: Node) -> list[NodePlan]:
    return [plan_of(spec, node.observe(spec)) for node in nodes]


def test_what_a_section_says_is_neither_in_an_observation_nor_in_a_plan_nor_in_a_diff(node: Node) -> None:
    text = CONNECTION_STRINGS.replace("Password=", f"Password={OLD_VALIDATION_KEY}")
    node.write(WEB, web(text, machine_key(f"<machineKey {OLD}/>")))
    spec = declared(PORTAL, sections=["connectionStrings", "machineKey"])
    observation = node.observe(spec)
    whole = plan(farm_of(spec), [observation])
    assert [reason.text for reason in whole.reasons] == []
    for told in (json.dumps(observation.to_json()), repr(observation), json.dumps(whole.to_json()), repr(whole)):
        assert planted_in(told) == []
        assert "hunter2" not in told
    shown = redacted_diff(whole.nodes[0])
    assert planted_in(shown) == []
    assert "(encrypted connectionStrings)" in shown
    assert f"(encrypted {MACHINE_KEY})" in shown
    assert "CipherValue" not in shown


def test_a_plan_of_yesterday_equals_that_of_today(node: Node) -> None:
    node.write(WEB, web(CONNECTION_STRINGS, machine_key(f"<machineKey {OLD}/>")))
    spec = declared(PORTAL, sections=["connectionStrings", "machineKey"])
    first, second = plans_of(spec, node, node)
    assert first == second
    assert hash(first) == hash(second)
    assert Observation.from_json(json.loads(json.dumps(node.observe(spec).to_json()))) == node.observe(spec)
    node.write(WEB, web(CONNECTION_STRINGS.replace("hunter2", "hunter3"), machine_key(f"<machineKey {OLD}/>")))
    assert plans_of(spec, node) != [first]


def test_nodes_that_are_alike_share_one_ciphertext_in_a_plan(tmp_path: Path) -> None:
    observations = []
    specs = {name: load_for(name) for name in ("web1", "web2")}
    for name, spec in specs.items():
        each = Node(tmp_path / name, {"/portal": None})
        each.write(WEB, web(CONNECTION_STRINGS))
        observations.append(each.observe(spec))
    whole = plan(farm_of(specs["web1"], "web1", "web2"), observations)
    assert json.dumps(whole.to_json()).count("EncryptedData Type=") == 1


def load_for(host: str) -> Spec:
    wanted = {"container": "Portal", "sections": ["connectionStrings"]}
    return spec_of({"portal": {**ALONE, "protected_sections": wanted}}, host=host, key_containers=containers())


def test_mono_reads_what_was_rolled_out(node: Node, mono_runtime: None, tmp_path: Path) -> None:
    assert mono_runtime is None
    node.write(WEB, web("<appSettings><add key='a' value='Größe'/></appSettings>", CONNECTION_STRINGS))
    key_of_old = {"validation": "SHA1", "decryption": "AES", "compatibility_mode": "omit"}
    digits = {"validation_key": VALIDATION_KEY, "decryption_key": OLD_VALIDATION_KEY}
    wanted = {"container": "Portal", "sections": ["appSettings", "connectionStrings", "machineKey"]}
    spec = spec_of(
        {"portal": {**PORTAL, "protected_sections": wanted}},
        key_containers=containers(),
        machine_keys={"portal": {**digits, **key_of_old}},
    )
    mended(node, spec)
    mono = Mono(tmp_path)
    mono.import_key("Portal", key("declared"))
    read = mono.read(node.file(WEB).read_bytes())
    assert read["appSettings a"] == "Größe"
    assert read["connectionStrings db"] == "Password=hunter2-MARKED"
    assert read["system.web/machineKey validationKey"] == VALIDATION_KEY
