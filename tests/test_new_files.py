"""New files are written all or none, and never over one that is there; one that follows another does so at once."""

import os
import stat
import threading
from pathlib import Path, PurePosixPath

import pytest

from keydeploy import new_files
from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile, refusal, refuse_existing, replace, write

HINT = "name another folder"


def files(*paths: str) -> list[NewFile]:
    return [NewFile(path=PurePosixPath(path), text="a: ü\n", about="a file") for path in paths]


def test_files_are_written_in_utf_8_with_the_folders_that_they_need(tmp_path: Path) -> None:
    write(tmp_path / "new/farm", files("a.yml", "group_vars/b.yml"), hint=HINT)

    assert (tmp_path / "new/farm/a.yml").read_bytes() == b"a: \xc3\xbc\n"
    assert (tmp_path / "new/farm/group_vars/b.yml").exists()


def test_a_program_can_be_run(tmp_path: Path) -> None:
    write(tmp_path, [NewFile(path=PurePosixPath("a"), text="", about="a program", is_program=True)], hint=HINT)
    assert (tmp_path / "a").stat().st_mode & 0o111


@pytest.mark.parametrize("error", [KeyboardInterrupt(), ValueError("text"), OSError(28, "No space left on device")])
def test_whatever_stops_it_takes_files_and_folders_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    (tmp_path / "kept").mkdir()
    whole = new_files._write

    def stopped(path: Path, file: NewFile, made: list[Path]) -> None:
        whole(path, file, made)
        if path.name == "c.yml":
            raise error

    monkeypatch.setattr(new_files, "_write", stopped)
    with pytest.raises(KeydeployError if isinstance(error, OSError) else type(error)) as caught:
        write(tmp_path / "kept/new", files("a.yml", "group_vars/web/b.yml", "group_vars/web/c.yml"), hint=HINT)

    assert [*tmp_path.rglob("*")] == [tmp_path / "kept"]
    if isinstance(caught.value, KeydeployError):
        assert caught.value.message == f"{tmp_path}/kept/new cannot be written: No space left on device; nothing was"
        assert caught.value.hint == HINT


def test_all_that_is_in_the_way_is_told_and_stays(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("mine", "utf-8")
    (tmp_path / "group_vars").symlink_to("nowhere")

    with pytest.raises(KeydeployError, match=r"a\.yml and .*/group_vars are there already; nothing was written"):
        write(tmp_path, files("a.yml", "b.yml", "group_vars/c.yml"), hint=HINT)
    with pytest.raises(KeydeployError, match="is there already"):
        refuse_existing(tmp_path, [PurePosixPath("a.yml")], hint=HINT)

    assert (tmp_path / "a.yml").read_text("utf-8") == "mine"
    assert not (tmp_path / "b.yml").exists()


# One file in the place of another.


def test_a_file_is_replaced_at_once_and_nothing_else_is_left(tmp_path: Path) -> None:
    file = tmp_path / "a.prom"
    file.write_text("old", "utf-8")
    with file.open(encoding="utf-8") as reader:
        replace(file, "new: ü\n")
        assert reader.read() == "old"  # whoever has it open reads to its end

    assert file.read_bytes() == b"new: \xc3\xbc\n"
    assert [*tmp_path.iterdir()] == [file]


def test_a_new_file_is_as_the_process_wants_it_and_one_that_was_there_stays_so(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace(tmp_path / "new", "")
        (tmp_path / "old").touch(0o600)
        replace(tmp_path / "old", "")
        replace(tmp_path / "told", "", mode=0o644)
    finally:
        os.umask(before)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {"new": 0o640, "old": 0o600, "told": 0o644}


def test_nobody_else_can_read_a_private_file_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    set_mode, settle = os.fchmod, os.fsync

    def look(descriptor: int) -> None:
        found = os.fstat(descriptor)
        seen.append((stat.S_IMODE(found.st_mode), found.st_size))

    def fchmod(descriptor: int, mode: int) -> None:
        look(descriptor)
        set_mode(descriptor, mode)

    def fsync(descriptor: int) -> None:
        look(descriptor)
        settle(descriptor)

    monkeypatch.setattr(os, "fchmod", fchmod)
    monkeypatch.setattr(os, "fsync", fsync)
    (tmp_path / "a").touch(0o600)
    replace(tmp_path / "a", "text")

    assert seen[:2] == [(0o600, 0), (0o600, 4)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_a_file_stays_its_owners(tmp_path: Path) -> None:
    (tmp_path / "a").touch(0o640)
    os.chown(tmp_path / "a", 1234, 5678)
    replace(tmp_path / "a", "new")

    found = (tmp_path / "a").stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (1234, 5678, 0o640)


def test_a_long_name_is_cut_by_its_bytes(tmp_path: Path) -> None:
    file = tmp_path / ("ü" * 120)
    replace(file, "new")
    assert file.read_text("utf-8") == "new"


def test_a_link_stays_and_leads_to_what_is_new(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real/file")
    replace(tmp_path / "link", "new")

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real/file").read_text("utf-8") == "new"


@pytest.mark.parametrize("stopped", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_stops_it_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stopped: BaseException
) -> None:
    def fail(_descriptor: int) -> None:
        raise stopped

    (tmp_path / "a").write_text("old", "utf-8")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(stopped)):
        replace(tmp_path / "a", "new")

    assert [(file.name, file.read_text("utf-8")) for file in tmp_path.iterdir()] == [("a", "old")]


def test_readers_never_see_half_a_file(tmp_path: Path) -> None:
    file = tmp_path / "a"
    texts = {"a" * 100_000, "b" * 200_000}
    file.write_text("a" * 100_000, "utf-8")
    seen: set[str] = set()

    def write_on() -> None:
        for text in sorted(texts) * 20:
            replace(file, text)

    writer = threading.Thread(target=write_on)
    writer.start()
    while writer.is_alive():
        seen.add(file.read_text("utf-8"))
    writer.join()

    assert seen <= texts


def test_what_cannot_be_replaced_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")

    assert refusal(tmp_path / "file") is None
    assert refusal(tmp_path / "new") is None
    assert refusal(tmp_path) == refusal(tmp_path / "pipe") == "it is no file"
    assert refusal(tmp_path / "none/new") == f"there is no folder {tmp_path}/none"
    assert refusal(tmp_path / "file/new") == "Not a directory"
    assert refusal(tmp_path / "loop") == "Too many levels of symbolic links"
