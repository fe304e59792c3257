"""Sends a request to the node of this host, by the way that its variables name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants as C  # noqa: N812 - Ansible's own name for it

if TYPE_CHECKING:
    from keydeploy.node.contract import Request, Response

SANDBOX = "keydeploy_sandbox"
_SEE = "ansible-inventory --host HOST shows its variables"


def ask(action: Any, task_vars: dict[str, Any], request: Request, *, wait: float = 0.0, fill: int = 0) -> Response:
    """Send *request*, which makes the node wait for *wait* seconds, and answer the node's response.

    The request is filled up to *fill* characters with blanks. Raises `NodeError` or `Unreachable`.
    Nothing is sent while Ansible writes module arguments to its output or leaves them on the node.
    """
    from keydeploy.errors import NodeError  # noqa: PLC0415

    from . import windows  # noqa: PLC0415

    for setting, switched_on in (
        ("ANSIBLE_DEBUG", C.DEFAULT_DEBUG),
        ("ANSIBLE_KEEP_REMOTE_FILES", C.DEFAULT_KEEP_REMOTE_FILES),
    ):
        if switched_on:
            raise NodeError(
                "request",
                f"{setting} is on, which would show or keep secrets; nothing was sent",
                hint=f"unset {setting}",
            )
    if SANDBOX in task_vars:
        return _ask_sandbox(_folder(action._templar, task_vars[SANDBOX]), request)
    if windows.is_windows(action._connection):
        return windows.ask(action, task_vars, request, wait=wait, fill=fill)
    raise NodeError(
        "request",
        f"the connection {action._connection.transport} does not lead to a Windows node",
        hint=f"set ansible_connection to winrm or psrp; {SANDBOX} names the folder of a sandbox node",
    )


def _ask_sandbox(folder: Path, request: Request) -> Response:
    from keydeploy.node.contract import Response  # noqa: PLC0415
    from keydeploy.node.sandbox import Sandbox  # noqa: PLC0415

    sandbox = Sandbox(folder, clock=time.time, sleep=time.sleep)
    return Response.from_json(sandbox.answer(request.to_json()), request)


def _folder(templar: Any, declared: Any) -> Path:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    from .declarations import why_unresolved  # noqa: PLC0415

    try:
        return Path(str(templar.template(declared)))
    except Exception as error:  # a lookup raises anything, and nothing of it may be shown
        raise NodeError("request", f"{SANDBOX}: {why_unresolved(error)}", hint=_SEE) from None
