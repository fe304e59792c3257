"""Measures farms of sandbox nodes: first apply, apply with nothing to do, drift.

Prints a table with the time of each beside the time of an empty play over the same hosts in the same run,
because machines differ and are shared; the ratio is what can be compared.

    python -m benchmarks.sandbox_farm [NODES]...
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from keydeploy.node.layout import create

EMPTY_PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact: {nothing: true}
"""

INVENTORY = """
all:
  vars:
    ansible_connection: local
    keydeploy_sandbox: "{{{{ inventory_dir }}}}/{{{{ inventory_hostname }}}}"
    keydeploy:
      machine_keys:
        portal: {{validation_key: "{validation}", decryption_key: "{decryption}"}}
      applications:
        portal: {{site: Default Web Site, path: /portal, machine_key: portal, session_tokens: {{machine_key: portal}}}}
  hosts:
    node[001:{nodes:03}]:
"""


def main(sizes: list[int]) -> None:
    """Measure farms of *sizes* nodes."""
    table = Table("nodes", "empty play", "first apply", "apply again", "drift", title=f"{os.cpu_count()} cores")
    for nodes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            table.add_row(str(nodes), *measure(Path(folder), nodes))
    Console().print(table)


def measure(folder: Path, nodes: int) -> list[str]:
    """Answer the cells of one row."""
    for number in range(1, nodes + 1):
        create(folder / f"node{number:03}", {"/portal": None})
    inventory, play = folder / "inventory.yml", folder / "empty.yml"
    keys = {"validation": secrets.token_hex(64), "decryption": secrets.token_hex(32)}
    inventory.write_text(INVENTORY.format(nodes=nodes, **keys))
    play.write_text(EMPTY_PLAY)
    empty = seconds("ansible", "playbook", play, "-i", inventory, "-f", nodes)
    runs = [seconds("keydeploy", verb, inventory) for verb in ("apply", "apply", "drift")]
    return [f"{empty:.1f} s", *(f"{run:.1f} s ({run / empty:.1f} x)" for run in runs)]


def seconds(module: str, *arguments: object) -> float:
    """Answer how long `python -m MODULE ARGUMENTS` takes; it must succeed."""
    started = time.monotonic()
    command = [sys.executable, "-m", module, *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - started


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [10, 50, 200])
