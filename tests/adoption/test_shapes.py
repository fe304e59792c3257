"""A farm that was set up by hand, of whatever shape: what is adopted is true, and what is not is told."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from keydeploy.errors import DocumentError
from keydeploy.keys import rsa_key as keys
from keydeploy.node import paths
from keydeploy.node.contract import AppPoolSettings
from keydeploy.secret import Secret
from keydeploy.webconfig.protected import Algorithms, encrypt
from tests.adoption.farms import (
    ALGORITHMS,
    EMPTY,
    FRAMEWORKS,
    HANDLERS,
    HOST,
    MODERN,
    SECTIONS,
    V2,
    V4,
    Adopted,
    Node,
    adopt,
    key,
    machine_key,
    pending,
    web_config,
)
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import issued, pem
from tests.engine.kinds import FOR_POOL
from tests.node.contract.material import rsa_key, thumbprint
from tests.observation.farm import CSP, KSP, TIMEOUT

_NO_KEY = '<compilation targetFramework="4.8" />'


def farm(
    folder: Path, applications: dict[str, str | None], prepare: Callable[[Node], object] = lambda _: None
) -> dict[str, Node]:
    """Make three nodes that are alike."""
    nodes = {host: Node(folder / host, applications) for host in ("web1", "web2", "web3")}
    for node in nodes.values():
        prepare(node)
    return nodes


def agreed(nodes: dict[str, Node], **brought: str) -> Adopted:
    """Adopt *nodes*, which agree, and see that a plan of it is empty."""
    adopted = adopt(nodes, brought)
    assert adopted.differences() == {}
    assert pending(nodes, adopted) == {}
    return adopted


def test_one_key_of_several_applications_gets_one_name(tmp_path: Path) -> None:
    modern, other = web_config(machine_key(f"{MODERN} {key(1)}")), web_config(machine_key(f"{MODERN} {key(2)}"))
    adopted = agreed(farm(tmp_path, {"/shop": modern, "/admin": modern, "/blog": other}))

    applications = adopted.value["applications"]
    assert {name: each["machine_key"] for name, each in applications.items()} == {
        "shop": "shop",
        "admin": "shop",
        "blog": "blog",
    }
    assert sorted(adopted.value["machine_keys"]) == ["blog", "shop"]


def test_upper_and_lower_case_of_digits_is_no_difference(tmp_path: Path) -> None:
    nodes = farm(
        tmp_path,
        {
            "/portal": web_config(
                machine_key(f"{MODERN} {key(0xAB).upper()}")
                .replace("VALIDATIONKEY", "validationKey")
                .replace("DECRYPTIONKEY", "decryptionKey")
            )
        },
    )
    nodes["web2"].write(Node.own("/portal"), web_config(machine_key(f"{MODERN} {key(0xAB)}")))

    assert agreed(nodes).value["applications"]["portal"]["machine_key"] == "portal"


def test_a_mode_that_no_file_sets_is_left_out(tmp_path: Path) -> None:
    legacy = web_config(machine_key(f'validation="SHA1" decryption="3DES" {key(1)[:-33]}{"ab" * 24}"'))
    adopted = agreed(farm(tmp_path, {"/old": legacy}))

    declared = adopted.value["machine_keys"]["old"]
    assert (declared["validation"], declared["decryption"], declared["compatibility_mode"]) == ("SHA1", "3DES", "omit")


@pytest.mark.parametrize("mode", ["Framework20SP1", "Framework20SP2", "Framework45"])
def test_a_mode_is_declared_as_it_stands(tmp_path: Path, mode: str) -> None:
    adopted = agreed(
        farm(tmp_path, {"/a": web_config(machine_key(f'{ALGORITHMS} compatibilityMode="{mode}" {key(1)}'))})
    )
    assert adopted.value["machine_keys"]["a"]["compatibility_mode"] == mode


def test_nested_applications_with_keys_of_their_own(tmp_path: Path) -> None:
    outer, inner = (web_config(machine_key(f"{MODERN} {key(which)}")) for which in (1, 2))
    adopted = agreed(farm(tmp_path, {"/": outer, "/a": inner, "/a/b": outer, "/c": web_config()}))

    assert {name: each["machine_key"] for name, each in adopted.value["applications"].items()} == {
        "default_web_site": "default_web_site",
        "a": "a",
        "b": "default_web_site",
    }
    assert "it uses that of Default Web Site, sha256:" in adopted.comments()


def test_a_key_that_is_partly_inherited_is_offered_and_not_declared(tmp_path: Path) -> None:
    parts = web_config(machine_key(f'validation="SHA1" {key(1)}'))
    adopted = agreed(farm(tmp_path, {"/parts": parts}))

    assert "applications" not in adopted.value
    assert "machine_key: parts" in adopted.comments()
    assert "it leaves decryption to files above or to defaults, and keydeploy writes them" in adopted.comments()
    offered = {
        **adopted.value,
        "applications": {"parts": {"site": "Default Web Site", "path": "/parts", "machine_key": "parts"}},
    }
    assert Node.pending(farm(tmp_path / "again", {"/parts": parts})["web1"], "web1", offered) == {
        "applications.parts.machine_key": "decryption"
    }


@pytest.mark.parametrize(
    ("attributes", "told"),
    [
        ('validationKey="AutoGenerate,IsolateApps" decryptionKey="AutoGenerate,IsolateApps"', "AutoGenerate: every"),
        (f'{MODERN} validationKey="AutoGenerate" decryptionKey="{"ab" * 32}"', "AutoGenerate: every"),
        (f'{MODERN} validationKey="{"ab" * 32},IsolateApps" decryptionKey="{"ab" * 32}"', "Isolate modifier"),
        (f'{MODERN} validationKey="{"ab" * 8}" decryptionKey="{"ab" * 32}"', "16 hex digits"),
        (f'validation="alg:Mine" decryption="AES" {key(1)}', "alg:"),
        (f'{MODERN} {key(1)} unknown="x"', "unknown attribute"),
    ],
    ids=["automatic", "mixed", "isolated", "short", "custom", "unknown"],
)
def test_a_key_that_no_spec_may_declare_is_told_with_the_reason(tmp_path: Path, attributes: str, told: str) -> None:
    adopted = agreed(farm(tmp_path, {"/a": web_config(machine_key(attributes))}))

    assert "applications" not in adopted.value
    assert told in adopted.comments()
    assert "ab" * 8 not in adopted.text


def test_a_key_in_a_location_is_the_applications_own(tmp_path: Path) -> None:
    inside = machine_key(f"{MODERN} {key(1)}")
    adopted = agreed(farm(tmp_path, {"/a": web_config(f'<location path=".">{inside}</location>')}))
    assert adopted.value["applications"]["a"]["machine_key"] == "a"


def test_a_key_for_an_application_below_in_a_location_above_is_none_of_its_own(tmp_path: Path) -> None:
    inside = machine_key(f"{MODERN} {key(1)}")
    adopted = agreed(farm(tmp_path, {"/": web_config(f'<location path="a">{inside}</location>'), "/a": web_config()}))
    assert "applications" not in adopted.value
    assert "no key of its own; it uses that of Default Web Site" in adopted.comments()


def test_a_key_in_a_file_of_its_own_is_read(tmp_path: Path) -> None:
    def move(node: Node) -> None:
        node.write("C:\\inetpub\\a\\keys\\machine.config", f"<machineKey {MODERN} {key(1)} />\r\n")

    adopted = agreed(farm(tmp_path, {"/a": web_config(machine_key('configSource="keys\\machine.config"'))}, move))
    assert adopted.value["applications"]["a"]["machine_key"] == "a"


@pytest.mark.parametrize(
    ("file", "before", "level"),
    [("web.config", "<compilation", "root_web_config"), ("machine.config", "<processModel", "machine_config")],
)
def test_the_key_of_all_applications(tmp_path: Path, file: str, before: str, level: str) -> None:
    def prepare(node: Node) -> None:
        for framework in FRAMEWORKS:
            node.replace(V4.format(framework) + file, before, f"<machineKey {MODERN} {key(1)}/>{before}")

    adopted = agreed(farm(tmp_path, {"/a": web_config()}, prepare))

    assert adopted.value["machine"] == {"level": level, "runtimes": ["v4.0"], "machine_key": "machine"}
    assert "no key of its own; it uses that of " in adopted.comments()


def test_the_key_of_both_versions_of_dotnet(tmp_path: Path) -> None:
    attributes = f'validation="SHA1" decryption="AES" compatibilityMode="Framework20SP2" {key(1)}'

    def prepare(node: Node) -> None:
        node.runtime(V2, "machine.config", EMPTY)
        for version in (V2, V4):
            node.runtime(version, "web.config", web_config(machine_key(attributes)))

    assert agreed(farm(tmp_path, {"/": None}, prepare)).value["machine"]["runtimes"] == ["v2.0", "v4.0"]


def test_files_of_32_and_64_bits_that_differ_are_told(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        for which, framework in enumerate(FRAMEWORKS, 1):
            node.write(V4.format(framework) + "web.config", web_config(machine_key(f"{MODERN} {key(which)}")))

    adopted = agreed(farm(tmp_path, {"/": None}, prepare))

    assert "machine" not in adopted.value
    for framework in FRAMEWORKS:
        assert f"root web.config of {framework} v4.0 holds a machineKey of its own, sha256:" in adopted.comments()


def test_an_application_that_says_the_same_as_the_files_of_dotnet_shares_the_name(tmp_path: Path) -> None:
    same = web_config(machine_key(f"{MODERN} {key(1)}"))
    adopted = agreed(farm(tmp_path, {"/a": same}, lambda node: node.runtime(V4, "web.config", same)))

    assert adopted.value["machine"]["machine_key"] == adopted.value["applications"]["a"]["machine_key"] == "a"


def test_pools_of_32_bits_read_their_own_files(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        node.replace(HOST, '<add name="A" />', '<add name="A" enable32BitAppOnWin64="true" />')
        root = web_config(machine_key(f'{ALGORITHMS} compatibilityMode="Framework45"'))
        node.write(V4.format("Framework") + "web.config", root)

    adopted = agreed(farm(tmp_path, {"/a": web_config(machine_key(f"{ALGORITHMS} {key(1)}"))}, prepare))
    assert "applications" not in adopted.value, "Framework's own file sets the mode that this one leaves out"
    assert "it leaves compatibilityMode" in adopted.comments()


def test_pools_of_dotnet_2_take_what_it_knows(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        node.replace(HOST, '<add name="A" />', '<add name="A" managedRuntimeVersion="v2.0" />')
        node.runtime(V2, "machine.config", EMPTY)

    legacy = web_config(machine_key(f'validation="SHA1" decryption="AES" {key(1)}'))
    assert "a" in agreed(farm(tmp_path / "fits", {"/a": legacy}, prepare)).value["applications"]
    modern = web_config(machine_key(f"{MODERN} {key(1)}"))
    adopted = agreed(farm(tmp_path / "does not", {"/a": modern}, prepare))
    assert "applications" not in adopted.value
    assert "the application's pool loads .NET 2.0" in adopted.comments()


def test_an_application_without_dotnet_is_told(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        node.replace(HOST, '<add name="A" />', '<add name="A" managedRuntimeVersion="" />')

    adopted = agreed(farm(tmp_path, {"/a": web_config(machine_key(f"{MODERN} {key(1)}"))}, prepare))
    assert "the application's pool loads no .NET Framework" in adopted.comments()


def test_session_cookies_that_the_machine_key_protects(tmp_path: Path) -> None:
    whole = web_config(SECTIONS, HANDLERS, machine_key(f"{MODERN} {key(1)}"))
    default = web_config(SECTIONS, "<system.identityModel />", machine_key(f"{MODERN} {key(1)}"))
    adopted = agreed(farm(tmp_path, {"/whole": whole, "/default": default}))

    applications = adopted.value["applications"]
    assert applications["whole"]["session_tokens"] == {"machine_key": "whole"}
    assert "session_tokens" not in applications["default"]
    assert "session cookies of WIF are not protected by the machine key" in adopted.comments()


def test_settings_that_are_a_pools_own_are_declared(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        beside.set_pool(
            SandboxAtWork(node.root), AppPoolSettings(load_user_profile=False, set_profile_environment=None)
        )

    adopted = agreed(farm(tmp_path, {"/portal": web_config(machine_key(f"{MODERN} {key(1)}"))}, prepare))
    assert adopted.value["applications"]["portal"]["app_pool"] == {"load_user_profile": False}


def time_out(node: Node, milliseconds: int, *places: tuple[int, str]) -> None:
    for view, provider in places:
        beside.set_value(SandboxAtWork(node.root), provider, TIMEOUT, milliseconds, view)


def test_smart_card_time_outs(tmp_path: Path) -> None:
    adopted = agreed(farm(tmp_path, {"/": None}, lambda node: time_out(node, 100, (64, CSP), (32, CSP), (64, KSP))))
    assert adopted.value["smart_cards"] == {"transaction_timeout": {"csp": "100ms", "ksp": "100ms"}}


def sealed(text: str, name: str) -> str:
    """Answer the element *text*, encrypted with the key `portal` by the provider `Portal`."""
    content = encrypt(Secret.of(text), name, keys.take_over(rsa_key("portal")), Algorithms(), Secret(b"tags"))
    return f'<{name.rpartition("/")[2]} configProtectionProvider="Portal">{content.text}</{name.rpartition("/")[2]}>'


PROVIDER = (
    '<configProtectedData><providers><add name="Portal" keyContainerName="Portal" useMachineContainer="true" type="'
    "System.Configuration.RsaProtectedConfigurationProvider, System.Configuration, Version=4.0.0.0, Culture=neutral,"
    ' PublicKeyToken=b03f5f7f11d50a3a" /></providers></configProtectedData>'
)


def encrypted_farm(folder: Path) -> dict[str, Node]:
    own_key = sealed(f"<machineKey {MODERN} {key(1)} />", "system.web/machineKey")
    strings = sealed(
        '<connectionStrings><add name="a" connectionString="x" /></connectionStrings>', "connectionStrings"
    )
    content = web_config(PROVIDER, strings, f"<system.web>{own_key}</system.web>")
    return farm(
        folder,
        {"/portal": content},
        lambda node: beside.hold(SandboxAtWork(node.root), "Portal", "portal", sddl=FOR_POOL),
    )


def test_sections_that_no_key_opens_are_told_with_their_container(tmp_path: Path) -> None:
    adopted = agreed(encrypted_farm(tmp_path))

    assert set(adopted.value) == {"farm"}
    assert "encrypted, and the key of container Portal was not brought: connectionStrings" in adopted.comments()
    assert "readers: ['IIS AppPool\\Portal']" in adopted.comments()


def test_a_key_that_was_brought_opens_them_and_is_declared(tmp_path: Path) -> None:
    adopted = agreed(encrypted_farm(tmp_path), Portal=pem("portal"))

    application = adopted.value["applications"]["portal"]
    assert application["machine_key"] == "portal"
    assert application["protected_sections"] == {
        "container": "Portal",
        "sections": ["connectionStrings", "system.web/machineKey"],
    }
    assert adopted.value["key_containers"]["Portal"]["readers"] == ["IIS AppPool\\Portal"]


def test_another_key_than_the_containers_is_told_and_opens_nothing(tmp_path: Path) -> None:
    adopted = agreed(encrypted_farm(tmp_path), Portal=pem("others"))

    assert set(adopted.value) == {"farm"}
    assert "keydeploy would change it: key from sha256:" in adopted.comments()


def test_certificates_are_told_with_what_uses_them(tmp_path: Path) -> None:
    leaf = issued("session")

    def prepare(node: Node) -> None:
        beside.hold(SandboxAtWork(node.root), "session", "portal")
        beside.add(SandboxAtWork(node.root), leaf, "session")
        beside.bind(SandboxAtWork(node.root), leaf)

    comments = agreed(farm(tmp_path, {"/": None}, prepare)).comments()
    assert f"thumbprint {thumbprint(leaf)}" in comments
    assert "used by binding *:443: of Default Web Site" in comments


def test_what_is_offered_is_declared_by_taking_the_number_signs_away(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        worker = SandboxAtWork(node.root)
        beside.hold(worker, "Kept", "portal", sddl=FOR_POOL)
        beside.hold(worker, "session", "previous")
        beside.add(worker, issued("session", "previous"), "session")

    whole, part = web_config(machine_key(f"{MODERN} {key(1)}")), web_config(machine_key(f'validation="SHA1" {key(2)}'))
    adopted = agreed(farm(tmp_path, {"/portal": whole, "/part": part}, prepare))

    lines = adopted.text.partition("keydeploy:")[2].splitlines()
    declared = yaml.safe_load("\n".join(re.sub("^( *)# (?=[ #]*[\\w']+:( |$))", r"\1", line) for line in lines))
    assert declared["key_containers"]["Kept"] == {
        "private_key": "{{ vault_kept_key }}",
        "readers": ["IIS AppPool\\Portal"],
    }
    assert [set(each) for each in declared["certificates"].values()] == [{"pfx", "password"}]
    assert declared["applications"]["part"] == {"site": "Default Web Site", "path": "/part", "machine_key": "part"}
    assert set(declared["applications"]) == {"portal", "part", "default_web_site"}


def test_a_node_without_iis_may_still_have_a_key_of_all_applications(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        paths.locate(node.root, HOST).unlink()
        node.runtime(V4, "web.config", web_config(machine_key(f"{MODERN} {key(1)}")))

    assert agreed(farm(tmp_path, {"/": None}, prepare)).value["machine"]["machine_key"] == "machine"


@pytest.mark.parametrize("content", ["", "<configuration", "<configuration/>", "<other/>"])
def test_a_file_of_iis_that_cannot_be_read_or_names_nothing(tmp_path: Path, content: str) -> None:
    nodes = farm(tmp_path, {"/": None}, lambda node: node.write(HOST, content))
    if content.endswith("/>"):
        assert set(agreed(nodes).value) == {"farm"}
    else:
        with pytest.raises(DocumentError):
            adopt(nodes)


def test_an_application_that_a_spec_cannot_name_is_told(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        node.replace(HOST, 'path="/a"', 'path="/a."')

    adopted = agreed(farm(tmp_path, {"/a": None, "/b": web_config(machine_key(f"{MODERN} {key(1)}"))}, prepare))
    assert "an application of site Default Web Site has a path that a spec cannot name" in adopted.comments()
    assert list(adopted.value["applications"]) == ["b"]


def test_files_on_a_share_are_told(tmp_path: Path) -> None:
    def prepare(node: Node) -> None:
        node.replace(HOST, "%SystemDrive%\\inetpub\\a", "\\\\server\\share\\a")

    adopted = agreed(farm(tmp_path, {"/a": web_config(machine_key(f"{MODERN} {key(1)}"))}, prepare))
    assert "applications" not in adopted.value
    assert "share" in adopted.comments()


def test_a_data_protector_goes_sealed_and_comes_back_as_it_is(tmp_path: Path) -> None:
    protector = 'dataProtectorType="Contoso.Protector, {{ Contoso }}" applicationName="portal"'
    adopted = agreed(farm(tmp_path, {"/a": web_config(machine_key(f"{MODERN} {protector} {key(1)}"))}))

    declared = adopted.value["machine_keys"]["a"]
    assert (declared["data_protector_type"], declared["application_name"]) == (
        "Contoso.Protector, {{ Contoso }}",
        "portal",
    )
    assert "Contoso" not in adopted.text


def test_a_data_protector_that_a_file_above_names_keeps_a_key_from_being_declared(tmp_path: Path) -> None:
    protector = 'dataProtectorType="Contoso.Protector, Contoso" applicationName="portal"'
    above = web_config(machine_key(protector))
    nodes = farm(tmp_path, {"/": above, "/a": web_config(machine_key(f"{MODERN} {key(1)}"))})
    assert "it leaves dataProtectorType, applicationName to files above" in agreed(nodes).comments()
