"""Times mean the same to every scheduler: cron, systemd and AWX are asked when they would run."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from croniter import croniter
from dateutil.rrule import rrulestr

from keydeploy.errors import KeydeployError
from keydeploy.schedule.awx import rule
from keydeploy.schedule.times import Times, calendar, cron, parse
from tests.conftest import missing

BEGIN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
"""A Wednesday, and no round time."""
WRITTEN = {
    "1m": "* * * * *",
    "15m": "*/15 * * * *",
    "hourly": "0 * * * *",
    "2h": "0 */2 * * *",
    "daily": "0 0 * * *",
    "1d": "0 0 * * *",
    "weekly": "0 0 * * 1",
    "06:30": "30 6 * * *",
    "*-*-* 06:30:00": "30 6 * * *",
    "Mon..Fri 06:30": "30 6 * * 1,2,3,4,5",
    "Sat,Sun 23:59": "59 23 * * 6,0",
    "sunday 1:00": "0 1 * * 0",
    "Sat..Mon 04:00": "0 4 * * 1,6,0",
    "*:0/15": "*/15 * * * *",
    "*:7/20": "7,27,47 * * * *",
    "*:30": "30 * * * *",
}


def instants_of_cron(times: Times, count: int) -> list[datetime]:
    found = croniter(cron(times), BEGIN)
    return [found.get_next(datetime) for _ in range(count)]


@pytest.mark.parametrize("written", WRITTEN)
def test_cron_is_told_the_times_that_were_written(written: str) -> None:
    assert cron(parse(written)) == WRITTEN[written]


@pytest.mark.parametrize("written", WRITTEN)
def test_systemd_runs_it_when_cron_would(written: str) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("systemd-analyze (Debian: systemd)")
    base = f"{BEGIN:%Y-%m-%d %H:%M:%S} UTC"
    done = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=5", f"--base-time={base}", calendar(parse(written))],
        capture_output=True,
        text=True,
        check=True,
        env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"},
    )
    lines = [line.split() for line in done.stdout.splitlines() if "elapse:" in line or "Iter" in line]
    found = [datetime.strptime(" ".join(line[-3:-1]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) for line in lines]

    assert found == instants_of_cron(parse(written), 5)


@pytest.mark.parametrize("written", WRITTEN)
def test_awx_runs_it_when_cron_would(written: str) -> None:
    times = parse(written)
    rule_of = rrulestr(rule(times).replace(" ", "\n"))
    assert list(rule_of.xafter(BEGIN, count=5)) == instants_of_cron(times, 5)


@pytest.mark.parametrize("written", WRITTEN)
def test_no_two_times_are_closer_than_is_said(written: str) -> None:
    times = parse(written)
    instants = instants_of_cron(times, 200)
    between = {later - earlier for earlier, later in pairwise(instants)}
    assert min(between) >= timedelta(seconds=times.seconds)


@pytest.mark.parametrize(
    "written", ["", "7m", "0m", "90m", "5h", "48h", "25:00", "06:60", "*:20/15", "*:0/7", "Foo 06:00", "often", "1s"]
)
def test_what_cron_cannot_be_told_is_refused_with_what_can(written: str) -> None:
    with pytest.raises(KeydeployError) as caught:
        parse(written)

    assert caught.value.message.startswith("--every ")
    assert caught.value.hint
