"""What systemd itself makes of the units: its own checks, what it hands over, and a farm that is looked at by them."""

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keydeploy.errors import KeydeployError
from keydeploy.schedule import Job, Password
from tests.conftest import missing
from tests.engine.farm import DECRYPTION_KEY, VALIDATION_KEY
from tests.engine.hunting import find, forms
from tests.schedule.farms import HOSTILE, VAULT_PASSWORD, Farm, farm_at
from tests.schedule.jobs import JOB, hostile, job, made
from tests.schedule.manager import SYSTEMD, Manager

EXPOSURE = 15
"""Tenths that `systemd-analyze security` may find at most; 100 is no protection at all."""
NUMBERS = count()
SHAPES = {
    "as it is": JOB,
    "with all that it can have": job(
        passwords=(Password("/etc/keydeploy/vault"), Password("/etc/prod", "prod"), Password("/bin/ask", "dev", True)),
        reports=(("prometheus", "/var/lib/textfile/keydeploy.prom"), ("html", "/srv/reports of drift/portal.html")),
        on_drift='printf "%s" "$KEYDEPLOY_SUMMARY" | mail -s "100%" ops',
        limited_to="web*",
        forks=5,
    ),
    "of a user": job(account=None, passwords=(Password("/home/me/.vault"),)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_systemd_finds_nothing_wrong_with_the_units(shape: str, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze (Debian: systemd)")
    program = tmp_path / "keydeploy"
    program.symlink_to("/bin/true")
    given_job = replace(SHAPES[shape], program=(str(program),))
    files = [tmp_path / file.path for file in made("systemd", given_job).files]
    for path, file in zip(files, made("systemd", given_job).files, strict=True):
        path.write_text(file.text, "utf-8")

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False
    )
    about_ours = [line for line in done.stderr.splitlines() if "keydeploy" in line]
    assert (done.returncode, about_ours) == (0, [])


def test_the_service_may_do_little(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze (Debian: systemd)")
    service = tmp_path / "keydeploy-drift.service"
    service.write_text(made("systemd", SHAPES["with all that it can have"]).files[0].text, "utf-8")

    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", "--no-pager", service],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_home_is_hidden_unless_something_of_the_job_is_there() -> None:
    assert "ProtectHome=yes" in made("systemd", JOB).files[0].text
    assert "ProtectHome=read-only" in made("systemd", job(directory="/home/me/farm")).files[0].text
    assert "ProtectHome=read-only" in made("systemd", job(sees=("/root/.pyenv/bin/python",))).files[0].text


def test_no_name_takes_the_place_or_the_folder_of_a_unit_that_a_package_has_brought() -> None:
    files = made("systemd", job(name="logrotate")).files

    assert [str(file.path) for file in files] == ["keydeploy-logrotate.service", "keydeploy-logrotate.timer"]
    assert "StateDirectory=keydeploy-logrotate\n" in files[0].text
    assert "enable --now keydeploy-logrotate.timer" in files[0].text
    assert str(made("systemd", JOB).files[0].path) == "keydeploy-drift.service"


def test_no_account_is_taken_for_an_option_of_useradd() -> None:
    assert "/usr/sbin/nologin -- keydeploy\n" in made("systemd", JOB).files[0].text


@pytest.mark.parametrize("mark", ['"', "'", "\\"])
def test_a_program_that_systemd_would_not_run_is_refused(mark: str) -> None:
    with pytest.raises(KeydeployError, match="systemd runs no program"):
        made("systemd", job(program=(f"/opt/key{mark}deploy",)))


def test_a_password_that_a_program_prints_is_not_taken_for_the_text_of_the_program() -> None:
    text = made("systemd", job(passwords=(Password("/bin/ask", "dev", True),))).files[0].text
    assert "LoadCredential" not in text
    assert "--vault-id=dev@/bin/ask" in text


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(hostile(1), min_size=1, max_size=3))
def test_systemd_hands_over_the_words_and_the_folder_as_they_are(manager: Manager, words: list[str]) -> None:
    number = next(NUMBERS)
    folder = manager.folder / "words" / re.sub("/", "_", "a" + words[0])[:60]
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "sh" if not set(str(folder)) & set("\"'\\") else Path("/bin/sh")
    if not program.exists():
        program.symlink_to("/bin/sh")
    told = manager.folder / f"told-{number}"
    dump = '{ pwd; printf \'%s\\0\' "$@"; } > "$0"'
    given_job = Job(
        name=f"words-{number}",
        times=JOB.times,
        limit=60,
        delay=0,
        directory=str(folder),
        program=(str(program), "-c", dump, str(told)),
        inventories=tuple(f"/{word}" for word in words),
        on_drift=words[0],
    )
    try:
        service, _ = made("systemd", given_job).files
    except KeydeployError:
        assert str(folder) != str(folder).strip() or str(folder).endswith("\\")
        return
    unit = manager.units / f"keydeploy-words-{number}.service"
    unit.write_text(service.text, "utf-8")
    manager.control("daemon-reload")
    started = manager.control("start", unit.name)

    assert started.returncode == 0, service.text
    first, *others = (f"/{word}" for word in words)
    expected = ["drift", first, *(f"--inventory={each}" for each in others), f"--on-drift={words[0]}"]
    assert told.read_text("utf-8") == f"{folder}\n" + "".join(f"{word}\0" for word in expected)


def shell_job(name: str, script: str, limit: int = 60, **changes: Any) -> Job:
    """Answer a job whose program is *script*."""
    return job(name=name, directory="/", program=("/bin/sh", "-c", script), limit=limit, delay=0, **changes)


def write(folder: Path, given: Job) -> str:
    """Write the units of *given* and answer the name of its service."""
    files = made("systemd", given).files
    for file in files:
        (folder / file.path).write_text(file.text, "utf-8")
    return str(files[0].path)


def test_one_runs_at_a_time_and_one_that_hangs_is_ended(manager: Manager) -> None:
    script = "echo begun >> /var/lib/keydeploy-lasting/begun; sleep 60"
    unit = write(manager.units, shell_job("lasting", script, limit=1, account="root"))
    manager.control("daemon-reload")
    manager.control("start", "--no-block", unit)
    manager.control("start", unit)

    assert manager.show(unit, "Result") == "timeout"
    assert manager.within("cat", "/var/lib/keydeploy-lasting/begun").stdout == "begun\n"


def test_what_is_told_after_removing_ends_a_timer_whose_files_are_gone(manager: Manager) -> None:
    given_job = shell_job("removed", "true", account="root")
    unit = write(manager.units, given_job)
    timer = unit.replace(".service", ".timer")
    manager.control("daemon-reload")
    assert manager.control("start", timer).returncode == 0
    for name in (unit, timer):
        (manager.units / name).unlink()

    for command in made("systemd", given_job).after_remove:
        done = manager.within(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
    assert (manager.show(timer, "ActiveState"), manager.show(timer, "LoadState")) == ("inactive", "not-found")


def test_a_unit_of_ones_own_runs_under_the_manager_of_somebody_without_privileges(manager: Manager) -> None:
    own, out = manager.folder / "own", manager.folder / "own-out"
    for folder in (own, out):
        folder.mkdir()
        folder.chmod(0o777)
    for name in ("default", "basic", "timers", "shutdown"):
        (own / f"{name}.target").write_text("[Unit]\n", "utf-8")
    script = f"cat /proc/self/status > {out}/status; exit 2"
    unit = write(own, shell_job("mine", script, account=None))
    runtime = "XDG_RUNTIME_DIR=/run/own"
    (manager.units / "own.service").write_text(
        "[Service]\nType=notify\nUser=nobody\nDelegate=yes\nRuntimeDirectory=own\n"
        f"Environment={runtime} SYSTEMD_UNIT_PATH={own} HOME=/nonexistent\nExecStart={SYSTEMD} --user\n",
        "utf-8",
    )
    manager.control("daemon-reload")
    assert manager.control("start", "own.service").returncode == 0

    as_nobody = (
        "setpriv",
        "--reuid=nobody",
        "--regid=nogroup",
        "--clear-groups",
        "env",
        runtime,
        "systemctl",
        "--user",
    )
    manager.within(*as_nobody, "start", unit)
    ended = manager.within(*as_nobody, "show", "--value", "--property", "ExecMainStatus", unit).stdout.strip()
    manager.control("kill", "--signal=KILL", "own.service")

    assert ended == "2"
    status = (out / "status").read_text("utf-8")
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


@dataclass(frozen=True)
class Looked:
    """A farm that a unit has looked at, and what it left."""

    farm: Farm
    manager: Manager
    unit: str

    def told(self, name: str) -> str:
        return (self.farm.reports / name).read_text("utf-8")


@pytest.fixture(scope="module")
def looked(manager: Manager) -> Iterator[Looked]:
    """Install a schedule as a person would, for a farm that has drifted, and let its timer run what was missed."""
    farm = farm_at(manager.folder / HOSTILE)
    out = shlex.quote(str(farm.reports))
    notify = (
        f"cat > {out}/told.json; env > {out}/env; id -u > {out}/who; cat /proc/self/status > {out}/status;"
        f" tr '\\0' ' ' < /proc/$PPID/cmdline > {out}/argv;"
        f" touch {shlex.quote(str(farm.folder))}/not-here; touch /etc/not-here"
    )
    installed = farm.schedule(
        "systemd", "--every", "15m", "--random-delay", "0s", "--run-as", farm.account,
        "--report", f"prometheus={farm.reports}/keydeploy.prom", "--report", f"junit={farm.reports}/junit.xml",
        "--on-drift", notify, "--install", "--yes", "--root", str(manager.folder / "image"),
    )  # fmt: skip
    assert "wrote" in installed
    for file in (manager.folder / "image/etc/systemd/system").iterdir():
        shutil.copy(file, manager.units)
    stamp = "/var/lib/systemd/timers/stamp-keydeploy-drift.timer"
    fresh = f"mkdir -p {Path(stamp).parent} && touch -d yesterday {stamp}"
    missed = manager.within("sh", "-c", fresh)
    assert missed.returncode == 0, missed.stderr
    manager.control("daemon-reload")
    started = manager.control("start", "keydeploy-drift.timer")
    assert started.returncode == 0, started.stderr
    while not manager.show("keydeploy-drift.service", "ExecMainExitTimestamp"):
        time.sleep(0.2)
    yield Looked(farm, manager, "keydeploy-drift.service")
    manager.control("stop", "keydeploy-drift.timer")


def test_the_timer_makes_up_for_a_look_that_was_missed_and_the_unit_tells_the_verdict(looked: Looked) -> None:
    assert looked.manager.show(looked.unit, "ExecMainStatus") == "2"
    assert looked.manager.show(looked.unit, "Result") == "exit-code"
    assert looked.manager.show("keydeploy-drift.timer", "NextElapseUSecRealtime")


def test_help_was_called_for_with_the_report(looked: Looked) -> None:
    report = json.loads(looked.told("told.json"))

    assert (report["verb"], report["exit_code"]) == ("drift", 2)
    assert "KEYDEPLOY_EXIT_CODE=2" in looked.told("env")
    summary = "Farm portal: 2 of 2 nodes have drifted: web1, web2. Nothing was changed."
    assert f"KEYDEPLOY_SUMMARY={summary}" in looked.told("env")


def test_the_reports_are_there_for_those_who_collect_them(looked: Looked) -> None:
    assert "keydeploy_run_exit_code" in looked.told("keydeploy.prom")
    assert "<testsuite" in looked.told("junit.xml")
    assert looked.farm.reports.joinpath("keydeploy.prom").stat().st_mode & 0o044 == 0o044


def test_it_ran_without_privileges_and_could_write_nothing_else(looked: Looked) -> None:
    assert looked.told("who").strip() == str(looked.farm.uid)
    status = dict(line.split(":\t") for line in looked.told("status").splitlines() if ":\t" in line)
    assert status["CapBnd"] == status["CapEff"] == "0" * 16
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert not Path("/etc/not-here").exists()
    assert not (looked.farm.folder / "not-here").exists()


def test_no_secret_stood_in_the_unit_the_command_line_the_environment_or_a_report(looked: Looked) -> None:
    secrets = forms((VALIDATION_KEY, DECRYPTION_KEY), (VAULT_PASSWORD,))
    units = [file.read_bytes() for file in looked.manager.units.glob("keydeploy-drift.*")]
    left = [file.read_bytes() for file in looked.farm.reports.iterdir()]

    assert [found for content in [*units, *left] for found in find(content, secrets)] == []
    assert "/run/credentials/keydeploy-drift.service/vault-password" in looked.told("argv")
