"""What the registry of the embedded node promises beyond the contract: which keys the views share, and its file."""

import json
import stat
from typing import Any

import pytest

from keydeploy.node.contract import Commit, RegistryValue, RollBack
from tests.node.contract.asking import done, journal_of, refusal, roll_out, stage, switch
from tests.node.contract.test_registry import changing, dword, holds, look
from tests.node.contract.under_test import SandboxNode

SYSTEM = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\keydeploy-tests"
SOFTWARE = "HKLM\\SOFTWARE\\keydeploy-tests"
REDIRECTED = "HKLM\\SOFTWARE\\WOW6432Node\\keydeploy-tests"


def write(node: SandboxNode, *values: tuple[str, str, RegistryValue]) -> None:
    """Let somebody else put *values* (view, key, value) into the registry, and take out everything else."""
    views: dict[str, Any] = {"64": {}, "32": {}}
    for view, key, value in values:
        views[view][key] = {"Value": {"kind": value.kind, "data": value.data}}
    (node.root / "registry.json").write_text(json.dumps(views))


def test_the_views_share_everything_but_the_software(node: SandboxNode) -> None:
    roll_out(node, changing(SYSTEM, None, dword(1), view=32))
    assert (holds(node, SYSTEM, view=64), holds(node, SYSTEM, view=32)) == (dword(1), dword(1))


def test_the_software_of_32_bits_has_a_second_name(node: SandboxNode) -> None:
    stage(node, changing(SOFTWARE, None, dword(1), view=32), changing(REDIRECTED, None, dword(2), view=64))
    switch(node)
    assert holds(node, SOFTWARE, view=32) == holds(node, REDIRECTED, view=32) == dword(2)
    assert look(node, SOFTWARE, view=64)["key_exists"] is False


def test_a_key_is_there_when_one_below_it_is(node: SandboxNode) -> None:
    write(node, ("64", SOFTWARE + "\\a\\b", dword(1)))
    assert [look(node, key)["key_exists"] for key in (SOFTWARE, SOFTWARE + "\\a", SOFTWARE + "\\A\\b")] == [True] * 3
    assert look(node, SOFTWARE[:-1])["key_exists"] is False


def test_names_keep_the_case_in_which_they_were_made(node: SandboxNode) -> None:
    write(node, ("64", SOFTWARE, dword(1)))
    roll_out(node, changing(SOFTWARE.upper(), dword(1), dword(2), value="VALUE"))
    assert list(json.loads((node.root / "registry.json").read_text())["64"]) == [SOFTWARE]


def test_a_value_that_somebody_changed_since_it_was_staged_is_left(node: SandboxNode) -> None:
    stage(node, changing(SOFTWARE, None, dword(1)), changing(SYSTEM, None, dword(2)))
    write(node, ("64", SYSTEM, dword(3)))
    assert refusal(node, Commit(node.clock(), 2.0)) == "changed"
    done(node, RollBack())
    assert (holds(node, SOFTWARE), holds(node, SYSTEM)) == (None, dword(3))


def test_a_value_that_somebody_changed_after_the_commit_is_left_and_the_others_go_back(node: SandboxNode) -> None:
    stage(node, changing(SOFTWARE, None, dword(1)), changing(SYSTEM, None, dword(2)))
    switch(node)
    write(node, ("64", SYSTEM, dword(3)), ("64", SOFTWARE, dword(1)))
    assert refusal(node, RollBack()) == "changed"
    assert (holds(node, SOFTWARE), holds(node, SYSTEM)) == (None, dword(3))
    assert journal_of(node)["run"] is not None


def test_a_key_that_was_made_stays_when_somebody_put_more_into_it(node: SandboxNode) -> None:
    stage(node, changing(SOFTWARE, None, dword(1)))
    switch(node)
    write(node, ("64", SOFTWARE, dword(1)), ("64", SOFTWARE + "\\below", dword(2)))
    done(node, RollBack())
    assert holds(node, SOFTWARE + "\\below") == dword(2)
    assert look(node, SOFTWARE) == {"key_exists": True, "value": None}


def test_the_registry_is_for_the_owner_alone(node: SandboxNode) -> None:
    roll_out(node, changing(SOFTWARE, None, dword(1)))
    assert stat.S_IMODE((node.root / "registry.json").stat().st_mode) == 0o600


@pytest.fixture
def node(tmp_path: Any) -> SandboxNode:
    return SandboxNode(tmp_path / "web1")
