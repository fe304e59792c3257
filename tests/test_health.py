"""The health check, against a server on this machine; time is told by the test."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from keydeploy.health import probe
from keydeploy.spec import Health


class Handler(BaseHTTPRequestHandler):
    """Answers the statuses in *answers*, one a request; the last one again and again."""

    answers: ClassVar[list[int]] = []
    asked: ClassVar[list[str]] = []
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == 0:
            self.wfile.write(b"this is not HTTP\r\n\r\n")
            return
        self.send_response(status)
        if status in (301, 302, 307):
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Handler, "answers", [200])
    monkeypatch.setattr(Handler, "asked", [])
    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/health"
    server.shutdown()
    server.server_close()
    thread.join(5)


def checked(health: Health) -> str | None:
    time = Time()
    return probe(health, clock=time.clock, sleep=time.sleep)


def test_a_node_that_answers_as_expected_is_healthy_at_once(url: str) -> None:
    assert checked(Health(url)) is None
    assert Handler.asked == ["/health"]


@pytest.mark.parametrize("status", [204, 301, 302, 401, 503])
def test_any_status_can_be_the_expected_one(url: str, status: int) -> None:
    Handler.answers[:] = [status]
    assert checked(Health(url, expect=status)) is None


def test_a_node_may_need_some_time(url: str) -> None:
    Handler.answers[:] = [503, 503, 500, 200]
    assert checked(Health(url, within=10.0)) is None
    assert len(Handler.asked) == 4


def test_a_node_that_does_not_recover_is_told_with_its_last_status(url: str) -> None:
    Handler.answers[:] = [503]
    assert checked(Health(url, within=2.0)) == f"the health check of {url} got status 503 within 2 s, not status 200"
    assert 5 <= len(Handler.asked) <= 11


def test_a_redirection_is_not_followed_because_it_may_lead_to_another_node(url: str) -> None:
    Handler.answers[:] = [302, 200]
    assert checked(Health(url, within=0.1)) == f"the health check of {url} got status 302 within 0.1 s, not status 200"
    assert Handler.asked == ["/health"]


def test_an_answer_that_is_not_http_is_no_answer(url: str) -> None:
    Handler.answers[:] = [0]
    assert checked(Health(url, within=0.1)) == f"the health check of {url} got no answer within 0.1 s, not status 200"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://127.0.0.1:1/health", "http://127.0.0.1:1/health"),
        ("http://me:secret@127.0.0.1:1/health?token=secret#secret", "http://127.0.0.1:1/health"),
        ("http://127.0.0.1:no/", "its address"),
        ("http://[::1/", "its address"),
        ("http://me:sec/ret@127.0.0.1/", "its address"),
        ("http://me/secret@127.0.0.1/", "its address"),
    ],
)
def test_an_address_that_does_not_answer_is_told_without_what_may_be_secret(address: str, shown: str) -> None:
    told = f"the health check of {shown} got no answer within 1 s, not status 200"
    assert checked(Health(address, within=1.0)) == told
