"""Values of the registry: read in either view, staged against what they hold, switched and put back."""

import base64
from typing import Any

import pytest

from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    ReadRegistry,
    RegistryValue,
    RollBack,
    StageBackup,
    StageRegistry,
)
from tests.node.contract.asking import (
    RUN,
    acquire,
    ask,
    backup_of,
    done,
    journal_of,
    refusal,
    refused,
    roll_out,
    stage,
    standing,
    switch,
    unique,
)
from tests.node.contract.under_test import OWN_FOLDER, NodeUnderTest

MARK = "MARKED-7d1f"
ABSENT = {"key_exists": True, "value": None}
NO_KEY = {"key_exists": False, "value": None}
GRACE = 2.0


def binary(content: bytes, kind: str = "binary") -> RegistryValue:
    return RegistryValue(kind=kind, data=base64.b64encode(content).decode())  # type: ignore[arg-type]


def dword(number: int) -> RegistryValue:
    return RegistryValue(kind="dword", data=number)


def text(content: str) -> RegistryValue:
    return RegistryValue(kind="string", data=content)


VALUES = {
    "string": text("Größe"),
    "empty string": text(""),
    "expand string": RegistryValue(kind="expand_string", data="%windir%\\system32"),
    "multi string": RegistryValue(kind="multi_string", data=("one", "two")),
    "empty multi string": RegistryValue(kind="multi_string", data=()),
    "dword": dword(100),
    "dword 0": dword(0),
    "largest dword": dword(0xFFFFFFFF),
    "qword": RegistryValue(kind="qword", data=1 << 40),
    "binary": binary(bytes(range(256))),
    "empty binary": binary(b""),
    "none": binary(b"\x01\x02", "none"),
}
every_kind = pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
either_view = pytest.mark.parametrize("view", [64, 32])


@pytest.fixture
def key() -> str:
    """Answer a key that does not exist yet."""
    return f"HKLM\\SOFTWARE\\keydeploy-tests\\{unique('key')}"


def changing(
    key: str, before: RegistryValue | None, after: RegistryValue | None, *, value: str = "Value", view: Any = 64
) -> StageRegistry:
    return StageRegistry(view, key, value, before, after)


def look(node: NodeUnderTest, key: str, value: str = "Value", view: Any = 64) -> dict[str, Any]:
    return done(node, ReadRegistry(view, key, value), run="looking")


def holds(node: NodeUnderTest, key: str, value: str = "Value", view: Any = 64) -> RegistryValue | None:
    found = look(node, key, value, view)["value"]
    if found is None:
        return None
    data = tuple(found["data"]) if isinstance(found["data"], list) else found["data"]
    return RegistryValue(kind=found["kind"], data=data)


def prepare(node: NodeUnderTest, key: str, after: RegistryValue, *, value: str = "Value", view: Any = 64) -> None:
    """Let the value be there, as if it had been there always."""
    roll_out(node, changing(key, None, after, value=value, view=view))


# Reading


@either_view
def test_an_absent_key_and_an_absent_value_are_two_things(node: NodeUnderTest, key: str, view: int) -> None:
    assert look(node, key, view=view) == NO_KEY
    prepare(node, key, dword(1), value="Other", view=view)
    assert look(node, key, view=view) == ABSENT


@either_view
@every_kind
def test_a_value_is_read_as_it_was_written(node: NodeUnderTest, key: str, view: int, value: RegistryValue) -> None:
    prepare(node, key, value, view=view)
    assert look(node, key, view=view)["key_exists"]
    assert holds(node, key, view=view) == value


@either_view
def test_the_views_are_two(node: NodeUnderTest, key: str, view: int) -> None:
    prepare(node, key, dword(view), view=view)
    assert look(node, key, view=96 - view) == NO_KEY


def test_the_value_without_a_name_is_one_like_others(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, text("unnamed"), value="")
    assert holds(node, key, value="") == text("unnamed")
    assert look(node, key) == ABSENT


def test_keys_and_values_are_found_whatever_the_case_of_their_names(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, dword(1))
    assert holds(node, key.upper(), value="VALUE") == dword(1)


@pytest.mark.parametrize("wrong", ["", "HKLM", "HKLM\\", "HKCU\\Software\\a", "SOFTWARE\\a", "HKLM\\SOFTWARE\\\\a"])
def test_only_a_key_below_the_machines_can_be_named(node: NodeUnderTest, wrong: str) -> None:
    assert refusal(node, ReadRegistry(64, wrong, "Value")) == "path"
    assert refused(node, changing(wrong, None, dword(1))) == "path"


def test_reading_makes_no_key(node: NodeUnderTest, key: str) -> None:
    before = node.tree()
    for _ in range(2):
        assert look(node, key) == NO_KEY
    assert node.tree() == before


# Staging


def test_staging_changes_no_value(node: NodeUnderTest, key: str) -> None:
    stage(node, changing(key, None, dword(1)))
    assert look(node, key) == NO_KEY


@pytest.mark.parametrize(
    ("held", "observed"),
    [
        (None, dword(1)),
        (dword(1), None),
        (dword(1), dword(2)),
        (dword(1), RegistryValue(kind="qword", data=1)),
        (text("a"), text("A")),
        (text("a"), RegistryValue(kind="expand_string", data="a")),
        (text(""), None),
        (VALUES["multi string"], RegistryValue(kind="multi_string", data=("one",))),
    ],
)
def test_a_value_that_is_not_as_it_was_observed_is_not_staged(
    node: NodeUnderTest, key: str, held: RegistryValue | None, observed: RegistryValue | None
) -> None:
    if held is not None:
        prepare(node, key, held)
    assert refused(node, changing(key, observed, dword(7))) == "changed"
    assert holds(node, key) == held


@pytest.mark.parametrize(
    "value",
    [
        dword(1 << 32),
        RegistryValue(kind="dword", data=MARK),
        RegistryValue(kind="qword", data=(MARK,)),
        RegistryValue(kind="string", data=1),
        RegistryValue(kind="string", data=(MARK,)),
        RegistryValue(kind="string", data=f"{MARK}\0{MARK}"),
        RegistryValue(kind="multi_string", data=MARK),
        RegistryValue(kind="multi_string", data=(MARK, "", MARK)),
        RegistryValue(kind="binary", data=f"*{MARK}*"),
        RegistryValue(kind="none", data=1),
    ],
)
def test_a_value_that_is_none_of_its_kind_is_refused_without_quoting_it(
    node: NodeUnderTest, key: str, value: RegistryValue
) -> None:
    results = ask(node, acquire(), BeginJournal(), changing(key, None, value))
    assert results[-1]["error"]["code"] == "request"
    assert MARK not in str(results)


def test_an_error_names_neither_the_key_nor_the_value(node: NodeUnderTest) -> None:
    key = f"HKLM\\SOFTWARE\\keydeploy-tests\\{MARK}"
    for change in (changing(key, text(MARK), text(MARK), value=MARK), changing(f"{MARK}\\a", None, None, value=MARK)):
        (*_, result) = ask(node, acquire(), BeginJournal(), change)
        assert MARK not in str(result["error"])


def test_what_is_staged_does_not_lie_in_the_journal(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, text(f"{MARK}-old"))
    stage(node, changing(key, text(f"{MARK}-old"), text(f"{MARK}-new")))
    journal = node.read(f"{OWN_FOLDER}\\journal.json")
    assert journal is not None
    assert b"staged" in journal
    assert MARK.encode() not in journal


# Switching and going back


@either_view
@every_kind
def test_a_value_of_each_kind_is_replaced_and_put_back(
    node: NodeUnderTest, key: str, view: int, value: RegistryValue
) -> None:
    prepare(node, key, value, view=view)
    stage(node, changing(key, value, text("new"), view=view))
    switch(node)
    assert holds(node, key, view=view) == text("new")
    done(node, RollBack())
    assert holds(node, key, view=view) == value


def test_a_value_that_was_made_goes_with_its_key(node: NodeUnderTest, key: str) -> None:
    stage(node, changing(key, None, dword(1)), changing(key, None, dword(2), value="Second"))
    switch(node)
    assert (holds(node, key), holds(node, key, "Second")) == (dword(1), dword(2))
    done(node, RollBack())
    assert look(node, key) == NO_KEY


def test_a_key_that_was_there_stays_when_its_new_value_goes(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, dword(1), value="Other")
    stage(node, changing(key, None, dword(1)))
    switch(node)
    done(node, RollBack())
    assert look(node, key) == ABSENT
    assert holds(node, key, "Other") == dword(1)


def test_a_value_is_deleted_and_put_back(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, VALUES["multi string"])
    stage(node, changing(key, VALUES["multi string"], None))
    switch(node)
    assert look(node, key) == ABSENT
    done(node, RollBack())
    assert holds(node, key) == VALUES["multi string"]


def test_rolling_back_before_the_commit_leaves_the_value(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, dword(1))
    stage(node, changing(key, dword(1), dword(2)))
    done(node, RollBack())
    assert holds(node, key) == dword(1)
    assert journal_of(node)["run"] is None


def test_both_views_switch_and_go_back_together(node: NodeUnderTest, key: str) -> None:
    stage(node, *(changing(key, None, dword(view), view=view) for view in (64, 32)))
    switch(node)
    assert [holds(node, key, view=view) for view in (64, 32)] == [dword(64), dword(32)]
    done(node, RollBack())
    assert [look(node, key, view=view) for view in (64, 32)] == [NO_KEY, NO_KEY]


def test_staging_the_same_value_again_replaces_what_was_staged(node: NodeUnderTest, key: str) -> None:
    stage(node, changing(key, None, dword(1)), changing(key.upper(), None, dword(2), value="VALUE"))
    switch(node)
    assert holds(node, key) == dword(2)
    done(node, RollBack())
    assert look(node, key) == NO_KEY


def test_a_repeated_commit_leaves_the_value_alone(node: NodeUnderTest, key: str) -> None:
    stage(node, changing(key, None, dword(1)))
    commit = Commit(node.clock(), GRACE)
    assert done(node, commit) == done(node, commit)
    assert holds(node, key) == dword(1)


# Against a backup, and the way back


def test_a_value_stands_against_its_backup_and_is_taken_back(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, dword(1))
    roll_out(node, changing(key, dword(1), text("new")), run=RUN)
    place = {"noun": "registry", "place": f"64 {key} Value"}
    assert backup_of(node, RUN)["places"] == [{**place, "state": "as_left"}]
    roll_out(node, changing(key, text("new"), text("newer")))
    assert standing(node, RUN) == ["changed"]
    assert refused(node, StageBackup(RUN, False), run="undo") == "changed"
    done(node, RollBack(), run="undo")
    roll_out(node, StageBackup(RUN, True), run="forced")
    assert (holds(node, key), standing(node, RUN)) == (dword(1), ["as_before"])
    roll_out(node, StageBackup("forced", False))
    assert holds(node, key) == text("newer")


@either_view
def test_a_key_that_came_with_its_value_goes_with_it_when_the_run_is_taken_back(
    node: NodeUnderTest, key: str, view: int
) -> None:
    roll_out(node, changing(key, None, dword(1), view=view), run=RUN)
    assert standing(node, RUN) == ["as_left"]
    stage(node, StageBackup(RUN, False), run="undo")
    switch(node, run="undo")
    assert look(node, key, view=view) == NO_KEY
    done(node, RollBack(), run="undo")
    assert holds(node, key, view=view) == dword(1)


def test_a_deleted_value_is_taken_back_and_goes_again(node: NodeUnderTest, key: str) -> None:
    prepare(node, key, dword(1))
    roll_out(node, changing(key, dword(1), None), run=RUN)
    stage(node, StageBackup(RUN, False), run="undo")
    switch(node, run="undo")
    assert holds(node, key) == dword(1)
    done(node, RollBack(), run="undo")
    assert look(node, key) == ABSENT
