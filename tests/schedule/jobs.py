"""Jobs for tests, and texts that would break a schedule that does not quote them."""

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from hypothesis import strategies as st

from keydeploy.schedule import Job, Schedule, make
from keydeploy.schedule.times import parse

JOB = Job(
    name="keydeploy-drift",
    times=parse("15m"),
    limit=300,
    delay=60,
    directory="/srv/farm",
    program=("/opt/keydeploy/bin/keydeploy",),
    inventories=("/srv/farm/inventory.yml",),
    account="keydeploy",
)

_DANGEROUS = st.sampled_from(
    [
        *"%$\"'\\` ;&|<>(){}[]#~!*?=:,@-^",
        *("%%", "$$", "\\\\", "\\%", "%h", "%n", "$HOME", "${HOME}", "$(id)", "`id`", "; ", " ;", "é", "日本"),
        *("${{ secrets.X }}", "{{ lookup('pipe', 'id') }}", "-->", "<!--", "]]>", "&amp;"),
    ]
)
_ORDINARY = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Cn"), blacklist_characters="\ufeff"))


def hostile(min_size: int = 0) -> st.SearchStrategy[str]:
    """Answer texts that mean something to shells, systemd, cron, YAML or XML."""
    return st.lists(_DANGEROUS | _ORDINARY.filter(bool), min_size=min_size, max_size=6).map("".join)


def job(**changes: Any) -> Job:
    """Answer the job of these tests with *changes*."""
    return replace(JOB, **changes)


def elsewhere(**changes: Any) -> Job:
    """Answer a job for a pipeline, which has files of a repository."""
    return job(**{"directory": None, "program": (), "inventories": ("inventory.yml",), "account": None, **changes})


def made(kind: str, given: Job) -> Schedule:
    """Answer the schedule of *kind*."""
    return make(kind, given, PurePosixPath("/home/me/.config/systemd/user"))


def text(kind: str, given: Job) -> str:
    """Answer the first file of the schedule of *kind*."""
    return made(kind, given).files[0].text
