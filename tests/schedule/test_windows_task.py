"""The XML is what Task Scheduler documents that it reads, and says when, for how long and by whom it is run."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from keydeploy.errors import KeydeployError
from keydeploy.schedule import Password
from keydeploy.schedule.times import parse
from tests.schedule.jobs import job, text
from tests.schedule.test_quoting import split_by_windows

SCHEMA = Path(__file__).with_name("task.xsd")
TIMES = ("1m", "15m", "2h", "*:7/20", "daily", "06:30", "Mon..Fri 06:30", "weekly")


def value(xml: str, name: str) -> str | None:
    return ElementTree.fromstring(xml.encode()).findtext(f".//{{*}}{name}")  # noqa: S314 - it is our own


@pytest.mark.parametrize("times", TIMES)
def test_task_scheduler_would_take_it(times: str) -> None:
    xml = text("windows-task", job(times=parse(times), limit=20, delay=5, passwords=(Password("/a&b <c>"),)))
    xmlschema.XMLSchema11(str(SCHEMA)).validate(xml)


def test_the_schema_would_find_what_is_in_the_wrong_place() -> None:
    wrong = (
        text("windows-task", job())
        .replace("<RandomDelay>PT60S</RandomDelay>", "")
        .replace("<StartBoundary>", "<RandomDelay>PT60S</RandomDelay><StartBoundary>")
    )
    assert not xmlschema.XMLSchema11(str(SCHEMA)).is_valid(wrong)


def test_it_repeats_until_the_day_is_over_and_begins_anew_the_next() -> None:
    xml = text("windows-task", job(times=parse("*:7/20")))
    assert value(xml, "StartBoundary") == "2026-01-05T00:07:00"
    assert (value(xml, "Interval"), value(xml, "Duration")) == ("PT20M", f"PT{24 * 60 - 7}M")


def test_one_runs_at_a_time_with_few_rights_and_one_that_was_missed_is_made_up_for() -> None:
    xml = text("windows-task", job())
    assert value(xml, "MultipleInstancesPolicy") == "IgnoreNew"
    assert value(xml, "RunLevel") == "LeastPrivilege"
    assert value(xml, "StartWhenAvailable") == "true"


def test_windows_starts_linux_and_linux_starts_keydeploy_with_a_time_limit() -> None:
    xml = text(
        "windows-task", job(distribution="Debian", directory="/srv/the farm", passwords=(Password("/vault pass"),))
    )
    assert value(xml, "Command") == r"C:\Program Files\WSL\wsl.exe"
    assert split_by_windows(value(xml, "Arguments") or "") == [
        "--distribution", "Debian", "--user", "keydeploy", "--cd", "/srv/the farm",
        "--exec", "/usr/bin/timeout", "--kill-after=90", "300",
        "/opt/keydeploy/bin/keydeploy", "drift", "/srv/farm/inventory.yml", "--vault-password-file=/vault pass",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ['/a"b', "/a\\b", "/a$b", "/a`b", "/a%b"])
def test_what_wsl_would_read_otherwise_is_refused(name: str) -> None:
    with pytest.raises(KeydeployError, match=r"does not come through wsl\.exe"):
        text("windows-task", job(inventories=(name,)))
