"""A web server on this machine that hands out lists and counts how often it was asked."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread


@dataclass
class Answer:
    """What it says for one path."""

    content: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    """It sends its headers, and nothing more until the server ends."""


@dataclass
class Server:
    """The server, by what it is to say."""

    address: str
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """The path and the headers of every request."""

    def hand_out(self, path: str, content: bytes, **headers: str) -> str:
        """Answer *content* at *path* from now on; answer the address."""
        self.answers[path] = Answer(content, headers=headers)
        return self.address + path


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server on a free port."""
    ended = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            server.asked.append((self.path, dict(self.headers)))
            answer = server.answers.get(path, Answer(b"nothing here", 404))
            version = answer.headers.get("ETag")
            unchanged = version is not None and self.headers.get("If-None-Match") == version
            self.send_response(304 if unchanged else answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if answer.hangs:
                self.wfile.flush()
                ended.wait(60)
            elif not unchanged:
                self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}")
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        ended.set()
        http.shutdown()
        http.server_close()
