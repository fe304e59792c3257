"""Lists are found by name, or at their usual place; that there is none, or that one is old, is said."""

import hashlib
import os
from pathlib import Path

import pytest

from keydeploy.disclosed import DisclosedList, absolute, check_typed, find, web
from keydeploy.disclosed.finding import usual_places
from keydeploy.errors import DisclosedKeysError
from keydeploy.secret import Secret
from tests.disclosed.server import Answer, Server

KEYS = [hashlib.sha512(f"key {n} of this test".encode()).hexdigest().upper() for n in range(3)]
NOW = 1_795_000_000.0
DAY = 86400.0


def write(path: Path, *keys: str, days: float = 0) -> Path:
    """Write a list of *keys* that is *days* old."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(hashlib.sha256(key.encode()).hexdigest() for key in keys), "utf-8")
    os.utime(path, (NOW - days * DAY,) * 2)
    return path


def found(*named: object, home: Path, now: float = NOW, **environment: str) -> DisclosedList:
    return find([str(name) for name in named], now=now, environment={"HOME": str(home), **environment})


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
    assert disclosed.notes[1:] == (
        f"{url} answered 404; the stale copy of 2026-05-02 is used",
        f"the list of disclosed keys {url} is of 2026-05-02, 200 days old; fetch it anew",
    )
    assert [path.parent.name for path in tmp_path.rglob("*.csv")] == ["keydeploy"]


def test_a_list_that_others_can_change_on_the_way_is_said_to_be(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "http://lists.example/a.csv"
    server.answers[url] = Answer(hashlib.sha256(KEYS[0].encode()).hexdigest().encode())
    monkeypatch.setenv("http_proxy", server.address)
    disclosed = found(f"{url}?token=Marked", home=tmp_path)
    assert held(disclosed) == [True, False, False]
    assert disclosed.notes == (
        f"{url} is fetched without encryption, so anybody on the way can leave keys out; name an https address",
    )


def test_nothing_of_that_is_said_of_an_encrypted_address(tmp_path: Path, server: Server) -> None:
    url = server.hand_out("/a.csv", hashlib.sha256(KEYS[0].encode()).hexdigest().encode())
    fetched = find([url], now=NOW - DAY, environment={"XDG_CACHE_HOME": str(tmp_path)})
    nobody = "https://127.0.0.1:9/a.csv"
    (copy,) = tmp_path.rglob("*.csv")
    copy.rename(web._copy_of(nobody, copy.parent))
    disclosed = find([nobody], now=NOW, environment={"XDG_CACHE_HOME": str(tmp_path)})
    assert len(fetched.notes) == len(disclosed.notes) == 1
    assert disclosed.notes[0].endswith("the stale copy of 2026-11-17 is used")


def test_a_list_that_has_lost_most_of_its_hashes_is_said_to_each_time_until_somebody_has_looked(
    tmp_path: Path, server: Server
) -> None:
    whole = "\n".join(hashlib.sha256(str(n).encode()).hexdigest() for n in range(9)).encode()
    url = server.hand_out("/a.csv", whole)
    found(url, home=tmp_path)
    (copy,) = tmp_path.rglob("*.csv")

    server.hand_out("/a.csv", b"\n".join(whole.split()[:5]))
    assert len(found(url, home=tmp_path, now=NOW + DAY).notes) == 1
    server.hand_out("/a.csv", b"\n".join(whole.split()[:2]))
    for day in (2, 3):
        disclosed = found(url, home=tmp_path, now=NOW + day * DAY)
        assert disclosed.keys is not None
        assert len(disclosed.keys.hashes) == 2
        assert disclosed.notes[1] == (
            f"{url} answers 2 hashes, less than half of the 5 in the copy that is kept here; look whether it is whole,"
            f" and if it is, remove {copy}"
        )
    copy.unlink()
    for day in (4, 5):
        assert len(found(url, home=tmp_path, now=NOW + day * DAY).notes) == 1


@pytest.mark.parametrize("name", ["a.csv", "what?.csv", "me@home.csv", "https://lists.example/a.csv", "http://h:80/a"])
def test_a_name_without_a_secret_may_be_typed(name: str) -> None:
    check_typed(name)


@pytest.mark.parametrize(
    "name", ["https://lists.example/a.csv?token=Marked", "https://me:Marked@lists.example/a.csv", "http://[::1?Marked"]
)
def test_an_address_that_may_hold_a_secret_is_refused_in_a_command_line(name: str) -> None:
    with pytest.raises(DisclosedKeysError) as error:
        check_typed(name)
    assert "Marked" not in error.value.told
    assert "keydeploy_disclosed_keys in the inventory" in error.value.told


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
