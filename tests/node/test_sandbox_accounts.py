"""Accounts of a sandbox node: those that its folder names, and the pools of its IIS."""

from pathlib import Path

import pytest

from keydeploy.node import layout
from keydeploy.node.contract import AccountState, ReadAccount
from keydeploy.node.sandbox.accounts import virtual_sid
from keydeploy.node.sandbox.json_file import write_json
from tests.node.contract.asking import respond
from tests.node.contract.under_test import SandboxNode

PORTAL = "S-1-5-21-1004336348-1177238915-682003330-1105"


@pytest.fixture
def node(tmp_path: Path) -> SandboxNode:
    return SandboxNode(tmp_path / "web1")


def sid(node: SandboxNode, name: str) -> str | None:
    (answer,) = respond(node, ReadAccount(name)).all(AccountState)
    return answer.sid


@pytest.mark.parametrize("name", ["CONTOSO\\portal", "contoso\\PORTAL", "portal@contoso.example"])
def test_an_account_that_the_folder_names_is_found_whatever_its_case(node: SandboxNode, name: str) -> None:
    write_json(node.root / "accounts.json", {"CONTOSO\\portal": PORTAL, "Portal@contoso.example": PORTAL})
    assert sid(node, name) == PORTAL


def test_the_folder_may_name_what_every_windows_has(node: SandboxNode) -> None:
    write_json(node.root / "accounts.json", {"Users": PORTAL})
    assert (sid(node, "users"), sid(node, "BUILTIN\\Users")) == (PORTAL, "S-1-5-32-545")


def test_a_pool_is_an_account_once_iis_has_it(tmp_path: Path) -> None:
    node = SandboxNode(tmp_path / "other")
    assert sid(node, "IIS AppPool\\Portal") is None
    layout.create(tmp_path / "web1", {"/portal": None})
    node.root = tmp_path / "web1"
    assert sid(node, "iis apppool\\PORTAL") == virtual_sid("Portal")
    assert sid(node, "IIS AppPool\\Shop") is None


def test_the_identifier_of_a_pool_is_the_published_one() -> None:
    published = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
    assert virtual_sid("DefaultAppPool") == virtual_sid("defaultapppool") == published
