"""A list is fetched from the web in one bounded request, and its copy serves where there is no network."""

import hashlib
import stat
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import pytest

from keydeploy.disclosed import web
from keydeploy.errors import DisclosedKeysError
from keydeploy.secret import Secret
from tests.disclosed.server import Answer, Server

KEY = hashlib.sha512(b"a key of this test").hexdigest().upper()
LIST = f"validationKey, decryptionKey\n{hashlib.sha256(KEY.encode()).hexdigest()}, {'0' * 64}\n".encode()
NOW = 1_795_000_000.0
DAY = 86400.0


def refused(url: str, folder: Path) -> DisclosedKeysError:
    with pytest.raises(DisclosedKeysError) as error:
        web.fetch(url, folder, NOW)
    return error.value


def test_a_list_is_fetched_with_one_request(server: Server, tmp_path: Path) -> None:
    found = web.fetch(server.hand_out("/list.csv", LIST), tmp_path, NOW)

    assert found.keys.holds(Secret.of(KEY.lower()))
    assert (found.time, found.failure) == (NOW, None)
    assert [path for path, _ in server.asked] == ["/list.csv"]


def test_what_is_new_counts_at_once(server: Server, tmp_path: Path) -> None:
    url = server.hand_out("/list.csv", ("1" * 64).encode(), ETag='"one"')
    assert not web.fetch(url, tmp_path, NOW).keys.holds(Secret.of(KEY))
    server.hand_out("/list.csv", LIST, ETag='"two"')
    assert web.fetch(url, tmp_path, NOW + 1).keys.holds(Secret.of(KEY))


def test_one_moment_asks_once(server: Server, tmp_path: Path) -> None:
    url = server.hand_out("/list.csv", LIST)
    for _ in range(3):
        assert web.fetch(url, tmp_path, NOW + 0.123456789).keys.holds(Secret.of(KEY))
    assert len(server.asked) == 1


def test_a_copy_of_a_wrong_clock_is_not_taken_for_a_new_one(server: Server, tmp_path: Path) -> None:
    url = server.hand_out("/list.csv", ("1" * 64).encode())
    web.fetch(url, tmp_path, NOW + 365 * DAY)
    server.hand_out("/list.csv", LIST)
    assert web.fetch(url, tmp_path, NOW).keys.holds(Secret.of(KEY))


def test_no_redirection_leads_out_of_encryption() -> None:
    asked = Request("https://lists.example/list.csv")
    follow = web._Redirects().redirect_request
    assert follow(asked, None, 302, "", Message(), "https://other.example/") is not None
    for target in ("http://lists.example/list.csv", "ftp://lists.example/"):
        with pytest.raises(HTTPError):
            follow(asked, None, 302, "", Message(), target)


def test_what_is_unchanged_is_not_sent_again(server: Server, tmp_path: Path) -> None:
    url = server.hand_out("/list.csv", LIST, ETag='W/"one"')
    web.fetch(url, tmp_path, NOW)
    again = web.fetch(url, tmp_path, NOW + DAY)
    assert server.asked[1][1]["If-None-Match"] == 'W/"one"'
    assert again.keys.holds(Secret.of(KEY))
    assert (again.time, again.failure) == (NOW + DAY, None)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"gone", 404),
        Answer(b"", 503),
        Answer(b"<html>sign in to the network</html>"),
        Answer(b"", 302, {"Location": "ftp://127.0.0.1/list.csv"}),
        Answer(b"", 302, {"Location": "file:///etc/passwd"}),
        None,
    ],
)
def test_a_copy_serves_where_the_list_cannot_be_had(server: Server, tmp_path: Path, answer: Answer | None) -> None:
    url = server.hand_out("/list.csv", LIST)
    web.fetch(url, tmp_path, NOW)
    if answer is None:
        url_of_nobody = "http://127.0.0.1:9/list.csv"
        for copy in tmp_path.glob("*.csv"):
            copy.rename(web._copy_of(url_of_nobody, tmp_path))
        url = url_of_nobody
    else:
        server.answers["/list.csv"] = answer

    found = web.fetch(url, tmp_path, NOW + 3 * DAY)

    assert found.keys.holds(Secret.of(KEY))
    assert found.time == NOW
    assert found.failure is not None
    assert found.failure.startswith(("http://127.0.0.1:", "what http://127.0.0.1:"))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(b"gone", 404), "/list.csv answered 404"),
        (Answer(b"", 304), "/list.csv answered that nothing is new, and nothing is kept here"),
        (Answer(b"<html></html>"), "/list.csv answers is no list of disclosed keys: it is a web page"),
        (Answer(LIST + KEY.encode()), "/list.csv answers is no list of disclosed keys: line 3 "),
        (Answer(b"", 302, {"Location": "/list.csv"}), "/list.csv answered 302"),
    ],
)
def test_without_a_copy_it_is_refused_with_the_next_step(
    server: Server, tmp_path: Path, answer: Answer, told: str
) -> None:
    server.answers["/list.csv"] = answer
    error = refused(server.address + "/list.csv?token=Marked", tmp_path)
    assert told in error.message
    assert error.hint
    assert "Marked" not in error.told
    assert KEY[:16] not in error.told
    assert not list(tmp_path.iterdir())


def test_a_redirection_is_followed(server: Server, tmp_path: Path) -> None:
    server.hand_out("/list.csv", LIST)
    server.answers["/latest"] = Answer(status=301, headers={"Location": "/list.csv"})
    assert web.fetch(server.address + "/latest", tmp_path, NOW).keys.holds(Secret.of(KEY))


def test_an_answer_is_bounded_in_size(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "LARGEST", 1024**2)
    url = server.hand_out("/list.csv", b"#" * (1024**2 + 1))
    assert refused(url, tmp_path).message.endswith("/list.csv answers is larger than 1 MiB")


def test_an_answer_is_bounded_in_time(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "_PATIENCE", 0.3)
    server.answers["/list.csv"] = Answer(hangs=True)
    assert "did not answer" in refused(server.address + "/list.csv", tmp_path).message


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/l.csv", "file:///etc/passwd", "http://", "http://[::1/l", "http://h:99999/l", "gopher://h/"],
)
def test_other_schemes_are_not_fetched(tmp_path: Path, url: str) -> None:
    assert "http and https alone" in refused(url, tmp_path).message


def test_a_password_in_an_address_is_refused_and_not_told(tmp_path: Path) -> None:
    error = refused("https://me:Marked-Passw0rd@lists.example/l.csv", tmp_path)
    assert "https://lists.example/l.csv" in error.message
    assert "Marked" not in error.told


def test_a_copy_holds_hashes_alone_and_belongs_to_the_user(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "keydeploy"
    web.fetch(server.hand_out("/list.csv", LIST, ETag='"one"') + "?token=Marked", folder, NOW)

    (copy,) = folder.iterdir()
    assert copy.read_text().splitlines() == [
        '# version: "one"',
        *sorted([hashlib.sha256(KEY.encode()).hexdigest(), "0" * 64]),
    ]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "Marked" not in copy.name


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"<html>", b'# version: "x"\n'])
def test_a_damaged_copy_is_as_none_and_is_replaced(server: Server, tmp_path: Path, content: bytes) -> None:
    url = server.hand_out("/list.csv", LIST, ETag='"x"')
    web.fetch(url, tmp_path, NOW)
    (copy,) = tmp_path.iterdir()
    good = copy.read_bytes()
    copy.write_bytes(content)
    assert web.fetch(url, tmp_path, NOW).keys.holds(Secret.of(KEY))
    assert copy.read_bytes() == good


def test_a_folder_that_cannot_be_written_is_no_obstacle(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = web.fetch(server.hand_out("/list.csv", LIST), tmp_path / "file" / "cache", NOW)
    assert found.failure is None
