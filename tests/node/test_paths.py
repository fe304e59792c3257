"""Windows paths are found inside the folder that plays the node, and nowhere else."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from keydeploy.errors import NodeError
from keydeploy.node import paths


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("C:\\a\\b", "C/a/b"),
        ("c:\\a\\b", "C/a/b"),
        ("C:/a/b", "C/a/b"),
        ("C:\\\\a\\.\\b\\", "C/a/b"),
        ("D:\\a", "D/a"),
        ("C:\\", "C"),
        ("%SystemDrive%\\a", "C/a"),
        ("%windir%\\a", "C/Windows/a"),
        ("%SYSTEMROOT%\\a", "C/Windows/a"),
        ("%ProgramData%\\a", "C/ProgramData/a"),
        ("C:\\%a\\b%", "C/%a/b%"),
    ],
)
def test_a_path_lies_below_its_drive(tmp_path: Path, path: str, place: str) -> None:
    assert paths.locate(tmp_path, path) == tmp_path / place


def test_names_are_found_whatever_their_case(tmp_path: Path) -> None:
    (tmp_path / "C/InetPub/Portal").mkdir(parents=True)
    assert paths.locate(tmp_path, "C:\\INETPUB\\portal\\New.config") == tmp_path / "C/InetPub/Portal/New.config"


def test_a_name_in_the_very_case_wins(tmp_path: Path) -> None:
    for name in ("A", "a"):
        (tmp_path / "C" / name).mkdir(parents=True)
    assert paths.locate(tmp_path, "C:\\a\\x") == tmp_path / "C/a/x"
    assert paths.locate(tmp_path, "C:\\A\\x") == tmp_path / "C/A/x"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("C:\\a\\..\\x", "C/x"),
        ("C:\\a\\b\\..\\..\\x", "C/x"),
        ("C:\\a\\.\\..\\x", "C/x"),
        ("C:\\missing\\..\\a\\x", "C/a/x"),
        ("C:\\a\\..", "C"),
        ("C:\\..\\x", "C/x"),
        ("C:/a/../../x", "C/x"),
        ("D:\\..\\C\\x", "D/C/x"),
        ("%windir%\\..\\x", "C/x"),
        ("C:\\a\\...\\x", "C/a/.../x"),
    ],
)
def test_a_path_that_goes_up_stays_on_its_drive(tmp_path: Path, path: str, place: str) -> None:
    assert paths.locate(tmp_path, path) == tmp_path / place


@pytest.mark.parametrize(
    "path", ["", "a", "\\a", "C:", "C:a", "\\\\server\\share\\a", "//server/a", "%nothing%\\a", "CC:\\a"]
)
def test_a_path_that_is_not_full_or_not_local_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(NodeError, match="not a full local path"):
        paths.locate(tmp_path, path)


@settings(derandomize=True)
@given(st.text("Cc:\\/.%ab \n", max_size=12) | st.text(max_size=12).map(lambda text: f"C:\\{text}"))
@example("C:\\a\n\\..\\..\\x")
def test_no_path_leads_out_of_the_node(path: str) -> None:
    root = Path("/nonexistent/node")
    try:
        place = paths.locate(root, path)
    except (NodeError, ValueError):
        return
    assert place.is_relative_to(root)
    assert ".." not in place.parts


@pytest.mark.parametrize(
    ("folder", "path", "joined"),
    [
        ("C:\\a", "b\\c", "C:\\a\\b\\c"),
        ("C:\\a\\", "b", "C:\\a\\b"),
        ("C:", "b", "C:\\b"),
        ("C:\\a", "D:\\b", "D:\\b"),
        ("C:\\a", "\\\\server\\b", "\\\\server\\b"),
        ("C:\\a", "//server/b", "//server/b"),
    ],
)
def test_a_relative_path_is_seen_from_its_folder(folder: str, path: str, joined: str) -> None:
    assert paths.join(folder, path) == joined


@pytest.mark.parametrize(("path", "folder"), [("C:\\a\\b", "C:\\a"), ("C:/a/b", "C:/a"), ("C:\\a", "C:")])
def test_the_folder_of_a_file(path: str, folder: str) -> None:
    assert paths.parent(path) == folder


@pytest.mark.parametrize(
    ("path", "expanded"),
    [("%WINDIR%\\a", "C:\\Windows\\a"), ("%unknown%\\a", "%unknown%\\a"), ("100%", "100%"), ("%%", "%%")],
)
def test_unknown_variables_stay(path: str, expanded: str) -> None:
    assert paths.expand(path) == expanded
