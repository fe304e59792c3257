"""Farms of three sandbox nodes each in one stand, and what must hold for them at any time and at the end."""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.engine.farm import (
    DECLARED_KEYS,
    DECRYPTION_KEY,
    OTHER_KEYS,
    PASSWORD,
    VALIDATION_KEY,
    Ran,
    Stand,
)
from tests.engine.hunting import KEYS, find, forms

ROLLOUT = {"margin": "100ms", "grace": "60s", "clock_drift_limit": "30s"}
"""A roll-out that bears a busy machine, and feels a clock that jumps by an hour."""
PLACES = ("first", "middle", "last")
TOUCH = "<!-- somebody was here -->\n"
"""What somebody else appends to a file."""
NEXT_KEYS = {"validation_key": VALIDATION_KEY[::-1], "decryption_key": DECRYPTION_KEY[::-1]}
"""What a later run brings."""
OLD, NEW = OTHER_KEYS, DECLARED_KEYS
NEXT = NEW.replace(VALIDATION_KEY.encode(), NEXT_KEYS["validation_key"].encode()).replace(
    DECRYPTION_KEY.encode(), NEXT_KEYS["decryption_key"].encode()
)
_LONG_AGO = "2001-01-01T00:00:00+00:00"
_BETWEEN_LOOKS, _A_FILE = 0.02, 0.001
"""Seconds between two looks at all files, and how many more for each of them."""


def with_next_keys() -> tuple[str, ...]:
    """Answer the arguments of a run that brings other keys than the inventory declares."""
    return ("-e", json.dumps({"vault_portal": NEXT_KEYS}))


def add_farm(stand: Stand, farm: str, rollout: Mapping[str, Any] = ROLLOUT) -> None:
    """Add a farm of three nodes, which are named by their place in it."""
    stand.add_farm(farm, *hosts_of(farm), rollout=rollout)


def hosts_of(farm: str) -> list[str]:
    """Answer the nodes of *farm*, in their order."""
    return [host_at(farm, place) for place in PLACES]


def host_at(farm: str, place: str) -> str:
    """Answer the node of *farm* at *place*."""
    return f"{farm}_{place}_node"


def seen_on(stand: Stand, farm: str) -> set[bytes]:
    """Answer what the nodes of *farm* hold, apart from what somebody else has appended."""
    return {stand.own_config(host).read_bytes().replace(TOUCH.encode(), b"") for host in hosts_of(farm)}


def let_leases_run_out(stand: Stand, hosts: Sequence[str]) -> None:
    """Let time pass on *hosts*, as if nobody had renewed a lease for long."""
    for host in hosts:
        lock = stand.node(host) / "C/ProgramData/keydeploy/lock.json"
        if lock.exists():
            value = json.loads(lock.read_text("utf-8"))
            lock.write_text(json.dumps(value | {"expires": _LONG_AGO}), "utf-8")


def left_behind(stand: Stand, host: str) -> list[str]:
    """Answer what a run has left on a node that ought to be at rest."""
    found = [] if stand.is_at_rest(host) else ["a lock, a journal or staged content"]
    node = stand.node(host)
    return [
        *found,
        *(file.name for pattern in ("sandbox.later.*", "*.keydeploy.config") for file in node.rglob(pattern)),
    ]


def leaks(stand: Stand, runs: Mapping[str, Ran]) -> list[str]:
    """Answer where a secret lies outside the nodes and the inventory."""
    wanted = forms((*KEYS, *NEXT_KEYS.values()), (PASSWORD,))
    places = {name: ran.text.encode() for name, ran in runs.items()}
    files = (file for file in stand.folder.rglob("*") if file.is_file() and not stand.may_hold_secrets(file))
    places |= {str(file): file.read_bytes() for file in files}
    return [f"{place}: {secret}" for place, content in places.items() for secret in find(content, wanted)]


def struck(stand: Stand, host: str) -> int:
    """Answer how many faults have struck a node."""
    file = stand.node(host) / "sandbox.struck.json"
    return len(json.loads(file.read_text("utf-8"))) if file.exists() else 0


class Watch(threading.Thread):
    """Looks all the time at every file that must never be missing, cut or anything but one of *versions*.

    Windows' ReplaceFile has two steps, and so has its stand-in on Mono: with *in_two_steps* a file that is away is
    broken when it still is at the next look.
    """

    def __init__(self, files: Sequence[Path], versions: Sequence[bytes], *, in_two_steps: bool) -> None:
        super().__init__(daemon=True)
        self._files = files
        self._looks_away = 1 if in_two_steps else 0
        self._away: dict[Path, int] = {}
        """For how many looks each file has been away."""
        self._versions = frozenset(versions)
        self._end = threading.Event()
        self.looks = 0
        self.broken: list[str] = []

    def run(self) -> None:
        while not self._end.wait(_BETWEEN_LOOKS + _A_FILE * len(self._files)):
            self.look()

    def look(self) -> None:
        """Look once."""
        for file in self._files:
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                self._away[file] = self._away.get(file, 0) + 1
                if self._away[file] > self._looks_away:
                    self.broken.append(f"{file}: missing")
                continue
            self._away.pop(file, None)
            if content.replace(TOUCH.encode(), b"") not in self._versions:
                self.broken.append(f"{file}: {len(content)} bytes that nobody has written as a whole")
        self.looks += 1

    def end(self) -> None:
        """Look a last time; by now no file may be away."""
        self._end.set()
        self.join()
        self._looks_away = 0
        self.look()


@contextmanager
def watching(
    stand: Stand, versions: Sequence[bytes] = (OLD, NEW, NEXT), *, in_two_steps: bool = False
) -> Iterator[Watch]:
    """Watch the files of all nodes of *stand* meanwhile."""
    for version in versions:
        ElementTree.fromstring(version)  # noqa: S314 - our own
    hosts = [host for group in stand.groups.values() for host in group["hosts"]]
    watch = Watch([stand.own_config(host) for host in hosts], versions, in_two_steps=in_two_steps)
    watch.start()
    try:
        yield watch
    finally:
        watch.end()


def wait_until(holds: Any, seconds: float = 90.0) -> None:
    """Wait until *holds* answers true."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it has not come so far"
        time.sleep(0.01)
