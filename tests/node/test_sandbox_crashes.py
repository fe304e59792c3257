"""The node dies at every point at which it switches nouns of all kinds, and the next call heals it."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    Operation,
    RecycleAppPool,
    RollBack,
    StageAppPool,
    StageBackup,
    StageContainer,
    Staging,
)
from tests.node.contract.asking import (
    LEASE,
    WEB_CONFIG,
    acquire,
    done,
    journal_of,
    replacing,
    roll_out,
    stage,
    standing,
)
from tests.node.contract.iis import install
from tests.node.contract.material import left_of, self_signed
from tests.node.contract.test_app_pools import PLAIN, only, pools
from tests.node.contract.test_bindings import PLAIN as BINDING
from tests.node.contract.test_bindings import binding, bound, listed, provide
from tests.node.contract.test_certificates import adding, shown
from tests.node.contract.test_containers import container, creating, look, prepare, seen
from tests.node.contract.test_registry import changing, dword, holds
from tests.node.contract.test_registry import look as look_at_value
from tests.node.contract.under_test import SandboxNode
from tests.node.test_crash_points import MANY, killed_at

KEY = "HKLM\\SOFTWARE\\keydeploy-tests"
COMMIT = Commit(1_800_000_000.0, 600.0)


@cache
def certificate() -> Any:
    return self_signed("second")


def changes(node: SandboxNode, old: Any) -> tuple[Staging, ...]:
    """Answer a run that makes, replaces and removes; *old* is the certificate that is bound."""
    return (
        creating("early", "second", early=True),
        adding(certificate(), "early", early=True),
        replacing(WEB_CONFIG, b"old", b"new"),
        changing(KEY, None, dword(1)),
        StageContainer("replaced", seen(node, "replaced"), container("second")),
        StageContainer("deleted", seen(node, "deleted"), None),
        StageAppPool("Plain", PLAIN, only(load=False)),
        binding(BINDING, bound(old), bound(certificate())),
        RecycleAppPool("Plain"),
    )


def exportable_changes(node: SandboxNode, old: Any) -> tuple[Staging, ...]:
    """Answer the run with keys that its way back can keep."""
    keys = {"early": None, "replaced": seen(node, "replaced")}
    containers = {
        name: StageContainer(name, before, container("second", exportable=True), early=before is None)
        for name, before in keys.items()
    }
    return tuple(containers.get(getattr(change, "name", ""), change) for change in changes(node, old))


def shows(node: SandboxNode) -> tuple[Any, ...]:
    """Answer all that the run changes."""
    containers = [look(node, name) for name in ("early", "replaced", "deleted")]
    value = look_at_value(node, KEY)
    return (*containers, value, shown(node, certificate()), pools(node), listed(node), node.read(WEB_CONFIG))


def provided(root: Path) -> tuple[SandboxNode, Any]:
    """Answer a node on which the run can be staged, and the certificate that is bound."""
    node = SandboxNode(root)
    install(node)
    node.write(WEB_CONFIG, b"old")
    for name in ("replaced", "deleted"):
        prepare(node, name, exportable=True)
    old = provide(node)
    roll_out(node, binding(BINDING, None, bound(old)))
    return node, old


@pytest.fixture
def unstaged(tmp_path: Path) -> tuple[SandboxNode, tuple[Staging, ...]]:
    """Answer a node, and the run that can be staged there, with keys that its way back can keep."""
    node, old = provided(tmp_path / "prepared" / "web1")
    return node, exportable_changes(node, old)


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[SandboxNode, tuple[Any, ...]]:
    """Answer a node on which the run is staged, and what the node showed before it."""
    node, old = provided(tmp_path_factory.mktemp("nodes") / "web1")
    before = shows(node)
    stage(node, *changes(node, old))
    return node, before


def crashes(
    folder: Path, prepared: SandboxNode, dying: tuple[Operation, ...], *, delivered: str | None = None
) -> Iterator[SandboxNode]:
    """Yield a copy of *prepared* for each point at which it can die while it carries out *dying*."""
    for point in range(MANY):
        node = SandboxNode(folder / f"{point}" / "web1")
        shutil.copytree(prepared.root, node.root, dirs_exist_ok=True)
        if not killed_at(point, lambda node=node: done(node, *dying, delivered=delivered)):  # type: ignore[misc]
            assert point > 20  # otherwise nothing was tried
            return
        yield node
    pytest.fail("the work never comes to its end")


def has_gone_back(node: SandboxNode, before: tuple[Any, ...]) -> None:
    """Fail unless the node shows what it showed before, and the run left no key."""
    assert shows(node) == before
    assert (journal_of(node)["run"], journal_of(node)["holder"]) == (None, None)
    assert left_of(node.tree(), "first", "second") == []


def test_after_a_crash_in_the_switch_all_go_back(tmp_path: Path, staged: tuple[SandboxNode, tuple[Any, ...]]) -> None:
    prepared, before = staged
    for node in crashes(tmp_path, prepared, (COMMIT,)):
        done(node, RollBack())
        has_gone_back(node, before)


def test_after_a_crash_in_the_switch_all_go_forward(
    tmp_path: Path, staged: tuple[SandboxNode, tuple[Any, ...]]
) -> None:
    prepared, before = staged
    ends = []
    for node in crashes(tmp_path, prepared, (COMMIT,)):
        done(node, acquire(), COMMIT)
        ends.append(shows(node))
        assert holds(node, KEY) == dword(1)
        assert journal_of(node)["phase"] == "committed"
    assert ends.count(ends[0]) == len(ends)
    assert before not in ends


def test_after_a_crash_while_going_back_all_go_back(
    tmp_path: Path, staged: tuple[SandboxNode, tuple[Any, ...]]
) -> None:
    prepared, before = staged
    committed = SandboxNode(tmp_path / "committed" / "web1")
    shutil.copytree(prepared.root, committed.root, dirs_exist_ok=True)
    done(committed, COMMIT)
    for node in crashes(tmp_path, committed, (RollBack(),)):
        node.pass_time(LEASE)
        assert done(node, RollBack()) == {}
        has_gone_back(node, before)


def test_a_stage_request_that_died_is_done_when_it_is_delivered_again(
    tmp_path: Path, unstaged: tuple[SandboxNode, tuple[Staging, ...]]
) -> None:
    prepared, run = unstaged
    before, request = shows(prepared), (acquire(), BeginJournal(), *run)
    for node in crashes(tmp_path, prepared, request, delivered="id"):
        done(node, *request, delivered="id")
        done(node, COMMIT)
        assert holds(node, KEY) == dword(1)
        done(node, RollBack())
        has_gone_back(node, before)


def test_after_a_crash_while_a_run_is_taken_back_all_go_back_or_forward(
    tmp_path: Path, unstaged: tuple[SandboxNode, tuple[Staging, ...]]
) -> None:
    prepared, run = unstaged
    before = shows(prepared)
    roll_out(prepared, *run, run="earlier")
    after = shows(prepared)
    stage(prepared, StageBackup("earlier", False))
    for number, node in enumerate(crashes(tmp_path, prepared, (COMMIT,))):
        if number % 2:
            done(node, RollBack())
            assert shows(node) == after
            assert standing(node, "earlier") == ["as_left"] * (len(run) - 1)
        else:
            done(node, COMMIT, Confirm(keep=0))
            has_gone_back(node, before)
            assert standing(node, "earlier") == []
