"""Writes a playbook that makes a job template and its schedule in AWX, or the automation controller, as code.

The inventory is one of the controller's. Its jobs leave no files behind; notifications and credentials are its own.
What is named is what `awx/controller.yml` makes, and the organization comes out of the same file.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile
from keydeploy.schedule import shell
from keydeploy.schedule.job import Job
from keydeploy.schedule.made import Schedule, commented
from keydeploy.schedule.times import Times
from keydeploy.yaml_text import Expression, as_yaml

_FARMS = "awx/farms.yml"
_ORGANIZATION = Expression("{{ organization }}")
_BEGIN = "20260105"
"""A Monday that is over."""
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_DAY = 24 * 60


def of_awx(job: Job) -> Schedule:
    """Answer the playbook; raises `KeydeployError` for what a job of the controller cannot do."""
    if job.on_drift or job.reports:
        raise KeydeployError(
            "a job of AWX has no --on-drift and no --report",
            hint="its notification templates tell of a job that has failed, its log holds the report; docs/awx.md",
        )
    if job.options or len(job.inventories) != 1:
        raise KeydeployError(
            "a job of AWX has one inventory, and its variables there",
            hint="name the inventory as AWX calls it, without -e",
        )
    (inventory,) = job.inventories
    name = f"{inventory} {job.name}"  # farms of one AWX tell theirs apart without --name
    template = {
        "name": name,
        "organization": _ORGANIZATION,
        "job_type": "run",
        "inventory": inventory,
        "project": "keydeploy",
        "playbook": "drift.yml",
        "execution_environment": "keydeploy",
        "credentials": [*_credentials(job)],
        "limit": job.limited_to or "",
        "forks": job.forks or 0,
        "timeout": job.limit,
        "allow_simultaneous": False,
        "job_slice_count": 1,
        "become_enabled": False,
        "survey_enabled": False,
        "ask_variables_on_launch": False,
        **({"extra_vars": {"keydeploy_disclosed_keys": list(job.disclosed)}} if job.disclosed else {}),
    }
    schedule = {
        "name": name,
        "organization": _ORGANIZATION,
        "unified_job_template": name,
        "rrule": rule(job.times),
        "enabled": True,
    }
    play: dict[str, Any] = {
        "name": "Look for drift of key material on a schedule",
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {"name": "Make the job template", "awx.awx.job_template": template},
            {"name": "Make its schedule", "awx.awx.schedule": schedule},
        ],
    }
    remarks = (
        "Needs the collection awx.awx (ansible.controller takes the same); CONTROLLER_HOST and CONTROLLER_OAUTH_TOKEN",
        "name the controller. It has a project keydeploy with drift.yml, which imports keydeploy.core.drift, an",
        "execution environment keydeploy, and the credentials that are named below, as awx/controller.yml makes them:",
        f"docs/awx.md. {_FARMS} names the organization. AWX leaves nothing to chance and makes up for nothing: jobs",
        "that are due at once wait for each other; a missed one is not run.",
        *_to_be_made(job),
    )
    commands = (shell.line(["ansible-playbook", f"{job.name}.yml", "-e", f"@{_FARMS}"]),)
    file = NewFile(
        path=PurePosixPath(f"{job.name}.yml"),
        text=commented(remarks, commands) + as_yaml([play]),
        about="a playbook for AWX",
    )
    return Schedule(files=(file,), folder=None)


def _credentials(job: Job) -> Iterator[str]:
    """Yield the credentials of the job, called after the inventory as `awx/controller.yml` calls them.

    It makes one of the vault for an inventory; where there are several, their labels tell them apart.
    """
    several = len(job.passwords) > 1
    for password in job.passwords:
        yield f"{job.inventories[0]} vault{f' {password.label}' if several and password.label else ''}"
    yield f"{job.inventories[0]} nodes"


def _to_be_made(job: Job) -> Iterator[str]:
    """Yield what a person has to make, as `awx/controller.yml` does not."""
    if labels := [password.label for password in job.passwords if password.label and len(job.passwords) > 1]:
        yield f"Make a Vault credential for each of these vault identities: {', '.join(labels)}."


def rule(times: Times) -> str:
    """Answer *times* as AWX reads them: RFC 5545, with one DTSTART, and INTERVAL in its rule."""
    start = f"DTSTART:{_BEGIN}T{times.first // 60:02}{times.first % 60:02}00Z"
    if not times.is_on_all_days:
        return f"{start} RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY={','.join(_DAYS[day] for day in times.days)}"
    if times.period < 60:
        return f"{start} RRULE:FREQ=MINUTELY;INTERVAL={times.period}"
    if times.period < _DAY:
        return f"{start} RRULE:FREQ=HOURLY;INTERVAL={times.period // 60}"
    return f"{start} RRULE:FREQ=DAILY;INTERVAL=1"
