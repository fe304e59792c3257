"""Reads from the command line what a schedule runs, and when."""

import argparse
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from keydeploy.errors import KeydeployError
from keydeploy.report.records import KINDS as REPORTS
from keydeploy.schedule import Job, Password
from keydeploy.schedule import times as times_of
from keydeploy.spec.duration import is_duration, seconds

ELSEWHERE = ("github", "gitlab", "awx")
"""Kinds that do not run on this machine."""
_ACCOUNT = "keydeploy"
_ACCOUNTS = re.compile(r"[a-z_][a-z0-9_-]*\$?")
"""Names of accounts that every tool takes (useradd(8))."""
_NOT_NAMED = "inventory.yml"
"""What is taken away has the same name whatever it looked at."""
_LONGEST_LIMIT = 30 * 60
_LONGEST_DELAY = 15 * 60


def job_of(options: argparse.Namespace) -> Job:
    """Answer the job that *options* describe; raises `KeydeployError` for one that no scheduler could run."""
    times = times_of.parse(options.every)
    limit = _seconds(options.time_limit, "--time-limit", min(times.seconds // 2, _LONGEST_LIMIT))
    delay = _seconds(options.random_delay, "--random-delay", min(times.seconds // 10, _LONGEST_DELAY))
    if limit < 1:
        raise KeydeployError("--time-limit is shorter than a second", hint="such as 20m")
    here = options.kind not in ELSEWHERE
    directory = str(Path(options.directory or ".").absolute()) if here else options.directory
    base = Path(directory) if here and directory else None
    inventories = [_placed(each, base) for each in (*options.inventories, *options.more)]
    for each in inventories if here and not options.remove else ():
        if "," not in each and not Path(each).exists():
            raise KeydeployError(f"there is no inventory {each}", hint="name a file, a folder, or hosts with a comma")
    return Job(
        name=options.name,
        times=times,
        limit=limit,
        delay=delay,
        directory=directory,
        program=_program(options, base),
        sees=() if options.program else tuple(map(os.path.realpath, (sys.executable, __file__))),
        inventories=tuple(inventories) or (_NOT_NAMED,),
        options=tuple(f"--extra-vars=@{_placed(value[1:], base)}" for value in options.extra_vars),
        limited_to=options.limit,
        forks=options.forks,
        disclosed=tuple(each if "://" in each else _placed(each, base) for each in options.disclosed_keys),
        passwords=tuple(_passwords(options, base)),
        reports=tuple(_reports(options.report, base)),
        on_drift=options.on_drift,
        account=None if options.user or options.kind in ELSEWHERE else _account(options),
        distribution=os.environ.get("WSL_DISTRO_NAME"),
    )


def _account(options: argparse.Namespace) -> str | None:
    """Answer who runs it; in WSL that is the account of the distribution, where none is named."""
    account: str | None = options.run_as or (None if options.kind == "windows-task" else _ACCOUNT)
    if account is not None and not _ACCOUNTS.fullmatch(account):
        raise KeydeployError(
            "--run-as is not the name of an account",
            hint="small letters, digits, dashes and underscores, neither a digit nor a dash first",
        )
    return account


def _placed(name: str, base: Path | None) -> str:
    """Answer *name*, absolute where it is a file below *base*; hosts with a comma are none."""
    if base is None or "," in name:
        return name
    return os.path.normpath(base / Path(name).expanduser())


def _passwords(options: argparse.Namespace, base: Path | None) -> Iterator[Password]:
    given = [(None, file) for file in options.vault_password_file]
    given += [tuple(each.rpartition("@")[::2]) for each in options.vault_id]
    names = set()
    for label, name in given:
        file = _placed(name, base)
        found = Password(file, label or None, base is not None and Path(file).is_file() and os.access(file, os.X_OK))
        if found.name in names:
            raise KeydeployError(
                "two vault passwords have no name to tell them apart", hint="give each its own: --vault-id NAME@FILE"
            )
        names.add(found.name)
        yield found


def _reports(given: Iterable[str], base: Path | None) -> Iterator[tuple[str, str]]:
    for each in given:
        kind, _, file = each.partition("=")
        if kind not in REPORTS or not file:
            raise KeydeployError("--report is not KIND=FILE", hint=f"KIND is one of {', '.join(REPORTS)}")
        yield kind, _placed(file, base)


def _program(options: argparse.Namespace, base: Path | None) -> tuple[str, ...]:
    """Answer what starts keydeploy there; for a scheduler elsewhere nothing, which installs it."""
    if options.program:
        return (_placed(options.program, base) if "/" in options.program else options.program,)
    if base is None:
        return ()
    beside = Path(sys.executable).parent / "keydeploy"
    return (str(beside),) if beside.is_file() else (sys.executable, "-m", "keydeploy")


def _seconds(text: str | None, option: str, default: int) -> int:
    if text is None:
        return default
    if not is_duration(text) or seconds(text) != int(seconds(text)):
        raise KeydeployError(f"{option} is no time in whole seconds", hint="such as 90s, 20m or 1h")
    return int(seconds(text))
