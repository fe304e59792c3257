"""Lists are found by name, or at their usual place; that there is none, or that one is old, is said."""

import hashlib
import os
from pathlib import Path

import pytest

from keydeploy.disclosed import DisclosedList, absolute, find
from keydeploy.disclosed.finding import usual_places
from keydeploy.errors import DisclosedKeysError
from keydeploy.secret import Secret
from tests.disclosed.server import Server

KEYS = [hashlib.sha512(f"key {n} of this test".encode()).hexdigest().upper() for n in range(3)]
NOW = 1_795_000_000.0
DAY = 86400.0


def write(path: Path, *keys: str, days: float = 0) -> Path:
    """Write a list of *keys* that is *days* old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(hashlib.sha256(key.encode()).hexdigest() for key in keys), "utf-8")
    os.utime(path, (NOW - days * DAY,) * 2)
    return path


def found(*named: object, home: Path, **environment: str) -> DisclosedList:
    return find([str(name) for name in named], now=NOW, environment={"HOME": str(home), **environment})


def held(disclosed: DisclosedList) -> list[bool]:
    assert disclosed.keys is not None
    return [disclosed.keys.holds(Secret.of(key)) for key in KEYS]


def test_a_list_is_found_by_its_path(tmp_path: Path) -> None:
    disclosed = found(write(tmp_path / "a.csv", KEYS[0]), home=tmp_path)
    assert held(disclosed) == [True, False, False]
    assert disclosed.notes == ()


def test_several_lists_are_taken_together(tmp_path: Path, server: Server) -> None:
    path = write(tmp_path / "a.csv", KEYS[0])
    url = server.hand_out("/b.csv", hashlib.sha256(KEYS[1].encode()).hexdigest().encode())
    assert held(found(path, url, path, home=tmp_path)) == [True, True, False]
    assert len(server.asked) == 1


def test_where_none_is_named_the_usual_places_are_looked_at(tmp_path: Path) -> None:
    home, configured = tmp_path / "home", tmp_path / "xdg"
    write(home / ".config/keydeploy/disclosed-keys.csv", KEYS[0])
    write(configured / "keydeploy/disclosed-keys.csv", KEYS[1])
    assert held(found(home=home)) == [True, False, False]
    assert held(found(home=home, XDG_CONFIG_HOME=str(configured))) == [False, True, False]
    assert held(found(home=home, XDG_CONFIG_HOME="xdg")) == [True, False, False]
    assert held(found(write(tmp_path / "named.csv", KEYS[2]), home=home)) == [False, False, True]
    assert usual_places({"HOME": "/h"})[1] == Path("/etc/keydeploy/disclosed-keys.csv")


def test_that_there_is_no_list_is_said_with_the_next_step(tmp_path: Path) -> None:
    disclosed = found(home=tmp_path)
    assert disclosed.keys is None
    (note,) = disclosed.notes
    assert note.startswith("no list of disclosed keys was found")
    assert note.endswith(
        f"--disclosed-keys (in playbooks keydeploy_disclosed_keys), or put it at {tmp_path}"
        "/.config/keydeploy/disclosed-keys.csv"
    )


def test_a_list_older_than_180_days_is_said_to_be(tmp_path: Path) -> None:
    assert found(write(tmp_path / "a.csv", KEYS[0], days=180), home=tmp_path).notes == ()
    path = write(tmp_path / "a.csv", KEYS[0], days=181)
    assert found(path, home=tmp_path).notes == (
        f"the list of disclosed keys {path} is of 2026-05-21, 181 days old; fetch it anew",
    )


def test_a_stale_copy_is_used_and_said_to_be(tmp_path: Path, server: Server) -> None:
    url = server.hand_out("/a.csv", hashlib.sha256(KEYS[0].encode()).hexdigest().encode())
    find([url], now=NOW - 200 * DAY, environment={"XDG_CACHE_HOME": str(tmp_path)})
    del server.answers["/a.csv"]
    disclosed = find([url], now=NOW, environment={"XDG_CACHE_HOME": str(tmp_path)})
    assert held(disclosed) == [True, False, False]
    assert disclosed.notes == (
        f"{url} answered 404; the stale copy of 2026-05-02 is used",
        f"the list of disclosed keys {url} is of 2026-05-02, 200 days old; fetch it anew",
    )
    assert [path.parent.name for path in tmp_path.rglob("*.csv")] == ["keydeploy"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.csv", "the list of disclosed keys {} cannot be read: No such file or directory"),
        ("folder", "the list of disclosed keys {} cannot be read: Is a directory"),
        ("page.csv", "{} is no list of disclosed keys: it is a web page, not a list of hashes"),
        ("empty.csv", "{} is no list of disclosed keys: it is empty"),
    ],
)
def test_a_named_list_that_cannot_be_had_is_an_error(tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "page.csv").write_text("<html>", "utf-8")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(DisclosedKeysError) as error:
        found(write(tmp_path / "good.csv", KEYS[0]), tmp_path / name, home=tmp_path)
    assert error.value.message == told.format(tmp_path / name)
    assert error.value.hint


def test_a_list_at_its_usual_place_that_is_none_is_an_error_too(tmp_path: Path) -> None:
    path = tmp_path / ".config/keydeploy/disclosed-keys.csv"
    path.parent.mkdir(parents=True)
    path.write_text("{}", "utf-8")
    with pytest.raises(DisclosedKeysError, match="it is JSON"):
        found(home=tmp_path)


def test_a_path_means_the_same_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert absolute("a.csv") == f"{tmp_path}/a.csv"
    assert absolute("~/a.csv") == "/home/me/a.csv"
    assert absolute("https://lists.example/a.csv") == "https://lists.example/a.csv"


def test_the_public_list_is_known_by_its_hashes(reference_data: Path, tmp_path: Path) -> None:
    disclosed = found(reference_data / "mstic-MachineKeys.csv", home=tmp_path)
    assert disclosed.keys is not None
    assert len(disclosed.keys.hashes) == 7335
