"""How far apart in time the nodes of a farm switch, by a clock that the benchmark alone knows to be right."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from keydeploy.node import paths
from keydeploy.node.contract import from_instant

_WRONG_BY = 3.0
"""Seconds: the standard deviation of the nodes' clocks."""


def wrong_clocks(hosts: Sequence[str]) -> dict[str, float]:
    """Answer by how many seconds the clock of each of *hosts* is ahead; the same each time."""
    chance = random.Random(0)  # noqa: S311 - no secret comes of it
    return {host: chance.gauss(0.0, _WRONG_BY) for host in hosts}


def spread(instants: Mapping[str, float], offsets: Mapping[str, float]) -> float:
    """Answer the seconds between the first and the last of *instants*, each on the clock of its node.

    *offsets* tells by how much each of these clocks is ahead. Raises `KeyError` when a node has no instant.
    """
    true = [instants[node] - offset for node, offset in offsets.items()]
    return max(true) - min(true)


def committed_at(root: Path) -> float:
    """Answer when the sandbox node at *root*, which has confirmed one run, switched, as its own record says."""
    (record,) = paths.locate(root, "%ProgramData%\\keydeploy\\runs").glob("*/record.json")
    return from_instant(json.loads(record.read_text("utf-8"))["committed"])
