"""Stage, commit, confirm and roll back: all files of a run switch at its instant, and go back together."""

from datetime import datetime

import pytest

from keydeploy.edit import Splice
from keydeploy.node.contract import BeginJournal, Commit, Confirm, ReadFile, ReadSystem, RollBack, StageFile
from keydeploy.secret import Secret
from tests.node.contract.asking import (
    RUN,
    WEB_CONFIG,
    acquire,
    ask,
    done,
    journal_of,
    refusal,
    replacing,
    roll_out,
    stage,
    switch,
    tag_of,
)
from tests.node.contract.under_test import OWN_FOLDER, NodeUnderTest

OTHER = "C:\\inetpub\\other\\web.config"
CREATED = "C:\\inetpub\\portal\\new.config"
GRACE = 2.0
MARK = b"MARKED-5ec2e7"


@pytest.fixture
def farm_node(node: NodeUnderTest) -> NodeUnderTest:
    node.write(WEB_CONFIG, b"old")
    node.write(OTHER, b"other old")
    return node


THREE = (
    replacing(WEB_CONFIG, b"old", b"new"),
    replacing(OTHER, b"other old", b"other new"),
    replacing(CREATED, None, b"created"),
)


def contents(node: NodeUnderTest) -> tuple[bytes | None, ...]:
    return tuple(node.read(path) for path in (WEB_CONFIG, OTHER, CREATED))


OLD, NEW = (b"old", b"other old", None), (b"new", b"other new", b"created")


# Stage


def test_staging_changes_no_file(farm_node: NodeUnderTest) -> None:
    before = farm_node.tree("C:\\inetpub")
    stage(farm_node, *THREE)
    assert farm_node.tree("C:\\inetpub") == before
    assert (journal_of(farm_node)["run"], journal_of(farm_node)["phase"]) == (RUN, "staged")


def test_edits_are_applied_to_the_bytes_of_the_node(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"0123456789")
    splices = (Splice(0, 0, Secret(b"<")), Splice(3, 5, Secret(b"")), Splice(10, 10, Secret(b">")))
    roll_out(node, StageFile(WEB_CONFIG, tag_of(b"0123456789"), splices))
    assert node.read(WEB_CONFIG) == b"<01256789>"


def test_a_file_without_edits_stays_as_it_is(farm_node: NodeUnderTest) -> None:
    roll_out(farm_node, StageFile(WEB_CONFIG, tag_of(b"old"), ()))
    assert farm_node.read(WEB_CONFIG) == b"old"


@pytest.mark.parametrize("tag", [tag_of(b"another content"), "", None])
def test_a_file_that_is_not_as_it_was_observed_is_not_staged(farm_node: NodeUnderTest, tag: str | None) -> None:
    assert refusal(farm_node, acquire(), BeginJournal(), StageFile(WEB_CONFIG, tag, ())) == "changed"


def test_a_file_that_has_gone_is_not_staged(node: NodeUnderTest) -> None:
    node.write(OTHER, b"")
    gone = replacing("C:\\inetpub\\other\\gone.config", b"old", b"new")
    assert refusal(node, acquire(), BeginJournal(), gone) == "changed"


def test_an_empty_file_is_not_a_missing_one(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"")
    assert refusal(node, acquire(), BeginJournal(), replacing(WEB_CONFIG, None, b"new")) == "changed"
    roll_out(node, replacing(WEB_CONFIG, b"", b"new"), run=RUN)
    assert node.read(WEB_CONFIG) == b"new"


def test_what_follows_a_refused_file_is_not_done(farm_node: NodeUnderTest) -> None:
    wrong = replacing(WEB_CONFIG, b"another content", b"new")
    results = ask(farm_node, acquire(), BeginJournal(), wrong, THREE[1], ReadSystem())
    codes = [result["error"]["code"] if "error" in result else "ok" for result in results]
    assert codes == ["ok", "ok", "changed", "not_done", "not_done"]


@pytest.mark.parametrize(
    "splices",
    [
        (Splice(2, 4, Secret(MARK)),),
        (Splice(3, 1, Secret(MARK)),),
        (Splice(1, 2, Secret(MARK)), Splice(0, 1, Secret(MARK))),
    ],
    ids=["beyond the end", "backwards", "out of order"],
)
def test_edits_that_do_not_fit_are_refused_without_quoting_them(
    farm_node: NodeUnderTest, splices: tuple[Splice, ...]
) -> None:
    results = ask(farm_node, acquire(), BeginJournal(), StageFile(WEB_CONFIG, tag_of(b"old"), splices))
    assert results[-1]["error"]["code"] == "request"
    assert MARK.decode() not in str(results)


@pytest.mark.parametrize(
    "path",
    [
        "web.config",
        "%unknown%\\web.config",
        "\\\\server\\share\\web.config",
        "//server/share/web.config",
        "C:\\inetpub\\missing\\web.config",
        "C:\\inetpub\\portal",
    ],
)
def test_only_a_file_in_a_local_folder_that_exists_can_be_staged(farm_node: NodeUnderTest, path: str) -> None:
    assert refusal(farm_node, acquire(), BeginJournal(), replacing(path, None, b"new")) == "path"


def test_a_path_with_variables_can_be_staged(node: NodeUnderTest) -> None:
    roll_out(node, replacing("%windir%\\new.config", None, b"new"))
    assert node.read("C:\\Windows\\new.config") == b"new"


def test_staging_the_same_file_again_replaces_what_was_staged(farm_node: NodeUnderTest) -> None:
    again = replacing(WEB_CONFIG.upper(), b"old", b"newer")
    stage(farm_node, *THREE, again)
    switch(farm_node)
    assert contents(farm_node) == (b"newer", *NEW[1:])
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD


def test_beginning_again_forgets_what_the_run_had_staged(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    stage(farm_node, THREE[1])
    switch(farm_node)
    assert contents(farm_node) == (b"old", b"other new", None)


@pytest.mark.parametrize("change", [BeginJournal(), THREE[0]], ids=["begin", "stage"])
def test_a_run_that_has_switched_can_neither_begin_nor_stage_again(
    farm_node: NodeUnderTest, change: BeginJournal | StageFile
) -> None:
    stage(farm_node, *THREE[1:])
    switch(farm_node)
    assert refusal(farm_node, change) == "unfinished"
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD


@pytest.mark.parametrize("change", [THREE[0], Commit(0.0, 1e12), Confirm()], ids=["stage", "commit", "confirm"])
def test_a_run_that_has_not_begun_has_nothing_to_change(
    farm_node: NodeUnderTest, change: StageFile | Commit | Confirm
) -> None:
    assert refusal(farm_node, acquire(), change) == "no_run"


# Commit


def test_all_files_switch_and_the_answer_tells_when(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    before = farm_node.clock()
    committed = datetime.fromisoformat(done(farm_node, Commit(before, GRACE))["committed"]).timestamp()
    assert before - 1e-5 <= committed <= farm_node.clock() + 1e-5
    assert contents(farm_node) == NEW
    assert journal_of(farm_node)["phase"] == "committed"


def test_the_node_waits_for_the_instant_on_its_own_clock(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    at = farm_node.clock() + 3.5
    committed = datetime.fromisoformat(done(farm_node, Commit(at, GRACE))["committed"]).timestamp()
    assert at - 1e-5 <= committed <= at + GRACE
    assert farm_node.clock() >= at


def test_while_the_node_waits_nothing_is_switched(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    seen: list[tuple[bytes | None, ...]] = []
    farm_node.while_waiting(lambda: seen.append(contents(farm_node)))
    done(farm_node, Commit(farm_node.clock() + 3.5, GRACE))
    assert seen == [OLD]


def test_a_reading_after_the_commit_sees_the_new_content(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    answer = done(farm_node, Commit(farm_node.clock(), GRACE), ReadFile(WEB_CONFIG))
    assert answer["tag"] == tag_of(b"new")


def test_a_node_within_its_grace_switches(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    done(farm_node, Commit(farm_node.clock() - GRACE / 2, GRACE))
    assert contents(farm_node) == NEW


def test_a_node_that_is_later_than_its_grace_does_not_switch(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    assert refusal(farm_node, Commit(farm_node.clock() - GRACE - 0.5, GRACE)) == "late"
    assert contents(farm_node) == OLD
    assert journal_of(farm_node)["phase"] == "staged"


def test_a_node_that_slept_through_its_grace_does_not_switch(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    farm_node.while_waiting(lambda: farm_node.pass_time(GRACE + 0.5))
    assert refusal(farm_node, Commit(farm_node.clock() + 3.5, GRACE)) == "late"
    assert contents(farm_node) == OLD


@pytest.mark.parametrize("path", [WEB_CONFIG, OTHER, CREATED])
def test_one_file_that_changed_since_it_was_staged_stops_them_all(farm_node: NodeUnderTest, path: str) -> None:
    stage(farm_node, *THREE)
    farm_node.write(path, b"somebody else's")
    before = contents(farm_node)
    assert refusal(farm_node, Commit(farm_node.clock(), GRACE)) == "changed"
    assert contents(farm_node) == before
    done(farm_node, RollBack())
    assert contents(farm_node) == before


def test_a_file_that_changes_while_the_node_waits_is_not_overwritten(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    farm_node.while_waiting(lambda: farm_node.write(OTHER, b"somebody else's"))
    assert refusal(farm_node, Commit(farm_node.clock() + 3.5, GRACE)) == "changed"
    assert contents(farm_node) == (b"old", b"somebody else's", None)


def test_a_repeated_commit_answers_the_first_instant(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    commit = Commit(farm_node.clock(), GRACE)
    first = done(farm_node, commit)
    farm_node.pass_time(30)
    assert done(farm_node, commit) == first
    assert contents(farm_node) == NEW


# Confirm


def test_confirming_leaves_the_files_and_removes_what_was_staged(farm_node: NodeUnderTest) -> None:
    node = farm_node
    node.write(OTHER, b"")
    stage(node, replacing(WEB_CONFIG, b"old", MARK), replacing(OTHER, b"", MARK))
    switch(node)
    done(node, Confirm())
    assert (node.read(WEB_CONFIG), journal_of(node)["run"]) == (MARK, None)
    assert [name for name, content in node.tree(OWN_FOLDER).items() if MARK in content] == []


def test_a_run_that_has_not_switched_cannot_be_confirmed(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    assert refusal(farm_node, Confirm()) == "unfinished"
    assert journal_of(farm_node)["run"] == RUN


def test_a_repeated_confirmation_is_answered_as_the_first(farm_node: NodeUnderTest) -> None:
    roll_out(farm_node, *THREE, run=RUN)
    before = farm_node.tree()
    assert done(farm_node, Confirm()) == {}
    assert farm_node.tree() == before


def test_a_repeated_confirmation_leaves_the_next_run_alone(farm_node: NodeUnderTest) -> None:
    roll_out(farm_node, *THREE, run=RUN)
    stage(farm_node, replacing(WEB_CONFIG, b"new", b"newer"), run="run-2")
    done(farm_node, Confirm())
    assert (journal_of(farm_node)["run"], journal_of(farm_node)["generation"]) == ("run-2", 2)
    switch(farm_node, run="run-2")
    assert farm_node.read(WEB_CONFIG) == b"newer"


def test_a_confirmed_run_cannot_be_rolled_back(farm_node: NodeUnderTest) -> None:
    roll_out(farm_node, *THREE, run=RUN)
    assert refusal(farm_node, RollBack()) == "no_run"
    assert contents(farm_node) == NEW


def test_a_confirmed_run_cannot_be_rolled_back_either_when_its_backup_has_gone(farm_node: NodeUnderTest) -> None:
    roll_out(farm_node, *THREE, run=RUN)
    stage(farm_node, replacing(WEB_CONFIG, b"new", b"newer"), run="run-2")
    switch(farm_node, run="run-2")
    done(farm_node, Confirm(keep=0), run="run-2")
    assert refusal(farm_node, RollBack()) == "no_run"
    assert contents(farm_node) == (b"newer", *NEW[1:])


# Roll back


def test_rolling_back_restores_and_deletes_what_was_created(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    assert contents(farm_node) == NEW
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD
    assert journal_of(farm_node)["run"] is None


def test_rolling_back_before_the_commit_unstages(farm_node: NodeUnderTest) -> None:
    before = farm_node.tree("C:\\inetpub")
    stage(farm_node, replacing(WEB_CONFIG, b"old", MARK))
    done(farm_node, RollBack())
    assert farm_node.tree("C:\\inetpub") == before
    assert [name for name, content in farm_node.tree(OWN_FOLDER).items() if MARK in content] == []
    assert journal_of(farm_node)["holder"] is None


@pytest.mark.parametrize("path", [WEB_CONFIG, OTHER, CREATED])
def test_a_file_that_somebody_changed_after_the_commit_is_left_and_the_others_go_back(
    farm_node: NodeUnderTest, path: str
) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    farm_node.write(path, b"somebody else's")
    assert refusal(farm_node, RollBack()) == "changed"
    expected = {**dict(zip((WEB_CONFIG, OTHER, CREATED), OLD, strict=True)), path: b"somebody else's"}
    assert contents(farm_node) == tuple(expected.values())
    assert journal_of(farm_node)["run"] == RUN


def test_a_roll_back_that_was_refused_succeeds_once_the_file_is_as_it_was(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    farm_node.write(WEB_CONFIG, b"somebody else's")
    assert refusal(farm_node, RollBack()) == "changed"
    farm_node.write(WEB_CONFIG, b"old")
    done(farm_node, RollBack())
    assert contents(farm_node) == OLD


def test_a_repeated_roll_back_is_answered_as_the_first(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    assert done(farm_node, RollBack()) == {}
    assert done(farm_node, RollBack()) == {}
    assert contents(farm_node) == OLD


def test_a_run_that_never_took_the_node_has_nothing_to_roll_back(farm_node: NodeUnderTest) -> None:
    before = but_for_its_end(farm_node)
    done(farm_node, RollBack())
    assert but_for_its_end(farm_node) == before
    stage(farm_node, *THREE, run="another")
    before = but_for_its_end(farm_node)
    done(farm_node, RollBack())
    done(farm_node, RollBack(), run="run-2")
    assert but_for_its_end(farm_node) == before
    switch(farm_node, run="another")
    assert contents(farm_node) == NEW


def but_for_its_end(node: NodeUnderTest) -> dict[str, bytes]:
    """Answer all files but for the note that a run has ended."""
    return {name: content for name, content in node.tree().items() if not name.endswith("keydeploy/ended.json")}


def test_another_run_can_stage_what_went_back(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    done(farm_node, RollBack())
    roll_out(farm_node, *THREE, run="run-2")
    assert contents(farm_node) == NEW
