"""Writes a line for cron: a file for `/etc/cron.d`, which names the account, or a line for a crontab of one's own.

`flock` keeps two apart by a file that nobody else can open, `timeout` ends one that hangs, `shuf` lets each begin at
another moment. A run that is skipped says so, by mail and exit code. What cron cannot do is told.
"""

from collections.abc import Iterable
from pathlib import PurePosixPath

from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile
from keydeploy.schedule import shell
from keydeploy.schedule.job import Job
from keydeploy.schedule.made import Schedule, watching
from keydeploy.schedule.times import cron

SYSTEM = PurePosixPath("/etc/cron.d")
_LONGEST = 998
"""Bytes of a command that Debian's cron takes (MAX_COMMAND, with its end)."""
_STATE = PurePosixPath("/var/lib")
_OWN_STATE = "~/.local/state/keydeploy"
_SKIPPED = 75
"""Exit code of a run that was skipped: EX_TEMPFAIL of sysexits.h, which `keydeploy drift` and `timeout` do not use."""
_STOPPING = 90
"""Seconds in which a run that was told to end may write its reports and call for help."""
_REMARKS = (
    "What it writes cron sends by mail (MAILTO); it writes nothing while all is well. What was missed while the",
    "machine was off is not made up for: a timer of systemd does that. Times are those of the machine's time zone.",
)


def of_system(job: Job) -> Schedule:
    """Answer a file for `/etc/cron.d`; it is read as soon as it is there."""
    account, state = job.account or "", _STATE / job.own_name
    commands = (
        shell.adding(account),
        f"sudo install --directory --mode=700 --owner={shell.line([account])} {state}",
    )
    remarks = (
        f"It runs as {account}, which has to be able to read the inventory and to write the reports; the commands",
        "below make that account, where there is none, and the folder of its lock, without which it does not run.",
        *_REMARKS,
    )
    head = f"{watching(job.inventories, remarks, commands)}SHELL=/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\n"
    text = f"{head}{cron(job.times)} {account} {_command(job, str(state / 'lock'), ())}\n"
    file = NewFile(path=PurePosixPath(job.name), text=text, about="what is run and when")
    return Schedule(files=(file,), folder=SYSTEM, after_install=commands)


def of_user(job: Job) -> Schedule:
    """Answer a line for the crontab of the person who types this."""
    remarks = ("It may do all that its owner may: --run-as, in place of --user, makes one that may do less.", *_REMARKS)
    head = watching(job.inventories, remarks, ("crontab -e   # and put the last line there",))
    command = _command(job, f"{_OWN_STATE}/{job.name}", (f"mkdir -p {_OWN_STATE}",))
    text = f"{head}{cron(job.times)} {command}\n"
    return Schedule(
        files=(NewFile(path=PurePosixPath(job.name), text=text, about="a line for crontab -e"),), folder=None
    )


def _command(job: Job, lock: str, before: Iterable[str]) -> str:
    """Answer the command, which runs while it has the file *lock*; the commands *before* make the folder of that."""
    words = job.words([password.option(password.file) for password in job.passwords])
    skipped = f'echo "{job.name}: skipped, another run lasts"'
    parts = [
        "umask 077",
        *before,
        f"exec 9> {lock}",
        f"cd {shell.for_cron([job.directory or '/'])}",
        *([f'sleep "$(shuf -i 0-{job.delay} -n 1)"'] if job.delay else []),
        f"{{ flock -w {job.limit} 9 || {{ {skipped} >&2; exit {_SKIPPED}; }}; }}",
        f"exec timeout --kill-after={_STOPPING} {job.limit} {shell.for_cron([*words, '--quiet'])}",
    ]
    command = " && ".join(parts)
    if len(command.encode()) > _LONGEST:
        raise KeydeployError(
            f"the command is longer than cron takes ({_LONGEST} bytes)",
            hint="put what --on-drift does into a script, name files from --directory on, or take a timer of systemd",
        )
    return command
