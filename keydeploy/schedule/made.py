"""A schedule as files, where they belong, and what a person types to turn it on and off."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

from keydeploy.new_files import NewFile
from keydeploy.schedule import shell

MARK = "Made by keydeploy schedule"
FIRST_LINE = f"# {MARK}, which also changes it (--install) and takes it away (--remove)."
"""Each file of ours that is put in place begins with it; one without it belongs to somebody else."""
_LOOKS_AT = "# Looks at: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """What a scheduler is told."""

    files: tuple[NewFile, ...]
    """Their paths are those below `folder`."""
    folder: PurePosixPath | None
    """Where they belong, absolute, or below the folder that the command runs in; None where there is no such place."""
    after_install: tuple[str, ...] = ()
    """Commands that turn it on."""
    after_remove: tuple[str, ...] = ()
    """Commands that end it when its files are gone; a look that has begun ends by itself."""
    links: tuple[PurePosixPath, ...] = ()
    """Links to its files that turning it on makes, below `folder`."""


def commented(remarks: Iterable[str], commands: Iterable[str]) -> str:
    """Answer the comment that a file begins with: whose it is, *remarks*, and *commands* to type, line by line."""
    typed = list(commands)
    lines = [*remarks, *(["To turn it on:"] if typed else []), *(f"  {command}" for command in typed)]
    return f"{FIRST_LINE}\n" + "".join(f"# {line}\n" for line in lines)


def watching(inventories: Iterable[str], remarks: Iterable[str], commands: Iterable[str]) -> str:
    """Answer the same with the *inventories* in its second line, so that no other farm's schedule takes its place."""
    first, rest = commented(remarks, commands).split("\n", 1)
    return f"{first}\n{_LOOKS_AT}{shell.line(inventories)}\n{rest}"


def watched(text: str) -> str | None:
    """Answer the inventories that the schedule *text* looks at, as a shell takes them; None where none are told."""
    second = text.split("\n", 2)[1:2]
    return second[0].removeprefix(_LOOKS_AT) if second and second[0].startswith(_LOOKS_AT) else None
