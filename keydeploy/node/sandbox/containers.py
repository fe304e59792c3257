"""Machine-wide RSA key containers of a sandbox node: one JSON file each in `containers/`.

The file is called as Windows would call it, but without the machine's GUID: so a node can be copied.
"""

import hashlib
import json
import re
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    ContainerList,
    ContainerState,
    ListContainers,
    ListedContainer,
    PrivateKey,
    PublicKey,
    ReadContainer,
    SeenContainer,
    StageContainer,
)
from keydeploy.node.contract.codec import decode, encode
from keydeploy.node.sandbox import rsa_keys
from keydeploy.node.sandbox.change import Change, Content, Staging
from keydeploy.node.sandbox.json_file import discard_new, read_json, write_json

PROVIDERS = {
    1: "Microsoft Enhanced Cryptographic Provider v1.0",
    12: "Microsoft RSA SChannel Cryptographic Provider",
    24: "Microsoft Enhanced RSA and AES Cryptographic Provider",
}
"""The providers that hold RSA keys, by their types."""

_SDDL = re.compile(r"(O:[^:()]+)?(G:[^:()]+)?D:[A-Z]*(\([^()]*\))+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a container holds; where this is kept of one that is not exportable, the *key* is missing."""

    name: str
    provider_type: int
    key_number: int
    exportable: bool
    sddl: str
    public_key: PublicKey | None
    key: PrivateKey | None


class Containers:
    """The machine's containers of the node in the folder *root*."""

    def __init__(self, root: Path) -> None:
        self._folder = root / "containers"
        self._machine = machine_guid(root)

    def read(self, operation: ReadContainer) -> ContainerState:
        """Answer what a container shows."""
        _require_name(operation.name)
        try:
            held = self.held(operation.name)
        except PermissionError:
            return ContainerState(state="denied")
        if held is None:
            return ContainerState(state="absent")
        return ContainerState(state="keyless") if held.public_key is None else self._present(held, held.public_key)

    def names(self, operation: ListContainers) -> ContainerList:
        """List containers by the beginning of their names, whatever its case."""
        held = [_held(read_json(file)) for file in self._folder.glob("*.json")]
        names = (each.name for each in held if each.name.lower().startswith(operation.prefix.lower()))
        listed = (ListedContainer(name=name, state=self.read(ReadContainer(name))) for name in sorted(names))
        return ContainerList(containers=tuple(listed))

    def stage(self, operation: StageContainer) -> Staging:
        """Prepare a container; raises `NodeError` where it cannot be one, or a key is damaged."""
        _require_name(operation.name)
        if operation.after is not None:
            if operation.after.provider_type not in PROVIDERS:
                raise NodeError("unsupported", "the provider of the container is none for RSA keys")
            if not _SDDL.fullmatch(operation.after.sddl):
                raise NodeError("request", "the access of the container is no security descriptor")
        for key in (operation.previous, operation.after.key if operation.after else None):
            if key is not None:
                rsa_keys.load(key)
        return Staging(
            change=ContainerChange(self, operation.name),
            is_as_observed=lambda shown: _seen(shown) == operation.before,
            before=lambda shown: _kept_of(shown, operation),
            after=lambda shown: _wanted(shown, operation),
            early=operation.early,
        )

    def of(self, target: dict[str, Any]) -> "ContainerChange":
        """Answer the change of the container that the journal names."""
        return ContainerChange(self, target["name"])

    def held(self, name: str) -> Held | None:
        """Answer what a container holds, its key too where it is not exportable: the node itself may use it."""
        value = read_json(self._file(name))
        return None if value is None else _held(value)

    def put(self, held: Held) -> None:
        """Let the container hold *held*."""
        write_json(self._file(held.name), encode(held))

    def delete(self, name: str) -> None:
        """Delete the container with its key."""
        self._file(name).unlink(missing_ok=True)

    def tidy(self, name: str) -> None:
        """Remove what a crash may have left beside the container."""
        discard_new(self._file(name))

    def _present(self, held: Held, public_key: PublicKey) -> ContainerState:
        return ContainerState(
            state="present",
            provider=PROVIDERS.get(held.provider_type),
            provider_type=held.provider_type,
            key_number=held.key_number,
            bits=rsa_keys.bits(public_key),
            exportable=held.exportable,
            unique_name=unique_name(held.name, self._machine),
            sddl=held.sddl,
            public_key=public_key,
        )

    def _file(self, name: str) -> Path:
        return self._folder / f"{_hash(name)}.json"


class ContainerChange(Change):
    """A container: its key and who may use it."""

    noun = "container"

    def __init__(self, containers: Containers, name: str) -> None:
        self._containers = containers
        self._name = name

    def place(self) -> str:
        return f"container {self._name.lower()}"

    def target(self) -> dict[str, Any]:
        return {"name": self._name}

    def show(self) -> Content:
        held = self._containers.held(self._name)
        return None if held is None else _content(held)

    def same(self, shown: Content, kept: Content) -> bool:
        """Compare by public key and access; the provider may tell no more."""
        return (shown is None) == (kept is None) and _seen(shown) == _seen(kept)

    def tidy(self) -> None:
        self._containers.tidy(self._name)

    def to_keep(self, shown: Content, known: Content) -> Content:
        held = None if shown is None else _of(shown)
        if held is None or held.exportable:
            return shown
        other = None if known is None else _of(known)
        return _content(replace(held, key=other.key if other and other.public_key == held.public_key else None))

    def may_put(self, kept: Content) -> bool:
        held = None if kept is None else _of(kept)
        if held is None or held.key is not None or held.public_key is None:
            return True
        present = self._containers.held(self._name)
        return present is not None and present.public_key == held.public_key

    def put(self, kept: Content) -> None:
        if not self.may_put(kept):
            raise NodeError("irreversible", "a container's old key was not exportable and cannot be put back")
        held, present = None if kept is None else _of(kept), self._containers.held(self._name)
        if held is None:
            self._containers.delete(self._name)
        elif held.key is None and held.public_key is not None and present is not None:
            self._containers.put(replace(present, sddl=held.sddl))  # the key is there already
        else:
            self._containers.put(held)


def machine_guid(root: Path) -> str:
    """Answer the GUID by which Windows would tell this machine from others: always the same one for *root*."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, root.name))


def unique_name(name: str, machine: str) -> str:
    """Answer the name of a container's file on the Windows machine of that GUID.

    Source: the published names of Windows' own containers, such as `iisConfigurationKey`.
    """
    return f"{_hash(name)}_{machine}"


def _hash(name: str) -> str:
    digest = hashlib.md5(f"{name.lower()}\0".encode(), usedforsecurity=False).digest()
    return "".join(digest[start : start + 4][::-1].hex() for start in range(0, 16, 4))


def _require_name(name: str) -> None:
    if not name or "\\" in name:  # none at all would mean the account's own container
        raise NodeError("request", "a container's name is empty or holds a backslash")


def _seen(content: Content) -> SeenContainer | None:
    """Answer what a request can know of a container; one without a key is as good as none."""
    held = None if content is None else _of(content)
    if held is None or held.public_key is None:
        return None
    return SeenContainer(public_key=held.public_key, sddl=held.sddl)


def _kept_of(shown: Content, operation: StageContainer) -> Content:
    """Answer what to go back to: the key where it can be told, or was given, or stays; raises `NodeError` if not it."""
    held = None if shown is None else _of(shown)
    if operation.previous and (held is None or rsa_keys.public_part(operation.previous) != held.public_key):
        raise NodeError("key", "the previous key is not the one in the container")
    if held is None:
        return None
    wanted = operation.after.key if operation.after else None
    stays = wanted if wanted and rsa_keys.public_part(wanted) == held.public_key else None
    return _content(held if held.exportable else replace(held, key=operation.previous or stays))


def _wanted(shown: Content, operation: StageContainer) -> Content:
    after = operation.after
    if after is None:
        return None
    if after.key is not None:
        return _content(
            Held(
                name=operation.name,
                provider_type=after.provider_type,
                key_number=1,
                exportable=after.exportable,
                sddl=after.sddl,
                public_key=rsa_keys.public_part(after.key),
                key=after.key,
            )
        )
    if shown is None or _seen(shown) is None:
        raise NodeError("changed", "the container whose access shall change has no key")
    return _content(replace(_of(shown), sddl=after.sddl, key=None))


def _content(held: Held) -> bytes:
    return json.dumps(encode(held)).encode()


def _of(content: bytes) -> Held:
    return _held(json.loads(content))


def _held(value: Any) -> Held:
    held: Held = decode(Held, value)
    return held
