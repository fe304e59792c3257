"""Reads what a schedule is to be from the command line, prints it, puts it in place or takes it away."""

import argparse
import os
import sys
from collections.abc import Iterable
from itertools import chain
from pathlib import Path, PurePosixPath

from keydeploy.cli import complain, foreseen, tell
from keydeploy.cli.scheduled import ELSEWHERE, job_of
from keydeploy.errors import KeydeployError
from keydeploy.schedule import Job, Schedule, installing, make

_OF_ACCOUNTS = ("systemd", "cron", "windows-task")


def run(options: argparse.Namespace) -> int:
    """Print, install or remove the schedule that *options* describe, and answer the exit code."""
    _check(options)
    job = job_of(options)
    schedule = make(options.kind, job, PurePosixPath(_own_units()))
    if options.install or options.remove:
        code = _change(schedule, options)
        if options.install:
            _note_what_is_missing(job, options)
        return code
    _note_environment(options)
    several = len(schedule.files) > 1
    for file in schedule.files:
        place = schedule.folder / file.path if schedule.folder else file.path
        sys.stdout.write(f"# {place}\n{file.text}\n" if several else file.text)
    sys.stdout.flush()
    _note_what_is_missing(job, options)
    return 0


def _change(schedule: Schedule, options: argparse.Namespace) -> int:
    """Show what would be put in place or taken away, ask, and do it."""
    folder = _folder(schedule, options)
    changes = installing.to_remove(schedule, folder) if options.remove else installing.to_install(schedule, folder)
    changes = tuple(change for change in changes if not change.is_none)
    links = installing.links(schedule, folder) if options.remove else ()
    if options.inventories or options.more:
        installing.refuse_another(schedule, folder)
    if options.install:
        _note_environment(options)
    if not changes and not links:
        sys.stdout.write(
            "there is none; nothing was changed\n" if options.remove else "as it is already; nothing was changed\n"
        )
        return 0
    for change in changes:
        sys.stdout.writelines(f"{line}\n" for line in change.diff())
    sys.stdout.writelines(f"link {link} -> {link.readlink()}\n" for link in links)
    sys.stdout.flush()
    if not options.yes and not _agrees("take away" if options.remove else "write", len(changes) + len(links)):
        complain("not confirmed; nothing was changed")
        return 1
    installing.unlink(links)
    installing.carry_out(changes)
    for path in (*links, *(change.path for change in changes)):
        sys.stdout.write(f"{'removed' if options.remove else 'wrote'} {path}\n")
    _tell("next:", schedule.after_remove if options.remove else schedule.after_install)
    return 0


def _note_environment(options: argparse.Namespace) -> None:
    """Tell which settings of Ansible are set here, and will not be where the scheduler runs it."""
    given = ("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST") if _names_password(options) else ()
    names = sorted(name for name in os.environ if name.startswith("ANSIBLE_") and name not in given)
    if names:
        tell(f"keydeploy: note: set here, and not where the scheduler runs it: {', '.join(names)}")


def _note_what_is_missing(job: Job, options: argparse.Namespace) -> None:
    """Tell, last of all, why the look would not do its work."""
    notes = foreseen.missing_anywhere(job)
    if options.kind not in ELSEWHERE and options.root == "/":
        notes = chain(notes, foreseen.missing_here(job))
    for note in notes:
        tell(f"keydeploy: note: {note}")


def _names_password(options: argparse.Namespace) -> bool:
    return bool(options.vault_id or options.vault_password_file)


def _tell(lead: str, commands: Iterable[str]) -> None:
    lines = [f"  {command}\n" for command in commands]
    sys.stdout.writelines([f"{lead}\n", *lines] if lines else [])
    sys.stdout.flush()


def _agrees(what: str, count: int) -> bool:
    sys.stderr.write(f"{what} {count} file{'' if count == 1 else 's'}? type yes: ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() == "yes"


def _check(options: argparse.Namespace) -> None:
    """Raise `KeydeployError` where *options* contradict each other, or nobody could answer a question."""
    if options.install and options.remove:
        raise KeydeployError("--install and --remove contradict each other", hint="give one of them")
    if options.user and (options.run_as or options.kind not in ("systemd", "cron")):
        raise KeydeployError("--user is for systemd and cron, without --run-as", hint="leave out one of them")
    if options.run_as and options.kind not in _OF_ACCOUNTS:
        raise KeydeployError(f"a schedule of {options.kind} runs as whom that decides", hint="leave out --run-as")
    if not options.remove and not (options.inventories or options.more):
        raise KeydeployError("no inventory is named", hint="such as keydeploy schedule systemd inventory.yml")
    for value in options.extra_vars:
        if not value.startswith("@"):
            raise KeydeployError(
                "-e gives a value, which a schedule would show to everybody",
                hint="put it into a file, encrypted where it is secret, and name that: -e @FILE",
            )
    if any(each.endswith("@prompt") for each in options.vault_id):
        raise KeydeployError(
            "nobody is there to be asked for a vault password", hint="name a file: --vault-id NAME@FILE"
        )
    asks = (options.install or options.remove) and not options.yes
    if asks and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise KeydeployError(
            "schedule asks before it changes anything, and there is no terminal",
            hint="look at it without --install or --remove, then run it with --yes",
        )


def _own_units() -> str:
    """Answer the folder of the units of the person who types this (systemd.unit(5)).

    A relative XDG_CONFIG_HOME does not count, as the XDG Base Directory Specification says.
    """
    settings = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return str((settings if settings.is_absolute() else Path.home() / ".config") / "systemd/user")


def _folder(schedule: Schedule, options: argparse.Namespace) -> Path:
    if schedule.folder is None:
        raise KeydeployError(
            f"a schedule of this kind has no place on this machine ({schedule.files[0].about})",
            hint="print it without --install or --remove, and follow what it says",
        )
    if options.kind in ELSEWHERE:
        return installing.place(Path(options.root if options.root != "/" else "."), schedule.folder)
    return installing.place(Path(options.root), schedule.folder.relative_to("/"))
