"""Makes what Ansible sends to a Windows node lighter: comments, indentation and file names, which no node reads.

The payload is Ansible's own: a start script, a line of zeros, and a manifest with every other script in base64.
Where it looks otherwise, or is signed, it is sent as it is.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import csharp, powershell

_SEPARATOR = b"\n\0\0\0\0\n"
_COVERAGE = "coverage_wrapper.ps1"
"""Alone wants to know from where on the controller a script came."""
_OURS = "ansible_collections.keydeploy.core.plugins.module_utils."
JOINED = "Keydeploy.cs"
"""The name under which all of keydeploy's C# is sent."""

with suppress(OSError, ValueError):  # Done here already, so that workers, which are forked from this process, need not.
    for _file in (Path(__file__).parents[1] / "module_utils").glob("*.cs"):
        csharp.compact(_file.read_text("utf-8"))


def lighter(payload: bytes) -> bytes:
    """Answer *payload* with keydeploy's own C# as one compact text, and compact PowerShell."""
    head, separator, body = payload.partition(_SEPARATOR)
    try:
        start, manifest = json.loads(head), json.loads(body)
        if manifest["signed_hashlist"]:
            return payload
        start["script"] = powershell.compact(start["script"])
        _join(manifest)
        for name, script in manifest["scripts"].items():
            if name.endswith((".ps1", ".psm1")):
                script["script"] = _packed(powershell.compact(_text(script)))
            if _COVERAGE not in manifest["scripts"]:
                script["path"] = ""
    except (ValueError, KeyError, TypeError, AttributeError):
        return payload
    return _written(start) + separator + _written(manifest)


def _join(manifest: dict[str, Any]) -> None:
    """Let *manifest* hold one script in the place of all that are ours, and no arguments but those of our modules."""
    scripts = manifest["scripts"]
    (params,) = (action["params"] for action in manifest["actions"] if "CSharpModules" in action["params"])
    ours = sorted(name for name in params["CSharpModules"] if name.startswith(_OURS))
    if ours:
        joined = csharp.joined(csharp.compact(_text(scripts.pop(name))) for name in ours)
        params["CSharpModules"] = [name for name in params["CSharpModules"] if name not in ours] + [JOINED]
        scripts[JOINED] = {"path": "", "script": _packed(joined)}
        (arguments,) = (variable["Value"] for variable in params["Variables"])
        for name in [name for name in arguments if name.startswith("_ansible_")]:
            del arguments[name]


def _text(script: dict[str, str]) -> str:
    return base64.b64decode(script["script"]).decode()


def _packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _written(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
