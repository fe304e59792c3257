"""`drift --on-drift COMMAND` calls for help where not all is well, with the report and a sentence."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from keydeploy.cli import notifying
from keydeploy.report.exit_code import ExitCode
from keydeploy.report.model import Report, Verb
from keydeploy.report.recorder import Recorder
from keydeploy.schema import validator
from tests.engine.farm import COMMANDS, DECLARED_KEYS, DECRYPTION_KEY, TIMEOUT, Ran, Stand, fault
from tests.engine.hunting import leaks

KEEP = 'cat > told.json; echo "$KEYDEPLOY_EXIT_CODE" > code; echo "$KEYDEPLOY_SUMMARY" > summary'


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer a farm that has drifted."""
    return Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", "web1", "web2")


def told(stand: Stand, *arguments: str) -> tuple[Ran, str]:
    """Look for drift and answer the run, and the summary that the command was told, checked against the rest."""
    for name in ("told.json", "code", "summary"):
        (stand.folder / name).unlink(missing_ok=True)
    ran = stand.keydeploy("drift", "--on-drift", KEEP, *arguments)
    report = json.loads((stand.folder / "told.json").read_text("utf-8"))
    validator("report").validate(report)
    assert report["exit_code"] == int((stand.folder / "code").read_text("utf-8"))
    assert report["exit_code"] in (ran.code, 1)
    return ran, (stand.folder / "summary").read_text("utf-8").strip()


def report_of_failure() -> Report:
    return Recorder(Verb.DRIFT, failure="the inventory cannot be read").report()


def test_drift_calls_for_help_and_stays_drift(stand: Stand) -> None:
    ran, summary = told(stand)

    assert ran.code == 2
    assert summary == "Farm portal: 2 of 2 nodes have drifted: web1, web2. Nothing was changed."


def test_what_the_command_writes_does_not_get_into_the_document(stand: Stand) -> None:
    ran = stand.tell("drift", "--on-drift", "echo told; echo loudly >&2; exit 0")

    assert ran.report["exit_code"] == 2
    assert ran.err.splitlines()[-2:] == ["told", "loudly"]


def test_a_command_that_fails_is_told_and_hides_nothing(stand: Stand) -> None:
    ran = stand.keydeploy("drift", "--on-drift", "exit 7")

    assert ran.code == 2
    assert "keydeploy: error: the command of --on-drift ended with exit code 7" in ran.err


def test_nothing_secret_reaches_the_command(stand: Stand) -> None:
    keep = "cat > told.json; env > env; tr '\\0' '\\n' < /proc/$PPID/cmdline > argv"
    ran = stand.keydeploy("drift", "-vvvvv", "--on-drift", keep)

    assert ran.code == 2
    assert leaks(stand, ran) == []


def test_each_trouble_is_told_in_words_of_its_own(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2")
    for host in ("web1", "web2"):
        stand.own_config(host).write_bytes(DECLARED_KEYS)
    assert stand.keydeploy("drift", "--on-drift", KEEP).code == 0
    assert not (stand.folder / "told.json").exists(), "all is well"

    stand.behave("web2", fault("file.read", "unreachable"))
    ran, summary = told(stand)
    assert (ran.code, summary) == (4, "Could not tell how farm portal stands, because web2 could not be reached.")

    stand.behave("web2", fault("file.read", "fail"))
    ran, summary = told(stand)
    assert ran.code == 1
    assert summary.startswith("Could not tell how farm portal stands, because of this: web2: ")

    stand.set("web1", vault_portal={"validation_key": DECRYPTION_KEY[:30], "decryption_key": DECRYPTION_KEY})
    ran, summary = told(stand)
    assert (ran.code, summary) == (3, "The spec has 1 problem; no node was contacted.")

    stand.inventory.unlink()
    ran, summary = told(stand)
    assert (ran.code, summary) == (1, f"Could not tell: there is no inventory {stand.inventory}.")


def test_a_look_that_could_not_be_made_at_all_calls_for_help(stand: Stand) -> None:
    ran, summary = told(stand, "--report", f"json={stand.folder}/not/there/report.json")

    assert ran.code == 1
    assert "keydeploy: error: " in ran.err
    assert summary.startswith("Could not tell: ")


def test_a_look_that_is_ended_by_its_scheduler_calls_for_help(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    stand.behave("web1", fault("file.read", "late", seconds=60))
    command = [str(COMMANDS / "keydeploy"), "drift", str(stand.inventory), "--on-drift", KEEP]
    with subprocess.Popen(command, cwd=stand.folder, env=stand.environment(), stderr=subprocess.DEVNULL) as child:
        until = time.monotonic() + TIMEOUT
        while not (stand.folder / "web1.calls").exists() and time.monotonic() < until:
            time.sleep(0.05)
        child.send_signal(signal.SIGTERM)
        assert child.wait(TIMEOUT) == 130
    assert (stand.folder / "code").read_text("utf-8").strip() == "130"
    assert "nterrupted" in (stand.folder / "summary").read_text("utf-8")


def test_a_look_that_is_ended_before_it_began_calls_for_help(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    command = [str(COMMANDS / "keydeploy"), "drift", str(stand.inventory), "--ask-vault-pass", "--on-drift", KEEP]
    controller, terminal = os.openpty()
    with subprocess.Popen(
        command, cwd=tmp_path, env=stand.environment(), stdin=terminal, stderr=terminal, start_new_session=True
    ) as child:
        assert b"assword" in os.read(controller, 1000)  # it waits for somebody to type
        child.send_signal(signal.SIGTERM)
        assert child.wait(TIMEOUT) == 130
    os.close(terminal)
    os.close(controller)
    assert (stand.folder / "code").read_text("utf-8").strip() == "130"
    assert "nterrupted" in (stand.folder / "summary").read_text("utf-8")


def begun(stand: Stand, command: str, *before: str) -> "subprocess.Popen[str]":
    """Start a look whose *command* makes the file `begun`, and wait for that."""
    child = subprocess.Popen(
        [*before, str(COMMANDS / "keydeploy"), "drift", str(stand.inventory), "--quiet", "--on-drift", command],
        cwd=stand.folder,
        env=stand.environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + TIMEOUT
    while not (stand.folder / "begun").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return child


def test_a_time_limit_that_strikes_while_the_command_runs_leaves_it_its_time(tmp_path: Path) -> None:
    """`timeout` tells its child first, and then the whole group: twice the same signal, but one wish."""
    stand = Stand(tmp_path).add_farm("portal", "web1")
    limited = ("timeout", "--preserve-status", "--kill-after=90", "100")
    with begun(stand, "touch begun; sleep 1.5; touch done", *limited) as child:
        child.send_signal(signal.SIGTERM)  # from here on it does as after its 100 s
        assert child.wait(TIMEOUT) == 2
        assert child.stderr is not None
        assert "error: the command" not in child.stderr.read()
    assert (tmp_path / "done").exists()


def test_a_second_signal_ends_the_command_and_hides_nothing(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    with begun(stand, "touch begun; sleep 50; touch done") as child:
        child.send_signal(signal.SIGINT)
        time.sleep(1.2)
        child.send_signal(signal.SIGTERM)
        assert child.wait(TIMEOUT) == 2
        assert child.stderr is not None
        assert "was ended, because a second signal asked for it" in child.stderr.read()
    assert not (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("failure", "told"),
    [("bad\0name", "Could not tell: bad\N{REPLACEMENT CHARACTER}name."), ("ä" * 200_000, "ää ...")],
)
def test_whatever_the_sentences_hold_the_command_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)

    notifying.notify(KEEP, Recorder(Verb.DRIFT, failure=failure).report(), ExitCode.ERROR)

    summary = (tmp_path / "summary").read_bytes()
    assert summary.decode().rstrip("\n").endswith(told)
    assert len(summary) <= 4096 + 1
    assert json.loads((tmp_path / "told.json").read_text("utf-8"))["failure"] == failure


def test_a_command_that_hangs_is_ended_with_all_that_it_has_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notifying, "_PATIENCE", 0.2)
    command = f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/child; wait; wait"

    notifying.notify(command, report_of_failure(), ExitCode.ERROR, limit=0.5)

    assert "took longer than 0.5 s and was ended" in capfd.readouterr().err
    child = int((tmp_path / "child").read_text("utf-8"))
    with pytest.raises(ProcessLookupError):
        _wait_until_gone(child)


def test_a_command_need_not_read_the_report(capfd: pytest.CaptureFixture[str]) -> None:
    notifying.notify("exec <&-; exit 0", report_of_failure(), ExitCode.ERROR)
    assert capfd.readouterr().err == ""


def _wait_until_gone(pid: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        os.kill(pid, 0)
        if Path(f"/proc/{pid}/stat").read_text("utf-8").split()[2] == "Z":
            raise ProcessLookupError
        time.sleep(0.05)
