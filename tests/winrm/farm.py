"""Farms of Windows nodes behind the WinRM test server: real Ansible, real connection, real protocol.

What answers behind the protocol is a parameter: a sandbox node, which suits large farms, or the C# that
crossed the wire.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from keydeploy.node.sandbox import Sandbox
from tests.engine.farm import Stand
from tests.winrm.server import Call, Node, Security, WinRmServer, addresses


@dataclass
class WinRmStand(Stand):
    """A stand whose hosts are reached over WinRM; sandbox nodes answer unless a test says otherwise."""

    addresses: dict[str, str] = field(default_factory=dict)
    """Of each host."""
    servers: dict[str, WinRmServer] = field(default_factory=dict)
    """By address."""

    def __post_init__(self) -> None:
        super().__post_init__()
        del self.variables["keydeploy_sandbox"], self.variables["ansible_connection"]

    @contextmanager
    def serve(self, security: Security, *hosts: str, first: int = 0, closed: Sequence[str] = ()) -> Iterator[None]:
        """Let *hosts*, and *closed* ones that refuse connections, be the nodes *first* and those behind it."""
        own = dict(zip([*hosts, *closed], addresses(first + len(hosts) + len(closed))[first:], strict=True))
        self.addresses |= own
        open_ones = [own[host] for host in hosts]
        with WinRmServer(open_ones, self.answer, security, closed=[own[host] for host in closed]) as server:
            for host, address in own.items():
                self.servers[address] = server
                self.set(host, **server.variables(address))
            yield

    def answer(self, call: Call) -> str:
        """Answer *call* by the sandbox node of its host."""
        host = next(host for host, address in self.addresses.items() if address == call.node)
        return Sandbox(self.node(host), clock=time.time, sleep=time.sleep).answer(call.arguments["request"])

    def seen_by(self, host: str) -> Node:
        """Answer what the server saw of the node of *host*."""
        address = self.addresses[host]
        return self.servers[address].nodes[address]


def stand_in(folder: Path, **variables: Any) -> WinRmStand:
    """Make a stand in *folder* whose hosts have *variables*."""
    folder.mkdir(parents=True, exist_ok=True)
    stand = WinRmStand(folder)
    stand.variables |= variables
    return stand
