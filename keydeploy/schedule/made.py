"""A schedule as files, where they belong, and what a person types to turn it on and off."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from keydeploy.new_files import NewFile

MARK = "Made by keydeploy schedule"
"""What stands in the first lines of each file of ours; one without it belongs to somebody else."""
_TELLS = f"{MARK}, which also changes it (--install) and takes it away (--remove)."


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What a scheduler is told."""

    files: tuple[NewFile, ...]
    """Their paths are those below `folder`."""
    folder: PurePosixPath | None
    """Where they belong, absolute, or below the folder that the command runs in; None where there is no such place."""
    after_install: tuple[str, ...] = ()
    """Commands that turn it on."""
    before_remove: tuple[str, ...] = ()
    """Commands that turn it off."""


def commented(remarks: Iterable[str], commands: Iterable[str]) -> str:
    """Answer the comment that a file begins with: whose it is, *remarks*, and *commands* to type, line by line."""
    typed = list(commands)
    lines = [_TELLS, *remarks, *(["To turn it on:"] if typed else []), *(f"  {command}" for command in typed)]
    return "".join(f"# {line}\n" for line in lines)
