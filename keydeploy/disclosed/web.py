"""Fetches a list from the web, and keeps a copy of its hashes for runs without a network.

One request, bounded in size and time, over http and https alone; nothing about a key is in it. A message names the
address without its query, which may hold a token.
"""

import hashlib
import http.client
import os
import re
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from keydeploy.errors import DisclosedKeysError
from keydeploy.keys.disclosed import DisclosedKeys

LARGEST = 64 * 1024 * 1024
"""Bytes; a list of half a million keys is of this size."""

_PATIENCE = 20.0
"""Seconds for all of it, the name server included."""
_READ = 64 * 1024
_SHORTER = 2
"""A list so many times shorter than its copy is doubtful."""
_SAME = 1e-3
"""Seconds by which the time of a file may differ from the one that it was given."""
_AHEAD = 3600.0
"""Seconds by which another run may have been later; a copy from a farther future is one of a wrong clock."""
_VERSION = re.compile(rb"# version: (.{1,200})\n")
"""The line in a copy that holds the server's own name (ETag) of what was fetched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A list from the web."""

    keys: DisclosedKeys
    time: float
    """When it was fetched, in seconds since 1970."""
    failure: str | None = None
    """Why it is an earlier copy; None when it is what the server holds now."""
    doubt: str | None = None
    """Why it may not be whole."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the server said; no *content* where a copy is still good."""

    content: bytes | None
    version: str | None


@dataclass(frozen=True, slots=True)
class _Copy:
    keys: DisclosedKeys
    version: str | None
    time: float


def fetch(url: str, folder: Path, now: float) -> Fetched:
    """Fetch the list at *url*, or take the copy in *folder* where it cannot be had; *now* is in seconds since 1970.

    A copy that was fetched at *now* is not asked for again. A list that has lost most of its hashes counts, but does
    not take the place of the copy, so that it is told each time until somebody has looked. Raises `DisclosedKeysError`
    when there is neither, and when the server answers something that is no list.
    """
    _check(url)
    copy = _copy_of(url, folder)
    kept = _read(copy)
    if kept is not None and now - _SAME <= kept.time <= now + _AHEAD:
        return Fetched(keys=kept.keys, time=kept.time)
    try:
        answer = _ask_in_time(url, kept.version if kept else None)
        keys = _keys_of(answer, url, kept)
    except DisclosedKeysError as error:
        if kept is None:
            hint = error.hint or "fetch it elsewhere and name the file, or try again; no earlier copy is kept here"
            raise DisclosedKeysError(error.message, hint=hint) from None
        return Fetched(keys=kept.keys, time=kept.time, failure=error.message)
    doubt = _doubt(keys, url, kept, copy)
    if answer.content is None:
        with suppress(OSError):
            os.utime(copy, (now, now))
    elif doubt is None:
        _keep(copy, keys, answer.version, now)
    return Fetched(keys=keys, time=now, doubt=doubt)


def _doubt(keys: DisclosedKeys, url: str, kept: _Copy | None, copy: Path) -> str | None:
    """Answer why *keys* may be cut off: a list of what is public only grows."""
    if kept is None or len(keys.hashes) * _SHORTER >= len(kept.keys.hashes):
        return None
    return (
        f"{shown(url)} answers {len(keys.hashes)} hashes, less than half of the {len(kept.keys.hashes)} in the copy"
        f" that is kept here; look whether it is whole, and if it is, remove {copy}"
    )


def _keys_of(answer: _Answer, url: str, kept: _Copy | None) -> DisclosedKeys:
    if answer.content is None:
        if kept is None:
            raise DisclosedKeysError(f"{shown(url)} answered that nothing is new, and nothing is kept here")
        return kept.keys
    try:
        return DisclosedKeys.parse(answer.content)
    except DisclosedKeysError as error:
        told = f"what {shown(url)} answers is no list of disclosed keys: {error.message}"
        raise DisclosedKeysError(told, hint=error.hint) from None


def _copy_of(url: str, folder: Path) -> Path:
    """Answer where the copy of *url* is kept; the address is not to be read from the name."""
    return folder / f"disclosed-keys-{hashlib.sha256(url.encode()).hexdigest()[:16]}.csv"


def shown(url: str) -> str:
    """Answer *url* as a message may show it: without user, password, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def is_encrypted(url: str) -> bool:
    """Tell whether nobody on the way can change what *url* answers."""
    return urlsplit(url).scheme.lower() == "https"


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        known = parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if not known:
        raise DisclosedKeysError(
            "a list of disclosed keys is fetched by http and https alone", hint="name a file, or such an address"
        )
    if "@" in parts.netloc:
        raise DisclosedKeysError(
            f"the address {shown(url)} holds a user or a password, which is not sent",
            hint="fetch the list by other means and name the file",
        )


def _read(copy: Path) -> _Copy | None:
    """Answer the copy that was kept earlier; None where there is none that can be used."""
    try:
        with copy.open("rb") as file:
            content, time = file.read(LARGEST), os.fstat(file.fileno()).st_mtime
        found = _VERSION.match(content)
        return _Copy(DisclosedKeys.parse(content), found[1].decode("latin-1") if found else None, time)
    except (OSError, DisclosedKeysError):
        return None


def _keep(copy: Path, keys: DisclosedKeys, version: str | None, now: float) -> None:
    """Write the copy, whole or not at all; where it cannot be written, the next run has none, and says so."""
    head = f"# version: {version}\n".encode("latin-1") if version else b""
    with suppress(OSError):
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=copy.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(head + keys.to_list())
            os.utime(temporary, (now, now))
            Path(temporary).replace(copy)
        finally:
            Path(temporary).unlink(missing_ok=True)


def _ask_in_time(url: str, version: str | None) -> _Answer:
    """Ask the server in a thread: no time-out of a socket counts the name server, or an answer that trickles."""
    answers: list[_Answer | DisclosedKeysError] = []

    def work() -> None:
        try:
            answers.append(_ask(url, version))
        except DisclosedKeysError as error:
            answers.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(_PATIENCE)
    if not answers:
        raise DisclosedKeysError(f"{shown(url)} did not answer within {_PATIENCE:.0f} seconds")
    if isinstance(answers[0], DisclosedKeysError):
        raise answers[0]
    return answers[0]


def _ask(url: str, version: str | None) -> _Answer:
    asked = request.Request(url, headers={"User-Agent": "keydeploy"})  # noqa: S310 - see _check
    if version:
        asked.add_header("If-None-Match", version)
    try:
        with _opener().open(asked, timeout=_PATIENCE) as response:
            return _Answer(_content(response, url), response.headers.get("ETag"))
    except HTTPError as error:
        with error:
            if error.code == http.client.NOT_MODIFIED:
                return _Answer(None, version)
            raise DisclosedKeysError(f"{shown(url)} answered {error.code}") from None
    except URLError as error:
        raise DisclosedKeysError(f"{shown(url)} cannot be fetched: {_why(error.reason)}") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DisclosedKeysError(f"{shown(url)} cannot be fetched: {_why(error)}") from None


def _content(response: IO[bytes], url: str) -> bytes:
    content = bytearray()
    while chunk := response.read(_READ):
        content += chunk
        if len(content) > LARGEST:
            raise DisclosedKeysError(f"what {shown(url)} answers is larger than {LARGEST // 1024**2} MiB")
    return bytes(content)


def _why(reason: object) -> str:
    """Answer why a request failed, in the system's words; those of a library may quote the address."""
    if isinstance(reason, TimeoutError):
        return "it did not answer in time"
    if isinstance(reason, OSError) and reason.strerror:
        return reason.strerror
    return type(reason).__name__ if isinstance(reason, Exception) else "it is not reachable"


class _Redirects(request.HTTPRedirectHandler):
    """Follows to http and https alone, and from https to https alone."""

    def redirect_request(self, req: request.Request, *rest: Any) -> request.Request | None:
        """Answer the request to follow with; raises `HTTPError` where it must not be followed."""
        body, code, message, headers, target = rest
        allowed = ("https:",) if req.full_url.lower().startswith("https:") else ("http:", "https:")
        if not target.lower().startswith(allowed):
            raise HTTPError(req.full_url, code, message, headers, body)
        return super().redirect_request(req, *rest)


def _opener() -> request.OpenerDirector:
    """Answer what knows http and https, proxies of the environment, and nothing else."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        _Redirects(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
