"""Writes a task for Windows' Task Scheduler, which runs keydeploy in the Windows Subsystem for Linux (WSL).

Ansible does not run on Windows itself. Sources: [MS-TSCH] 2.5, the schema of tasks; microsoft/WSL issue 9231: only the
`wsl.exe` below Program Files (WSL 2.0.1 and later) runs while nobody is logged on; issues 1746, 8712, 11635: `wsl.exe`
reads quotation marks and backslashes by rules of its own, so no word may hold them.
"""

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from xml.sax.saxutils import escape

from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile
from keydeploy.schedule.job import Job
from keydeploy.schedule.made import MARK, Schedule
from keydeploy.schedule.times import Times

_WSL = r"C:\Program Files\WSL\wsl.exe"
_UNSAFE = re.compile(r"[\"\\$`%]")
"""What `wsl.exe`, or the Task Scheduler before it ($(Arg0), %NAME%), takes for something else."""
_STOPPING = 90
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_BEGIN = "2026-01-05"
"""A Monday that is over."""


def of_windows(job: Job) -> Schedule:
    """Answer the task; Task Scheduler keeps two apart, ends one that hangs, and makes up for one that was missed."""
    text = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<!-- {MARK}. Ansible, which keydeploy runs on, is no program of Windows: the task runs it in WSL (2.0.1 or later),
     in the distribution of the account that the task runs as. That account needs no rights of an administrator.
     To turn it on, in a console of Windows; it asks for the password of the account:
       schtasks /Create /TN keydeploy\\{job.name} /XML {job.name}.xml /RU ACCOUNT /RP *
     To turn it off:
       schtasks /Delete /TN keydeploy\\{job.name} -->
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>Look for drift of key material ({job.name})</Description>
  </RegistrationInfo>
  <Triggers>
{_trigger(job.times, job.delay)}
  </Triggers>
  <Principals>
    <Principal id="Author">
      <LogonType>Password</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <AllowHardTerminate>true</AllowHardTerminate>
    <StartWhenAvailable>true</StartWhenAvailable>
    <RunOnlyIfNetworkAvailable>true</RunOnlyIfNetworkAvailable>
    <ExecutionTimeLimit>PT{job.limit + 2 * _STOPPING}S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{_WSL}</Command>
      <Arguments>{escape(_arguments(job))}</Arguments>
    </Exec>
  </Actions>
</Task>
"""
    file = NewFile(path=PurePosixPath(f"{job.name}.xml"), text=text, about="a task for schtasks /Create /XML")
    return Schedule(files=(file,), folder=None)


def _trigger(times: Times, delay: int) -> str:
    hours, minutes = divmod(times.first, 60)
    lines = [f"<StartBoundary>{_BEGIN}T{hours:02}:{minutes:02}:00</StartBoundary>"]
    if times.period < 24 * 60:
        rest = 24 * 60 - times.first  # what is left of the day, in which it repeats
        lines.append(f"<Repetition><Interval>PT{times.period}M</Interval><Duration>PT{rest}M</Duration></Repetition>")
    lines.append(f"<RandomDelay>PT{delay}S</RandomDelay>")
    if times.is_on_all_days:
        lines.append("<ScheduleByDay><DaysInterval>1</DaysInterval></ScheduleByDay>")
    else:
        days = "".join(f"<{_DAYS[day]} />" for day in times.days)
        week = f"<WeeksInterval>1</WeeksInterval><DaysOfWeek>{days}</DaysOfWeek>"
        lines.append(f"<ScheduleByWeek>{week}</ScheduleByWeek>")
    return "\n".join(["    <CalendarTrigger>", *(f"      {line}" for line in lines), "    </CalendarTrigger>"])


def _arguments(job: Job) -> str:
    words = job.words([password.option(password.file) for password in job.passwords])
    linux = [*(["--distribution", job.distribution] if job.distribution else [])]
    linux += [*(["--user", job.account] if job.account else [])]
    timed = ["--exec", "/usr/bin/timeout", f"--kill-after={_STOPPING}", str(job.limit)]
    return _line([*linux, "--cd", job.directory or "/", *timed, *words])


def _line(words: Iterable[str]) -> str:
    """Answer *words* as programs of Windows split them; raises `KeydeployError` where WSL splits them otherwise."""
    found = list(words)
    if any(_UNSAFE.search(word) for word in found):
        raise KeydeployError(
            'a name or command holds a character that does not come through wsl.exe as it is: one of " \\ $ ` %',
            hint="rename the file; put a command into a script within WSL, and name that",
        )
    return " ".join(f'"{word}"' if not word or re.search(r"[^\w./:=@,+-]", word) else word for word in found)
