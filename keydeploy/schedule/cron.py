"""Writes a line for cron: a file for `/etc/cron.d`, which names the account, or a line for a crontab of one's own.

`flock` keeps two apart, `timeout` ends one that hangs, `shuf` lets each begin at another moment. What cron cannot do is
told.
"""

from pathlib import PurePosixPath

from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile
from keydeploy.schedule import shell
from keydeploy.schedule.job import Job
from keydeploy.schedule.made import Schedule, commented
from keydeploy.schedule.times import cron

SYSTEM = PurePosixPath("/etc/cron.d")
_LONGEST = 998
"""Characters of a command that Debian's cron takes (MAX_COMMAND, with its end)."""
_STOPPING = 90
"""Seconds in which a run that was told to end may write its reports and call for help."""
_REMARKS = (
    "What it writes cron sends by mail (MAILTO); it writes nothing while all is well. What was missed while the",
    "machine was off is not made up for: a timer of systemd does that. Times are those of the machine's time zone.",
)


def of_system(job: Job) -> Schedule:
    """Answer a file for `/etc/cron.d`; it is read as soon as it is there."""
    remarks = (
        f"It runs as {job.account}, which has to be able to read the inventory and to write the reports.",
        *_REMARKS,
    )
    head = f"{commented(remarks, ())}SHELL=/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\n"
    text = f"{head}{cron(job.times)} {job.account} {_command(job)}\n"
    file = NewFile(path=PurePosixPath(job.name), text=text, about="what is run and when")
    return Schedule(files=(file,), folder=SYSTEM)


def of_user(job: Job) -> Schedule:
    """Answer a line for the crontab of the person who types this."""
    remarks = ("It may do all that its owner may: --run-as, in place of --user, makes one that may do less.", *_REMARKS)
    text = f"{commented(remarks, ('crontab -e   # and put the last line there',))}{cron(job.times)} {_command(job)}\n"
    return Schedule(
        files=(NewFile(path=PurePosixPath(job.name), text=text, about="a line for crontab -e"),), folder=None
    )


def _command(job: Job) -> str:
    words = job.words([password.option(password.file) for password in job.passwords])
    parts = [
        "umask 077",
        f"cd {shell.for_cron([job.directory or '/'])}",
        *([f'sleep "$(shuf -i 0-{job.delay} -n 1)"'] if job.delay else []),
        f"exec flock --wait {job.limit} . timeout --kill-after={_STOPPING} {job.limit}"
        f" {shell.for_cron([*words, '--quiet'])}",
    ]
    command = " && ".join(parts)
    if len(command) > _LONGEST:
        raise KeydeployError(
            f"the command is longer than cron takes ({_LONGEST} characters)",
            hint="put what --on-drift does into a script, name files from --directory on, or take a timer of systemd",
        )
    return command
