"""Where PowerShell writes down what passes through it, the node does nothing unless it is told to."""

import json
from pathlib import Path

import pytest

from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Operation,
    ReadSystem,
    RegistryValue,
    Request,
    RollBack,
    StageRegistry,
)
from tests.node.contract.asking import RUN, TAG_KEY, acquire, conforms
from tests.node.windows.nodes import WineNode

POLICIES = "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell"


@pytest.fixture
def node(tmp_path: Path, windows_dotnet: Path) -> WineNode:
    return WineNode(tmp_path / "web1", windows_dotnet)


def told(node: WineNode, *operations: Operation, recorded: bool) -> list[str]:
    """Answer `ok` or the error code of each result."""
    response = node.answer(Request(RUN, TAG_KEY, operations, recorded=recorded).to_json())
    conforms(response, "response")
    results = json.loads(response)["results"]
    return [result["error"]["code"] if "error" in result else "ok" for result in results]


@pytest.mark.parametrize(
    ("key", "value"), [("ModuleLogging", "EnableModuleLogging"), ("Transcription", "EnableTranscripting")]
)
def test_it_refuses_until_it_is_allowed(node: WineNode, key: str, value: str) -> None:
    on = RegistryValue(kind="dword", data=1)
    staged = StageRegistry(64, f"{POLICIES}\\{key}", value, None, on)
    assert told(node, ReadSystem(), recorded=False) == ["ok"]

    assert told(node, acquire(), BeginJournal(), staged, Commit(node.clock(), 5.0), recorded=True) == ["ok"] * 4
    assert told(node, ReadSystem(), ReadSystem(), recorded=False) == ["recorded"]
    assert told(node, ReadSystem(), recorded=True) == ["ok"]

    assert told(node, RollBack(), recorded=True) == ["ok"]
    assert told(node, ReadSystem(), recorded=False) == ["ok"]
