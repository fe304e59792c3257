"""What Ansible asks of a node: the payload of its PowerShell exec wrapper, decoded.

Source: `_get_bootstrap_input` and `_create_powershell_wrapper` of ansible-core 2.19 (executor/powershell).
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SEPARATOR = b"\n\0\0\0\0\n"
"""Stands between what starts the wrapper, what it shall do, and what is input to that."""
_MODULES = "module_wrapper.ps1"
"""The script that runs modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A module that Ansible runs on a node."""

    node: str
    """The node's address."""
    module: str
    """With its collection: keydeploy.core.win_node."""
    arguments: Mapping[str, Any]
    """Those of the task; what Ansible adds for itself is left out."""
    csharp: Mapping[str, str]
    """The source texts to compile, by the name of their file; Ansible's own have longer names: Ansible.Basic.cs."""
    payload: bytes = field(repr=False)
    """All that Ansible wrote to the wrapper's standard input, before base64."""

    @property
    def raw_size(self) -> int:
        """The bytes of the payload."""
        return len(self.payload)


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A script of Ansible's own that runs on a node without a module: to make a folder, to take a file."""

    node: str
    """The node's address."""
    name: str
    """That of Ansible's file: winrm_put_file.ps1; empty where the whole script stands on the command line."""
    parameters: Mapping[str, Any]
    input: bytes = field(repr=False)
    """What it reads."""


Answering = Callable[[Call], str | bytes]
"""Answers what the module prints. Called in a thread of its own for each call."""

Scripting = Callable[[Script], str | bytes]
"""Answers what a script prints that runs no module, likewise."""


def decode(node: str, payload: bytes) -> Call | Script:
    """Answer what *payload*, which is empty for a script on the command line, asks for.

    Raises `ValueError` or `KeyError` for what Ansible does not write.
    """
    if not payload:
        return Script(node=node, name="", parameters={}, input=b"")
    _, separator, work = payload.partition(_SEPARATOR)
    if not separator:
        raise ValueError("no payload of Ansible's exec wrapper")
    manifest_text, _, read = work.partition(_SEPARATOR)
    manifest = json.loads(manifest_text)
    actions = {action["name"]: action["params"] for action in manifest["actions"]}
    if _MODULES not in actions:
        ((name, parameters),) = actions.items()
        return Script(node=node, name=name, parameters=parameters, input=read)
    params = actions[_MODULES]
    arguments = {variable["Name"]: variable["Value"] for variable in params["Variables"]}["complex_args"]
    return Call(
        node=node,
        module=_short(params["Script"].removesuffix(".ps1"), ".plugins.modules."),
        arguments={name: value for name, value in arguments.items() if not name.startswith("_ansible")},
        csharp={
            name.rpartition(".module_utils.")[2]: base64.b64decode(manifest["scripts"][name]["script"]).decode()
            for name in params["CSharpModules"]
        },
        payload=payload,
    )


def _short(name: str, infix: str) -> str:
    collection, _, own = name.rpartition(infix)
    return f"{collection.removeprefix('ansible_collections.')}.{own}" if collection else own
