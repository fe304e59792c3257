"""Asks a node over HTTP whether it serves, and a load balancer to take it out or to let it in."""

import time
from collections.abc import Callable
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from keydeploy.spec.model import Health, Hook

_PAUSE = 0.2
_LONGEST_ANSWER = 5.0

UNHEALTHY = "look at the application's event log on that node, or correct rollout.health if it asks for something else"
"""What to do where a node does not serve after a switch."""


class _StayOnTheNode(HTTPRedirectHandler):
    """A redirection is the node's answer; what it leads to may be another node's."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


_OPENER = build_opener(ProxyHandler({}), _StayOnTheNode)  # a proxy's answer would not be the node's


def probe(
    health: Health, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> str | None:
    """Fetch the address until it answers as expected; answer None then, and what it did instead otherwise.

    *clock* and *sleep* are in seconds.
    """
    end = clock() + health.within
    while True:
        found = _status("GET", health.url, min(_LONGEST_ANSWER, max(_PAUSE, end - clock())))
        if found == health.expect:
            return None
        if clock() + _PAUSE > end:
            what = "no answer" if found is None else f"status {found}"
            asked = f"the health check of {_shown(health.url)}"
            return f"{asked} got {what} within {health.within:g} s, not status {health.expect}"
        sleep(_PAUSE)


def call(hook: Hook) -> str | None:
    """Call the address of *hook* once; answer None where it answered as expected, and what it did instead otherwise."""
    found = _status(hook.method, hook.url or "", hook.within)
    if found == hook.expect:
        return None
    what = f"no answer within {hook.within:g} s" if found is None else f"status {found}"
    return f"the call of the load balancer at {_shown(hook.url or '')} got {what}, not status {hook.expect}"


def _shown(url: str) -> str:
    """Answer *url* as a message may show it: without user, password, query and fragment, which may be secret."""
    try:
        parts = urlsplit(url)
        is_shown = (parts.port or 0) >= 0 and "@" not in parts.path
    except ValueError:  # what is no address may have a password anywhere
        return "its address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if is_shown else "its address"


def _status(method: str, url: str, timeout: float) -> int | None:
    try:
        with _OPENER.open(Request(url, method=method), timeout=timeout) as answer:  # noqa: S310 - the schema allows http(s)
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code
    except (OSError, HTTPException, ValueError):  # ValueError: an address that is none, such as one with a wrong port
        return None
