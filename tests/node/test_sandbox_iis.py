"""What IIS and http.sys of the embedded node promise beyond the contract: their files, and what runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from keydeploy.node.contract import (
    Commit,
    ListAppPools,
    ListBindings,
    RecycleAppPool,
    RollBack,
    StageAppPool,
    StageBackup,
)
from tests.node.contract.asking import WEB_CONFIG, done, refusal, replacing, roll_out, stage, switch
from tests.node.contract.iis import APPLICATION_HOST, install
from tests.node.contract.test_app_pools import OWN, PLAIN, in_force, only, pools
from tests.node.contract.test_bindings import SNI, binding, bound, certificate_of, provide
from tests.node.contract.under_test import SandboxNode


@pytest.fixture
def node(tmp_path: Path) -> SandboxNode:
    node = SandboxNode(tmp_path / "web1")
    install(node)
    return node


def host_of(node: SandboxNode) -> bytes:
    content = node.read(APPLICATION_HOST)
    assert content is not None
    return content


def read(node: SandboxNode, name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((node.root / name).read_text())
    return value


def recycled(node: SandboxNode, name: str = "Plain") -> int:
    file = node.root / "app_pools.json"
    return int(read(node, file.name).get(name, {}).get("recycled", 0)) if file.exists() else 0


def stop(node: SandboxNode, name: str) -> None:
    (node.root / "app_pools.json").write_text(json.dumps({name: {"state": "stopped"}}))


# App pools


def test_a_setting_that_goes_back_leaves_the_bytes_as_they_were(node: SandboxNode) -> None:
    before = host_of(node).replace(b"\r\n          loadUserProfile", b" loadUserProfile")  # IIS writes one line a tag
    node.write(APPLICATION_HOST, before)
    stage(node, StageAppPool("Plain", PLAIN, only(load=False)), StageAppPool("Own", OWN, only(environment=False)))
    switch(node)
    assert host_of(node) != before
    assert b"<!-- kept -->" in host_of(node)
    done(node, RollBack())
    assert host_of(node) == before


def test_a_setting_that_is_in_force_already_is_not_written(node: SandboxNode) -> None:
    before = host_of(node)
    roll_out(node, StageAppPool("Plain", PLAIN, PLAIN))
    assert host_of(node) == before


def test_a_byte_order_mark_stays(node: SandboxNode) -> None:
    node.write(APPLICATION_HOST, b"\xef\xbb\xbf" + host_of(node))
    roll_out(node, StageAppPool("Plain", PLAIN, only(load=False)))
    assert host_of(node).startswith(b"\xef\xbb\xbf<?xml")
    assert in_force(node, "Plain") == only(load=False)


def test_a_pool_begins_anew_after_the_switch_and_after_going_back(node: SandboxNode) -> None:
    stage(node, RecycleAppPool("plain"))
    assert recycled(node, "plain") == 0
    switch(node)
    assert recycled(node, "plain") == 1
    done(node, RollBack())
    assert recycled(node, "plain") == 2


def test_a_pool_begins_anew_when_the_run_is_taken_back(node: SandboxNode) -> None:
    roll_out(node, StageAppPool("Plain", PLAIN, only(load=False)), RecycleAppPool("Plain"), run="run-1")
    stage(node, StageBackup("run-1", False), run="undo")
    assert recycled(node) == 1
    switch(node, run="undo")
    assert (recycled(node), in_force(node, "Plain")) == (2, PLAIN)


def test_a_pool_does_not_begin_anew_when_nothing_has_switched(node: SandboxNode) -> None:
    node.write(WEB_CONFIG, b"old")
    stage(node, RecycleAppPool("Plain"), replacing(WEB_CONFIG, b"old", b"new"))
    node.write(WEB_CONFIG, b"somebody else's")
    assert refusal(node, Commit(node.clock(), 2.0)) == "changed"
    done(node, RollBack())
    assert recycled(node) == 0


def test_a_pool_begins_anew_even_when_something_cannot_go_back(node: SandboxNode) -> None:
    node.write(WEB_CONFIG, b"old")
    stage(node, RecycleAppPool("Plain"), replacing(WEB_CONFIG, b"old", b"new"))
    switch(node)
    node.write(WEB_CONFIG, b"somebody else's")
    assert refusal(node, RollBack()) == "changed"
    assert recycled(node) == 2


def test_a_pool_that_is_stopped_stays_so(node: SandboxNode) -> None:
    stop(node, "Plain")
    assert [pool["state"] for pool in pools(node).values()] == ["stopped", "started"]
    roll_out(node, RecycleAppPool("Plain"), RecycleAppPool("Own"))
    assert (recycled(node), recycled(node, "Own")) == (0, 1)
    assert pools(node)["Plain"]["state"] == "stopped"


def test_a_pool_that_has_gone_since_it_was_staged_does_not_stop_the_switch(node: SandboxNode) -> None:
    stage(node, RecycleAppPool("Plain"))
    node.write(APPLICATION_HOST, host_of(node).replace(b'<add name="Plain" />', b""))
    switch(node)
    assert recycled(node) == 0


def test_a_repeated_commit_recycles_once(node: SandboxNode) -> None:
    stage(node, RecycleAppPool("Plain"))
    commit = Commit(node.clock(), 2.0)
    assert done(node, commit) == done(node, commit)
    assert recycled(node) == 1


def test_looking_leaves_no_file(node: SandboxNode) -> None:
    done(node, ListAppPools(), ListBindings())
    assert {path.name for path in node.root.iterdir()} == {"C"}


# Bindings


def test_what_else_http_sys_holds_is_kept(node: SandboxNode) -> None:
    first, second = provide(node), provide(node)
    roll_out(node, binding(SNI, None, bound(first)))
    records = read(node, "http_sys.json")
    assert list(records) == ["sni.example.com:443"]
    records["sni.example.com:443"]["client_certificates"] = "negotiate"
    (node.root / "http_sys.json").write_text(json.dumps(records))
    stage(node, binding(SNI, bound(first), bound(second)))
    switch(node)
    assert read(node, "http_sys.json")["sni.example.com:443"]["client_certificates"] == "negotiate"
    done(node, RollBack())
    assert read(node, "http_sys.json") == records


def test_a_certificate_that_somebody_bound_after_the_commit_is_left(node: SandboxNode) -> None:
    first, second, third = provide(node), provide(node), provide(node)
    roll_out(node, binding(SNI, None, bound(first)))
    stage(node, binding(SNI, bound(first), bound(second)))
    switch(node)
    records = read(node, "http_sys.json")
    records["sni.example.com:443"]["thumbprint"] = bound(third).thumbprint
    (node.root / "http_sys.json").write_text(json.dumps(records))
    assert refusal(node, RollBack()) == "changed"
    assert certificate_of(node, SNI) == bound(third).thumbprint


@pytest.mark.parametrize(
    ("information", "expected"),
    [("*:443:", ("*", 443, "")), (":443:a", ("*", 443, "a")), ("[::1]:8443:a.b", ("[::1]", 8443, "a.b"))],
)
def test_the_address_of_a_binding_is_read(node: SandboxNode, information: str, expected: tuple[str, int, str]) -> None:
    text = host_of(node).replace(b'bindingInformation="*:443:"', f'bindingInformation="{information}"'.encode())
    node.write(APPLICATION_HOST, text)
    (first, *_) = done(node, ListBindings())["bindings"]
    assert (first["address"], first["port"], first["host"]) == expected
