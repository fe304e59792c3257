"""Backups: how long they are kept, how the node stands against one, and the way back of a whole run."""

from datetime import datetime

import pytest

from keydeploy.node.contract import BeginJournal, Commit, Confirm, RollBack, StageBackup
from tests.node.contract.asking import (
    LEASE,
    RUN,
    WEB_CONFIG,
    acquire,
    ask,
    backup_of,
    done,
    journal_of,
    refusal,
    refused,
    replacing,
    resume,
    roll_out,
    stage,
    standing,
    switch,
)
from tests.node.contract.under_test import OWN_FOLDER, NodeUnderTest

OTHER, CREATED = "C:\\inetpub\\other\\web.config", "C:\\inetpub\\portal\\new.config"
THREE = (
    replacing(WEB_CONFIG, b"old", b"new"),
    replacing(OTHER, b"other old", b"other new"),
    replacing(CREATED, None, b"created"),
)
OLD, NEW = (b"old", b"other old", None), (b"new", b"other new", b"created")
GRACE = 2.0
MARK = b"MARKED-5ec2e7"
DAY = 24 * 3600.0
NO_BACKUP: dict[str, object] = {"run": None, "committed": None, "places": []}
BACK = StageBackup(RUN, False)
FORCED = StageBackup(RUN, True)
ID = "5b1d"


@pytest.fixture
def farm_node(node: NodeUnderTest) -> NodeUnderTest:
    node.write(WEB_CONFIG, b"old")
    node.write(OTHER, b"other old")
    return node


@pytest.fixture
def confirmed(farm_node: NodeUnderTest) -> NodeUnderTest:
    """Answer a node on which a run has replaced two files and made one."""
    roll_out(farm_node, *THREE, run=RUN)
    return farm_node


def contents(node: NodeUnderTest) -> tuple[bytes | None, ...]:
    return tuple(node.read(path) for path in (WEB_CONFIG, OTHER, CREATED))


def kept(node: NodeUnderTest) -> dict[str, bool]:
    """Answer the runs of which the journal knows a backup, and whether its contents are there."""
    return {backup["run"]: backup["kept"] for backup in journal_of(node)["backups"]}


def left(node: NodeUnderTest) -> list[str]:
    """Answer the contents that ended runs have left in keydeploy's folder."""
    return sorted(name for name in node.tree(OWN_FOLDER) if "/" in name and not name.endswith("record.json"))


def roll_on(node: NodeUnderTest, run: str, confirm: Confirm, *, before: bytes, after: bytes) -> None:
    """Roll *after* out, in a run of its own that is confirmed by *confirm*."""
    stage(node, replacing(WEB_CONFIG, before, after), run=run)
    switch(node, run)
    done(node, confirm, run=run)


def successive(node: NodeUnderTest, **confirms: Confirm) -> None:
    """Roll out one run after the other."""
    node.write(WEB_CONFIG, b"0")
    for number, (run, confirm) in enumerate(confirms.items()):
        roll_on(node, run, confirm, before=str(number).encode(), after=str(number + 1).encode())


# How long they are kept


def test_the_journal_tells_the_backups_the_latest_last(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE, run="b")
    committed = done(farm_node, Commit(farm_node.clock(), GRACE), run="b")["committed"]
    farm_node.pass_time(10)
    done(farm_node, Confirm(), run="b")
    roll_out(farm_node, run="a")
    backups = journal_of(farm_node)["backups"]
    assert [(backup["run"], backup["kept"]) for backup in backups] == [("b", True), ("a", True)]
    assert backups[0]["committed"] == committed


def test_as_many_backups_are_kept_as_the_confirmation_says(node: NodeUnderTest) -> None:
    successive(node, d=Confirm(keep=3), c=Confirm(keep=3), b=Confirm(keep=3))
    assert list(kept(node)) == ["d", "c", "b"]
    roll_on(node, "a", Confirm(keep=3), before=b"3", after=b"4")
    assert list(kept(node)) == ["c", "b", "a"]
    assert {name.split("/")[1] for name in left(node)} == {"c", "b", "a"}


def test_five_backups_are_kept_where_the_confirmation_says_no_more(node: NodeUnderTest) -> None:
    names = [f"run-{number}" for number in range(7)]
    for count, name in enumerate(names, 1):
        roll_out(node, run=name)
        assert list(kept(node)) == names[max(0, count - 5) : count]


def test_a_backup_that_is_too_old_goes_with_the_next_run_that_ends(node: NodeUnderTest) -> None:
    successive(node, old=Confirm(expire=DAY), young=Confirm(expire=DAY))
    node.pass_time(DAY - 1)
    roll_on(node, "third", Confirm(expire=DAY), before=b"2", after=b"3")
    assert list(kept(node)) == ["old", "young", "third"]
    node.pass_time(2)
    done(node, RollBack(), run="another")
    assert kept(node) == {"third": True}
    assert {name.split("/")[1] for name in left(node)} == {"third"}


def test_the_age_of_a_backup_counts_from_its_switch(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"old")
    stage(node, replacing(WEB_CONFIG, b"old", b"new"))
    switch(node)
    node.pass_time(DAY)
    done(node, Confirm(expire=DAY))
    assert kept(node) == {RUN: False}


def test_the_latest_confirmation_says_how_many_are_kept(node: NodeUnderTest) -> None:
    successive(node, a=Confirm(keep=5), b=Confirm(keep=5), c=Confirm(keep=2))
    assert list(kept(node)) == ["b", "c"]
    roll_on(node, "d", Confirm(keep=5), before=b"3", after=b"4")
    assert list(kept(node)) == ["b", "c", "d"]


def test_the_latest_confirmation_says_how_old_they_get(node: NodeUnderTest) -> None:
    successive(node, a=Confirm(expire=DAY))
    node.pass_time(2 * DAY)
    roll_on(node, "b", Confirm(expire=3 * DAY), before=b"1", after=b"2")
    assert list(kept(node)) == ["a", "b"]
    roll_on(node, "c", Confirm(expire=DAY), before=b"2", after=b"3")
    assert list(kept(node)) == ["b", "c"]


@pytest.mark.parametrize("confirm", [Confirm(keep=0), Confirm(expire=0.0)], ids=["count", "age"])
def test_where_none_is_kept_no_content_stays(farm_node: NodeUnderTest, confirm: Confirm) -> None:
    farm_node.write(WEB_CONFIG, MARK)
    roll_on(farm_node, "earlier", Confirm(), before=MARK, after=b"old")
    stage(farm_node, *THREE)
    switch(farm_node)
    assert left(farm_node) != []
    done(farm_node, confirm)
    assert left(farm_node) == []
    assert MARK not in b"".join(farm_node.tree(OWN_FOLDER).values())
    assert contents(farm_node) == NEW
    journal = journal_of(farm_node)
    assert (journal["confirmed"], journal["last"]["how"]) == (RUN, "confirmed")
    assert kept(farm_node) == {RUN: False}
    assert done(farm_node, confirm) == {}
    assert refusal(farm_node, RollBack()) == "no_run"


def test_where_none_is_kept_a_run_that_only_made_files_cannot_go_back_either(node: NodeUnderTest) -> None:
    node.write(OTHER, b"")
    stage(node, replacing("C:\\inetpub\\other\\new.config", None, b"new"))
    switch(node)
    done(node, Confirm(keep=0))
    assert kept(node) == {RUN: False}
    assert backup_of(node, RUN) == NO_BACKUP


def test_what_was_staged_before_the_run_began_again_is_not_kept(farm_node: NodeUnderTest) -> None:
    farm_node.write(OTHER, MARK)
    stage(farm_node, THREE[0], replacing(OTHER, MARK, b"other new"), replacing(CREATED, None, MARK))
    stage(farm_node, THREE[0])
    switch(farm_node)
    done(farm_node, Confirm())
    assert [name for name in left(farm_node) if name.endswith(".after")] == []
    roll_on(farm_node, "purging", Confirm(keep=0), before=b"new", after=b"newer")
    assert left(farm_node) == []


def test_a_roll_back_leaves_the_backups_alone(farm_node: NodeUnderTest) -> None:
    roll_out(farm_node, THREE[0], run="kept")
    stage(farm_node, *THREE[1:])
    switch(farm_node)
    done(farm_node, RollBack())
    assert kept(farm_node) == {"kept": True}
    assert {name.split("/")[1] for name in left(farm_node)} == {"kept"}


# What somebody else has changed since stays where the roll back says so


@pytest.mark.parametrize("path", [WEB_CONFIG, OTHER, CREATED])
def test_a_roll_back_can_leave_what_somebody_has_changed_and_end(farm_node: NodeUnderTest, path: str) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    farm_node.write(path, b"somebody else's")
    assert refusal(farm_node, RollBack()) == "changed"
    done(farm_node, RollBack(leave=True))
    assert contents(farm_node) == tuple(
        b"somebody else's" if each == path else old for each, old in zip((WEB_CONFIG, OTHER, CREATED), OLD, strict=True)
    )
    journal = journal_of(farm_node)
    assert (journal["run"], journal["lock"], journal["last"]["how"]) == (None, None, "rolled_back")
    assert left(farm_node) == []


def test_another_operator_can_leave_what_somebody_has_changed(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    farm_node.write(OTHER, b"somebody else's")
    farm_node.pass_time(LEASE + 1)
    done(farm_node, resume(), RollBack(leave=True), delivered=ID)
    assert contents(farm_node) == (b"old", b"somebody else's", None)
    assert done(farm_node, acquire(), run="another") == {"generation": 3}


def test_where_nobody_has_changed_anything_all_go_back(farm_node: NodeUnderTest) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    done(farm_node, RollBack(leave=True))
    assert contents(farm_node) == OLD


# How the node stands against a backup


def test_after_a_run_its_places_are_as_it_left_them(confirmed: NodeUnderTest) -> None:
    backup = backup_of(confirmed, RUN)
    assert backup["run"] == RUN
    assert backup["committed"] == journal_of(confirmed)["backups"][-1]["committed"]
    assert backup["places"] == [
        {"noun": "file", "place": path, "state": "as_left"} for path in (WEB_CONFIG, OTHER, CREATED)
    ]


def test_each_place_is_compared_on_its_own(confirmed: NodeUnderTest) -> None:
    confirmed.write(WEB_CONFIG, b"old")
    confirmed.write(OTHER, b"somebody else's")
    assert standing(confirmed, RUN) == ["as_before", "changed", "as_left"]
    confirmed.write(OTHER, b"other new")
    assert standing(confirmed, RUN) == ["as_before", "as_left", "as_left"]


def test_a_place_that_did_not_change_is_as_before(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"old")
    roll_out(node, replacing(WEB_CONFIG, b"old", b"old"), run=RUN)
    assert standing(node, RUN) == ["as_before"]


def test_an_empty_file_is_neither_a_missing_one_nor_changed(node: NodeUnderTest) -> None:
    node.write(WEB_CONFIG, b"old")
    roll_out(node, replacing(WEB_CONFIG, b"old", b""), replacing(CREATED, None, b""), run=RUN)
    assert standing(node, RUN) == ["as_left", "as_left"]


def test_without_a_name_the_latest_backup_is_meant(confirmed: NodeUnderTest) -> None:
    roll_out(confirmed, replacing(WEB_CONFIG, b"new", b"newer"), run="a-later-one")
    assert (backup_of(confirmed, None)["run"], standing(confirmed, None)) == ("a-later-one", ["as_left"])
    assert standing(confirmed, RUN) == ["changed", "as_left", "as_left"]


@pytest.mark.parametrize("run", [None, "unknown", "..", ""])
def test_a_backup_that_is_not_there_is_told(node: NodeUnderTest, run: str | None) -> None:
    assert backup_of(node, run) == NO_BACKUP
    assert node.tree(OWN_FOLDER) == {}
    node.write(WEB_CONFIG, b"old")
    stage(node, replacing(WEB_CONFIG, b"old", b"new"))
    switch(node)
    assert backup_of(node, run) == NO_BACKUP


@pytest.mark.parametrize("end", [None, RollBack()], ids=["unfinished", "rolled back"])
def test_a_run_that_was_not_confirmed_has_no_backup(farm_node: NodeUnderTest, end: RollBack | None) -> None:
    stage(farm_node, *THREE)
    switch(farm_node)
    if end is not None:
        done(farm_node, end)
    assert backup_of(farm_node, RUN) == backup_of(farm_node, None) == NO_BACKUP


def test_a_backup_without_its_contents_is_none(confirmed: NodeUnderTest) -> None:
    roll_on(confirmed, "purging", Confirm(keep=0), before=b"new", after=b"newer")
    for run in (RUN, "purging", None):
        assert backup_of(confirmed, run) == NO_BACKUP


def test_comparing_with_a_backup_changes_nothing(confirmed: NodeUnderTest) -> None:
    before = confirmed.tree()
    standing(confirmed, RUN)
    assert confirmed.tree() == before


# The way back


def test_a_whole_run_is_taken_back(confirmed: NodeUnderTest) -> None:
    stage(confirmed, BACK, run="undo")
    assert contents(confirmed) == NEW
    switch(confirmed, run="undo")
    assert contents(confirmed) == OLD
    done(confirmed, Confirm(), run="undo")
    assert contents(confirmed) == OLD
    assert standing(confirmed, RUN) == ["as_before"] * 3


def test_taking_back_switches_at_its_instant(confirmed: NodeUnderTest) -> None:
    stage(confirmed, BACK, run="undo")
    at = confirmed.clock() + 3.5
    seen: list[tuple[bytes | None, ...]] = []
    confirmed.while_waiting(lambda: seen.append(contents(confirmed)))
    committed = datetime.fromisoformat(done(confirmed, Commit(at, GRACE), run="undo")["committed"]).timestamp()
    assert (seen, contents(confirmed)) == ([NEW], OLD)
    assert at - 1e-5 <= committed <= at + GRACE


@pytest.mark.parametrize("is_committed", [False, True])
def test_taking_back_can_be_rolled_back(confirmed: NodeUnderTest, is_committed: bool) -> None:
    stage(confirmed, BACK, run="undo")
    if is_committed:
        switch(confirmed, run="undo")
    done(confirmed, RollBack(), run="undo")
    assert contents(confirmed) == NEW
    assert standing(confirmed, RUN) == ["as_left"] * 3
    roll_out(confirmed, BACK, run="undo-again")
    assert contents(confirmed) == OLD


def test_taking_back_is_backed_up_in_turn(confirmed: NodeUnderTest) -> None:
    roll_out(confirmed, BACK, run="undo")
    backup = backup_of(confirmed, None)
    assert (backup["run"], standing(confirmed, None)) == ("undo", ["as_left"] * 3)
    assert {place["place"] for place in backup["places"]} == {WEB_CONFIG, OTHER, CREATED}
    roll_out(confirmed, StageBackup("undo", False), run="redo")
    assert contents(confirmed) == NEW
    roll_out(confirmed, StageBackup("redo", False), run="undo-again")
    assert contents(confirmed) == OLD


def test_a_run_is_taken_back_to_what_was_before_it_though_a_later_one_changed_other_files(
    farm_node: NodeUnderTest,
) -> None:
    roll_out(farm_node, THREE[0], run=RUN)
    roll_out(farm_node, *THREE[1:], run="a-later-one")
    roll_out(farm_node, BACK, run="undo")
    assert contents(farm_node) == (OLD[0], *NEW[1:])


@pytest.mark.parametrize("path", [WEB_CONFIG, OTHER, CREATED])
def test_what_somebody_has_changed_since_is_not_taken_back(confirmed: NodeUnderTest, path: str) -> None:
    confirmed.write(path, b"somebody else's")
    before = contents(confirmed)
    assert refused(confirmed, BACK, run="undo") == "changed"
    done(confirmed, RollBack(), run="undo")
    assert contents(confirmed) == before


@pytest.mark.parametrize("path", [WEB_CONFIG, OTHER, CREATED])
def test_what_somebody_has_changed_since_is_taken_back_by_force(confirmed: NodeUnderTest, path: str) -> None:
    confirmed.write(path, b"somebody else's")
    before = contents(confirmed)
    stage(confirmed, FORCED, run="undo")
    switch(confirmed, run="undo")
    assert contents(confirmed) == OLD
    done(confirmed, RollBack(), run="undo")
    assert contents(confirmed) == before


def test_what_a_later_run_has_changed_counts_as_changed(confirmed: NodeUnderTest) -> None:
    roll_out(confirmed, replacing(WEB_CONFIG, b"new", b"newer"), run="a-later-one")
    assert refused(confirmed, BACK, run="undo") == "changed"
    done(confirmed, RollBack(), run="undo")
    roll_out(confirmed, FORCED, run="forced")
    assert contents(confirmed) == OLD


def test_what_is_as_before_already_stays_so(confirmed: NodeUnderTest) -> None:
    confirmed.write(OTHER, b"other old")
    roll_out(confirmed, BACK, run="undo")
    assert contents(confirmed) == OLD


def test_what_changes_after_it_was_staged_stops_the_way_back(confirmed: NodeUnderTest) -> None:
    stage(confirmed, BACK, run="undo")
    confirmed.write(OTHER, b"somebody else's")
    assert refusal(confirmed, Commit(confirmed.clock(), GRACE), run="undo") == "changed"
    assert contents(confirmed) == (b"new", b"somebody else's", b"created")
    done(confirmed, RollBack(), run="undo")
    assert contents(confirmed) == (b"new", b"somebody else's", b"created")


@pytest.mark.parametrize("run", ["unknown", "..", "", "undo"])
def test_without_a_backup_nothing_is_staged(confirmed: NodeUnderTest, run: str) -> None:
    assert refused(confirmed, StageBackup(run, True), run="undo") == "no_backup"


def test_without_its_contents_a_run_is_not_taken_back(confirmed: NodeUnderTest) -> None:
    roll_on(confirmed, "purging", Confirm(keep=0), before=b"new", after=b"newer")
    for run in (RUN, "purging"):
        assert refused(confirmed, StageBackup(run, True), run="undo") == "no_backup"


def test_without_the_lock_nothing_is_taken_back(confirmed: NodeUnderTest) -> None:
    assert refusal(confirmed, BACK, run="undo") == "generation"
    assert refusal(confirmed, StageBackup("unknown", False), run="undo") == "generation"
    assert refusal(confirmed, acquire(), BACK, run="undo") == "no_run"


def test_a_request_to_take_back_that_comes_twice_is_done_once(confirmed: NodeUnderTest) -> None:
    take_back = (acquire(), BeginJournal(), BACK)
    first = ask(confirmed, *take_back, run="undo", delivered=ID)
    before = confirmed.tree()
    assert ask(confirmed, *take_back, run="undo", delivered=ID) == first
    assert confirmed.tree() == before
    switch(confirmed, run="undo")
    before = confirmed.tree()
    assert ask(confirmed, *take_back, run="undo", delivered=ID) == first
    assert (confirmed.tree(), contents(confirmed)) == (before, OLD)
    done(confirmed, RollBack(), run="undo")
    assert contents(confirmed) == NEW
    assert refusal(confirmed, acquire(), run="undo", delivered=ID) == "ended"


def test_the_way_back_and_a_new_change_go_together(confirmed: NodeUnderTest) -> None:
    fresh = "C:\\inetpub\\portal\\fresh.config"
    stage(confirmed, BACK, replacing(fresh, None, b"fresh"), run="undo")
    switch(confirmed, run="undo")
    assert (contents(confirmed), confirmed.read(fresh)) == (OLD, b"fresh")
