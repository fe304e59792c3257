"""Sends a request to a Windows node over the connection that the inventory names, and reads the answer.

The node's code is sent along by Ansible and compiled there; nothing stays on the node but what a run stages.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ansible.utils.display import Display

from .causes import UNKNOWN, explain
from .patience import CALL_TIMEOUT, CONNECT_TIMEOUT, require_port, within
from .switches import is_on
from .wire import Security, endpoint, has_proxy

if TYPE_CHECKING:
    from keydeploy.node.contract import Request, Response

ALLOW_UNENCRYPTED = "keydeploy_allow_unencrypted"
ALLOW_RECORDING = "keydeploy_allow_recording"

display = Display()

_ALL = "keydeploy.core.win_node_all"
_MODULES = {
    "keydeploy.core.win_node": {"system", "file", "journal", "lock"},
    "keydeploy.core.win_node_keys": {"registry", "account", "container", "certificate"},
    "keydeploy.core.win_node_iis": {"app_pool", "binding"},
}
"""The lightest first; each knows its nouns, and those of the ones before. With them a call fits into one message."""
_ANYTHING = {"lock.resume", "backup.read", "backup.stage"}
"""Operations about what earlier runs have left, which may be anything."""
_SEE = "ansible-inventory --host HOST shows its variables"
MODULES = (*_MODULES, _ALL)
"""What is sent to nodes."""
_DEFAULTS = {CONNECT_TIMEOUT: 10.0, CALL_TIMEOUT: 60.0}


def ask(action: Any, task_vars: dict[str, Any], request: Request, *, wait: float = 0.0, fill: int = 0) -> Response:
    """Send *request*, which makes the node wait for *wait* seconds, and answer the response.

    The request is filled up to *fill* characters with blanks, which mean nothing in JSON. Raises `Unreachable`
    with the cause where there is no answer, and `NodeError` where there is a wrong one.
    """
    from keydeploy.errors import KeydeployError, Unreachable  # noqa: PLC0415

    connection = action._connection
    host, port = endpoint(connection)
    settings = _settings(action._templar, task_vars)
    _require_encryption(connection, allowed=settings[ALLOW_UNENCRYPTED])
    require_port(host, port, settings[CONNECT_TIMEOUT], by_proxy=has_proxy(connection))
    request = replace(request, recorded=request.recorded or settings[ALLOW_RECORDING])
    arguments = {"request": request.to_json().ljust(fill)}

    def call(module: str) -> str:
        try:
            with within(wait + settings[CALL_TIMEOUT], connection):
                result = action._execute_module(module_name=module, module_args=dict(arguments), task_vars=task_vars)
        except KeydeployError:
            raise
        except Exception as error:  # of Ansible, requests, urllib3 or pywinrm; its text may quote what was sent
            cause, hint = explain(f"{type(error).__name__} {error}", host, port)
            raise Unreachable(cause, hint=hint) from None
        return _answer(result, host, port)

    module = _module(request)
    text = call(module)
    if module != _ALL and _is_beyond_it(text):  # what is staged on the node may be anything, too
        text = call(_ALL)  # a request that is delivered twice is done once
    return _read(text, request)


def _read(text: str, request: Request) -> Response:
    from keydeploy.errors import NodeError  # noqa: PLC0415
    from keydeploy.node.contract import Response  # noqa: PLC0415

    try:
        return Response.from_json(text, request)
    except NodeError as error:
        if error.code != "recorded":
            raise
        hint = f"switch it off for the account that Ansible uses, or accept it: {ALLOW_RECORDING}: true"
        raise NodeError(error.code, error.message, hint=hint) from None


def _module(request: Request) -> str:
    """Answer the lightest module that knows all of *request*."""
    operations = {operation.do for operation in request.operations}
    nouns = {name.partition(".")[0] for name in operations}
    for module, known in _MODULES.items():
        nouns -= known
        if not nouns and not operations & _ANYTHING:
            return module
    return _ALL


def _is_beyond_it(text: str) -> bool:
    """Tell whether a lighter module answered *text* because something of the request is none of its nouns."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        return any(result.get("error", {}).get("code") == "unsupported" for result in json.loads(text)["results"])
    return False


def is_windows(connection: Any) -> bool:
    """Tell whether *connection* leads to a Windows node."""
    return bool(getattr(connection._shell, "_IS_WINDOWS", False))


def _answer(result: Mapping[str, Any], host: str, port: int | None) -> str:
    """Answer the node's own JSON out of the *result* of the module, of which Ansible has made a mapping."""
    from keydeploy.errors import NodeError  # noqa: PLC0415

    own = {name: result[name] for name in ("contract", "results") if name in result}
    if own:
        return json.dumps(own)
    texts = " ".join(str(result.get(name, "")) for name in ("msg", "exception", "module_stderr"))
    cause, hint = explain(texts, host, port)
    if cause == UNKNOWN and "module_stdout" in result:
        return ""  # what came is a part of an answer; it is raw text, and not shown
    raise NodeError("answer", f"keydeploy's code did not run on the node: {cause}", hint=hint)


def _settings(templar: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    from .declarations import why_unresolved  # noqa: PLC0415

    found: dict[str, Any] = {}
    for name, default in (*_DEFAULTS.items(), (ALLOW_UNENCRYPTED, False), (ALLOW_RECORDING, False)):
        try:
            value = templar.template(task_vars.get(name, default))
        except Exception as error:  # a lookup raises anything, and nothing of it may be shown
            raise NodeError("request", f"{name}: {why_unresolved(error)}", hint=_SEE) from None
        found[name] = is_on(name, value) if isinstance(default, bool) else _seconds(name, value)
    return found


def _seconds(name: str, value: Any) -> float:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    with suppress(TypeError, ValueError):
        if not isinstance(value, bool) and 0 < float(value) <= 3600:
            return float(value)
    raise NodeError("request", f"{name} is not a number of seconds", hint="such as 60; at most 3600")


def _require_encryption(connection: Any, *, allowed: bool) -> None:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    if Security.of(connection).encrypted:
        return
    if allowed:
        display.warning(f"{ALLOW_UNENCRYPTED} is set: keys cross the wire in clear. This is for test labs alone.")
        return
    raise NodeError(
        "request",
        "the connection would carry keys over plain HTTP without encryption; nothing was sent",
        hint=f"use HTTPS (port 5986), or kerberos or ntlm, which encrypt; for a test lab alone: {ALLOW_UNENCRYPTED}",
    )
