"""The modules that know less than everything: what one cannot do it says, and does nothing of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    ListAppPools,
    ListBindings,
    Operation,
    ReadAccount,
    ReadBackup,
    ReadRegistry,
    RecycleAppPool,
    RegistryValue,
    Request,
    Response,
    RollBack,
    StageBackup,
    StageRegistry,
)
from tests.node.contract.asking import (
    RUN,
    TAG_KEY,
    WEB_CONFIG,
    acquire,
    ask,
    done,
    journal_of,
    refusal,
    replacing,
    resume,
    roll_out,
    stage,
)
from tests.node.windows import program
from tests.node.windows.host import Host
from tests.node.windows.nodes import NOW, HostedNode

KEY = "HKLM\\SOFTWARE\\keydeploy-tests\\lighter"
VALUE = StageRegistry(64, KEY, "Value", None, RegistryValue(kind="dword", data=1))
FILE = replacing(WEB_CONFIG, b"old", b"new")
UNKNOWN: dict[str, tuple[Operation, ...]] = {
    "win_node": (ReadRegistry(64, KEY, "Value"), ReadAccount("Users"), ListBindings(), ReadBackup(None), resume()),
    "win_node_keys": (ListAppPools(), ListBindings(), RecycleAppPool("Portal"), ReadBackup(None), resume()),
    "win_node_iis": (ReadBackup(None), StageBackup("run-1", False), resume()),
}
"""Some operations that a module does not know."""


@pytest.fixture
def nodes(tmp_path: Path, mono_runtime: None) -> Iterator[tuple[HostedNode, HostedNode]]:
    """Answer one node, in the eyes of the module that knows files alone and of the one that knows everything."""
    assert mono_runtime is None
    for name in ("Windows", "ProgramData"):
        (tmp_path / "C" / name).mkdir(parents=True)
    light, whole = (
        HostedNode(Host.on_mono(program.for_mono(each), tmp_path), tmp_path)
        for each in (program.sources_of("win_node"), program.own_sources())
    )
    light.write(WEB_CONFIG, b"old")
    yield light, whole
    light.host.close()
    whole.host.close()


@pytest.mark.parametrize("module", UNKNOWN)
def test_an_operation_that_a_module_does_not_know_is_told(tmp_path: Path, mono_runtime: None, module: str) -> None:
    assert mono_runtime is None
    for name in ("Windows", "ProgramData"):
        (tmp_path / "C" / name).mkdir(parents=True)
    node = HostedNode(Host.on_mono(program.for_mono(program.sources_of(module)), tmp_path), tmp_path)
    for operation in UNKNOWN[module]:
        (result,) = ask(node, operation)
        assert result["error"]["code"] == "unsupported"
    assert node.tree() == {}
    node.host.close()


def test_a_request_with_a_change_that_it_does_not_know_is_refused_as_a_whole(
    nodes: tuple[HostedNode, HostedNode],
) -> None:
    light, _ = nodes
    before = light.tree()
    for change in (VALUE, StageBackup("run-1", False)):
        request = Request(RUN, TAG_KEY, (acquire(), BeginJournal(), FILE, change))
        with pytest.raises(NodeError) as caught:  # the request as a whole
            Response.from_json(light.answer(request.to_json()), request)
        assert caught.value.code == "unsupported"
    assert light.tree() == before


def test_a_run_of_files_is_its_own(nodes: tuple[HostedNode, HostedNode]) -> None:
    light, _ = nodes
    roll_out(light, FILE)
    assert light.read(WEB_CONFIG) == b"new"


def test_a_run_that_it_does_not_know_is_not_touched_and_can_be_confirmed(nodes: tuple[HostedNode, HostedNode]) -> None:
    light, whole = nodes
    stage(whole, FILE, VALUE)
    assert refusal(light, Commit(NOW, 600.0)) == "unsupported"
    assert (whole.read(WEB_CONFIG), journal_of(light)["phase"]) == (b"old", "staged")
    done(whole, Commit(NOW, 600.0))
    for leave in (False, True):
        assert refusal(light, RollBack(leave)) == "unsupported"
    assert (whole.read(WEB_CONFIG), journal_of(light)["phase"]) == (b"new", "committed")
    done(light, Confirm())
    assert journal_of(light)["backups"][-1]["kept"]
    roll_out(whole, StageBackup("run-1", False), run="undo")
    assert whole.read(WEB_CONFIG) == b"old"
