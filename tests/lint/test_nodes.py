"""What lint sees of one node: its applications as their files make them, and what they may use."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from keydeploy.access import pool_sid
from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.lint import codec, farm
from keydeploy.lint.inspection import Inspected, compare, inspect
from keydeploy.lint.nodes import Looked, look, questions
from keydeploy.node.contract import Request
from keydeploy.node.contract.codec import encode
from keydeploy.secret import Secret
from keydeploy.spec import Spec
from keydeploy.spec.model import Acceptance
from tests.engine.beside import ONLY_ADMINISTRATORS, SandboxAtWork, hold
from tests.observation.farm import (
    EQUAL,
    OLD,
    OLD_DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    PORTAL,
    VALIDATION_KEY,
    Node,
    planted_in,
    spec_of,
)

FILE = "C:\\inetpub\\portal\\web.config"
OTHER = f'compatibilityMode="Framework45" {OLD}'
HOST = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
ROOT = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Config\\web.config"


def web_config(inner: str, before: str = "") -> str:
    return f"<configuration>{before}\r\n  <system.web>\r\n    {inner}\r\n  </system.web>\r\n</configuration>\r\n"


def machine_key(attributes: str = EQUAL) -> str:
    return f"<machineKey {attributes} />"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "node", {"/portal": web_config(machine_key()).encode()})


def asked(node: Node, spec: Spec | None = None) -> tuple[Spec, Any]:
    spec = spec or spec_of()
    return spec, node.ask(Request("looking", Secret(b"k" * 32), questions(spec)))


def looked(node: Node, spec: Spec | None = None) -> Looked:
    return look(*asked(node, spec), on_farm=True)


def inspected(node: Node, spec: Spec | None = None, **how: Any) -> Inspected:
    found = inspect(*asked(node, spec), how.get("disclosed"), on_farm=how.get("on_farm", True))
    told = json.dumps(
        [codec.to_json(found.linted), encode(found.seen), [codec.comment_to_json(c) for c in found.comments]]
    )
    assert planted_in(told) == []
    assert codec.from_json(codec.to_json(found.linted)) == found.linted
    return found


def rules(found: Inspected) -> set[str]:
    return {finding.rule.id for finding in found.linted.findings}


def test_an_application_has_its_files_from_machine_config_down(node: Node) -> None:
    (application,) = looked(node).applications

    assert [file.level.name for file in application.files] == ["machine.config", "root web.config", "portal"]
    assert application.own.path == FILE
    assert application.on_farm


def test_applications_that_nobody_declared_are_told(tmp_path: Path) -> None:
    node = Node(tmp_path / "node", {"/portal": web_config(machine_key()).encode(), "/old": b"<configuration/>"})

    assert [note for note in looked(node).notes if "not declared" in note] == [
        "not declared, so not looked at: Default Web Site/, Default Web Site/old of IIS"
    ]


def test_its_node_tells_pool_profile_certificates_and_runtime(node: Node) -> None:
    (application,) = looked(node).applications

    assert application.node is not None
    assert (application.node.name, application.node.pool) == ("web1", "Portal")
    assert application.node.load_user_profile is True
    assert application.node.thumbprints == frozenset()
    assert application.node.runtime is not None
    assert application.node.runtime.version == "v4.0"


@pytest.mark.parametrize(
    ("sddl", "may"),
    [
        (ONLY_ADMINISTRATORS, False),
        (f"{ONLY_ADMINISTRATORS}(A;;GR;;;{pool_sid('Portal')})", True),
        (f"{ONLY_ADMINISTRATORS}(A;;GR;;;IS)", True),
        (f"D:P(D;;GR;;;{pool_sid('Portal')})(A;;GA;;;SY)(A;;GR;;;IS)", False),
    ],
    ids=["administrators", "the pool", "all pools", "denied"],
)
def test_a_container_is_readable_as_its_access_list_says(node: Node, sddl: str, may: bool) -> None:
    hold(SandboxAtWork(node.root), "Portal", "others", sddl=sddl)
    (application,) = looked(node).applications

    assert application.node is not None
    assert application.node.readable_containers == (("Portal",) if may else ())


def test_containers_of_windows_and_of_certificates_are_nobodys(node: Node) -> None:
    for name in ("NetFrameworkConfigurationKey", "keydeploy-" + "A" * 40):
        hold(SandboxAtWork(node.root), name, "others", sddl=f"{ONLY_ADMINISTRATORS}(A;;GR;;;IS)")
    (application,) = looked(node).applications

    assert application.node is not None
    assert application.node.readable_containers == ()


def test_impersonation_is_told_unless_the_pool_may_use_a_container(node: Node) -> None:
    node.write(FILE, web_config(machine_key() + '<identity impersonate="true" />'))
    assert "impersonation" in rules(inspected(node))

    hold(SandboxAtWork(node.root), "Portal", "others", sddl=f"{ONLY_ADMINISTRATORS}(A;;GR;;;{pool_sid('Portal')})")
    assert "impersonation" not in rules(inspected(node))


def test_a_disclosed_key_is_told_by_its_place(node: Node) -> None:
    disclosed = DisclosedKeys.parse(hashlib.sha256(VALIDATION_KEY.encode()).hexdigest().encode())
    found = inspected(node, disclosed=disclosed).linted.findings

    assert [(each.file, each.line, each.node) for each in found if each.rule.id == "disclosed-key"] == [
        (FILE, 3, "web1")
    ]


def test_a_disclosed_key_that_the_spec_accepts_is_told_with_its_reason(node: Node) -> None:
    listed = "\n".join(hashlib.sha256(key.encode()).hexdigest() for key in (OLD_VALIDATION_KEY, VALIDATION_KEY))
    disclosed = DisclosedKeys.parse(listed.encode())
    spec = replace(spec_of(), acceptances={"portal": Acceptance(reason="a laboratory")})
    found = inspected(node, spec, disclosed=disclosed).linted

    assert "disclosed-key" not in {each.rule.id for each in found.findings}
    assert [(each.finding.rule.id, each.reason, each.by) for each in found.suppressed] == [
        ("disclosed-key", "a laboratory", "spec")
    ]

    node.write(FILE, web_config(machine_key(OTHER)))
    assert "disclosed-key" in rules(inspected(node, spec, disclosed=disclosed))


def test_a_comment_on_the_node_accepts_a_finding(node: Node) -> None:
    node.write(FILE, web_config("<!-- keydeploy: ignore key-in-clear: a test server -->" + machine_key()))
    found = inspected(node)

    assert "key-in-clear" not in rules(found)
    assert [(each.finding.rule.id, each.finding.node, each.reason) for each in found.linted.suppressed] == [
        ("key-in-clear", "web1", "a test server")
    ]


def test_a_comment_accepts_that_a_node_differs(tmp_path: Path) -> None:
    comment = "<!-- keydeploy: ignore key-differs-between-nodes: it moves out next week -->"
    one = Node(tmp_path / "one", {"/portal": web_config(machine_key()).encode()})
    two = Node(tmp_path / "two", {"/portal": web_config(comment + machine_key(OTHER)).encode()})
    there = inspected(two, spec_of(host="web2"))
    pairs = [(each.seen, each.comments) for each in (inspected(one), there)]

    settled = compare(pairs)
    assert settled.findings == ()
    assert [(each.finding.rule, each.finding.node) for each in settled.suppressed] == [(farm.KEY_DIFFERS, "web2")]


def test_a_comment_about_a_difference_that_is_none_is_told(node: Node) -> None:
    comment = "<!-- keydeploy: ignore key-differs-between-nodes: long ago -->"
    node.write(FILE, web_config(comment + machine_key()))
    found = inspected(node)

    assert [each.rule.id for each in found.linted.findings if "suppression" in each.rule.id] == []
    (told,) = compare([(found.seen, found.comments)]).findings
    assert (told.node, told.subject) == ("web1", "suppression of key-differs-between-nodes")


def test_keys_are_compared_in_effect_whatever_their_case_or_level(tmp_path: Path) -> None:
    one = Node(tmp_path / "one", {"/portal": web_config(machine_key()).encode()})
    two = Node(tmp_path / "two", {"/portal": web_config("").encode()})
    two.replace(
        ROOT, "<compilation", machine_key(EQUAL.replace(VALIDATION_KEY.lower(), VALIDATION_KEY)) + "<compilation"
    )
    seen = [inspected(node, spec_of(host=host)).seen for node, host in ((one, "web1"), (two, "web2"))]

    assert [found for found in farm.compare(seen) if found.rule is farm.KEY_DIFFERS and found.application] == []


def differing(folder: Path, one: str, two: str) -> list[str]:
    """Answer in what a node with *one* machineKey and a node with *two* differ."""
    nodes = (Node(folder / key, {"/portal": web_config(f"<machineKey {key} />").encode()}) for key in (one, two))
    seen = [inspected(node, spec_of(host=f"web{number}")).seen for number, node in enumerate(nodes, 1)]
    return [found.text for found in farm.compare(seen) if found.rule is farm.KEY_DIFFERS]


def keys(validation_key: str = OLD_VALIDATION_KEY, decryption_key: str = OLD_DECRYPTION_KEY, more: str = "") -> str:
    return f'validationKey="{validation_key}" decryptionKey="{decryption_key}" {more}'


@pytest.mark.parametrize(
    ("one", "two", "ends"),
    [
        (keys(f"{OLD_VALIDATION_KEY},IsolateApps"), keys(f"{VALIDATION_KEY},IsolateApps"), "IsolateApps"),
        (keys(f"{OLD_VALIDATION_KEY},IsolateApps"), keys(), "with validationKey,IsolateApps"),
        (keys(f"{OLD_VALIDATION_KEY},IsolateApps"), keys(f"{OLD_VALIDATION_KEY},IsolateByAppId"), "IsolateApps"),
        (keys(f"{OLD_VALIDATION_KEY},IsolateApps"), keys(more='decryption="AES" '), "IsolateApps"),
    ],
    ids=["other digits", "none", "another", "none, with an algorithm"],
)
def test_keys_with_modifiers_are_compared(one: str, two: str, ends: str, tmp_path: Path) -> None:
    (text,) = differing(tmp_path, one, two)
    assert text.endswith(ends)


def test_the_same_keys_with_the_same_modifiers_are_the_same(tmp_path: Path) -> None:
    upper, lower = keys(f"{OLD_VALIDATION_KEY},IsolateApps"), keys(f"{OLD_VALIDATION_KEY.lower()},IsolateApps")
    assert differing(tmp_path, upper, lower) == []


SHORT_KEY = "01D5EC2E7A01D5EC"
NEW, BEFORE = 'compatibilityMode="Framework45"', 'compatibilityMode="Framework20SP2"'


@pytest.mark.parametrize(
    ("key", "mode", "named", "is_same"),
    [
        (OLD_DECRYPTION_KEY, NEW, "AES", True),
        (OLD_DECRYPTION_KEY, BEFORE, "AES", True),
        (OLD_DECRYPTION_KEY, NEW, "3DES", False),
        (SHORT_KEY, BEFORE, "DES", True),
        (SHORT_KEY, BEFORE, "AES", False),
        (SHORT_KEY, NEW, "DES", False),
    ],
)
def test_auto_is_the_algorithm_that_it_stands_for(
    key: str, mode: str, named: str, is_same: bool, tmp_path: Path
) -> None:
    automatic = keys(decryption_key=key, more=f'{mode} decryption="Auto"')
    by_name = keys(decryption_key=key, more=f'{mode} decryption="{named}"')
    assert (differing(tmp_path, automatic, by_name) == []) is is_same


def test_a_difference_is_told_where_the_key_stands(tmp_path: Path) -> None:
    one = Node(tmp_path / "one", {"/portal": web_config(machine_key()).encode()})
    two = Node(tmp_path / "two", {"/portal": web_config("").encode()})
    two.replace(ROOT, "<compilation", machine_key(OLD) + "<compilation")
    seen = [inspected(node, spec_of(host=host)).seen for node, host in ((one, "web1"), (two, "web2"))]

    (found,) = [found for found in farm.compare(seen) if found.rule is farm.KEY_DIFFERS and found.application]
    assert (found.node, found.file) == ("web2", ROOT)


def test_a_root_key_is_looked_at_also_where_no_application_loads_its_runtime(node: Node) -> None:
    framework = ROOT.replace("Framework64", "Framework")
    node.replace(framework, "<compilation", machine_key(f'validation="MD5" {OLD}') + "<compilation")
    found = inspected(node)

    assert {finding.application for finding in found.linted.findings if finding.file == framework} == {None}
    assert "key-differs-between-runtimes" in {each.rule.id for each in farm.compare([found.seen])}


def test_an_application_that_iis_does_not_know_is_not_silence(node: Node) -> None:
    spec = spec_of({"portal": PORTAL, "shop": {**PORTAL, "path": "/shop"}})
    found = looked(node, spec)

    assert [application.name for application in found.applications] == ["portal"]
    assert list(found.unread) == ["application shop"]


def test_a_malformed_file_is_told_with_its_place(node: Node) -> None:
    node.write(FILE, "<configuration>")
    found = inspected(node)

    assert list(found.linted.unread) == [FILE]
    assert found.linted.unread[FILE].startswith("1:16: not well-formed")


def test_a_malformed_file_above_is_told_once_and_as_itself(node: Node) -> None:
    node.write(ROOT, "<configuration>")
    found = inspected(node)

    assert list(found.linted.unread) == [ROOT]
    assert found.linted.unread[ROOT].startswith("1:16: not well-formed")


def test_an_application_without_a_file_of_its_own_is_looked_at_too(node: Node) -> None:
    node.file(FILE).unlink()
    node.replace(ROOT, "<compilation", machine_key(f'validation="MD5" {OLD}') + "<compilation")
    found = inspected(node)

    assert found.linted.unread == {}
    assert ROOT in {finding.file for finding in found.linted.findings}


def test_what_config_source_names_is_looked_at(node: Node) -> None:
    moved = '<connectionStrings configSource="db.config" />'
    node.write(FILE, f"<configuration>{moved}</configuration>")
    strings = '<add name="a" connectionString="Server=db;User Id=portal;Password=hunter2-MARKED" />'
    node.write("C:\\inetpub\\portal\\db.config", f"<connectionStrings>{strings}</connectionStrings>")
    found = inspected(node)

    assert "C:\\inetpub\\portal\\db.config" in {finding.file for finding in found.linted.findings}


def test_a_list_that_cannot_be_had_is_said_and_is_no_finding(node: Node) -> None:
    (node.root / "sandbox.json").write_text(json.dumps({"faults": [{"at": "certificate.list", "do": "fail"}]}), "utf-8")
    found = looked(node)

    assert found.applications[0].node is not None
    assert found.applications[0].node.thumbprints is None
    assert found.notes[0].startswith("the certificates of web1 cannot be listed: ")


def test_what_a_key_says_alone_is_in_no_answer(node: Node) -> None:
    node.write(FILE, web_config(machine_key(f'validation="{OLD_VALIDATION_KEY}" compatibilityMode="{VALIDATION_KEY}"')))

    inspected(node)


WIF = (
    '<configSections><section name="system.identityModel.services" type="S" /></configSections>'
    "<system.identityModel.services><federationConfiguration><serviceCertificate>"
    '<certificateReference x509FindType="FindByThumbprint" findValue="{0}" />'
    "</serviceCertificate></federationConfiguration></system.identityModel.services>"
)


def test_certificates_and_profiles_are_compared_as_the_nodes_have_them(tmp_path: Path) -> None:
    nodes = {
        host: Node(tmp_path / host, {"/portal": web_config(machine_key(), WIF.format(thumbprint)).encode()})
        for host, thumbprint in (("web1", "a" * 40), ("web2", "aa " * 20), ("web3", "B" * 40))
    }
    nodes["web2"].replace(HOST, 'loadUserProfile="true"', 'loadUserProfile="false"')
    seen = [inspected(node, spec_of(host=host)).seen for host, node in nodes.items()]

    assert [(found.rule, found.node, found.file) for found in farm.compare(seen)] == [
        (farm.CERTIFICATE_DIFFERS, "web3", FILE),
        (farm.PROFILE_DIFFERS, "web2", HOST),
    ]


def test_a_certificate_that_the_node_lacks_is_told(node: Node) -> None:
    node.write(FILE, web_config(machine_key(), WIF.format("A" * 40)))

    assert "missing-certificate" in rules(inspected(node))


def test_an_application_that_is_declared_by_its_file_is_looked_at_with_the_root_files(node: Node) -> None:
    node.replace(ROOT, "<compilation", machine_key(f'validation="MD5" {OLD}') + "<compilation")
    found = inspected(node, spec_of({"portal": {"web_config": FILE, "machine_key": "portal"}})).linted.findings

    told = [(each.rule.id, each.file, each.line, each.column, each.text) for each in found]
    assert ROOT in {file for _, file, *_ in told}
    assert len({*told}) == len(told)
