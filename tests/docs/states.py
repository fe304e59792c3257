"""What a page begins with: farms of sandbox nodes that its commands find in the folder in which they run.

A state is made once a session, by the commands that a user gives, and copied for each page.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

COMMANDS = Path(sys.executable).parent
PASSWORD = "a vault password for the documentation"
NODES = "nodes/web1 nodes/web2 nodes/web3"
TIMEOUT = 300.0
"""Seconds after which a script has hung; on a free machine the longest page takes 20."""

INVENTORY = """\
all:
  vars:
    ansible_connection: local
    keydeploy_sandbox: "{{ inventory_dir }}/nodes/{{ inventory_hostname }}"
  children:
    portal:
      hosts: {web1: {}, web2: {}, web3: {}}
      vars:
        keydeploy:
          farm: portal
          machine_keys:
            portal:
              validation_key: "{{ vault_portal.validation_key }}"
              decryption_key: "{{ vault_portal.decryption_key }}"
          applications:
            portal:
              site: Default Web Site
              path: /portal
              machine_key: portal
              session_tokens: {machine_key: portal}
          rollout: {margin: 100ms, grace: 30s, clock_drift_limit: 5s}
"""

KEYS = """\
          key_containers:
            PortalConfiguration:
              private_key: "{{ vault_configuration_key }}"
              previous_key: "{{ vault_configuration_previous }}"
          certificates:
            session:
              pfx: "{{ vault_session.pfx }}"
              password: "{{ vault_session.password }}"
              readers: ['IIS AppPool\\Portal']
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """A folder with a home beside it, and what is in neither of them out of reach."""

    folder: Path

    @property
    def home(self) -> Path:
        """Answer the home, with a vault password and a list of disclosed keys where keydeploy looks for it."""
        return self.folder / "home"

    @property
    def work(self) -> Path:
        """Answer the folder in which commands run."""
        return self.folder / "work"

    def make(self) -> "Desk":
        """Make an empty one."""
        listed = self.home / ".config/keydeploy/disclosed-keys.csv"
        listed.parent.mkdir(parents=True)
        listed.write_text(hashlib.sha256(b"a key that nobody declares").hexdigest() + "\n", "utf-8")
        (self.home / ".vault").write_text(PASSWORD + "\n", "utf-8")
        (self.folder / "tmp").mkdir()
        self.work.mkdir()
        return self

    def environment(self) -> dict[str, str]:
        """Answer this process' environment without what would reach into the commands."""
        own = {
            "HOME": str(self.home),
            "TMPDIR": str(self.folder / "tmp"),
            "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.home / ".vault"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "USER": "operator",
            "COLUMNS": "120",
        }
        people = {
            f"GIT_{who}_{what}": "me@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        kept = ("ANSIBLE", "KEYDEPLOY", "GIT_", "XDG_", "NO_COLOR", "COV")
        return {name: value for name, value in os.environ.items() if not name.startswith(kept)} | own | people

    def run(self, script: str) -> None:
        """Run *script* by bash, in a session of its own: nothing can ask a terminal."""
        subprocess.run(
            ["bash", "-c", script],
            cwd=self.work,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
            start_new_session=True,
            check=True,
        )


def _empty(_desk: Desk) -> None:
    pass


def _farm(desk: Desk) -> None:
    """Lay out three nodes, an inventory that declares a machine key for them, and its vault file."""
    (desk.work / "inventory.yml").write_text(INVENTORY, "utf-8")
    desk.run(
        f"keydeploy sandbox create {NODES} > /dev/null && mkdir -p group_vars/portal"
        " && keydeploy generate machine-key --name vault_portal --format vault > group_vars/portal/vault.yml"
    )


def _keys(desk: Desk) -> None:
    """Add a key container and a certificate to the farm, and bring the nodes to all of it."""
    _farm(desk)
    (desk.work / "inventory.yml").write_text(INVENTORY + KEYS, "utf-8")
    desk.run(
        "for name in key previous; do keydeploy generate container-key --name vault_configuration_$name --format vault"
        " > group_vars/portal/$name.yml; done;"
        "keydeploy generate certificate --name vault_session --subject 'Portal session' --format vault"
        " > group_vars/portal/session.yml 2> /dev/null"
    )


def _applied(desk: Desk) -> None:
    """Bring the nodes of the farm to what is declared, under git."""
    _farm(desk)
    desk.run(
        "git init -q && keydeploy apply inventory.yml > /dev/null"
        " && git add inventory.yml group_vars && git commit -qm 'A farm'"
    )


def _found(desk: Desk) -> None:
    """Lay out nodes that have a key, and an inventory that declares nothing of it yet."""
    _farm(desk)
    desk.run("keydeploy apply inventory.yml > /dev/null && rm -r group_vars")
    (desk.work / "inventory.yml").write_text(INVENTORY.partition("      vars:\n        keydeploy:")[0], "utf-8")


STATES: dict[str, Callable[[Desk], None]] = {
    "empty": _empty,
    "farm": _farm,
    "applied": _applied,
    "keys": _keys,
    "found": _found,
}


class Shelf:
    """The states that were asked for so far, each made once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def copy(self, state: str, to: Path) -> Desk:
        """Make *state* at *to*."""
        kept = self._folder / state
        if not kept.exists():
            kept.mkdir()
            STATES[state](Desk(kept).make())
        shutil.copytree(kept, to, symlinks=True)
        return Desk(to)
