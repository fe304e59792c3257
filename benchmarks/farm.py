"""Measures one farm: an empty play over its hosts, the first apply, an apply with nothing to do, drift."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import declared
from benchmarks.measuring import CommandFailed, Cost, cost_of
from benchmarks.spread import committed_at, spread, wrong_clocks
from keydeploy.node import layout, paths
from tests.engine.farm import CALLBACKS, COMMANDS, Stand

EMPTY_PLAY = "empty play"
FIRST_APPLY = "first apply"
APPLY_AGAIN = "apply again"
DRIFT = "drift"

_ATTEMPTS = 3
_TOLD = 4
"""Lines of a failure."""
_FARM = "portal"
_APPLICATION_HOST = "%windir%\\System32\\inetsrv\\config\\applicationHost.config"
_BINDING = '<binding protocol="https" bindingInformation="*:{}:" sslFlags="0" />'
_EMPTY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {nothing: true}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What crossed the wire for one node in one run: of all nodes, the one with the most."""

    request_bytes: tuple[int, ...]
    """Of what Ansible wrote to PowerShell, before base64 and encryption, call by call."""
    up_bytes: int
    """Of all HTTP requests, as they crossed the socket."""
    down_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command over the farm."""

    name: str
    cost: Cost
    ratio: float
    """Of its time to that of the empty play."""
    calls: int
    """For one node: of all nodes, the one with the most."""
    wire: Wire | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Farm:
    """What was measured on one farm."""

    nodes: int
    node_time: float | None
    """Seconds that every call takes on its node; None where the controller itself plays the nodes."""
    runs: tuple[Run, ...]
    computed_spread: float
    """Seconds between the instants of commit that the nodes were told, by their true clocks."""
    recorded_spread: float
    """Seconds between the instants at which the nodes switched, as they recorded them, by their true clocks."""
    attempts: int = 1
    """The farms that were made until one could be measured."""

    def run(self, name: str) -> Run:
        """Answer the run of that *name*."""
        return next(run for run in self.runs if run.name == name)


def host_names(nodes: int) -> list[str]:
    """Answer the names of as many hosts."""
    return [f"node{number:03}" for number in range(1, nodes + 1)]


def add_farm(stand: Stand, hosts: Sequence[str]) -> None:
    """Lay out *hosts* as a farm with the default settings, each node with a wrong clock of its own."""
    clocks = wrong_clocks(hosts)
    for host in hosts:
        layout.create(stand.node(host), declared.WEB_CONFIGS)
        _bind(stand.node(host))
        stand.behave(host, clock_offset=clocks[host])
    spec = {"farm": _FARM, **declared.spec()}
    stand.variables[declared.VARIABLE] = declared.vault()
    stand.groups[_FARM] = {"hosts": {host: {} for host in hosts}, "vars": {"keydeploy": spec}}
    stand.write_inventory()


def measure(
    stand: Stand, hosts: Sequence[str], *, node_time: float | None = None, wire: Callable[[], Wire | None]
) -> Farm:
    """Measure the farm of *hosts*; *wire* answers what crossed the wire since it was asked before."""
    empty_play = stand.folder / "empty.yml"
    empty_play.write_text(_EMPTY)
    keydeploy, inventory = str(COMMANDS / "keydeploy"), str(stand.inventory)
    ansible = str(COMMANDS / "ansible-playbook")
    runs: list[Run] = []
    for name, command in (
        (EMPTY_PLAY, [ansible, str(empty_play), "-i", inventory, "-f", str(len(hosts))]),
        (FIRST_APPLY, [keydeploy, "apply", inventory]),
        (APPLY_AGAIN, [keydeploy, "apply", inventory]),
        (DRIFT, [keydeploy, "drift", inventory]),
    ):
        telling = {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "dump"}
        cost = cost_of(command, stand.folder, stand.environment(**telling if name == FIRST_APPLY else {}))
        ratio = cost.seconds / (runs[0].cost.seconds if runs else cost.seconds)
        calls = max(len(stand.calls(host)) for host in hosts)
        runs.append(Run(name=name, cost=cost, ratio=ratio, calls=calls, wire=wire()))
    offsets = wrong_clocks(hosts)
    return Farm(
        nodes=len(hosts),
        node_time=node_time,
        runs=tuple(runs),
        computed_spread=spread(_told(stand), offsets),
        recorded_spread=spread({host: committed_at(stand.node(host)) for host in hosts}, offsets),
    )


def patiently(measure_once: Callable[[], Farm]) -> Farm:
    """Answer what *measure_once* answers of a farm that it makes anew each time; raises `CommandFailed`.

    Where others use the machine, nodes are late now and then and the roll-out goes back. That is told, and tried again.
    """
    for attempt in range(1, _ATTEMPTS):
        try:
            return replace(measure_once(), attempts=attempt)
        except CommandFailed as failed:
            print("\n".join(str(failed).splitlines()[:_TOLD]), file=sys.stderr)
    return replace(measure_once(), attempts=_ATTEMPTS)


def _bind(root: Path) -> None:
    """Let the site of the node at *root* have the declared HTTPS bindings, which serve no certificate yet."""
    file = paths.locate(root, _APPLICATION_HOST)
    one = _BINDING.format(443)
    wanted = "".join(map(_BINDING.format, declared.PORTS.values()))
    file.write_bytes(file.read_bytes().replace(one.encode(), wanted.encode()))


def _told(stand: Stand) -> dict[str, float]:
    """Answer the instant that the gate told each node, as the callback `dump` has written it down."""
    with (stand.folder / "dump").open(encoding="utf-8") as dump:
        seen = (json.loads(line) for line in dump)
        gate = next(each["result"] for each in seen if each["action"] == "keydeploy.core.gate")
    instants: dict[str, float] = gate["farms"][_FARM]["instants"]
    return instants
