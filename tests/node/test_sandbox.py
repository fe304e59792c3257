"""What the embedded node promises beyond the contract: its files on disk, and that reading changes nothing."""

import json
import os
import stat
from pathlib import Path
from typing import NoReturn

import pytest

from keydeploy.errors import Unreachable
from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    Pointer,
    ReadFile,
    ReadJournal,
    ReadSystem,
    RollBack,
    Step,
)
from keydeploy.node.layout import create
from keydeploy.node.sandbox import Sandbox
from keydeploy.node.sandbox import files as files_module
from keydeploy.node.sandbox.files import replace_file
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
)
from tests.node.contract.under_test import SandboxNode

OTHER = "C:\\inetpub\\portal\\other.config"


@pytest.fixture
def node(tmp_path: Path) -> SandboxNode:
    node = SandboxNode(tmp_path / "web1")
    node.write(WEB_CONFIG, b"old")
    return node


@pytest.fixture
def staged(node: SandboxNode) -> SandboxNode:
    """Answer the node with a run staged that changes two files, `OTHER` behind `WEB_CONFIG`."""
    node.write(OTHER, b"other old")
    stage(node, replacing(WEB_CONFIG, b"old", b"new"), replacing(OTHER, b"other old", b"other new"))
    return node


def own_folder(node: SandboxNode) -> Path:
    return node.root / "C/ProgramData/keydeploy"


def state_of(folder: Path) -> dict[str, tuple[object, ...]]:
    """Answer everything that a look at *folder* shows of its files and folders, times included."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        times = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
        content = None if path.is_dir() else status.st_size
        # Listing a folder touches its own time of access, as this very function does.
        found[str(path)] = (status.st_mode, content, *(times if path.is_file() else times[1:]))
    return found


def test_reading_changes_nothing_on_disk_not_even_a_time(tmp_path: Path) -> None:
    root = tmp_path / "web1"
    create(root, {"/portal": None})
    for path in root.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_001))  # so long ago that any read would be noted
    host = "%windir%\\System32\\inetsrv\\config\\applicationHost.config"
    walk = (Step("application", "path", "/portal"), Step("virtualDirectory", "path", "/"))
    own = Pointer(file=host, walk=walk, attribute="physicalPath", append="web.config")
    before = state_of(root)
    node = Sandbox(root, clock=lambda: 0.0, sleep=lambda _seconds: None)
    reading = (ReadJournal(), ReadFile(host), ReadFile(own), ReadFile("C:\\missing"), ReadSystem())
    for operation in reading:
        done(node, operation)
    assert state_of(root) == before
    assert not (root / "C/ProgramData/keydeploy").exists()


def test_a_folder_without_a_drive_is_no_node(tmp_path: Path) -> None:
    node = Sandbox(tmp_path, clock=lambda: 0.0, sleep=lambda _seconds: None)
    with pytest.raises(Unreachable, match="no sandbox node"):
        node.answer("{}")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_a_switched_file_keeps_its_mode_and_so_does_one_that_goes_back(node: SandboxNode, mode: int) -> None:
    file = node.root / "C/inetpub/portal/web.config"
    file.chmod(mode)
    stage(node, replacing(WEB_CONFIG, b"old", b"new"))
    switch(node)
    assert stat.S_IMODE(file.stat().st_mode) == mode
    done(node, RollBack())
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"old", mode)


def test_a_created_file_can_be_read_by_the_web_server(node: SandboxNode) -> None:
    roll_out(node, replacing("C:\\inetpub\\portal\\new.config", None, b"new"))
    assert stat.S_IMODE((node.root / "C/inetpub/portal/new.config").stat().st_mode) == 0o644


def test_a_file_whose_name_is_written_otherwise_is_replaced_not_doubled(node: SandboxNode) -> None:
    roll_out(node, replacing("c:/INETPUB/Portal/WEB.config", b"old", b"new"))
    assert [path.name for path in (node.root / "C/inetpub/portal").iterdir()] == ["web.config"]
    assert node.read(WEB_CONFIG) == b"new"


def test_nothing_is_left_beside_a_switched_file(node: SandboxNode) -> None:
    roll_out(node, replacing(WEB_CONFIG, b"old", b"new"))
    assert [path.name for path in (node.root / "C/inetpub/portal").iterdir()] == ["web.config"]


def test_what_is_staged_and_backed_up_is_for_the_owner_alone(node: SandboxNode) -> None:
    def check() -> None:
        for path in [own_folder(node), *own_folder(node).rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path

    previous = os.umask(0)
    try:
        stage(node, replacing(WEB_CONFIG, b"old", b"new"))
        check()
        switch(node)
        check()
        done(node, Confirm())
        check()
    finally:
        os.umask(previous)


def test_a_backup_holds_what_was_there_before(node: SandboxNode) -> None:
    roll_out(node, replacing(WEB_CONFIG, b"old", b"new"), run=RUN)
    backup = own_folder(node) / "runs" / RUN
    assert {path.name for path in backup.iterdir()} == {"record.json", "0.before", "0.left"}
    assert (backup / "0.before").read_bytes() == b"old"
    assert json.loads((backup / "record.json").read_text())["entries"][0]["target"]["path"] == WEB_CONFIG


def test_the_five_latest_backups_are_kept(node: SandboxNode) -> None:
    names = [f"run-{number}" for number in (5, 1, 7, 3, 8, 2, 9)]  # neither the order of names nor of numbers
    for before, name in zip(["old", *names], names, strict=False):
        roll_out(node, replacing(WEB_CONFIG, before.encode(), name.encode()), run=name)
    assert {path.name for path in (own_folder(node) / "runs").iterdir()} == set(names[-5:])


def test_a_roll_back_keeps_the_backups_and_adds_none(node: SandboxNode) -> None:
    roll_out(node, replacing(WEB_CONFIG, b"old", b"new"), run="kept")
    stage(node, replacing(WEB_CONFIG, b"new", b"newer"), run="gone")
    switch(node, run="gone")
    done(node, RollBack(), run="gone")
    assert {path.name for path in (own_folder(node) / "runs").iterdir()} == {"kept"}


@pytest.mark.parametrize(
    ("error", "code"),
    [(PermissionError(), "access_denied"), (OSError(28, "no space"), "disk_full"), (OSError(5, "MARKED"), "io")],
    ids=["access_denied", "disk_full", "io"],
)
def test_an_error_of_the_file_system_is_answered_in_words_of_the_contract(
    node: SandboxNode, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str
) -> None:
    def fail(*_: object) -> NoReturn:
        raise error

    stage(node, replacing(WEB_CONFIG, b"old", b"new"))
    with monkeypatch.context() as patched:
        patched.setattr(files_module, "replace_file", fail)
        (result,) = ask(node, Commit(node.clock(), 2.0))
    assert result["error"]["code"] == code
    assert "MARKED" not in result["error"]["message"]
    done(node, RollBack())
    assert node.read(WEB_CONFIG) == b"old"


@pytest.mark.parametrize(("failing", "switched"), [(1, b"old"), (2, b"new")])
def test_a_switch_that_fails_at_one_file_goes_back_for_all(
    staged: SandboxNode, monkeypatch: pytest.MonkeyPatch, failing: int, switched: bytes
) -> None:
    calls = 0

    def replace(target: Path, content: bytes) -> None:
        nonlocal calls
        calls += 1
        if calls == failing:
            raise OSError(5, "input/output error")
        replace_file(target, content)

    with monkeypatch.context() as patched:
        patched.setattr(files_module, "replace_file", replace)
        assert refusal(staged, Commit(staged.clock(), 2.0)) == "io"
    assert (staged.read(WEB_CONFIG), staged.read(OTHER)) == (switched, b"other old")
    done(staged, RollBack())
    assert (staged.read(WEB_CONFIG), staged.read(OTHER)) == (b"old", b"other old")


def test_a_file_that_somebody_changes_while_another_is_put_in_place_is_left_to_them(
    staged: SandboxNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replace(target: Path, content: bytes) -> None:
        replace_file(target, content)
        if target.name == "web.config":
            staged.write(OTHER, b"somebody else's")

    with monkeypatch.context() as patched:
        patched.setattr(files_module, "replace_file", replace)
        assert refusal(staged, Commit(staged.clock(), 2.0)) == "changed"
    assert (staged.read(WEB_CONFIG), staged.read(OTHER)) == (b"new", b"somebody else's")
    assert refusal(staged, RollBack()) == "changed"
    assert (staged.read(WEB_CONFIG), staged.read(OTHER)) == (b"old", b"somebody else's")
    assert journal_of(staged)["run"] == RUN  # so that nobody overlooks it


def test_a_failed_staging_leaves_no_file_of_the_run_after_it_is_taken_back(node: SandboxNode) -> None:
    wrong = replacing(WEB_CONFIG, b"another content", b"new")
    assert refusal(node, acquire(), BeginJournal(), wrong) == "changed"
    done(node, RollBack())
    assert {path.name for path in own_folder(node).rglob("*") if path.is_file()} == {"lock.json", "ended.json"}
