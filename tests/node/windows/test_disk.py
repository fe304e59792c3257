"""What files are like on Windows and nowhere else: long paths, files in use, read-only ones, and who owns a folder."""

import base64
from pathlib import Path

import pytest

from keydeploy.node import paths
from keydeploy.node.contract import BeginJournal, Commit, Confirm, ReadFile, ReadSystem, RollBack
from tests.node.contract.asking import (
    WEB_CONFIG,
    acquire,
    ask,
    done,
    journal_of,
    refusal,
    replacing,
    roll_out,
    seen,
    stage,
    switch,
    tag_of,
)
from tests.node.contract.under_test import OWN_FOLDER
from tests.node.windows.nodes import WineNode

LONG = "C:\\inetpub\\" + "\\".join(letter * 40 for letter in "abcdefgh") + "\\web.config"
CHANGE = replacing(WEB_CONFIG, b"old", b"new")
SHARING_VIOLATION = "0x80070020"


@pytest.fixture
def node(tmp_path: Path, windows_dotnet: Path) -> WineNode:
    node = WineNode(tmp_path, windows_dotnet)
    node.write(WEB_CONFIG, b"old")
    return node


def place(node: WineNode, path: str) -> Path:
    return paths.locate(node.root, path)


def test_a_path_longer_than_260_characters_is_read_replaced_and_put_back(node: WineNode) -> None:
    node.write(LONG, b"old")
    assert seen(node, LONG)["tag"] == tag_of(b"old")
    stage(node, replacing(LONG, b"old", b"new"))
    switch(node)
    assert node.read(LONG) == b"new"
    done(node, RollBack())
    assert node.read(LONG) == b"old"


def test_a_file_is_made_at_a_long_path(node: WineNode) -> None:
    node.write(LONG, b"beside it")
    new = LONG.replace("web.config", "keys.config")
    roll_out(node, replacing(new, None, b"new"))
    assert node.read(new) == b"new"


def test_a_file_shows_owner_access_and_attributes(node: WineNode) -> None:
    answer = seen(node, WEB_CONFIG)
    assert answer["sddl"].startswith("O:")
    assert "D:" in answer["sddl"]
    assert answer["attributes"] == []
    place(node, WEB_CONFIG).chmod(0o444)
    assert seen(node, WEB_CONFIG)["attributes"] == ["read_only"]


@pytest.mark.parametrize("end", [Confirm(), RollBack()])
def test_a_read_only_file_is_replaced_and_stays_read_only(node: WineNode, end: Confirm | RollBack) -> None:
    place(node, WEB_CONFIG).chmod(0o444)
    stage(node, CHANGE)
    switch(node)
    assert (node.read(WEB_CONFIG), seen(node, WEB_CONFIG)["attributes"]) == (b"new", ["read_only"])
    done(node, end)
    assert node.read(WEB_CONFIG) == (b"new" if isinstance(end, Confirm) else b"old")
    assert seen(node, WEB_CONFIG)["attributes"] == ["read_only"]


def test_nothing_is_left_beside_a_file_that_was_replaced(node: WineNode) -> None:
    stage(node, CHANGE)
    switch(node)
    assert list(node.tree("C:\\inetpub")) == ["portal/web.config"]


# Files that somebody else has open


def test_a_file_in_use_is_told_after_a_second(node: WineNode) -> None:
    node.host.hold(WEB_CONFIG)
    before = node.clock()
    (result, system) = ask(node, ReadFile(WEB_CONFIG), ReadSystem())
    node.host.release()
    assert (result["error"]["code"], result["error"]["hresult"]) == ("in_use", SHARING_VIOLATION)
    assert node.clock() - before == pytest.approx(1.0)
    assert "ok" in system


def test_a_file_that_is_free_in_time_is_read(node: WineNode) -> None:
    node.host.hold(WEB_CONFIG)
    node.while_waiting(node.host.release)
    assert seen(node, WEB_CONFIG)["tag"] == tag_of(b"old")


def test_a_file_in_use_at_the_switch_stops_it_and_goes_back_later(node: WineNode) -> None:
    other = "C:\\inetpub\\a.config"
    node.write(other, b"a")
    stage(node, replacing(other, b"a", b"A"), CHANGE)
    node.while_waiting(lambda: node.host.hold(WEB_CONFIG))
    assert refusal(node, Commit(node.clock() + 1, 2.0)) == "in_use"
    node.host.release()
    done(node, RollBack())
    assert (node.read(other), node.read(WEB_CONFIG)) == (b"a", b"old")


def test_a_file_that_is_free_in_time_is_switched(node: WineNode) -> None:
    stage(node, CHANGE)
    node.host.hold(WEB_CONFIG)
    node.while_waiting(node.host.release)
    switch(node)
    assert node.read(WEB_CONFIG) == b"new"


def test_a_file_that_a_torn_replacement_left_under_another_name_is_put_back(node: WineNode) -> None:
    stage(node, CHANGE)
    switch(node)
    file = place(node, WEB_CONFIG)
    file.rename(file.with_name("web.config.keydeploy-replaced.config"))  # as Windows' error 1177 leaves it
    done(node, RollBack())
    assert node.tree("C:\\inetpub") == {"portal/web.config": b"old"}


# keydeploy's own folder


def test_the_folder_is_made_for_nobody_but_the_administrators(node: WineNode) -> None:
    stage(node, CHANGE)
    assert place(node, OWN_FOLDER).stat().st_mode & 0o007 == 0


@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_a_folder_that_others_can_read_or_change_is_not_used(node: WineNode, mode: int) -> None:
    folder = place(node, OWN_FOLDER)
    folder.mkdir()
    folder.chmod(mode)
    assert refusal(node, acquire()) == "folder"
    (result,) = ask(node, BeginJournal())
    assert result["error"]["code"] == "folder"
    assert node.tree(OWN_FOLDER) == {}


def test_a_file_in_the_place_of_the_folder_is_refused(node: WineNode) -> None:
    node.write(OWN_FOLDER, b"")
    assert refusal(node, acquire()) == "folder"


def test_what_is_kept_is_encrypted(node: WineNode) -> None:
    secret = b"MARKED-5ec2e7"
    stage(node, replacing(WEB_CONFIG, b"old", secret))
    kept = node.tree(OWN_FOLDER)
    assert {"runs/run-1/0.before", "runs/run-1/0.after"} <= kept.keys()
    encoded = base64.b64encode(secret)
    assert [name for name, content in kept.items() if secret in content or encoded in content] == []


def test_the_backups_of_the_last_five_runs_are_kept(node: WineNode) -> None:
    for number in range(7):
        content, new = b"old" if number == 0 else f"{number}".encode(), f"{number + 1}".encode()
        roll_out(node, replacing(WEB_CONFIG, content, new), run=f"run-{number}")
    assert {name.split("/")[1] for name in node.tree(OWN_FOLDER) if "/" in name} == {f"run-{n}" for n in range(2, 7)}
    assert journal_of(node)["confirmed"] == "run-6"


def test_a_damaged_journal_is_told_and_left_alone(node: WineNode) -> None:
    stage(node, CHANGE)
    node.write(f"{OWN_FOLDER}\\journal.json", b'{"run": 7')
    before = node.tree(OWN_FOLDER)
    assert refusal(node, Commit(node.clock(), 2.0)) == "malformed"
    assert node.tree(OWN_FOLDER) == before
