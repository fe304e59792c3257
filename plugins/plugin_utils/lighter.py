"""Takes comments and indentation out of the C# that Ansible sends: a third of it, which no node reads.

The payload is Ansible's own: what starts its wrapper, a line of zeros, and a manifest with every script in base64.
Where it looks otherwise, it is sent as it is.
"""

from __future__ import annotations

import base64
import json

_SEPARATOR = b"\n\0\0\0\0\n"
_OURS = "ansible_collections.keydeploy.core.plugins.module_utils."
_DIRECTIVES = ("//AssemblyReference", "//NoWarn")
"""Comments that Ansible's compiler reads."""


def lighter(payload: bytes) -> bytes:
    """Answer *payload* with keydeploy's own C# as `stripped` makes it."""
    head, separator, body = payload.partition(_SEPARATOR)
    try:
        manifest = json.loads(body)
        scripts = manifest["scripts"]
        for name in scripts:
            if name.startswith(_OURS) and name.endswith(".cs"):
                text = base64.b64decode(scripts[name]["script"]).decode()
                scripts[name]["script"] = base64.b64encode(stripped(text).encode()).decode()
    except (ValueError, KeyError, TypeError):
        return payload
    return head + separator + json.dumps(manifest).encode()


def stripped(text: str) -> str:
    """Answer the C# *text*, in which no string goes over several lines, without comment lines and indentation."""
    lines = (line.strip() for line in text.splitlines())
    kept = (line for line in lines if line and (not line.startswith("//") or line.startswith(_DIRECTIVES)))
    return "\n".join(kept) + "\n"
