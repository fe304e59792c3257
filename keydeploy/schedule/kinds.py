"""The kinds of schedulers, and what each of them can be told."""

from collections.abc import Callable
from pathlib import PurePosixPath

from keydeploy.schedule import awx, cron, pipelines, systemd, windows_task
from keydeploy.schedule.job import Job
from keydeploy.schedule.made import Schedule

KINDS = ("systemd", "cron", "windows-task", "github", "gitlab", "awx")

_OTHERS: dict[str, Callable[[Job], Schedule]] = {
    "windows-task": windows_task.of_windows,
    "github": pipelines.of_github,
    "gitlab": pipelines.of_gitlab,
    "awx": awx.of_awx,
}


def make(kind: str, job: Job, own_units: PurePosixPath) -> Schedule:
    """Answer *job* as a schedule of *kind*; raises `KeydeployError` for what it cannot be told.

    *own_units* is the folder of the units of the person who types this. A job without an account is theirs.
    """
    if kind == "systemd":
        return systemd.of_system(job) if job.account else systemd.of_user(job, own_units)
    if kind == "cron":
        return cron.of_system(job) if job.account else cron.of_user(job)
    return _OTHERS[kind](job)
