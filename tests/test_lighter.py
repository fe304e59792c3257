"""What is taken out of the payload before it is sent, and what must stay."""

import base64
import json
from typing import Any

import pytest
from ansible.executor.powershell.module_manifest import _create_powershell_wrapper

from plugins.plugin_utils import csharp, powershell
from plugins.plugin_utils.lighter import JOINED, lighter

SEPARATOR = b"\n\0\0\0\0\n"
OURS = "ansible_collections.keydeploy.core.plugins.module_utils."
OTHERS = "ansible_collections.contoso.core.plugins.module_utils.Other.cs"
FIRST = "using System;\n\nnamespace Keydeploy\n{\n    // Why it is so.\n    public static class First { }\n}\n"
SECOND = FIRST.replace("First", "Second")
SCRIPT = "  # a comment\n  Get-Date\n"


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def payload(**scripts: str) -> dict[str, Any]:
    """Answer the manifest of a payload that compiles whatever of *scripts* is C#."""
    names = [name for name in scripts if name.endswith(".cs")]
    arguments = {"Name": "complex_args", "Value": {"request": "{}", "_ansible_diff": False}}
    return {
        "scripts": {name: {"path": f"/home/{name}", "script": packed(text)} for name, text in scripts.items()},
        "actions": [{"name": "module_wrapper.ps1", "params": {"CSharpModules": names, "Variables": [arguments]}}],
        "signed_hashlist": [],
    }


def sent(manifest: dict[str, Any], start: str = SCRIPT) -> bytes:
    return json.dumps({"name": "exec_wrapper", "script": start}).encode() + SEPARATOR + json.dumps(manifest).encode()


def taken(content: bytes) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """Answer the start, the manifest and the texts of the scripts of the payload *content*."""
    head, _, body = content.partition(SEPARATOR)
    manifest = json.loads(body)
    texts = {name: base64.b64decode(script["script"]).decode() for name, script in manifest["scripts"].items()}
    return json.loads(head), manifest, texts


def test_our_csharp_becomes_one_compact_text() -> None:
    _, manifest, texts = taken(lighter(sent(payload(**{f"{OURS}Second.cs": SECOND, f"{OURS}First.cs": FIRST}))))
    assert texts == {JOINED: csharp.joined(csharp.compact(text) for text in (FIRST, SECOND))}
    assert manifest["actions"][0]["params"]["CSharpModules"] == [JOINED]


def test_the_csharp_of_others_stays() -> None:
    scripts = {OTHERS: FIRST, "Ansible.Basic.cs": FIRST, f"{OURS}First.cs": FIRST}
    _, manifest, texts = taken(lighter(sent(payload(**scripts))))
    assert texts == {OTHERS: FIRST, "Ansible.Basic.cs": FIRST, JOINED: csharp.joined([csharp.compact(FIRST)])}
    assert manifest["actions"][0]["params"]["CSharpModules"] == [OTHERS, "Ansible.Basic.cs", JOINED]


def test_powershell_goes_without_comments_and_indentation() -> None:
    start, _, texts = taken(lighter(sent(payload(**{"win_node.ps1": SCRIPT, "AddType.psm1": SCRIPT, "a.txt": SCRIPT}))))
    assert start == {"name": "exec_wrapper", "script": "Get-Date\n"}
    assert texts == {"win_node.ps1": "Get-Date\n", "AddType.psm1": "Get-Date\n", "a.txt": SCRIPT}


def test_arguments_of_ansibles_own_do_not_go_with_our_code() -> None:
    for scripts, names in (({f"{OURS}First.cs": FIRST}, {"request"}), ({OTHERS: FIRST}, {"request", "_ansible_diff"})):
        _, manifest, _ = taken(lighter(sent(payload(**scripts))))
        assert manifest["actions"][0]["params"]["Variables"][0]["Value"].keys() == names


@pytest.mark.parametrize(("other", "path"), [("AddType.psm1", ""), ("coverage_wrapper.ps1", "/home/win_node.ps1")])
def test_a_node_is_not_told_where_a_script_lay_unless_it_measures_coverage(other: str, path: str) -> None:
    _, manifest, _ = taken(lighter(sent(payload(**{"win_node.ps1": SCRIPT, other: SCRIPT}))))
    assert manifest["scripts"]["win_node.ps1"]["path"] == path


def test_where_scripts_are_signed_nothing_is_touched() -> None:
    signed = sent(payload(**{f"{OURS}First.cs": FIRST}) | {"signed_hashlist": ["ansible.config.signatures.psd1"]})
    assert lighter(signed) == signed


@pytest.mark.parametrize(
    "unknown",
    [
        b"",
        b"#!/usr/bin/python\n",
        b"{}\n\0\0\0\0\n[]",
        b'{"script": ""}\n\0\0\0\0\n{"scripts": [], "signed_hashlist": []}',
        b"\xff",
        sent({"scripts": {}, "actions": [], "signed_hashlist": []}),
        sent(payload(**{f"{OURS}First.cs": "using Other = System;\n" + FIRST})),
        sent(payload(**{f"{OURS}First.cs": 'class First { string text = "'})),
    ],
)
def test_what_looks_otherwise_is_sent_as_it_is(unknown: bytes) -> None:
    assert lighter(unknown) == unknown


def test_what_ansible_itself_builds_is_understood() -> None:
    built = _create_powershell_wrapper(
        name="win_probe",
        module_data=b"#!powershell\n#AnsibleRequires -CSharpUtil Ansible.AccessToken\n  $complex_args.request\n",
        module_path="win_probe.ps1",
        module_args={"request": "# no comment"},
        environment={},
        async_timeout=0,
        become_plugin=None,
        substyle="powershell",
        task_vars={},
        profile="legacy",
    )
    (before, asked, old), (after, told, new) = taken(built), taken(lighter(built))
    assert new == {name: text if name.endswith(".cs") else powershell.compact(text) for name, text in old.items()}
    assert after == before | {"script": powershell.compact(before["script"])}
    assert told["actions"] == asked["actions"]
    assert new["win_probe.ps1"] == "$complex_args.request\n"
    assert len(lighter(built)) < len(built) - 25_000
