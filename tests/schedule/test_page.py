"""The notification scripts of docs/schedule.md do what the page says."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.docs.pages import ROOT, Block, Marker, parts_of

PAGE = ROOT / "docs/schedule.md"
SUMMARY = 'Farm portal: 1 of 2 nodes has drifted: web2. 100% "Nothing" was changed.'
REPORT = '{"report": 1, "verb": "drift"}'


def script(name: str) -> str:
    """Answer the text of the script that the page calls *name*."""
    parts = list(parts_of(PAGE))
    for marker, block in pairwise(parts):
        if isinstance(marker, Marker) and (marker.word, marker.rest) == ("file", name) and isinstance(block, Block):
            return block.text
    raise LookupError(name)


def run(text: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the script *text* as `--on-drift` does, with programs in *folder* before others."""
    file = folder / "notify"
    file.write_text(text + "\n", "utf-8")
    file.chmod(0o755)
    told = {"KEYDEPLOY_EXIT_CODE": "2", "KEYDEPLOY_SUMMARY": SUMMARY, "HOME": str(folder)}
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    own = {name: value for name, value in os.environ.items() if name != "STATE_DIRECTORY"}
    return subprocess.run(
        ["/bin/sh", "-c", str(file)],
        input=REPORT,
        env=own | told | {"PATH": path, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def program(folder: Path, name: str, text: str) -> None:
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / name).write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    (folder / "bin" / name).chmod(0o755)


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[bytes]]]:
    """Answer the address of a web server, and what it was sent so far."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/json"
            self.send_response(200 if self.path == "/secret-token" else 403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    server.server_close()


def sending(name: str, address: str, folder: Path) -> str:
    """Answer the script *name* with a file of its own for the address."""
    if shutil.which("curl") is None:
        missing("curl (Debian: curl)")
    (folder / "webhook.curl").write_text(f'url = "{address}"\n', "utf-8")
    text = script(name)
    assert "/etc/keydeploy/webhook.curl" in text
    return text.replace("/etc/keydeploy/webhook.curl", str(folder / "webhook.curl"))


def test_a_webhook_gets_the_sentence(webhook: tuple[str, list[bytes]], tmp_path: Path) -> None:
    address, sent = webhook
    done = run(sending("notify-webhook", f"{address}/secret-token", tmp_path), tmp_path)

    assert done.returncode == 0, done.stderr
    assert [json.loads(body) for body in sent] == [{"text": SUMMARY}]


def test_a_webhook_gets_the_report(webhook: tuple[str, list[bytes]], tmp_path: Path) -> None:
    address, sent = webhook
    done = run(sending("notify-with-report", f"{address}/secret-token", tmp_path), tmp_path)

    assert (done.returncode, sent) == (0, [REPORT.encode()])


@pytest.mark.parametrize("name", ["notify-webhook", "notify-with-report"])
def test_a_webhook_that_refuses_is_a_failure(name: str, webhook: tuple[str, list[bytes]], tmp_path: Path) -> None:
    assert run(sending(name, f"{webhook[0]}/other", tmp_path), tmp_path).returncode != 0


def test_a_mail_has_a_subject_and_the_sentence(tmp_path: Path) -> None:
    program(tmp_path, "msmtp", f'echo "$@" > {tmp_path}/to; cat > {tmp_path}/mail')
    done = run(script("notify-by-mail"), tmp_path)

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "to").read_text("utf-8") == "operators@example.com\n"
    head, _, body = (tmp_path / "mail").read_text("utf-8").partition("\n\n")
    assert "Subject: keydeploy drift: exit code 2" in head.splitlines()
    assert body.startswith(SUMMARY)


def test_windows_gets_an_event_with_the_sentence(tmp_path: Path) -> None:
    program(tmp_path, "eventcreate.exe", f"printf '%s\\n' \"$@\" > {tmp_path}/words")
    text = script("notify-event-log").replace("/mnt/c/Windows/System32/", "")
    assert run(text, tmp_path).returncode == 0
    words = (tmp_path / "words").read_text("utf-8").splitlines()
    assert words == ["/L", "APPLICATION", "/SO", "keydeploy", "/T", "WARNING", "/ID", "102", "/D", SUMMARY]


def test_the_same_is_said_once_and_again_when_it_is_another_or_a_day_old(tmp_path: Path) -> None:
    text = script("notify-once")
    assert "/etc/keydeploy/notify" in text
    program(tmp_path, "call", f'echo "$KEYDEPLOY_SUMMARY" >> {tmp_path}/calls')
    text = text.replace("/etc/keydeploy/notify", "call")
    calls = []
    for summary, state in (("a", {}), ("a", {}), ("b", {}), ("b", {"STATE_DIRECTORY": str(tmp_path / "bin")})):
        assert run(text, tmp_path, KEYDEPLOY_SUMMARY=summary, **state).returncode == 0
        calls.append((tmp_path / "calls").read_text("utf-8").split())
    assert calls == [["a"], ["a"], ["a", "b"], ["a", "b", "b"]]

    said = tmp_path / "keydeploy-said"
    os.utime(said, (said.stat().st_mtime - 25 * 3600,) * 2)
    run(text, tmp_path, KEYDEPLOY_SUMMARY="b")
    assert (tmp_path / "calls").read_text("utf-8").split() == ["a", "b", "b", "b"]


def test_it_is_said_again_when_nobody_could_be_told(tmp_path: Path) -> None:
    program(tmp_path, "call", "exit 1")
    text = script("notify-once").replace("/etc/keydeploy/notify", "call")
    assert run(text, tmp_path).returncode == 1
    assert not (tmp_path / "keydeploy-said").exists()
