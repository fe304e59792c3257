"""Sends a request to a Windows node over the connection that the inventory names, and reads the answer.

The node's code is sent along by Ansible and compiled there; nothing stays on the node but what a run stages.
"""

from __future__ import annotations

import json
import signal
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

from ansible.utils.display import Display

from .causes import UNKNOWN, explain

if TYPE_CHECKING:
    from keydeploy.checkup import Line
    from keydeploy.node.contract import Request, Response

CONNECT_TIMEOUT = "keydeploy_connect_timeout"
CALL_TIMEOUT = "keydeploy_call_timeout"
ALLOW_UNENCRYPTED = "keydeploy_allow_unencrypted"
ALLOW_RECORDING = "keydeploy_allow_recording"

display = Display()

_MODULE = "keydeploy.core.win_node"
_WHOLE_MODULE = "keydeploy.core.win_node_keys"
_OF_FILES = {"system", "file", "journal", "lock"}
"""The nouns that the lighter module knows; with it a call fits into one message."""
_DEFAULTS = {CONNECT_TIMEOUT: 10.0, CALL_TIMEOUT: 60.0}
_SEALING = {"kerberos", "ntlm", "credssp", "negotiate"}
"""Ways to log on that encrypt messages also over HTTP."""
_AGAIN = 5.0
_LAST_WORDS = 2.0
"""Seconds for taking leave of a node that did not answer in time."""


def ask(action: Any, task_vars: dict[str, Any], request: Request, *, wait: float = 0.0, fill: int = 0) -> Response:
    """Send *request*, which makes the node wait for *wait* seconds, and answer the response.

    The request is filled up to *fill* characters with blanks, which mean nothing in JSON. Raises `Unreachable`
    with the cause where there is no answer, and `NodeError` where there is a wrong one.
    """
    from keydeploy.errors import KeydeployError, Unreachable  # noqa: PLC0415

    connection = action._connection
    host, port = _endpoint(connection)
    settings = _settings(action._templar, task_vars)
    _require_encryption(connection, allowed=settings[ALLOW_UNENCRYPTED])
    _require_port(host, port, settings[CONNECT_TIMEOUT], has_proxy=_has_proxy(connection))
    request = replace(request, recorded=settings[ALLOW_RECORDING])
    arguments = {"request": request.to_json().ljust(fill)}
    try:
        with _within(wait + settings[CALL_TIMEOUT], connection):
            result = action._execute_module(module_name=_module(request), module_args=arguments, task_vars=task_vars)
    except KeydeployError:
        raise
    except Exception as error:  # of Ansible, requests, urllib3 or pywinrm; its text may quote what was sent
        cause, hint = explain(f"{type(error).__name__} {error}", host, port)
        raise Unreachable(cause, hint=hint) from None
    return _read(_answer(result, host, port), request)


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
    """Answer the module that knows all of *request*; what another run has left unfinished may be anything."""
    operations = [operation.do for operation in request.operations]
    nouns = {name.partition(".")[0] for name in operations}
    return _MODULE if nouns <= _OF_FILES and "lock.resume" not in operations else _WHOLE_MODULE


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
    if hint is None or (cause == UNKNOWN and "module_stdout" in result):
        return ""  # what came is a part of an answer; it is raw text, and not shown
    raise NodeError("answer", f"keydeploy's code did not run on the node: {cause}", hint=hint)


def _endpoint(connection: Any) -> tuple[str, int | None]:
    host = connection.get_option("remote_addr") if connection.has_option("remote_addr") else None
    if not host:
        host = connection.get_option("host")
    port = connection.get_option("port") if connection.has_option("port") else None
    if port is None and _kind(connection) == "psrp":
        port = 5985 if connection.get_option("protocol") == "http" else 5986
    return str(host), int(port) if port is not None else None


def _has_proxy(connection: Any) -> bool:
    extras = connection.get_option("_extras") if connection.has_option("_extras") else {}
    named = connection.get_option("proxy") if connection.has_option("proxy") else None
    return bool(named or (extras or {}).get("ansible_winrm_proxy"))


def _kind(connection: Any) -> str:
    return str(connection.transport)


def _settings(templar: Any, task_vars: dict[str, Any]) -> dict[str, Any]:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    from .declarations import why_unresolved  # noqa: PLC0415

    found: dict[str, Any] = {}
    for name, default in (*_DEFAULTS.items(), (ALLOW_UNENCRYPTED, False), (ALLOW_RECORDING, False)):
        try:
            value = templar.template(task_vars.get(name, default))
        except Exception as error:  # a lookup raises anything, and nothing of it may be shown
            raise NodeError("request", f"{name}: {why_unresolved(error)}") from None
        found[name] = _truth(name, value) if isinstance(default, bool) else _seconds(name, value)
    return found


def _seconds(name: str, value: Any) -> float:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    with suppress(TypeError, ValueError):
        if not isinstance(value, bool) and 0 < float(value) <= 3600:
            return float(value)
    raise NodeError("request", f"{name} is not a number of seconds", hint="such as 60; at most 3600")


def _truth(name: str, value: Any) -> bool:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    if isinstance(value, bool):
        return value
    raise NodeError("request", f"{name} is neither true nor false")


def line(connection: Any) -> Line:
    """Tell how *connection* reaches its node; looks at the certificate of the node's listener."""
    from keydeploy.checkup import Line  # noqa: PLC0415

    security = _Security.of(connection)
    host, port = _endpoint(connection)
    return Line(
        kind=_kind(connection),
        log_on="/".join(security.ways),
        tls=security.tls,
        encrypted=security.encrypted,
        verified=security.verified,
        days_left=_days_left(host, port) if security.tls and port is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _Security:
    """What the options of a connection say of log-on and encryption."""

    tls: bool
    ways: tuple[str, ...]
    """The ways to log on, of which Ansible takes the first that works."""
    messages: str
    """Whether messages are encrypted: `auto`, `always` or `never`."""
    verified: bool

    @property
    def encrypted(self) -> bool:
        return self.tls or (self.messages != "never" and set(self.ways) <= _SEALING)

    @classmethod
    def of(cls, connection: Any) -> _Security:
        option = connection.get_option
        match _kind(connection):
            case "winrm":
                extras = option("_extras")
                guessed = "kerberos" if "@" in (option("remote_user") or "") else "plaintext"
                return cls(
                    tls=option("scheme") == "https" or (option("scheme") is None and int(option("port")) != 5985),
                    ways=tuple(option("transport") or [guessed]),
                    messages=extras.get("ansible_winrm_message_encryption", "auto"),
                    verified=extras.get("ansible_winrm_server_cert_validation", "validate") != "ignore",
                )
            case "psrp":
                protocol, port = option("protocol"), option("port")
                return cls(
                    tls=protocol == "https" or (protocol is None and (port is None or int(port) != 5985)),
                    ways=(option("auth"),),
                    messages=option("message_encryption"),
                    verified=option("cert_validation") != "ignore",
                )
            case kind:
                return cls(tls=kind == "ssh", ways=(kind,), messages="auto", verified=True)


def _days_left(host: str, port: int) -> int | None:
    from cryptography import x509  # noqa: PLC0415

    with suppress(OSError, ValueError):
        pem = ssl.get_server_certificate((host, port), timeout=_DEFAULTS[CONNECT_TIMEOUT])
        expires = x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc
        return (expires - datetime.now(UTC)).days
    return None


def _require_encryption(connection: Any, *, allowed: bool) -> None:
    from keydeploy.errors import NodeError  # noqa: PLC0415

    if _Security.of(connection).encrypted:
        return
    if allowed:
        display.warning(f"{ALLOW_UNENCRYPTED} is set: keys cross the wire in clear. This is for test labs alone.")
        return
    raise NodeError(
        "request",
        "the connection would carry keys over plain HTTP without encryption; nothing was sent",
        hint=f"use HTTPS (port 5986), or kerberos or ntlm, which encrypt; for a test lab alone: {ALLOW_UNENCRYPTED}",
    )


def _require_port(host: str, port: int | None, patience: float, *, has_proxy: bool) -> None:
    """Reach for the port first: that tells a closed one, a silent one and an unknown name apart within *patience*."""
    from keydeploy.errors import Unreachable  # noqa: PLC0415

    if port is None or has_proxy or (getproxies() and not proxy_bypass(host)):
        return
    try:
        socket.create_connection((host, port), timeout=patience).close()
    except TimeoutError:
        raise Unreachable(
            f"port {port} of {host} did not answer within {patience:g} s",
            hint=f"check address, firewall and route; {CONNECT_TIMEOUT} waits longer",
        ) from None
    except OSError as error:
        cause, hint = explain(str(error), host, port)
        raise Unreachable(cause, hint=hint) from None


class _TimeIsUp(BaseException):
    """Not an Exception, so that nobody on the way takes it for an error of his own."""


@contextmanager
def _within(seconds: float, connection: Any) -> Iterator[None]:
    """Raise `Unreachable` when the block takes longer than *seconds*, wherever it hangs."""
    from keydeploy.errors import Unreachable  # noqa: PLC0415

    is_up = False

    def give_up(_signal: int, _frame: Any) -> None:
        nonlocal is_up
        is_up = True
        _hurry(connection)
        raise _TimeIsUp

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)  # a destructor that runs just then would swallow the first
    try:
        yield
    except BaseException:
        if not is_up:
            raise
        # Whatever it is by now: to end the command on the node may have failed too.
        raise Unreachable(
            f"the node did not answer within {seconds:g} s",
            hint=f"check the node's load and its WinRM service; {CALL_TIMEOUT} waits longer",
        ) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def _hurry(connection: Any) -> None:
    """Let what is still said to the node, to end the command and close the shell, not take the usual time."""
    transport = getattr(getattr(connection, "protocol", None), "transport", None)
    if transport is not None and hasattr(transport, "read_timeout_sec"):
        transport.read_timeout_sec = _LAST_WORDS
