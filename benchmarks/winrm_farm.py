"""Measures farms of Windows nodes as the controller sees them: real winrm connections, sandbox nodes behind them.

Every call takes NODE_TIME seconds on its node, as a node that starts PowerShell and compiles does. Prints each
time beside that of an empty play over the same hosts in the same run, the calls and the bytes that a node saw.

    python -m benchmarks.winrm_farm [NODES]...
"""

import os
import secrets
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.sandbox_farm import EMPTY_PLAY, seconds
from tests.winrm.farm import stand_in
from tests.winrm.server import Delay, Security

NODE_TIME = 1.0


def main(sizes: list[int]) -> None:
    """Measure farms of *sizes* nodes, without and with node time."""
    title = f"{os.cpu_count()} cores, NTLM with message encryption"
    table = Table("nodes", "node time", "empty play", "first apply", "apply again", "drift", "calls", "kB", title=title)
    for nodes in sizes:
        for node_time in (0.0, NODE_TIME):
            with tempfile.TemporaryDirectory() as folder:
                table.add_row(str(nodes), f"{node_time:g} s", *measure(Path(folder), nodes, node_time))
    Console().print(table)


def measure(folder: Path, nodes: int, node_time: float) -> list[str]:
    """Answer the cells of one row."""
    hosts = [f"node{number:03}" for number in range(1, nodes + 1)]
    stand = stand_in(folder / "stand")
    stand.variables["vault_portal"] = {
        "validation_key": secrets.token_hex(64),
        "decryption_key": secrets.token_hex(32),
    }
    stand.add_farm("portal", *hosts, rollout={})
    play = folder / "empty.yml"
    play.write_text(EMPTY_PLAY)
    with stand.serve(Security(), *hosts):
        for host in hosts:
            stand.seen_by(host).misbehave(Delay(node_time))
        empty = seconds("ansible", "playbook", play, "-i", stand.inventory, "-f", nodes)
        runs = [seconds("keydeploy", verb, stand.inventory) for verb in ("apply", "apply", "drift")]
        seen = stand.seen_by(hosts[0])
        kilobytes = [call.raw_size / 1000 for call in seen.calls]
    times = [f"{run:.1f} s ({run / empty:.1f} x)" for run in runs]
    return [f"{empty:.1f} s", *times, str(len(seen.calls)), f"{max(kilobytes):.0f}"]


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 50, 200])
