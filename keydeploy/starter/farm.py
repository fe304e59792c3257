"""A farm that is to be: the names that its files are made with."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from keydeploy.errors import KeydeployError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?)*")
_KEY_LIKE = re.compile(r"[0-9A-Fa-f]{16}")
"""What the spec refuses in a name: it might be a key in the wrong place."""
_ANSIBLES_OWN = ("all", "ungrouped", "localhost", "windows")
"""Names of groups and hosts that mean something already; `vault_windows` holds the password of the servers."""


@dataclass(frozen=True, slots=True)
class NewFarm:
    """The name of a farm and those of its nodes, checked."""

    name: str
    hosts: tuple[str, ...]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or _KEY_LIKE.search(self.name) or self.group in _ANSIBLES_OWN:
            raise KeydeployError(
                "that cannot be the name of a farm",
                hint="a letter, then letters, digits, dashes and underscores, such as portal; not all or windows",
            )
        for host in self.hosts:
            if not _HOST.fullmatch(host) or host in (*_ANSIBLES_OWN, self.group):
                raise KeydeployError(
                    f"{host!r} cannot be the name of a host",
                    hint="names such as web1 or web1.example.com, with commas between them; not that of the farm",
                )
        if len(set(self.hosts)) != len(self.hosts):
            raise KeydeployError("a host is named twice", hint="name each node once")

    @classmethod
    def of(cls, name: str, hosts: Iterable[str]) -> "NewFarm":
        """Take over *name* and *hosts* as somebody typed them; raises `KeydeployError` for what they cannot be."""
        return cls(name, tuple(host.strip() for host in hosts))

    @property
    def group(self) -> str:
        """The group of hosts in the inventory, and the end of the names of its variables."""
        return self.name.replace("-", "_")

    @property
    def container(self) -> str:
        """A key container for what its applications encrypt."""
        return f"{self.pool}Configuration"

    @property
    def pool(self) -> str:
        """The pool that its application may run in."""
        return "".join(part[:1].upper() + part[1:] for part in re.split("[-_]", self.name))

    @property
    def path(self) -> str:
        """The path of its application in IIS."""
        return f"/{self.name}"
