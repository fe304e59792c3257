"""Where the written spec belongs, so that Ansible finds it beside the inventory that names its hosts."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from keydeploy.adoption.naming import identifier
from keydeploy.errors import KeydeployError
from keydeploy.new_files import refuse_existing

ELSEWHERE = "name another folder by --output"
_EVERYBODY = "all"
_NOT_CHOSEN = (_EVERYBODY, "ungrouped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The files to write, below a folder; none of them is there yet."""

    folder: Path
    spec: PurePosixPath
    vault: PurePosixPath
    hosts: PurePosixPath | None
    """The inventory that puts the hosts into a group of their own; None where they have one."""
    group: str


def choose(
    inventories: Sequence[str],
    output: str | None,
    *,
    groups: Mapping[str, Sequence[str]],
    hosts: Collection[str],
    farm: str,
) -> Place:
    """Answer where the spec of *hosts* goes: beside the first of *inventories*, or into the folder *output*.

    *groups* are those of the inventories, with their hosts. Raises `KeydeployError` when no group holds exactly these
    hosts, or a file is there already.
    """
    folders = [_folder(inventory) for inventory in inventories]
    if output is None and folders[0] is None:
        raise KeydeployError("an inventory that is a list of hosts has no folder", hint="name one by --output")
    folder = Path(output) if output is not None else folders[0] or Path()
    beside = any(each is not None and each.resolve() == folder.resolve() for each in folders)
    group = _existing_group(groups, hosts, folder) if beside else _new_group(groups, hosts, farm)
    variables = PurePosixPath("group_vars", group)
    place = Place(
        folder=folder,
        spec=variables / "keydeploy.yml",
        vault=variables / "vault.yml",
        hosts=None if beside else PurePosixPath("hosts.yml"),
        group=group,
    )
    refuse_existing(folder, [place.spec, place.vault, *([place.hosts] if place.hosts else [])], hint=ELSEWHERE)
    return place


def farm_of(groups: Mapping[str, Sequence[str]], hosts: Collection[str]) -> str | None:
    """Answer the group that holds exactly *hosts*, whose name the farm gets where no other is given; None without."""
    wanted = {*hosts}
    fitting = (name for name, members in groups.items() if name not in _NOT_CHOSEN and {*members} == wanted)
    return next(fitting, None)


def hosts_file(group: str, hosts: Collection[str]) -> str:
    """Answer the text of the inventory that puts *hosts* into *group*."""
    lines = ["# Written by keydeploy adopt, for use beside the inventory that says how to reach these hosts.", "all:"]
    lines += ["  children:", f"    {group}:", "      hosts:", *(f"        {_name(host)}:" for host in hosts)]
    return "\n".join(lines) + "\n"


def _name(host: str) -> str:
    return '"' + host.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _folder(inventory: str) -> Path | None:
    """Answer where Ansible looks for group_vars of *inventory*; None for a list of hosts."""
    path = Path(inventory)
    if "," in inventory and not path.exists():
        return None
    return path if path.is_dir() else path.parent


def _existing_group(groups: Mapping[str, Sequence[str]], hosts: Collection[str], folder: Path) -> str:
    group = farm_of(groups, hosts)
    if group is not None:
        return group
    if {*groups.get(_EVERYBODY, ())} == {*hosts}:
        return _EVERYBODY
    raise KeydeployError(
        f"no group of the inventory holds exactly these {len(hosts)} hosts, so nowhere in {folder} is for them alone",
        hint=f"make a group of them, or {ELSEWHERE}",
    )


def _new_group(groups: Mapping[str, Sequence[str]], hosts: Collection[str], farm: str) -> str:
    name = identifier(farm)
    taken = name in _NOT_CHOSEN or name in hosts or {*groups.get(name, hosts)} != {*hosts}
    return f"keydeploy_{name}" if taken else name
