"""A standard stream that is closed, full or without a reader hides no verdict, and keeps nobody from being called."""

import fcntl
import os
import select
import subprocess
import time
from pathlib import Path

import pytest

from tests.engine.farm import COMMANDS, DECLARED_KEYS, TIMEOUT, Stand

KEEP = 'echo "$KEYDEPLOY_EXIT_CODE" > code; echo "$KEYDEPLOY_SUMMARY" > summary'

LOST = "keydeploy: error: the standard output cannot be written: No space left on device"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer a farm that has drifted."""
    return Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", "web1")


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer a farm that is as declared."""
    stand = Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", "web1")
    stand.own_config("web1").write_bytes(DECLARED_KEYS)
    return stand


def through_shell(stand: Stand, line: str) -> tuple[int, str]:
    """Run *line* of bash, where `keydeploy` is the one of this tree; answer its exit code, and what it told."""
    for name in ("code", "summary"):
        (stand.folder / name).unlink(missing_ok=True)
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=stand.folder,
        env=stand.environment(INVENTORY=str(stand.inventory), KEEP=KEEP),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return done.returncode, done.stderr


def called(stand: Stand) -> str:
    return (stand.folder / "code").read_text("utf-8").strip()


@pytest.mark.parametrize(
    "streams",
    [
        pytest.param("> /dev/full", id="the disk of the report is full"),
        pytest.param("2> /dev/full", id="the disk of the log is full"),
        pytest.param("--format json > >(exec true)", id="nobody reads the document"),
        pytest.param("-v 2> >(exec true)", id="nobody reads the log"),
        pytest.param("0<&- >&- 2>&-", id="there is no stream at all"),
    ],
)
def test_drift_is_told_and_calls_for_help_without_its_streams(stand: Stand, streams: str) -> None:
    code, err = through_shell(
        stand, f'keydeploy drift "$INVENTORY" --on-drift "echo told; echo told >&2; $KEEP" {streams}'
    )

    assert (code, called(stand)) == (2, "2")
    summary = (stand.folder / "summary").read_text("utf-8").strip()
    assert summary == "Farm portal: 1 of 1 node has drifted: web1. Nothing was changed."
    assert "internal error" not in err
    assert (LOST in err) == streams.startswith("> /dev/full")


def test_a_verdict_that_is_lost_is_an_error_only_where_all_is_well(in_order: Stand) -> None:
    code, err = through_shell(in_order, 'keydeploy drift "$INVENTORY" --on-drift "$KEEP" > /dev/full')
    assert (code, called(in_order)) == (1, "1")
    assert LOST in err
    assert "standard output" in (in_order.folder / "summary").read_text("utf-8")

    code, err = through_shell(in_order, 'keydeploy drift "$INVENTORY" --on-drift "$KEEP" > >(exec true)')
    assert (code, "error" in err) == (0, False)
    assert not (in_order.folder / "code").exists()


def test_a_change_goes_on_to_its_end_without_its_streams(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")

    code, _ = through_shell(stand, 'keydeploy apply "$INVENTORY" -v > >(exec true) 2> >(exec true)')

    assert code == 0
    assert stand.is_at_rest("web1")
    assert stand.own_config("web1").read_bytes() == DECLARED_KEYS


@pytest.mark.parametrize("words", ["drift --help", "explain --list", "completion bash"])
def test_what_is_printed_to_a_full_disk_is_an_error_and_for_a_reader_who_left_is_not(stand: Stand, words: str) -> None:
    code, err = through_shell(stand, f"keydeploy {words} > /dev/full")
    assert (code, err.splitlines()[0]) == (1, LOST)

    assert through_shell(stand, f"keydeploy {words} > >(exec true)") == (0, "")


def test_a_stream_that_somebody_made_non_blocking_gets_all(stand: Stand) -> None:
    """A terminal or a pipe is shared, and so is that it does not block."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, os.sysconf("SC_PAGE_SIZE"))
    command = [str(COMMANDS / "keydeploy"), "completion", "bash"]
    with (
        subprocess.Popen(command, cwd=stand.folder, env=stand.environment(), stdout=writer) as child,
        os.fdopen(reader, "rb") as stream,
    ):
        os.close(writer)
        select.select([stream], [], [], TIMEOUT)
        time.sleep(0.3)  # it writes more than the pipe holds
        printed = stream.read()
        assert child.wait(TIMEOUT) == 0
    assert printed == subprocess.run(command, capture_output=True, env=stand.environment(), check=True).stdout
