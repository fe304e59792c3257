"""Sends a request to the node of this host, by the way that its variables name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants as C  # noqa: N812 - Ansible's own name for it

if TYPE_CHECKING:
    from keydeploy.node.contract import Request, Response

SANDBOX = "keydeploy_sandbox"


def ask(templar: Any, task_vars: dict[str, Any], request: Request) -> Response:
    """Send *request* and answer the node's response; raises `NodeError` or `Unreachable`.

    Nothing is sent while Ansible writes module arguments to its output or leaves them on the node.
    """
    from keydeploy.errors import NodeError  # noqa: PLC0415
    from keydeploy.node.contract import Response  # noqa: PLC0415
    from keydeploy.node.sandbox import Sandbox  # noqa: PLC0415

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
    if SANDBOX not in task_vars:
        raise NodeError(
            "request",
            "this version reaches sandbox nodes only",
            hint=f"set {SANDBOX} to a folder that keydeploy sandbox create made, and ansible_connection to local",
        )
    sandbox = Sandbox(_folder(templar, task_vars[SANDBOX]), clock=time.time, sleep=time.sleep)
    return Response.from_json(sandbox.answer(request.to_json()))


def _folder(templar: Any, declared: Any) -> Path:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    from .declarations import why_unresolved  # noqa: PLC0415

    try:
        return Path(str(templar.template(declared)))
    except Exception as error:  # a lookup raises anything, and nothing of it may be shown
        raise NodeError("request", f"{SANDBOX}: {why_unresolved(error)}") from None
