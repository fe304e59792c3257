"""What is taken out of the C# before it is sent, and what must stay."""

import base64
import json
import re
from pathlib import Path

import pytest

from plugins.plugin_utils.lighter import lighter, stripped

SOURCES = sorted((Path(__file__).parents[1] / "plugins/module_utils").glob("*.cs"))
OURS = "ansible_collections.keydeploy.core.plugins.module_utils.Node.cs"
TEXT = """//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;

namespace Keydeploy
{
    /// <summary>Told to whoever reads it.</summary>
    public static class Node
    {
        // Why it is so.
        public const string Url = "http://example.com"; // stays
    }
}
"""
LIGHT = """//AssemblyReference -Name System.Xml.dll -CLR Framework
using System;
namespace Keydeploy
{
public static class Node
{
public const string Url = "http://example.com"; // stays
}
}
"""


def payload(**scripts: str) -> bytes:
    manifest = {
        "scripts": {name: {"path": "x", "script": base64.b64encode(t.encode()).decode()} for name, t in scripts.items()}
    }
    return b'{"name": "exec_wrapper"}\n\0\0\0\0\n' + json.dumps(manifest).encode()


def test_comments_and_indentation_go_and_everything_else_stays() -> None:
    assert stripped(TEXT) == LIGHT


def test_only_our_own_csharp_is_touched() -> None:
    others = {"Ansible.Basic.cs": TEXT, "exec_wrapper.ps1": "  # a comment\n"}
    assert lighter(payload(**{OURS: TEXT}, **others)) == payload(**{OURS: LIGHT}, **others)


@pytest.mark.parametrize(
    "unknown", [b"", b"#!/usr/bin/python\n", b"{}\n\0\0\0\0\n[]", b'{}\n\0\0\0\0\n{"scripts": []}', b"\xff"]
)
def test_what_is_no_payload_is_sent_as_it_is(unknown: bytes) -> None:
    assert lighter(unknown) == unknown


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_no_string_of_ours_goes_over_several_lines(file: Path) -> None:
    text = re.sub(r'"(?:[^"\\\n]|\\.)*"|@"(?:[^"\n]|"")*"|//[^\n]*', "", file.read_text("utf-8"))
    assert '"' not in text.replace("'\"'", "").replace("'\\\"'", "")
