"""Files are replaced all or none, keep what they are, and go back byte for byte."""

import os
from pathlib import Path

import pytest

from keydeploy.errors import KeydeployError
from keydeploy.rotation.files import Rewriting, kept, unfinished
from keydeploy.rotation.keeping import Edit
from keydeploy.rotation.proposal import Rewritten

DAY = 86_400_000_000_000


def make(folder: Path, *names: str) -> tuple[Rewritten, ...]:
    """Make files that hold `old NAME`, of which `old` becomes `changed`."""
    for name in names:
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"old {name}", "utf-8")
        file.chmod(0o640)
        os.utime(file, ns=(DAY, DAY))
    edit = Edit(start=0, old=b"old", new=b"changed")
    return tuple(Rewritten(str(folder / name), (edit,)) for name in names)


def held(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Answer all files below *folder*: content, mode and time of change."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {str(f.relative_to(folder)): (f.read_text(), f.stat().st_mode, f.stat().st_mtime_ns) for f in files}


def test_files_are_replaced_and_what_they_held_stands_beside_them_until_the_end(tmp_path: Path) -> None:
    files = make(tmp_path, "one.yml", "below/two")
    rewriting = Rewriting(files)

    rewriting.write()
    during = held(tmp_path)
    beside = list(unfinished(files))
    rewriting.forget()

    assert during.keys() == {"one.yml", ".one.yml.keydeploy-before", "below/two", "below/.two.keydeploy-before"}
    assert during["one.yml"][:2] == ("changed one.yml", 0o100640)
    assert during[".one.yml.keydeploy-before"] == ("old one.yml", 0o100640, DAY)
    assert beside == [(Path(each.file), kept(Path(each.file))) for each in files]
    assert held(tmp_path).keys() == {"one.yml", "below/two"}


def test_files_go_back_as_they_were(tmp_path: Path) -> None:
    files = make(tmp_path, "one.yml", "two.yml")
    before = held(tmp_path)
    rewriting = Rewriting(files)
    rewriting.write()
    assert rewriting.put_back() == ()
    assert held(tmp_path) == before


def test_what_somebody_else_has_written_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    files = make(tmp_path, "one.yml", "two.yml")
    rewriting = Rewriting(files)
    rewriting.write()
    (tmp_path / "one.yml").write_text("of somebody else", "utf-8")

    left = rewriting.put_back()

    assert left == (tmp_path / "one.yml",)
    assert (tmp_path / "one.yml").read_text("utf-8") == "of somebody else"
    assert (tmp_path / ".one.yml.keydeploy-before").read_text("utf-8") == "old one.yml"
    assert (tmp_path / "two.yml").read_text("utf-8") == "old two.yml"


def test_a_file_that_has_changed_since_is_refused(tmp_path: Path) -> None:
    files = make(tmp_path, "one.yml")
    (tmp_path / "one.yml").write_text("something else", "utf-8")
    with pytest.raises(KeydeployError, match="has changed meanwhile"):
        Rewriting(files)


def test_a_change_between_reading_and_writing_leaves_all_as_they_are(tmp_path: Path) -> None:
    files = make(tmp_path, "one.yml", "two.yml")
    rewriting = Rewriting(files)
    (tmp_path / "two.yml").write_text("of somebody else", "utf-8")
    with pytest.raises(KeydeployError, match=r"two\.yml has changed meanwhile; nothing was changed"):
        rewriting.write()
    assert {name: text for name, (text, _, _) in held(tmp_path).items()} == {
        "one.yml": "old one.yml",
        "two.yml": "of somebody else",
    }


def test_two_rotations_at_once_do_not_meet(tmp_path: Path) -> None:
    files = make(tmp_path, "one.yml", "two.yml")
    first, second = Rewriting(files), Rewriting(files)
    first.write()
    during = held(tmp_path)

    with pytest.raises(KeydeployError, match="another rotation is at work"):
        second.write()

    assert held(tmp_path) == during
    assert first.put_back() == ()


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    files = make(tmp_path, "one.yml", "two.yml")
    before = held(tmp_path)
    (tmp_path / ".two.yml.keydeploy-new").mkdir()  # in the way of what is to be written there
    rewriting = Rewriting(files)
    with pytest.raises(KeydeployError, match=r"cannot be written: .*; nothing was changed"):
        rewriting.write()
    assert held(tmp_path) == before


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (edit,) = make(tmp_path, "one.yml")[0].edits
    for name in ("nowhere.yml", "."):
        with pytest.raises(KeydeployError, match="cannot be read"):
            Rewriting([Rewritten(str(tmp_path / name), (edit,))])
