"""New files are written all or none, and never over one that is there."""

from pathlib import Path, PurePosixPath

import pytest

from keydeploy import new_files
from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile, refuse_existing, write

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
