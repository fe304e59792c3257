"""`keydeploy lint` and the playbook `lint` on sandbox nodes: what is found, what stays, and what never leaks."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from keydeploy.schema import validator
from tests.engine.conftest import HOSTILE
from tests.engine.declaring import container
from tests.engine.farm import (
    CALLBACKS,
    DECLARED_KEYS,
    OLD_VALIDATION_KEY,
    OTHER_KEYS,
    VALIDATION_KEY,
    Ran,
    Stand,
    fault,
    tree,
)
from tests.engine.hunting import leaks
from tests.lint import sarif_schema

NODES = ("web1", "web2", "web3")
PORTAL = "C:\\inetpub\\portal\\web.config"
EVERYTHING = {
    "ANSIBLE_DISPLAY_TRACEBACK": "always",
    "ANSIBLE_LOG_PATH": "ansible.log",
    "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
    "ANSIBLE_CALLBACKS_ENABLED": "dump",
}
AUTOMATIC = (
    b'<configuration><system.web><machineKey validationKey="AutoGenerate" decryptionKey="AutoGenerate" />'
    b"</system.web></configuration>"
)
UNDECLARED = {"portal": {"site": "Default Web Site", "path": "/portal"}}
"""The application, and nothing that is declared for it."""
BROKEN_INSIDE = """
import keydeploy.lint.rules.key_length
from keydeploy.lint import sight

def check(application):
    raise RuntimeError(*(file.level.document.text for file in application.files))

keydeploy.lint.rules.key_length.check = check
"""
"""A rule with a mistake, whose text quotes all that must not be quoted."""


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", *NODES)


def told(ran: Ran) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(ran.out)
    validator("lint").validate(value)
    assert value["exit_code"] == ran.code
    return value


def found(report: dict[str, Any], severity: str = "error") -> list[tuple[str, str]]:
    return [(each["rule"], each["node"]) for each in report["findings"] if each["severity"] == severity]


def as_it_is(stand: Stand, node: str) -> dict[str, Any]:
    """Answer all that can be told of the files of *node*, but for how the sandbox is told to behave."""
    return {name: state for name, state in tree(stand.node(node)).items() if name != "sandbox.json"}


def test_nodes_are_asked_once_and_left_as_they_are(stand: Stand) -> None:
    before = [as_it_is(stand, node) for node in NODES]
    report = told(stand.keydeploy("lint", "--format", "json"))

    assert [as_it_is(stand, node) for node in NODES] == before
    assert [len(stand.calls(node)) for node in NODES] == [1, 1, 1]
    assert [(each["node"], each["state"]) for each in report["nodes"]] == [(node, "looked_at") for node in NODES]
    assert report["exit_code"] == 0
    assert {each["rule"] for each in report["findings"]} >= {"key-in-clear"}


def test_what_nodes_differ_in_is_an_error_on_the_one_that_differs(stand: Stand) -> None:
    stand.own_config("web3").write_bytes(DECLARED_KEYS.replace(b"Framework45", b"Framework20SP1"))
    ran = stand.keydeploy("lint")

    assert ran.code == 6
    assert f"{PORTAL}:7:5: error: web3 has the key sha256:" in ran.out
    assert "[key-differs-between-nodes] (on web3)" in ran.out
    assert "[compatibility-mode-differs-between-nodes] (on web3)" in ran.out
    assert ran.out.splitlines()[-1].startswith("2 errors, ")


def test_what_is_the_same_everywhere_is_told_once(stand: Stand) -> None:
    ran = stand.keydeploy("lint")

    assert ran.out.count("[key-in-clear] (on web1, web2 and web3)") == 1


def test_plain_ansible_fails_the_node_that_has_an_error(stand: Stand) -> None:
    stand.own_config("web3").write_bytes(DECLARED_KEYS)
    ran = stand.playbook("keydeploy.core.lint")

    assert ran.code == 2
    states = {host: result["state"] for host, result in ran.results("lint").items()}
    assert states == {"web1": "in_order", "web2": "in_order", "web3": "against_policy"}
    assert "key-differs-between-nodes" in ran.results("lint")["web3"]["msg"]


def test_plain_ansible_takes_a_baseline_too(stand: Stand) -> None:
    stand.own_config("web3").write_bytes(DECLARED_KEYS)
    written = stand.keydeploy("lint", "--write-baseline", "known.json")
    ran = stand.playbook("keydeploy.core.lint", "-e", f"keydeploy_baseline={stand.folder}/known.json")

    assert (written.code, ran.code) == (0, 0)
    assert stand.keydeploy("lint", "--baseline", "known.json", "--strict").code == 0


def test_a_node_that_does_not_answer_is_never_without_findings(stand: Stand) -> None:
    stand.behave("web2", fault("file.read", "unreachable"))
    ran = stand.keydeploy("lint", "--format", "json")
    plain = stand.playbook("keydeploy.core.lint")

    assert ran.code == 4
    assert [each["node"] for each in told(ran)["nodes"] if each["state"] == "unreachable"] == ["web2"]
    assert plain.code == 2
    assert plain.results("lint")["web2"]["state"] == "unreachable"
    assert "; 2 of 3 nodes looked at" in stand.keydeploy("lint").out


def test_a_host_whose_variables_do_not_resolve_is_told(stand: Stand) -> None:
    stand.set("web2", keydeploy_sandbox="{{ nowhere }}")
    ran = stand.keydeploy("lint", "--format", "json")

    assert ran.code == 1
    assert [each["node"] for each in told(ran)["nodes"] if each["state"] == "failed"] == ["web2"]


def test_an_application_that_a_node_lacks_is_an_error(stand: Stand) -> None:
    declared = stand.groups["portal"]["vars"]["keydeploy"]
    declared["applications"]["shop"] = {"site": "Default Web Site", "path": "/shop"}
    stand.write_inventory()
    ran = stand.keydeploy("lint", "--format", "json")

    assert ran.code == 1
    assert {(each["node"], each["file"]) for each in told(ran)["unread"]} == {(n, "application shop") for n in NODES}


def test_an_invalid_spec_is_told_before_any_contact(stand: Stand) -> None:
    stand.variables["vault_portal"]["decryption_key"] = "AB"
    stand.write_inventory()
    ran = stand.keydeploy("lint", "--format", "json")

    assert ran.code == 3
    assert [each["address"] for each in told(ran)["problems"]] == ["machine_keys.portal.decryption_key"]
    assert stand.calls("web1") == []


def test_an_inventory_that_declares_nothing_is_no_success(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.add_hosts("db1")
    (stand.folder / "web.config").write_bytes(AUTOMATIC)
    ran = stand.keydeploy("lint", "web.config", "--format", "json")

    assert ran.code == 3
    assert {each["file"] for each in told(ran)["findings"]} == {"web.config"}
    assert "no host of the inventory declares anything" in ran.err


def test_a_limit_is_kept_to_and_said(stand: Stand) -> None:
    stand.own_config("web3").write_bytes(DECLARED_KEYS)
    report = told(stand.keydeploy("lint", "-l", "web1,web2", "--format", "json"))

    assert found(report) == []
    assert any("leaves out 1 node of the farm" in note and "web3" in note for note in report["notes"])
    assert stand.calls("web3") == []


def test_a_key_that_a_node_has_and_everybody_knows_is_an_error(stand: Stand) -> None:
    digest = hashlib.sha256(OLD_VALIDATION_KEY.lower().encode()).hexdigest()
    (stand.folder / "list.csv").write_text(f"validationKey, decryptionKey\n{digest},\n", "utf-8")
    named = stand.keydeploy("lint", "--disclosed-keys", "list.csv", "--format", "json")
    plain = stand.playbook("keydeploy.core.lint", "-e", f"keydeploy_disclosed_keys={stand.folder}/list.csv")
    missing = stand.keydeploy("lint", "--disclosed-keys", "none.csv")

    assert found(told(named)) == [("disclosed-key", node) for node in NODES]
    assert plain.code == 2
    assert {result["state"] for result in plain.results("lint").values()} == {"against_policy"}
    assert (missing.code, "none.csv cannot be read" in missing.err) == (1, True)


def test_a_declared_key_that_everybody_knows_is_an_error_where_it_is_declared(stand: Stand) -> None:
    digest = hashlib.sha256(VALIDATION_KEY.encode()).hexdigest()
    (stand.folder / "list.csv").write_text(f"validationKey, decryptionKey\n{digest},\n", "utf-8")
    ran = stand.keydeploy("lint", "--disclosed-keys", "list.csv", "--format", "json")

    assert ran.code == 6
    errors = [each for each in told(ran)["findings"] if each["severity"] == "error"]
    assert [(each["rule"], each["node"], each["file"]) for each in errors] == [("disclosed-key", None, "inventory.yml")]
    assert [len(stand.calls(node)) for node in NODES] == [1, 1, 1]


def test_one_server_may_have_automatic_keys(tmp_path: Path) -> None:
    stand = Stand(tmp_path, web_config=AUTOMATIC).add_farm("alone", "web1", applications=UNDECLARED, machine_keys={})
    stand.add_farm("together", "web2", "web3", applications=UNDECLARED, machine_keys={})
    report = told(stand.keydeploy("lint", "--format", "json"))

    assert {node for rule, node in found(report) if rule == "automatic-key"} == {"web2", "web3"}


def test_files_and_nodes_are_looked_at_in_one_run(stand: Stand) -> None:
    (stand.folder / "src").mkdir()
    (stand.folder / "src/web.config").write_bytes(OTHER_KEYS.replace(b"HMACSHA256", b"MD5"))
    report = told(stand.keydeploy("lint", "src", "--format", "json"))

    files = {(each["file"], each["node"]) for each in report["findings"]}
    assert ("src/web.config", None) in files
    assert (PORTAL, "web1") in files


def test_encrypted_sections_are_judged_by_what_they_say(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    protected = {"container": "Portal", "sections": ["connectionStrings", "system.web/machineKey"]}
    portal = {
        "site": "Default Web Site",
        "path": "/portal",
        "machine_key": "portal",
        "protected_sections": protected,
    }
    stand.add_farm(
        "portal", "web1", "web2", applications={"portal": portal}, key_containers={"Portal": container("portal")}
    )
    assert stand.tell("apply").code == 0
    in_order = told(stand.keydeploy("lint", "--format", "json"))
    apart = stand.own_config("web2")
    apart.write_bytes(OTHER_KEYS)
    differing = told(stand.keydeploy("lint", "--format", "json"))

    assert in_order["findings"] == []
    assert ("key-differs-between-nodes", "web2") in found(differing)


def test_sarif_of_a_farm_is_valid(stand: Stand) -> None:
    stand.own_config("web3").write_bytes(DECLARED_KEYS)
    ran = stand.keydeploy("lint", "--format", "sarif")
    log = json.loads(ran.out)

    sarif_schema.validator().validate(log)
    assert ran.code == 6
    uris = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in log["runs"][0]["results"]}
    assert "file://web3/C:/inetpub/portal/web.config" in uris


@pytest.mark.parametrize("form", ["text", "json", "sarif"])
def test_nothing_leaks_in_any_form_however_much_is_logged(tmp_path: Path, form: str) -> None:
    stand = Stand(tmp_path).add_farm("well", "well1", "well2").add_farm("cut", "cut1", "cut2")
    stand.configure(**HOSTILE)
    stand.behave("cut1", fault("file.read", "cut"))
    stand.own_config("well2").write_bytes(DECLARED_KEYS)
    (stand.node("well2") / "files").mkdir()
    (stand.node("well2") / "files/web.config").write_bytes(OTHER_KEYS)

    nodes = stand.keydeploy("lint", "-vvvvv", "--format", form, env=EVERYTHING)
    files = stand.keydeploy("lint", str(stand.node("well2") / "files"), "--offline", "--format", form, env=EVERYTHING)
    written = stand.keydeploy("lint", "-l", "well", "--write-baseline", "known.json", env=EVERYTHING)

    assert (nodes.code, written.code) == (1, 0)
    assert "key-in-clear" in files.out
    assert leaks(stand, nodes, files, written) == []


def test_nothing_leaks_from_a_rule_that_fails(stand: Stand) -> None:
    (stand.folder / "broken").mkdir()
    (stand.folder / "broken/sitecustomize.py").write_text(BROKEN_INSIDE, "utf-8")
    broken = {"PYTHONPATH": str(stand.folder / "broken"), **EVERYTHING}

    plain = stand.playbook("keydeploy.core.lint", "-vvvvv", env=broken)
    told_ran = stand.keydeploy("lint", "-vvvvv", env=broken)

    assert (plain.code, told_ran.code) == (2, 1)
    assert "internal error: RuntimeError" in told_ran.out
    assert leaks(stand, plain, told_ran) == []
