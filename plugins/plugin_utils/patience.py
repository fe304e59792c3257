"""Bounds on the wait for a node: for its port, and for an answer, wherever the libraries in between hang."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

from .causes import explain

CONNECT_TIMEOUT = "keydeploy_connect_timeout"
CALL_TIMEOUT = "keydeploy_call_timeout"

_AGAIN = 5.0
"""Seconds between two alarms: a destructor that runs just then swallows the first."""
_LAST_WORDS = 2.0
"""Seconds for taking leave of a node that did not answer in time."""


def require_port(host: str, port: int | None, patience: float, *, by_proxy: bool) -> None:
    """Reach for the port first: that tells a closed one, a silent one and an unknown name apart within *patience*."""
    from keydeploy.errors import Unreachable  # noqa: PLC0415

    if port is None or by_proxy or (getproxies() and not proxy_bypass(host)):
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
def within(seconds: float, connection: Any) -> Iterator[None]:
    """Raise `Unreachable` when the block takes longer than *seconds*, wherever it hangs."""
    from keydeploy.errors import Unreachable  # noqa: PLC0415

    is_up = False

    def give_up(_signal: int, _frame: Any) -> None:
        nonlocal is_up
        is_up = True
        _hurry(connection)
        raise _TimeIsUp

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
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
