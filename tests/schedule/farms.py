"""A farm of sandbox nodes whose keys are in a vault, for a schedule that runs as somebody else."""

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.engine.farm import COMMANDS, DECRYPTION_KEY, QUICK, TIMEOUT, VALIDATION_KEY, machine_key

HOSTILE = """farm 100% of "$5" \\ it's"""
"""The name of a folder that means something to every scheduler; Ansible itself fills in names of variables."""
VAULT_PASSWORD = "Marked-Passw0rd of the schedule"


@dataclass(frozen=True)
class Farm:
    """Two nodes with other keys than the declared ones, and a folder for reports that `account` may write."""

    folder: Path
    account: str

    @property
    def reports(self) -> Path:
        return self.folder.parent / f"{self.folder.name}-reports"

    @property
    def password_file(self) -> Path:
        return self.folder / "vault-password"

    @property
    def uid(self) -> int:
        return pwd.getpwnam(self.account).pw_uid

    def run(self, *command: str, given: str | None = None) -> str:
        """Run *command* in the folder of the farm, and answer what it wrote."""
        done = subprocess.run(
            [str(COMMANDS / command[0]), *command[1:]],
            cwd=self.folder,
            input=given,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def schedule(self, kind: str, *arguments: str) -> str:
        """Run `keydeploy schedule` for this farm and answer what it wrote."""
        vault = ("--vault-password-file", "vault-password")
        return self.run("keydeploy", "schedule", kind, "inventory.yml", *vault, *arguments)

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "KEYDEPLOY"))}
        return kept | {"HOME": str(self.folder.parent), "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}"}


def farm_at(folder: Path) -> Farm:
    """Make a farm in *folder*, which is not there."""
    farm = Farm(folder, account())
    for each in (folder / "group_vars/portal", farm.reports):
        each.mkdir(parents=True)
    declared = {
        "farm": "portal",
        "machine_keys": {"portal": machine_key()},
        "applications": {"portal": {"site": "Default Web Site", "path": "/portal", "machine_key": "portal"}},
        "rollout": QUICK,
    }
    variables = {
        "ansible_connection": "local",
        "keydeploy_sandbox": "{{ inventory_dir }}/nodes/{{ inventory_hostname }}",
    }
    group = {"hosts": {"web1": {}, "web2": {}}, "vars": {"keydeploy": declared}}
    inventory = {"all": {"vars": variables, "children": {"portal": group}}}
    (folder / "inventory.yml").write_text(yaml.safe_dump(inventory), "utf-8")
    farm.password_file.write_text(VAULT_PASSWORD, "utf-8")
    farm.password_file.chmod(0o600)
    farm.run("keydeploy", "sandbox", "create", "nodes/web1", "nodes/web2")
    keys = yaml.safe_dump({"vault_portal": {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}})
    vault = farm.run(
        "ansible-vault", "encrypt", "--vault-password-file", "vault-password", "--output", "-", "-", given=keys
    )
    (folder / "group_vars/portal/vault.yml").write_text(vault, "utf-8")
    if farm.uid != os.geteuid():
        subprocess.run(
            ["chmod", "-R", "a+rX", folder / "nodes", folder / "inventory.yml", folder / "group_vars"], check=True
        )
        os.chown(farm.reports, farm.uid, -1)
    return farm


def account() -> str:
    """Answer an account of few rights that can run this Python, or the one that runs these tests."""
    interpreter = Path(sys.executable).resolve()
    seen = all(folder.stat().st_mode & 0o005 == 0o005 for folder in (*interpreter.parents, *COMMANDS.parents))
    return "nobody" if seen and os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
