"""The inventory of a rehearsal: the copies of the nodes, and what their hosts declare, in stand-ins."""

import sys
from collections.abc import Iterable
from typing import Any

from keydeploy.node.sandbox.files import write_file
from keydeploy.node.sandbox.json_file import read_json
from keydeploy.rehearsal.declaration import settled
from keydeploy.rehearsal.folder import Folder
from keydeploy.yaml_text import as_yaml


def write_inventory(folder: Folder, hosts: Iterable[str], undeclared: Iterable[str]) -> None:
    """Write the inventory of *folder*: *hosts*, which have been copied, and those that declare nothing."""
    connection = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    found: dict[str, Any] = {host: {} for host in undeclared}
    for host in hosts:
        declared = settled(read_json(folder.declared(host)), folder.shelf)
        found[host] = {"keydeploy": declared, "keydeploy_sandbox": str(folder.node(host))}
    inventory = {"all": {"vars": connection, "hosts": found}}
    write_file(folder.inventory, as_yaml(inventory).encode())
