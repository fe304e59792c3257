"""Asks a node over HTTP whether it serves."""

import time
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from keydeploy.spec.model import Health

_PAUSE = 0.2
_LONGEST_ANSWER = 5.0


def probe(health: Health) -> str | None:
    """Fetch the address until it answers as expected; answer None then, and what it did instead otherwise."""
    end = time.monotonic() + health.within
    while True:
        found = _status(health.url, min(_LONGEST_ANSWER, health.within))
        if found == health.expect:
            return None
        if time.monotonic() >= end:
            what = "no answer" if found is None else f"status {found}"
            return f"the health check got {what} within {health.within:g} s, not status {health.expect}"
        time.sleep(_PAUSE)


def _status(url: str, timeout: float) -> int | None:
    try:
        with urlopen(Request(url, method="GET"), timeout=timeout) as answer:  # noqa: S310 - the schema allows http(s)
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return None
