"""Tells why a scheduled look would not do its work, as far as that can be seen from here and now."""

import os
import shlex
import shutil
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from keydeploy.disclosed.finding import usual_places
from keydeploy.schedule import Job

_VAULTED = b"$ANSIBLE_VAULT;"
_FOLDERS = ("group_vars", "host_vars")
_FILES = 1000
"""More files than this are not searched for encrypted values."""
_OF_THE_SHELL = {"if", "for", "while", "case", "cd", "exec", "set", "export", "read", "umask", "trap", ".", ":", "{"}


def missing_anywhere(job: Job) -> Iterator[str]:
    """Yield what *job* lacks wherever it runs."""
    if not job.passwords and any(_is_vaulted(Path(each)) for each in job.inventories if "," not in each):
        yield (
            "the inventory holds encrypted values, and no vault password is named, so every look will end with exit"
            " code 1; name a file with --vault-password-file or --vault-id NAME@FILE"
        )


def missing_here(job: Job) -> Iterator[str]:
    """Yield what *job*, which runs on this machine, does not find on it."""
    for password in job.passwords:
        if not Path(password.file).exists():
            yield f"there is no vault password file {password.file}"
    for folder in dict.fromkeys(Path(file).parent for _, file in job.reports):
        if not folder.is_dir():
            yield f"there is no folder {folder} for the reports; make it: mkdir -p {shlex.quote(str(folder))}"
    if job.on_drift is not None:
        yield from _not_to_be_run(job.on_drift, Path(job.directory or "."))
    own = usual_places(os.environ)[0]
    if job.account is not None and not job.disclosed and own.exists():
        yield (
            f"your list of disclosed keys, {own}, is not looked for by {job.account}; name a list with"
            f" --disclosed-keys, or put it at {usual_places(os.environ)[1]}"
        )


def _not_to_be_run(command: str, folder: Path) -> Iterator[str]:
    """Yield why the program that *command* begins with cannot be run."""
    try:
        program = shlex.split(command)[0]
    except (ValueError, IndexError):  # what the shell makes of it, only the shell knows
        return
    if "/" not in program:
        if program not in _OF_THE_SHELL and "=" not in program and shutil.which(program) is None:
            yield "the program of --on-drift is not found, so nobody would be told; write its path, such as ./notify"
        return
    path = folder / Path(program).expanduser()
    if not path.exists():
        yield "the program of --on-drift is not there, so nobody would be told"
    elif not os.access(path, os.X_OK):
        yield "the program of --on-drift cannot be run, so nobody would be told; chmod +x makes it a program"


def _is_vaulted(inventory: Path) -> bool:
    """Tell whether *inventory*, or the variables beside it, hold values that Ansible's vault has encrypted."""
    folders = [inventory] if inventory.is_dir() else [inventory.parent / name for name in _FOLDERS]
    found = (file for folder in folders for file in folder.rglob("*") if file.is_file())
    return any(map(_holds_vaulted, (inventory, *islice(found, _FILES))))


def _holds_vaulted(file: Path) -> bool:
    try:
        return file.is_file() and _VAULTED in file.read_bytes()
    except OSError:
        return False
