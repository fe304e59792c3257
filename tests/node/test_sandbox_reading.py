"""Looking at the nouns of the embedded node leaves its folder as it is, times included."""

import os
from pathlib import Path

from keydeploy.node.contract import (
    ListAppPools,
    ListBindings,
    ListCertificates,
    ListContainers,
    ReadContainer,
    Reading,
    ReadRegistry,
)
from tests.node.contract.asking import done, roll_out
from tests.node.contract.iis import install
from tests.node.contract.material import thumbprint
from tests.node.contract.test_bindings import PLAIN, binding, bound, provide
from tests.node.contract.test_registry import changing, dword
from tests.node.contract.under_test import SandboxNode
from tests.node.test_sandbox import state_of

KEY = "HKLM\\SOFTWARE\\keydeploy-tests"
READINGS: tuple[Reading, ...] = (
    ReadRegistry(64, KEY, "Value"),
    ReadRegistry(32, KEY, "Missing"),
    ReadContainer("missing"),
    ListContainers(""),
    ListCertificates("CA"),
    ListCertificates("Root", ("00" * 20,)),
    ListAppPools(),
    ListBindings(),
)


def test_looking_at_what_there_is_changes_nothing_on_disk(tmp_path: Path) -> None:
    node = SandboxNode(tmp_path / "web1")
    install(node)
    certificate = provide(node)
    roll_out(node, changing(KEY, None, dword(1)), binding(PLAIN, None, bound(certificate)))
    (container,) = done(node, ListContainers(""))["containers"]
    for path in node.root.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_001))  # so long ago that any read would be noted
    before = state_of(node.root)
    prove = ListCertificates("My", (thumbprint(certificate),))
    for operation in (*READINGS, ReadContainer(container["name"]), prove):
        done(node, operation)
    assert state_of(node.root) == before


def test_looking_at_what_there_is_not_makes_nothing(tmp_path: Path) -> None:
    node = SandboxNode(tmp_path / "web1")
    install(node)
    before = state_of(node.root)
    done(node, *READINGS)
    after = state_of(node.root)
    assert after.keys() == before.keys()
