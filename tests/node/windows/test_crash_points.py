"""The Windows node dies at every point at which it changes its disk, and the next call heals it.

On Mono, where the disk is a stand-in that can kill its process: before a change, in the middle of a written
file, and between the two steps in which Windows replaces a file.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keydeploy.node import paths
from keydeploy.node.contract import BeginJournal, Commit, Confirm, Operation, RollBack, StageBackup
from tests.node.contract.asking import LEASE, RUN, acquire, ask, done, journal_of, replacing, resume, roll_out, standing
from tests.node.windows import program
from tests.node.windows.host import Host, HostFailedError
from tests.node.windows.nodes import NOW, HostedNode

FIRST, SECOND, CREATED = "C:\\inetpub\\a\\web.config", "C:\\inetpub\\b\\web.config", "C:\\inetpub\\b\\new.config"
FILES = (
    replacing(FIRST, b"first old", b"first NEW"),
    replacing(SECOND, b"second old", b"second NEW"),
    replacing(CREATED, None, b"created NEW"),
)
OLD = {"a/web.config": b"first old", "b/web.config": b"second old"}
NEW = {"a/web.config": b"first NEW", "b/web.config": b"second NEW", "b/new.config": b"created NEW"}

STAGE: tuple[Operation, ...] = (acquire(), BeginJournal(), *FILES)
COMMIT: tuple[Operation, ...] = (Commit(NOW + LEASE + 2.0, 60.0),)
MANY = 200
ID = "5b1d"


@pytest.fixture
def node_program(mono_runtime: None) -> Path:
    assert mono_runtime is None
    return program.for_mono(program.own_sources())


def crashes(
    compiled: Path,
    folder: Path,
    prepared: tuple[Operation, ...],
    dying: tuple[Operation, ...],
    *,
    earlier: Callable[[HostedNode], object] = lambda _node: None,
) -> Iterator[HostedNode]:
    """Yield a node for each point at which it can die while it carries out *dying*, a lease after *prepared*.

    *earlier* is what happened on the node before. All that is asked comes in requests of one id.
    """
    whole = start(compiled, folder / "whole")
    whole.write(FIRST, b"first old")
    whole.write(SECOND, b"second old")
    earlier(whole)
    if prepared:
        done(whole, *prepared, delivered=ID)
    for point in range(1, MANY):
        root = folder / f"{point}"
        shutil.copytree(whole.root, root)
        node = start(compiled, root, dies_at=point)
        try:
            done(node, *dying, delivered=ID)
        except HostFailedError:
            node = start(compiled, root)
            yield node
            node.host.close()
            continue
        node.host.close()
        whole.host.close()
        assert point > 5  # otherwise nothing was tried
        return
    pytest.fail("the work never comes to its end")


def start(compiled: Path, root: Path, dies_at: int | None = None) -> HostedNode:
    for name in ("Windows", "ProgramData"):
        paths.locate(root, f"C:\\{name}").mkdir(parents=True, exist_ok=True)
    node = HostedNode(Host.on_mono(compiled, root, dies_at=dies_at), root)
    node.pass_time(LEASE + 1)
    return node


def contents(node: HostedNode) -> dict[str, bytes]:
    return node.tree("C:\\inetpub")


@pytest.mark.parametrize(
    ("prepared", "dying"),
    [((), STAGE), (STAGE, COMMIT), ((*STAGE, *COMMIT), (RollBack(),)), (STAGE, (RollBack(),))],
    ids=["staging", "committing", "rolling back", "unstaging"],
)
def test_after_a_crash_the_node_goes_back_completely(
    node_program: Path, tmp_path: Path, prepared: tuple[Operation, ...], dying: tuple[Operation, ...]
) -> None:
    for node in crashes(node_program, tmp_path, prepared, dying):
        done(node, RollBack())
        assert contents(node) == OLD
        journal = journal_of(node)
        assert (journal["run"], journal["holder"]) == (None, None)
        assert not any("/" in name for name in node.tree("C:\\ProgramData\\keydeploy"))


def test_after_a_crash_in_the_switch_another_operator_brings_it_to_its_end(node_program: Path, tmp_path: Path) -> None:
    for node in crashes(node_program, tmp_path, STAGE, COMMIT):
        node.pass_time(3 * LEASE)
        done(node, resume(), Commit(node.clock(), 2.0), Confirm())
        assert contents(node) == NEW
        assert journal_of(node)["confirmed"] == "run-1"


def test_after_a_crash_while_confirming_the_node_is_whole(node_program: Path, tmp_path: Path) -> None:
    for node in crashes(node_program, tmp_path, (*STAGE, *COMMIT), (Confirm(),)):
        confirmed = journal_of(node)["run"] is None
        (result,) = ask(node, RollBack())
        assert ("error" in result) == confirmed
        assert contents(node) == (NEW if confirmed else OLD)


def test_a_stage_request_that_died_is_done_when_it_is_delivered_again(node_program: Path, tmp_path: Path) -> None:
    for node in crashes(node_program, tmp_path, (), STAGE):
        done(node, *STAGE, delivered=ID)
        done(node, Commit(node.clock(), 2.0))
        assert contents(node) == NEW
        done(node, *STAGE, delivered=ID)
        done(node, RollBack())
        assert contents(node) == OLD


# Backups


UNDO: tuple[Operation, ...] = (acquire(), BeginJournal(), StageBackup("earlier", False))


def has_rolled_out(node: HostedNode) -> None:
    """Let the files have been rolled out by a run that is over."""
    roll_out(node, *FILES, run="earlier")


def test_after_a_crash_in_the_way_back_it_goes_forward_or_back(node_program: Path, tmp_path: Path) -> None:
    for number, node in enumerate(crashes(node_program, tmp_path, UNDO, COMMIT, earlier=has_rolled_out)):
        if number % 2:
            done(node, RollBack())
            assert contents(node) == NEW
            assert standing(node, "earlier") == ["as_left"] * 3
        else:
            node.pass_time(3 * LEASE)
            done(node, resume(), Commit(node.clock(), 2.0), Confirm())
            assert contents(node) == OLD
            assert (standing(node, "earlier"), standing(node, RUN)) == (["as_before"] * 3, ["as_left"] * 3)


def test_after_a_crash_while_backups_go_what_is_left_is_whole_or_goes_with_the_next_run(
    node_program: Path, tmp_path: Path
) -> None:
    committed = (*STAGE, *COMMIT)
    for node in crashes(node_program, tmp_path, committed, (Confirm(keep=0),), earlier=roll_out):
        for backup in journal_of(node)["backups"]:
            assert bool(standing(node, backup["run"])) <= backup["kept"]
        done(node, Confirm(keep=0))
        assert [name for name in node.tree("C:\\ProgramData\\keydeploy") if "/" in name] == ["runs/run-1/record.json"]
        assert contents(node) == NEW
