r"""Writes a service and a timer of systemd, hardened as far as a look for drift allows.

Quoting, as systemd.service(5) and systemd.syntax(7) have it: `%` begins a specifier and `%%` is one, `$` begins a
variable and `$$` is one, a backslash and a quotation mark stand behind a backslash.
"""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from keydeploy.errors import KeydeployError
from keydeploy.new_files import NewFile
from keydeploy.schedule import shell
from keydeploy.schedule.job import Job, Password
from keydeploy.schedule.made import Schedule, watching
from keydeploy.schedule.times import calendar

SYSTEM = PurePosixPath("/etc/systemd/system")
_PLAIN = re.compile(r"[A-Za-z0-9_./:=@,+-]+")
_NO_PROGRAM = re.compile(r"[\"'\\]")
_CREDENTIALS = "${CREDENTIALS_DIRECTORY}"
"""systemd puts credentials there, in memory, for this service alone; `%d`, which is the same, is younger (250)."""
_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - they are hidden from the service
_STOPPING = 90
"""Seconds in which a run that was told to end may write its reports and call for help."""

_HARDENED = """\
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectProc=invisible
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateIPC=yes
RemoveIPC=yes
KeyringMode=private
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
"""
_HARDENED_OWN = """\
UMask=0077
LimitCORE=0
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
"""
"""What a service of a user's own manager may ask for on every kernel; the rest needs namespaces, which many forbid."""


def of_system(job: Job) -> Schedule:
    """Answer the units for the system's manager, which run as the account of *job*."""
    account = job.account or ""
    commands = (
        shell.adding(account),
        "sudo systemctl daemon-reload",
        f"sudo systemctl enable --now {job.own_name}.timer",
        f"sudo systemctl start {job.own_name}.service && systemctl status {job.own_name}.service",
    )
    off = (f"sudo systemctl stop {job.own_name}.timer", "sudo systemctl daemon-reload")
    remarks = (
        f"It runs as {account}, which has to be able to read the inventory and to write the folders of the reports;",
        "the first command below makes that account, where there is none. Vault passwords reach it in memory alone.",
    )
    comment = watching(job.inventories, remarks, commands)
    service = _service(job, comment, "\n".join(_of_system(job)), online=True)
    return _schedule(job, service, SYSTEM, commands, off)


def of_user(job: Job, folder: PurePosixPath) -> Schedule:
    """Answer the units for the manager of the person who types this, which reads *folder*."""
    commands = (
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {job.own_name}.timer",
        "loginctl enable-linger   # so that it runs while nobody is logged in",
    )
    off = (f"systemctl --user stop {job.own_name}.timer", "systemctl --user daemon-reload")
    remarks = ("It may do all that its owner may: --run-as, in place of --user, makes one that may do less.",)
    service = _service(job, watching(job.inventories, remarks, commands), _HARDENED_OWN.rstrip(), online=False)
    return _schedule(job, service, folder, commands, off)


def quoted(word: str) -> str:
    """Answer *word* as it stands in a list of words, such as paths."""
    told = word.replace("%", "%%")
    if _PLAIN.fullmatch(told.replace("%", "")):
        return told
    return '"' + told.replace("\\", "\\\\").replace('"', '\\"') + '"'


def argument(word: str) -> str:
    """Answer *word* as an argument of a command."""
    return quoted(word.replace("$", "$$"))


def _service(job: Job, comment: str, hardening: str, *, online: bool) -> str:
    if _NO_PROGRAM.search(job.program[0]):
        raise KeydeployError(
            "systemd runs no program whose path holds a quotation mark or a backslash",
            hint="move it, or name a link to it with --program",
        )
    first, *others = job.words([])[:1], *_arguments(job)
    command = " \\\n  ".join([" ".join([quoted(first[0]), *others[: len(job.program)]]), *others[len(job.program) :]])
    waits = "Wants=network-online.target\nAfter=network-online.target\n" if online else ""
    return (
        f"{comment}[Unit]\nDescription=Look for drift of key material ({job.name})\n{waits}\n"
        f"[Service]\nType=oneshot\nWorkingDirectory={_whole(job.directory or '/')}\nExecStart={command}\n"
        f"TimeoutStartSec={job.limit}\nTimeoutStopSec={_STOPPING}\nKillMode=mixed\n{hardening}\n"
    )


def _arguments(job: Job) -> Iterator[str]:
    """Yield the words behind the program, the paths of passwords as systemd knows them."""
    handed = [] if job.account is None else [each for each in job.passwords if not each.is_program]
    for password in job.passwords:
        if password in handed and not _is_safe(password):
            raise KeydeployError(
                "a vault identity has a name that no credential of systemd can have",
                hint="letters, digits, dots, dashes and underscores",
            )
    given = {each.option(f"{_CREDENTIALS}/{each.name}") for each in handed}
    passwords = [each.option(f"{_CREDENTIALS}/{each.name}" if each in handed else each.file) for each in job.passwords]
    for word in job.words(passwords)[1:]:
        yield word if word in given else argument(word)


def _is_safe(password: Password) -> bool:
    return bool(re.fullmatch(r"[A-Za-z0-9_.-]+", password.name))


def _of_system(job: Job) -> Iterator[str]:
    """Yield what a service of the system's manager has beside its command."""
    paths = [job.directory or "/", *job.program, *job.sees, *job.inventories, *(each.file for each in job.passwords)]
    paths += [file for _, file in job.reports]
    yield f"User={job.account}"
    yield f"StateDirectory={job.own_name}"
    yield f"Environment=HOME=%S/{job.own_name} LANG=C.UTF-8"
    for password in job.passwords:
        if not password.is_program:
            yield f"LoadCredential={password.name}:{_whole(password.file)}"
    folders = dict.fromkeys(str(PurePosixPath(file).parent) for _, file in job.reports)
    if folders:
        # Where one is missing, the service starts all the same: then drift says so, and calls for help.
        yield f"ReadWritePaths={' '.join(quoted(f'-{folder}') for folder in folders)}"
    yield f"ProtectHome={'read-only' if any(_is_below(path, _HOMES) for path in paths) else 'yes'}"
    if any(_is_below(path, _TEMPORARY) for path in paths):
        yield f"Environment=TMPDIR=%S/{job.own_name}"
    else:
        yield "PrivateTmp=yes"
    yield _HARDENED.rstrip()


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def _whole(path: str) -> str:
    """Answer *path* where it is the whole value, which has no quotes; raises `KeydeployError` where it cannot be."""
    if path != path.strip() or path.endswith("\\"):
        raise KeydeployError(
            "a folder or file for systemd begins or ends with a blank, or ends with a backslash",
            hint="rename it",
        )
    return path.replace("%", "%%")


def _schedule(
    job: Job, service: str, folder: PurePosixPath, commands: tuple[str, ...], off: tuple[str, ...]
) -> Schedule:
    comment = watching(job.inventories, (), ())
    timer = (
        f"{comment}[Unit]\nDescription=When to look for drift of key material ({job.name})\n\n"
        f"[Timer]\nOnCalendar={calendar(job.times)}\nRandomizedDelaySec={job.delay}\nAccuracySec=1s\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    names = {f"{job.own_name}.service": (service, "what is run"), f"{job.own_name}.timer": (timer, "when it is run")}
    files = (NewFile(path=PurePosixPath(name), text=text, about=about) for name, (text, about) in names.items())
    return Schedule(
        files=tuple(files),
        folder=folder,
        after_install=commands,
        after_remove=off,
        links=(PurePosixPath("timers.target.wants", f"{job.own_name}.timer"),),
    )
