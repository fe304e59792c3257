"""The node dies at every point at which it changes its disk, and the next call heals it.

A child process is killed at its n-th change of a file, for all n: nothing that Python would do on the
way out happens. Then a new node in the same folder goes back, or confirms, or is resumed by another
operator once the lease has run out.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from keydeploy import render
from keydeploy.node.contract import BeginJournal, Commit, Confirm, Operation, Request, RollBack, StageBackup
from keydeploy.plan import Finish
from keydeploy.spec.model import Backups
from tests.node.contract.asking import (
    LEASE,
    RUN,
    acquire,
    ask,
    backup_of,
    done,
    journal_of,
    refusal,
    replacing,
    roll_out,
    standing,
)
from tests.node.contract.under_test import OWN_FOLDER, SandboxNode

FIRST, SECOND, CREATED = "C:\\inetpub\\a\\web.config", "C:\\inetpub\\b\\web.config", "C:\\inetpub\\b\\new.config"
FILES = (
    replacing(FIRST, b"first old", b"first NEW" * 1000),
    replacing(SECOND, b"second old", b"second NEW"),
    replacing(CREATED, None, b"created NEW"),
)
CHANGES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.chown"}
"""The audit events at which the node is killed; each precedes its system call. Opening to read changes nothing."""

KILLED, FINISHED = 9, 0
MANY = 500


def killed_at(point: int, work: Callable[[], object]) -> bool:
    """Do *work* in a child that dies at its change number *point* of the disk; tell whether it came so far."""
    child = os.fork()
    if child == 0:
        _die_at(point)
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(FINISHED)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (KILLED, FINISHED)
    return code == KILLED


def _die_at(point: int) -> None:
    left = point
    opened = False

    def count() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os._exit(KILLED)

    def before(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal opened
        writes = event == "open" and arguments[2] & os.O_ACCMODE != os.O_RDONLY
        if writes or event in CHANGES:
            count()
        opened = opened or writes

    def after(_frame: FrameType, event: str, function: object) -> None:
        """Die between the opening of a file, which empties it, and the first byte."""
        nonlocal opened
        if opened and event == "c_return" and getattr(function, "__name__", "") == "open":
            opened = False
            count()

    sys.addaudithook(before)
    sys.setprofile(after)


def crashes(
    folder: Path,
    prepared: tuple[Operation, ...],
    dying: tuple[Operation, ...],
    *,
    earlier: Callable[[SandboxNode], object] = lambda _node: None,
    delivered: str | None = None,
) -> Iterator[SandboxNode]:
    """Yield a node for each point at which it can die while it carries out *dying*, a lease after *prepared*.

    *earlier* is what happened on the node before; *delivered* is the id of the request with *dying*.
    """
    for point in range(MANY):
        node = SandboxNode(folder / f"{point}" / "web1")
        node.write(FIRST, b"first old")
        node.write(SECOND, b"second old")
        earlier(node)
        if prepared:
            done(node, *prepared)
            node.pass_time(LEASE + 1)
        if not killed_at(point, lambda node=node: done(node, *dying, delivered=delivered)):  # type: ignore[misc]
            assert point > 5  # otherwise nothing was tried
            return
        yield node
    pytest.fail("the work never comes to its end")


def contents(node: SandboxNode) -> dict[str, bytes]:
    return node.tree("C:\\inetpub")


OLD = {"a/web.config": b"first old", "b/web.config": b"second old"}
NEW = {"a/web.config": b"first NEW" * 1000, "b/web.config": b"second NEW", "b/new.config": b"created NEW"}

STAGE = (acquire(), BeginJournal(), *FILES)
COMMIT = (Commit(1_800_000_100.5, 60.0),)
STAGED: tuple[Operation, ...] = STAGE
COMMITTED: tuple[Operation, ...] = (*STAGE, *COMMIT)


def has_gone_back(node: SandboxNode) -> None:
    """Fail unless the files are as they were, the lock is free and the run has left no content behind."""
    assert contents(node) == OLD
    assert set(node.tree(OWN_FOLDER)) <= {"lock.json", "lock.new", "journal.new", "ended.json", "ended.new"}
    assert journal_of(node)["holder"] is None


def is_tidy(node: SandboxNode) -> None:
    """Fail unless the run has ended, the lock is free and nothing of the new content is left behind."""
    journal = journal_of(node)
    assert (journal["run"], journal["holder"]) == (None, None)
    assert [name for name, content in node.tree(OWN_FOLDER).items() if b"NEW" in content] == []


@pytest.mark.parametrize(
    ("prepared", "dying"),
    [((), STAGE), (STAGED, COMMIT), (COMMITTED, (RollBack(),)), (STAGED, (RollBack(),))],
    ids=["staging", "committing", "rolling back", "unstaging"],
)
def test_after_a_crash_the_node_goes_back_completely(
    tmp_path: Path, prepared: tuple[Operation, ...], dying: tuple[Operation, ...]
) -> None:
    for node in crashes(tmp_path, prepared, dying):
        for path, before, after in ((FIRST, b"first old", NEW["a/web.config"]), (SECOND, b"second old", b"second NEW")):
            assert node.read(path) in (before, after)  # at no moment is a file missing or cut
        done(node, RollBack())
        has_gone_back(node)


def test_after_a_crash_while_confirming_the_node_is_whole_and_tidy(tmp_path: Path) -> None:
    for node in crashes(tmp_path, COMMITTED, (Confirm(),)):
        assert contents(node) == NEW
        confirmed = journal_of(node)["run"] is None
        (result,) = ask(node, RollBack())
        assert ("error" in result) == confirmed
        if not confirmed:
            has_gone_back(node)
            continue
        assert contents(node) == NEW
        is_tidy(node)


def test_after_a_crash_while_confirming_it_can_be_confirmed_again(tmp_path: Path) -> None:
    for node in crashes(tmp_path, COMMITTED, (Confirm(),)):
        done(node, Confirm())
        assert contents(node) == NEW
        is_tidy(node)


# Another operator


def finishing(*, forward: bool) -> Request:
    run = Finish(node="web1", run=RUN, forward=forward)
    return render.finish(run, "another@controller", LEASE, Backups(), leave=False)


def finish(node: SandboxNode, *, forward: bool) -> str | None:
    """Bring the run to its end as another operator, and answer the code of the refusal to do so, if any."""
    node.pass_time(3 * LEASE)
    results = ask(node, *finishing(forward=forward).operations)
    return next((result["error"]["code"] for result in results if "error" in result), None)


def is_free_for_others(node: SandboxNode) -> bool:
    """Tell whether another run can begin, and the one that died cannot go on."""
    done(node, acquire(), BeginJournal(), run="another")
    return refusal(node, Commit(node.clock(), 2.0), generation=1) == "generation"


BACK, FORWARD = False, True


@pytest.mark.parametrize(
    ("prepared", "dying", "forward", "phases"),
    [
        ((), STAGE, BACK, {None, "staged"}),
        (STAGED, (RollBack(),), BACK, {None, "staged"}),
        (STAGED, COMMIT, BACK, {"staged", "committing"}),
        (STAGED, COMMIT, FORWARD, {"staged", "committing"}),
        (COMMITTED, (RollBack(),), BACK, {None, "committed"}),
        (COMMITTED, (Confirm(),), FORWARD, {None, "committed"}),
        (COMMITTED, (Confirm(),), BACK, {None, "committed"}),
    ],
    ids=[
        "staging, back",
        "unstaging, back",
        "committing, back",
        "committing, forward",
        "rolling back, back",
        "confirming, forward",
        "confirming, back",
    ],
)
def test_after_a_crash_another_operator_brings_the_node_wholly_to_one_end(
    tmp_path: Path,
    prepared: tuple[Operation, ...],
    dying: tuple[Operation, ...],
    forward: bool,
    phases: set[str | None],
) -> None:
    seen = set()
    for node in crashes(tmp_path, prepared, dying):
        journal = journal_of(node)
        seen.add(journal["phase"])
        if journal["run"] is None:  # it had ended already, or never begun
            expected = NEW if journal["confirmed"] == RUN else OLD
            assert (finish(node, forward=forward), contents(node)) == ("no_run", expected)
        else:
            assert (finish(node, forward=forward), contents(node)) == (None, NEW if forward else OLD)
            is_tidy(node)
        assert journal_of(node)["confirmed"] == (RUN if contents(node) == NEW else None)
        assert is_free_for_others(node)
    assert seen == phases


@pytest.mark.parametrize("forward", [FORWARD, BACK], ids=["forward", "back"])
@pytest.mark.parametrize("prepared", [STAGED, COMMITTED], ids=["staged", "committed"])
def test_when_the_other_operator_dies_too_a_third_one_brings_it_to_the_same_end(
    tmp_path: Path, prepared: tuple[Operation, ...], forward: bool
) -> None:
    for node in crashes(tmp_path, prepared, finishing(forward=forward).operations):
        ended = journal_of(node)["run"] is None
        assert finish(node, forward=forward) == ("no_run" if ended else None)
        assert contents(node) == (NEW if forward else OLD)
        assert is_free_for_others(node)


def test_a_file_that_somebody_changed_after_a_crash_in_the_switch_is_not_overwritten(tmp_path: Path) -> None:
    tried = 0
    for node in crashes(tmp_path, STAGED, COMMIT):
        if journal_of(node)["phase"] != "committing":
            continue
        tried += 1
        node.write(SECOND, b"somebody else's")
        before = contents(node)
        assert finish(node, forward=True) == "changed"
        assert contents(node) == before
        assert finish(node, forward=False) == "changed"
        assert contents(node) == {"a/web.config": b"first old", "b/web.config": b"somebody else's"}
    assert tried > 3


# What is delivered again after a crash


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_stage_request_that_died_is_done_when_it_is_delivered_again(tmp_path: Path, is_committed: bool) -> None:
    for node in crashes(tmp_path, (), STAGE, delivered="id"):
        done(node, *STAGE, delivered="id")
        if is_committed:
            done(node, *COMMIT)
            assert contents(node) == NEW
            done(node, *STAGE, delivered="id")
        done(node, RollBack())
        has_gone_back(node)


def test_a_stage_request_that_is_delivered_after_its_run_was_given_up_is_not_done(tmp_path: Path) -> None:
    for node in crashes(tmp_path, (), STAGE, delivered="id"):
        done(node, RollBack())
        assert refusal(node, acquire(), delivered="id") == "ended"
        has_gone_back(node)


@pytest.mark.parametrize("forward", [FORWARD, BACK], ids=["forward", "back"])
def test_the_end_of_a_run_that_died_is_reached_when_it_is_delivered_again(tmp_path: Path, forward: bool) -> None:
    finish = finishing(forward=forward).operations
    for node in crashes(tmp_path, STAGED, finish, delivered="id"):
        code = next((each["error"]["code"] for each in ask(node, *finish, delivered="id") if "error" in each), None)
        assert code in (None, "no_run")
        assert contents(node) == (NEW if forward else OLD)
        assert journal_of(node)["run"] is None
        assert is_free_for_others(node)


# Backups


def has_rolled_out(node: SandboxNode) -> None:
    """Let the files have been rolled out by a run that is over."""
    roll_out(node, *FILES, run="earlier")


UNDO: tuple[Operation, ...] = (acquire(), BeginJournal(), StageBackup("earlier", False))


@pytest.mark.parametrize(
    ("prepared", "dying"),
    [((), UNDO), (UNDO, COMMIT), ((*UNDO, *COMMIT), (RollBack(),)), (UNDO, (RollBack(),))],
    ids=["staging", "committing", "rolling back", "unstaging"],
)
def test_after_a_crash_while_a_run_is_taken_back_the_node_is_as_that_run_left_it(
    tmp_path: Path, prepared: tuple[Operation, ...], dying: tuple[Operation, ...]
) -> None:
    for node in crashes(tmp_path, prepared, dying, earlier=has_rolled_out):
        done(node, RollBack())
        assert contents(node) == NEW
        assert standing(node, "earlier") == ["as_left"] * 3
        assert {name.split("/")[1] for name in node.tree(OWN_FOLDER) if "/" in name} == {"earlier"}
        assert is_free_for_others(node)


@pytest.mark.parametrize(
    ("prepared", "dying"), [(UNDO, COMMIT), ((*UNDO, *COMMIT), (Confirm(),))], ids=["committing", "confirming"]
)
def test_after_a_crash_another_operator_takes_a_run_back_to_the_end(
    tmp_path: Path, prepared: tuple[Operation, ...], dying: tuple[Operation, ...]
) -> None:
    for node in crashes(tmp_path, prepared, dying, earlier=has_rolled_out):
        ended = journal_of(node)["run"] is None
        assert finish(node, forward=True) == ("no_run" if ended else None)
        assert contents(node) == OLD
        assert standing(node, "earlier") == ["as_before"] * 3
        assert standing(node, RUN) == ["as_left"] * 3
        roll_out(node, StageBackup(RUN, False), run="redo")
        assert contents(node) == NEW


def test_a_request_to_take_a_run_back_that_died_is_done_when_it_is_delivered_again(tmp_path: Path) -> None:
    for node in crashes(tmp_path, (), UNDO, earlier=has_rolled_out, delivered="id"):
        done(node, *UNDO, delivered="id")
        done(node, *COMMIT)
        assert contents(node) == OLD


@pytest.mark.parametrize("keep", [0, 1])
def test_after_a_crash_while_backups_go_what_is_left_is_whole_or_goes_with_the_next_run(
    tmp_path: Path, keep: int
) -> None:
    for node in crashes(tmp_path, COMMITTED, (Confirm(keep=keep),), earlier=lambda node: roll_out(node, run="earlier")):
        for backup in journal_of(node)["backups"]:
            assert (backup_of(node, backup["run"])["run"] is not None) == backup["kept"]
        done(node, Confirm(keep=keep))
        assert [backup["kept"] for backup in journal_of(node)["backups"]] == [keep == 1]
        assert len([name for name in node.tree(OWN_FOLDER) if "/" in name]) == (1 if keep == 0 else 6)
        assert contents(node) == NEW
