"""Measures the same work as an ordinary playbook: what is in `site.yml`, over the same test server.

That server runs no PowerShell: it says of each module that it has changed something, and in a second run that nothing
was to be changed.
"""

import base64
import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks import declared
from benchmarks.farm import host_names
from benchmarks.measuring import Cost, cost_of
from tests.engine.farm import COMMANDS
from tests.winrm.farm import WinRmStand
from tests.winrm.server import Call, Script, Security, WinRmServer, addresses

_PLAYBOOK = Path(__file__).parent / "site.yml"
_TEMPORARY = r"C:\Users\deployer\AppData\Local\Temp"
"""Of the account on the nodes."""
_KINDS_OF_FILES = ("files", "directories", "symlinks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The playbook, run once; calls, scripts and bytes are those of one node, of all nodes the one with the most."""

    cost: Cost
    calls: int
    """Modules that ran on the node."""
    scripts: int
    """Scripts of Ansible's own, which make, fill and remove folders for files; they take no node time here."""
    request_bytes: int
    """Of all modules together, before base64 and encryption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured on one farm."""

    nodes: int
    node_time: float
    """Seconds that every module takes on its node."""
    first: Run
    again: Run
    """With nothing to do."""


class Nodes:
    """Answers whatever runs on the nodes: *changes* says whether there is something to do.

    Every module takes *node_time* seconds.
    """

    def __init__(self, node_time: float, *, changes: bool) -> None:
        self.calls: Counter[str] = Counter()
        self.scripts: Counter[str] = Counter()
        self.request_bytes: Counter[str] = Counter()
        self._node_time = node_time
        self._changes = changes

    def answer(self, call: Call) -> str:
        """Say whether the module has changed something; which files differ, where it asks that: all of them or none."""
        self.calls[call.node] += 1
        self.request_bytes[call.node] += call.raw_size
        time.sleep(self._node_time)
        if call.arguments.get("_copy_mode") == "query":
            differing = {name: call.arguments[name] if self._changes else [] for name in _KINDS_OF_FILES}
            return json.dumps({"changed": self._changes, **differing})
        return json.dumps({"changed": self._changes, "rc": 0, "stdout": "", "stderr": ""})

    def run(self, script: Script) -> str:
        """Make a folder, take a file or remove a folder, as Ansible's own scripts do."""
        self.scripts[script.node] += 1
        match script.name:
            case "winrm_put_file.ps1":
                content = b"".join(map(base64.b64decode, script.input.split()))
                return json.dumps({"sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest()})
            case "powershell_mkdtemp.ps1":
                return f"{_TEMPORARY}\\{script.parameters['Name']}"
            case _:
                return ""


def measure(folder: Path, collections: Path, nodes: int, node_time: float) -> Figures:
    """Run the playbook with *collections* twice on as many *nodes*, each of whose modules takes *node_time* seconds.

    *folder* is empty. Raises `CommandFailed` when the playbook fails.
    """
    stand = WinRmStand(folder)
    stand.variables |= _variables(_write_material(folder / "material"))
    command = [str(COMMANDS / "ansible-playbook"), str(_PLAYBOOK), "-i", str(stand.inventory), "-f", str(nodes)]
    environment = stand.environment(ANSIBLE_COLLECTIONS_PATH=str(collections))
    runs = [_run(stand, nodes, Nodes(node_time, changes=changes), command, environment) for changes in (True, False)]
    return Figures(nodes=nodes, node_time=node_time, first=runs[0], again=runs[1])


def _run(stand: WinRmStand, nodes: int, behind: Nodes, command: Sequence[str], environment: Mapping[str, str]) -> Run:
    def answer(call: Call) -> str:
        server.nodes[call.node].calls.clear()  # what is kept of thousands of calls would fill the memory
        return behind.answer(call)

    with WinRmServer(addresses(nodes), answer, Security(), kept=0) as server:
        server.scripting = behind.run
        own = {host: server.variables(address) for host, address in zip(host_names(nodes), server.nodes, strict=True)}
        stand.groups["farm"] = {"hosts": own}
        stand.write_inventory()
        cost = cost_of(command, stand.folder, environment)
    return Run(
        cost=cost,
        calls=max(behind.calls.values()),
        scripts=max(behind.scripts.values()),
        request_bytes=max(behind.request_bytes.values()),
    )


def _write_material(folder: Path) -> Path:
    """Put the files that the playbook copies into *folder*."""
    folder.mkdir()
    for name in declared.CERTIFICATES:
        (folder / f"{name}.pfx").write_bytes(declared.issued(name).pfx())
    for name in declared.CHAIN:
        (folder / f"{name}.cer").write_bytes(declared.issued(name).certificate.public_bytes(Encoding.DER))
    return folder


def _variables(material: Path) -> dict[str, Any]:
    """Answer the variables that the playbook needs, apart from those of the connection."""
    bound = [
        {"ip": "*", "port": port, "protocol": "https", "certificate_hash": declared.issued(name).thumbprint}
        for name, port in declared.PORTS.items()
    ]
    return {
        declared.VARIABLE: declared.vault(),
        "material": str(material),
        "applications": list(declared.APPLICATIONS),
        "certificates": [
            {"name": name, "thumbprint": declared.issued(name).thumbprint, "pool": pool}
            for name, pool in declared.CERTIFICATES.items()
        ],
        "containers": [{"name": name, "pools": list(pools)} for name, pools in declared.CONTAINERS.items()],
        "bindings": [{"ip": "*", "port": 80, "protocol": "http"}, *bound],
    }
