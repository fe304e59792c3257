"""What a schedule runs: `keydeploy drift` with the options of a person, but never with a secret.

Every option that has a value is one word, `--option=value`, so that no value can be taken for an option.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from keydeploy.errors import KeydeployError
from keydeploy.schedule.times import Times

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME = 60
_OURS = "keydeploy-"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Password:
    """Where a vault password is."""

    file: str
    label: str | None = None
    """Of the vault identity; None where it has none."""
    is_program: bool = False
    """It is run, and prints the password."""

    @property
    def name(self) -> str:
        """Answer a name for it."""
        return f"vault-password-{self.label}" if self.label else "vault-password"

    def option(self, file: str) -> str:
        """Answer the option that gives Ansible the password where the scheduler has put it: into *file*."""
        return f"--vault-id={self.label}@{file}" if self.label else f"--vault-password-file={file}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A look for drift, when it is made, and for how long."""

    name: str
    times: Times
    limit: int
    """Seconds after which it is ended."""
    delay: int
    """Seconds that it begins later at most; how much is left to chance, so that not all begin at once."""
    directory: str | None = None
    """Where it runs; names of files are those from there. None: where this kind of scheduler usually runs it."""
    program: tuple[str, ...] = ()
    """The words that start keydeploy there; none where the schedule has to fetch it."""
    sees: tuple[str, ...] = ()
    """Files and folders that the program needs beside it, such as its interpreter; systemd hides homes without need."""
    inventories: tuple[str, ...]
    options: tuple[str, ...] = ()
    """Words that `keydeploy drift` takes beside the others."""
    limited_to: str | None = None
    forks: int | None = None
    disclosed: tuple[str, ...] = ()
    """Lists of publicly known keys."""
    passwords: tuple[Password, ...] = ()
    reports: tuple[tuple[str, str], ...] = ()
    """Kinds of reports, and their files."""
    on_drift: str | None = None
    account: str | None = None
    """Who runs it; None is the person at the desk."""
    distribution: str | None = None
    """The Linux within Windows."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or len(self.name) > _LONGEST_NAME:
            raise KeydeployError(
                "--name cannot be the name of a schedule",
                hint="small letters, digits and single dashes, a letter first, such as drift-portal",
            )
        if any(_UNPRINTABLE.search(text) for text in self._texts()):
            raise KeydeployError(
                "a name or command holds a character that cannot stand in a schedule, such as a line break",
                hint="rename the file; put a command of several lines into a script, and name that",
            )
        if any(inventory.startswith("-") for inventory in self.inventories):
            raise KeydeployError(
                "an inventory begins with a dash", hint="name it from its folder on, such as ./-farm.yml"
            )
        if self.limit + self.delay > self.times.seconds:
            raise KeydeployError(
                "a run might last until the next one begins",
                hint="give a smaller --time-limit, or a longer time with --every",
            )

    @property
    def own_name(self) -> str:
        """Answer the name of what is made for it where names are shared with everybody: it tells that it is ours.

        systemd prefers a unit in /etc to one of the same name that a package has brought (systemd.unit(5)).
        """
        return self.name if self.name.startswith(_OURS) else f"{_OURS}{self.name}"

    def words(self, passwords: Iterable[str], program: Iterable[str] | None = None) -> list[str]:
        """Answer the command, word by word; *passwords* are the options for them, *program* what starts keydeploy."""
        first, *others = self.inventories
        return [
            *(self.program if program is None else program),
            "drift",
            first,
            *(f"--inventory={each}" for each in others),
            *self._looking(),
            *passwords,
            *(f"--report={kind}={file}" for kind, file in self.reports),
            *([f"--on-drift={self.on_drift}"] if self.on_drift else []),
        ]

    def _looking(self) -> Iterator[str]:
        if self.limited_to is not None:
            yield f"--limit={self.limited_to}"
        if self.forks is not None:
            yield f"--forks={self.forks}"
        yield from self.options
        yield from (f"--disclosed-keys={each}" for each in self.disclosed)

    def _texts(self) -> Iterator[str]:
        yield from (self.directory or "", self.limited_to or "", self.on_drift or "", self.account or "")
        yield from (*self.program, *self.inventories, *self.options, *self.disclosed, self.distribution or "")
        yield from (text for password in self.passwords for text in (password.file, password.label or ""))
        yield from (file for _, file in self.reports)


def minutes(seconds: int) -> int:
    """Answer *seconds* in whole minutes, rounded up."""
    return -(-seconds // 60)
