"""Runs a playbook of the collection with Ansible and yields its events.

Ansible runs as a child in a session of its own. Its events come as JSON lines through an inherited
pipe; what it writes to its standard error is read to recognise a cause and never shown, because
Ansible quotes the lines around a mistake.
"""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from keydeploy.errors import EngineError
from keydeploy.inventory_files import first_mistake
from keydeploy.secret import Secret

_MANY_NODES = 1000
"""More forks than a run has nodes cost nothing, and fewer would keep nodes from waiting for one instant."""

_PATIENCE = 3.0
"""Seconds in which Ansible ends its workers."""

_STANDARD_INPUT = "/dev/stdin"

_FORCED = {
    "ANSIBLE_STDOUT_CALLBACK": "keydeploy.core.events",
    "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    "ANSIBLE_DUPLICATE_YAML_DICT_KEY": "error",
    "ANSIBLE_RETRY_FILES_ENABLED": "false",
    "ANSIBLE_RUN_TAGS": "all",
    "ANSIBLE_SKIP_TAGS": "",
    "ANSIBLE_DEBUG": "false",
    "ANSIBLE_KEEP_REMOTE_FILES": "false",
    "ANSIBLE_LOCALHOST_WARNING": "false",
    "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
}

_NOT_DECRYPTED = "the vault password is not the one that encrypts the inventory"

_CAUSES = (
    (
        r"no vault secrets found|Attempting to decrypt but no vault",
        "the inventory holds vault-encrypted values, and no vault password was given",
        "give it with --ask-vault-pass, --vault-password-file or --vault-id",
    ),
    (r"Decryption failed", _NOT_DECRYPTED, None),
    (
        r"vault password file .* was not found|The vault password file",
        "the vault password file cannot be read",
        "check --vault-password-file",
    ),
    (
        r"playbook: keydeploy\.core\.\w+ could not be found|couldn't resolve module|unable to locate collection",
        "Ansible does not find the collection keydeploy.core",
        "install keydeploy into the same Python as ansible-core: pip install keydeploy",
    ),
    (
        r"Specified inventory, host pattern and/or --limit leaves us with no hosts",
        "the limit matches no host",
        "check -l",
    ),
    (r"Could not match supplied host pattern", "the limit matches no host", "check -l"),
    (r"[Ff]ailed to parse|Unable to parse|YAML parsing failed", "the inventory cannot be read", None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What the user says to Ansible."""

    inventories: Sequence[str]
    limit: str | None = None
    extra_vars: Sequence[str] = ()
    vault_ids: Sequence[str] = ()
    vault_password_files: Sequence[str] = ()
    vault_password: Secret | None = None
    """What the user was asked for: of the one vault identity `NAME@prompt`, or of the default one."""
    forks: int | None = None
    check: bool = False
    diff: bool = False
    verbosity: int = 0

    def command(self) -> list[str]:
        """Answer the arguments of `ansible-playbook`."""
        return [
            *(part for inventory in self.inventories for part in ("-i", inventory)),
            *(("-l", self.limit) if self.limit is not None else ()),
            *(part for value in self.extra_vars for part in ("-e", value)),
            *(part for value in self._identities() for part in ("--vault-id", value)),
            *(part for value in self.vault_password_files for part in ("--vault-password-file", value)),
            *(["--check"] if self.check else []),
            *(["--diff"] if self.diff else []),
            *(["-" + "v" * self.verbosity] if self.verbosity else []),
            "-f",
            str(self.forks or _MANY_NODES),
        ]

    @property
    def password_hint(self) -> str:
        """Answer what to do about a wrong vault password: where it came from."""
        if self.vault_password is not None:
            return "type it again; ansible-vault view FILE tells whether it is the right one"
        given = [f"--vault-id {identity}" for identity in self.vault_ids]
        given += [f"--vault-password-file {file}" for file in self.vault_password_files]
        where = " and ".join(given) or "the vault password that ansible.cfg or the environment names"
        return f"check {where}; values of several passwords need several identities (--vault-id NAME@FILE)"

    def _identities(self) -> list[str]:
        """Answer the vault identities; the one whose password was asked for reads it from the standard input."""
        if self.vault_password is None:
            return list(self.vault_ids)
        named = [value.replace("@prompt", f"@{_STANDARD_INPUT}") for value in self.vault_ids]
        return named if named != list(self.vault_ids) else [*named, f"default@{_STANDARD_INPUT}"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: a `play` or `task` that begins, or the `result` of an action on a host."""

    kind: str
    name: str
    host: str | None = None
    status: str | None = None
    result: dict[str, Any] = field(default_factory=dict)
    at: float = 0.0
    """When, in seconds by the clock of the run, which begins anywhere."""
    seconds: float | None = None
    """How long the host was at it, from when it was sent to work; None where nobody knows."""
    hosts: tuple[str, ...] = ()
    """Of a play: whom it is for."""


class Engine:
    """One run of a playbook."""

    def __init__(self, playbook: str, arguments: Arguments) -> None:
        self._arguments = arguments
        events, events_end = os.pipe()
        stop, stop_end = os.pipe()
        # Ansible refuses to start where the locale is not UTF-8, which schedulers often set.
        utf8 = {"LC_ALL": "C.UTF-8"} if os.environ.get("LC_ALL") in ("C", "POSIX") else {}
        environment = os.environ | utf8 | _FORCED | {"KEYDEPLOY_EVENTS": str(events_end), "KEYDEPLOY_STOP": str(stop)}
        self._events = os.fdopen(events, encoding="utf-8")
        self._stop = os.fdopen(stop_end, "wb", buffering=0)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "ansible", "playbook", f"keydeploy.core.{playbook}", *arguments.command()],
            env=environment,
            pass_fds=(events_end, stop),
            stdout=sys.stderr if arguments.verbosity else subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdin=subprocess.PIPE if arguments.vault_password else subprocess.DEVNULL,
            start_new_session=True,  # keeps Ctrl-C at the terminal from it
            text=True,
            errors="replace",
        )
        os.close(events_end)
        os.close(stop)
        if self._child.stdin is not None and arguments.vault_password is not None:
            with suppress(BrokenPipeError), self._child.stdin as stream:
                stream.write(arguments.vault_password.reveal().decode() + "\n")

    def events(self) -> Iterator[Event]:
        """Yield what happens until the child ends; raises `EngineError` when it could not even begin."""
        assert self._child.stderr is not None  # noqa: S101 - it was asked for
        complaints = _Reader(self._child.stderr)
        begun = False
        with self._events:
            for line in self._events:
                if not line.endswith("\n"):
                    break  # the child was killed while it wrote
                event = _event(json.loads(line))
                begun = begun or event.kind == "task"
                yield event
        code = self._child.wait()
        self._stop.close()
        if code != 0 and not begun:
            raise self._explain(complaints.text())

    def stop(self) -> None:
        """Ask the run to stop at its next gate; one that has ended needs no asking."""
        with suppress(OSError, ValueError):
            self._stop.write(b"!")

    def kill(self) -> None:
        """End the child and its workers at once.

        The workers have sessions of their own: Ansible ends them on SIGTERM, and SIGKILL would leave them at work.
        """
        if self._child.poll() is not None:
            return
        self._child.terminate()
        try:
            self._child.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._child.kill()

    def _explain(self, complaint: str) -> EngineError:
        mistake = first_mistake(Path(inventory) for inventory in self._arguments.inventories)
        if mistake is not None:
            return EngineError(f"{mistake}", hint="correct it; nothing was contacted")
        for pattern, message, hint in _CAUSES:
            if re.search(pattern, complaint):
                told = self._arguments.password_hint if message == _NOT_DECRYPTED else hint
                return EngineError(message, hint=told or "see what ansible-inventory --list says")
        return EngineError(
            f"Ansible ended with code {self._child.returncode} before the first step",
            hint="see what ansible-inventory --list says about the inventory",
        )


class _Reader(threading.Thread):
    """Empties a stream in the background, so that its writer never waits."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._text = ""
        self.start()

    def run(self) -> None:
        self._text = self._stream.read()

    def text(self) -> str:
        self.join()
        return self._text


def _event(value: dict[str, Any]) -> Event:
    if value["event"] == "result":
        return Event(
            "result",
            value["action"],
            value["host"],
            value["status"],
            value["result"],
            at=value["at"],
            seconds=value["seconds"],
        )
    return Event(
        value["event"], value.get("action") or value["name"], at=value["at"], hosts=tuple(value.get("hosts", ()))
    )
