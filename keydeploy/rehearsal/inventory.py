"""The inventory of a rehearsal: the copies of the nodes, and what their hosts declare, in stand-ins."""

import sys
from collections.abc import Iterable
from typing import Any

import yaml

from keydeploy.node.sandbox.files import write_file
from keydeploy.node.sandbox.json_file import read_json
from keydeploy.rehearsal.declaration import settled
from keydeploy.rehearsal.folder import Folder


class _Text(str):
    """Text that Ansible shall not take for an expression, whatever it looks like."""

    __slots__ = ()


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - a reader of the file has enough to understand
        return True


_Dumper.add_representer(_Text, lambda dumper, text: dumper.represent_scalar("!unsafe", str.__str__(text)))


def write_inventory(folder: Folder, hosts: Iterable[str], undeclared: Iterable[str]) -> None:
    """Write the inventory of *folder*: *hosts*, which have been copied, and those that declare nothing."""
    connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    found: dict[str, Any] = {host: {} for host in undeclared}
    for host in hosts:
        declared = settled(read_json(folder.declared(host)), folder.shelf)
        found[host] = {"keydeploy": declared, "keydeploy_sandbox": str(folder.node(host))}
    inventory = {"all": {"vars": connection, "hosts": found}}
    write_file(folder.inventory, yaml.dump(_plain(inventory), Dumper=_Dumper, sort_keys=False, width=1000).encode())


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items()}
        case list():
            return [_plain(each) for each in value]
        case str() if "{" in value:
            return _Text(value)
    return value
