"""A line for cron looks for drift where cron would run it: by /bin/sh, with next to nothing in the environment."""

import json
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from keydeploy.errors import KeydeployError
from tests.engine.farm import DECRYPTION_KEY, TIMEOUT, VALIDATION_KEY
from tests.engine.hunting import find, forms
from tests.schedule.farms import VAULT_PASSWORD, Farm
from tests.schedule.jobs import job, text
from tests.schedule.test_quoting import of_debian, of_others


def as_cron_runs_it(line: str, farm: Farm) -> subprocess.CompletedProcess[str]:
    """Run the command of *line*, which has five fields before it."""
    command = of_debian(line.split(" ", 5)[5])
    environment = {"HOME": str(farm.folder.parent), "LOGNAME": "me", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        ["/bin/sh", "-c", command],
        cwd="/",
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def test_the_line_finds_drift_calls_for_help_and_writes_the_report(farm: Farm, tmp_path: Path) -> None:
    out = shlex.quote(str(tmp_path))
    told = f'echo "100% $KEYDEPLOY_SUMMARY" > {out}/summary'
    notify = tmp_path / "notify"  # in a script of its own, because a line for cron has little room
    argv = f"tr '\\0' ' ' < /proc/$PPID/cmdline > {out}/argv"
    notify.write_text(f"#!/bin/sh\ncat > {out}/report.json; {told}; {argv}\n", "utf-8")
    notify.chmod(0o700)
    report = f"prometheus={tmp_path}/keydeploy.prom"
    printed = farm.schedule("cron", "--user", "--random-delay", "0s", "--report", report, "--on-drift", str(notify))
    line = printed.splitlines()[-1]

    done = as_cron_runs_it(line, farm)

    assert done.returncode == 2, done.stderr
    assert "drift on 2 of 2 nodes" in done.stdout
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["exit_code"] == 2
    assert (tmp_path / "summary").read_text("utf-8").startswith("100% Farm portal: 2 of 2 nodes have drifted")
    assert (tmp_path / "keydeploy.prom").exists()
    secrets = forms((VALIDATION_KEY, DECRYPTION_KEY), (VAULT_PASSWORD,))
    texts = [
        printed.encode(),
        done.stdout.encode(),
        done.stderr.encode(),
        *(file.read_bytes() for file in tmp_path.iterdir()),
    ]
    assert [each for content in texts for each in find(content, secrets)] == []


def line_of(farm: Farm, name: str, program: str, limit: int) -> str:
    """Answer the line of a job called *name* that runs *program*."""
    given = job(name=name, account=None, delay=0, limit=limit, directory=str(farm.folder), program=(program,))
    return text("cron", given).splitlines()[-1]


def test_one_line_waits_for_another_and_tells_when_it_is_skipped(farm: Farm) -> None:
    line = line_of(farm, "drift-lock", "/bin/true", 1)
    assert as_cron_runs_it(line, farm).returncode == 0
    lock = farm.folder.parent / ".local/state/keydeploy/drift-lock"
    assert (lock.stat().st_mode & 0o077, lock.parent.stat().st_mode & 0o077) == (0, 0)

    with subprocess.Popen(["flock", "--no-fork", lock, "sleep", "60"]) as holder:
        try:
            time.sleep(0.3)
            done = as_cron_runs_it(line, farm)
        finally:
            holder.kill()
    assert (done.returncode, done.stdout) == (75, "")
    assert done.stderr == "drift-lock: skipped, another run lasts\n", "which cron mails"


def test_schedules_of_one_folder_do_not_wait_for_each_other_nor_for_who_holds_the_folder(farm: Farm) -> None:
    other = farm.folder.parent / ".local/state/keydeploy/drift-other"
    assert as_cron_runs_it(line_of(farm, "drift-other", "/bin/true", 1), farm).returncode == 0
    other.parent.mkdir(parents=True, exist_ok=True)
    hold = ("flock", "--no-fork")
    with subprocess.Popen([*hold, farm.folder, *hold, other, "sleep", "60"]) as holder:
        try:
            time.sleep(0.3)
            assert as_cron_runs_it(line_of(farm, "drift-this", "/bin/true", 1), farm).returncode == 0
        finally:
            holder.kill()


def test_the_lock_of_an_account_is_in_a_folder_of_its_own_which_the_file_says_how_to_make() -> None:
    made = text("cron", job(name="portal"))

    assert "sudo install --directory --mode=700 --owner=keydeploy /var/lib/keydeploy-portal\n" in made
    assert "exec 9> /var/lib/keydeploy-portal/lock &&" in made.splitlines()[-1]


def test_a_run_that_hangs_is_ended(farm: Farm, tmp_path: Path) -> None:
    hangs = tmp_path / "hangs"
    hangs.write_text("#!/bin/sh\nsleep 60\n", "utf-8")
    hangs.chmod(0o755)
    line = text("cron", job(account=None, delay=0, limit=1, directory=str(farm.folder), program=(str(hangs),)))
    assert as_cron_runs_it(line.splitlines()[-1], farm).returncode == 124, "that of timeout"


def test_a_file_for_the_system_names_the_account_and_a_path() -> None:
    lines = text("cron", job()).splitlines()
    assert "PATH=/usr/local/bin:/usr/bin:/bin" in lines
    assert lines[-1].split(" ", 6)[:6] == ["*/15", "*", "*", "*", "*", "keydeploy"]
    assert of_debian(lines[-1]) == of_others(lines[-1]) == lines[-1]


def test_a_line_that_cron_would_cut_is_refused() -> None:
    with pytest.raises(KeydeployError, match="longer than cron takes"):
        text("cron", job(on_drift="x" * 1000))
    with pytest.raises(KeydeployError, match="longer than cron takes"):
        text("cron", job(on_drift="é" * 400))  # cron counts bytes
    assert text("cron", job(on_drift="e" * 400))
