"""What Ansible asks of a node: the payload of its PowerShell exec wrapper, decoded.

Source: `_get_bootstrap_input` and `_create_powershell_wrapper` of ansible-core 2.19 (executor/powershell).
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SEPARATOR = b"\n\0\0\0\0\n"
"""Stands between what starts the wrapper and what it shall do."""


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


Answering = Callable[[Call], str | bytes]
"""Answers what the module prints. Called in a thread of its own for each call."""


def decode(node: str, payload: bytes) -> Call:
    """Answer the call that *payload* holds. Raises `ValueError` or `KeyError` for what is none."""
    _, separator, manifest_text = payload.partition(_SEPARATOR)
    if not separator:
        raise ValueError("no payload of Ansible's exec wrapper")
    manifest = json.loads(manifest_text)
    params = {action["name"]: action["params"] for action in manifest["actions"]}["module_wrapper.ps1"]
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
