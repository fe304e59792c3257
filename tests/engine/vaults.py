"""A farm whose keys are where people keep them: in files of Ansible's vault, whole or value by value."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from keydeploy.schema import validator
from tests.engine.farm import COMMANDS, DECLARED_KEYS, DECRYPTION_KEY, QUICK, VALIDATION_KEY, Ran, Stand, tree
from tests.engine.hunting import find, forms, leaks

NODES = ("web1", "web2")
PASSWORDS = {"prod": "Marked-Passw0rd-of-prod", "dev": "Marked-Passw0rd-of-dev"}
BOTH = ("--vault-id", "prod@prod.password", "--vault-id", "dev@dev.password")
PLAIN = ("--vault-password-file", "prod.password")
KEYS = f"""\
# The keys of the portal; see the runbook.
vault_portal:
  validation_key: {VALIDATION_KEY}   # signs
  "decryption_key": '{DECRYPTION_KEY}'

other: [1,  2]   # of somebody else
"""


class VaultStand(Stand):
    """A stand whose inventory refers to `vault_portal`, which is not in it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, web_config=DECLARED_KEYS)
        del self.variables["vault_portal"]
        for label, password in PASSWORDS.items():
            (folder / f"{label}.password").write_text(f"{password}\n", "utf-8")

    def may_hold_secrets(self, file: Path) -> bool:
        """Tell whether *file* is where secrets are used, or opens the vault."""
        return super().may_hold_secrets(file) or file.suffix == ".password"

    def file(self, name: str) -> Path:
        """Answer the file *name* of variables, whose folder is there."""
        path = self.folder / "group_vars" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def keep(self, clear: str = KEYS, name: str = "all/vault.yml", label: str | None = None) -> Path:
        """Keep *clear* in a file that is encrypted as a whole, under *label* where there is one."""
        file = self.file(name)
        file.write_text(self.encrypted(clear, label), "utf-8")
        file.chmod(0o640)
        return file

    def encrypted(self, clear: str, label: str | None = None) -> str:
        """Answer *clear* as `ansible-vault` encrypts it."""
        password = f"{label}@{label}.password" if label else "default@prod.password"
        return self._vault("encrypt", "--vault-id", password, "--output", "-", "-", given=clear)

    def inline(self, clear: str, label: str, indentation: int) -> str:
        """Answer *clear* as a value that is encrypted by itself: `!vault |` and its lines."""
        lines = (f"{' ' * indentation}{line}\n" for line in self.encrypted(clear, label).splitlines())
        return "!vault |\n" + "".join(lines)

    def opened(self, file: Path) -> str:
        """Answer what *file* holds, which is encrypted as a whole."""
        return self._vault("view", *BOTH, str(file))

    def values(self, file: Path) -> Any:
        """Answer the variables of *file*, decrypted where they are values of the vault."""
        return yaml.load(file.read_text("utf-8"), Loader=_loader(self))  # noqa: S506 - a safe loader with one tag more

    def rotate(self, *arguments: str, env: dict[str, str] | None = None) -> Ran:
        """Run `keydeploy rotate` with both passwords and without a question, for a JSON report."""
        asks = () if "--check" in arguments else ("--yes",)
        return self.tell("rotate", *arguments, *asks, *BOTH, env=env)

    def agrees(self) -> bool:
        """Tell whether all nodes are as declared, and nothing of a rotation is left beside the files."""
        drift = self.keydeploy("drift", *BOTH)
        left = [*self.folder.rglob(".*.keydeploy-*")]
        return drift.code == 0 and not left

    def leaks(self, *runs: Ran, keys: Sequence[str]) -> list[str]:
        """Answer where a secret stands that must not, also one of the new *keys* and the passwords of the vault."""
        new = forms(keys, tuple(PASSWORDS.values()))
        texts = {f"run {n}": run.text.encode() for n, run in enumerate(runs)}
        files = (file for file in self.folder.rglob("*") if file.is_file() and not self.may_hold_secrets(file))
        texts |= {str(file): file.read_bytes() for file in files}
        found = [f"{place}: {secret}" for place, content in texts.items() for secret in find(content, new)]
        return [*leaks(self, *runs), *found]

    def _vault(self, *arguments: str, given: str | None = None) -> str:
        command: list[str | Path] = [COMMANDS / "ansible-vault", *arguments]
        environment = self.environment()
        done = subprocess.run(
            command, input=given, cwd=self.folder, env=environment, capture_output=True, text=True, check=True
        )
        return str(done.stdout)


def farm_in_vault(folder: Path) -> VaultStand:
    """Answer a farm that is as declared, and whose keys are in a file that is encrypted as a whole."""
    stand = VaultStand(folder)
    stand.keep(label="prod")
    stand.add_farm("portal", *NODES, rollout={**QUICK, "lease": "2s"})
    return stand


def two_farms(folder: Path) -> VaultStand:
    """Answer two farms of a node each, which share their keys."""
    stand = VaultStand(folder)
    stand.keep()
    stand.add_farm("one", "web1").add_farm("two", "web2")
    return stand


def told(ran: Ran) -> Any:
    """Answer the JSON of a rotation, checked against its schema."""
    found = json.loads(ran.out)
    validator("rotation").validate(found)
    assert found["exit_code"] == ran.code
    return found


def outcome(ran: Ran) -> tuple[int, str]:
    """Answer the exit code of a rotation and how it ended."""
    return ran.code, told(ran)["outcome"]


def on_nodes(stand: VaultStand, key: str) -> list[bool]:
    """Tell for each node whether its application has *key*."""
    return [key.encode() in stand.own_config(node).read_bytes() for node in NODES]


def variables(stand: VaultStand) -> dict[str, tuple[int, int, bytes]]:
    """Answer mode, time of change and content of each file of variables."""
    files = (file for file in sorted((stand.folder / "group_vars").rglob("*")) if file.is_file())
    return {file.name: (file.stat().st_mode, file.stat().st_mtime_ns, file.read_bytes()) for file in files}


def nodes(stand: VaultStand) -> dict[str, Any]:
    """Answer all that can be told of the nodes, but of what says how they behave."""
    states = tree(stand.folder / "nodes").items()
    return {name: state for name, state in states if not name.endswith("sandbox.json")}


def keys_of(variables: Any, name: str = "vault_portal") -> list[str]:
    """Answer the two keys below *name*."""
    return [variables[name]["validation_key"], variables[name]["decryption_key"]]


def _loader(stand: VaultStand) -> type[yaml.SafeLoader]:
    class Loader(yaml.SafeLoader):
        pass

    def opened(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
        return stand._vault("decrypt", *BOTH, "--output", "-", "-", given=node.value)

    Loader.add_constructor("!vault", opened)
    return Loader
