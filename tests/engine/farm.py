"""A farm of sandbox nodes with its inventory, and the two ways to run on it: the command line and plain Ansible.

Every run gets a home, a folder for temporary files and an environment of its own below the stand's folder, so
that what a run leaves behind can be searched.
"""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from keydeploy.node import layout
from keydeploy.schema import validator

COMMANDS = Path(sys.executable).parent
CALLBACKS = Path(__file__).parent / "callbacks"
TIMEOUT = 120.0
"""Seconds after which a run has hung; on a free machine one takes 2."""

VALIDATION_KEY = hashlib.sha512(b"the declared validation key").hexdigest().upper()
DECRYPTION_KEY = hashlib.sha256(b"the declared decryption key").hexdigest().upper()
OLD_VALIDATION_KEY = hashlib.sha512(b"the validation key of before").hexdigest().upper()
OLD_DECRYPTION_KEY = hashlib.sha256(b"the decryption key of before").hexdigest().upper()
PASSWORD = "Marked-Passw0rd-of-a-database"

OTHER_KEYS = f"""<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <connectionStrings>
    <add name="orders" connectionString="Server=db;User Id=portal;Password={PASSWORD}" />
  </connectionStrings>
  <system.web>
    <machineKey validation="HMACSHA256" decryption="AES" compatibilityMode="Framework45"
                validationKey="{OLD_VALIDATION_KEY}" decryptionKey="{OLD_DECRYPTION_KEY}" />
  </system.web>
</configuration>
""".replace("\n", "\r\n").encode()
"""A web.config with another machineKey than the declared one, and with a secret of somebody else."""

DECLARED_KEYS = OTHER_KEYS.replace(OLD_VALIDATION_KEY.encode(), VALIDATION_KEY.encode()).replace(
    OLD_DECRYPTION_KEY.encode(), DECRYPTION_KEY.encode()
)

QUICK = {"margin": "100ms", "grace": "30s", "clock_drift_limit": "5s"}
"""A roll-out that waits no longer than it must, and bears a busy machine."""


@dataclass(frozen=True)
class Ran:
    """A run that has ended."""

    code: int
    out: str
    err: str
    dumped: Sequence[Mapping[str, Any]] = ()
    """What the callback `dump` saw, where it was enabled."""

    @cached_property
    def report(self) -> dict[str, Any]:
        """Answer the JSON report of a command line with `--format json`, checked against its schema."""
        report: dict[str, Any] = json.loads(self.out)
        validator("report").validate(report)
        assert report["exit_code"] == self.code
        return report

    def of(self, farm: str) -> dict[str, Any]:
        """Answer what the JSON report tells of *farm*."""
        return next(found for found in self.report["farms"] if found["farm"] == farm)

    def results(self, action: str) -> dict[str, dict[str, Any]]:
        """Answer the last result of *action* on each host, as a callback sees it."""
        name = action if "." in action else f"keydeploy.core.{action}"
        return {seen["host"]: seen["result"] for seen in self.dumped if seen["action"] == name}

    @property
    def text(self) -> str:
        """Answer all that it wrote to a terminal."""
        return self.out + self.err


@dataclass
class Stand:
    """A folder with sandbox nodes, an inventory and an `ansible.cfg`."""

    folder: Path
    web_config: bytes | None = OTHER_KEYS
    variables: dict[str, Any] = field(default_factory=dict)
    """Of all hosts."""
    groups: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("home", "tmp"):
            (self.folder / name).mkdir()
        self.configure()
        self.variables |= {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "keydeploy_sandbox": f"{self.folder}/nodes/{{{{ inventory_hostname }}}}",
            "vault_portal": {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY},
        }

    def add_farm(self, name: str, *hosts: str, rollout: Mapping[str, Any] = QUICK, **spec: Any) -> "Stand":
        """Make a node for each of *hosts*, which declare one application and its key, and what *spec* adds."""
        for host in hosts:
            self.create(host)
        declared = {
            "farm": name,
            "machine_keys": {"portal": machine_key()},
            "applications": {"portal": {"site": "Default Web Site", "path": "/portal", "machine_key": "portal"}},
            "rollout": dict(rollout),
        }
        self.groups[name] = {"hosts": {host: {} for host in hosts}, "vars": {"keydeploy": declared | spec}}
        self.write_inventory()
        return self

    def create(self, host: str) -> None:
        """Make a node for *host*."""
        layout.create(self.node(host), {"/portal": self.web_config})
        self.behave(host)

    def add_hosts(self, *hosts: str) -> None:
        """Add *hosts* that declare nothing."""
        self.groups.setdefault("others", {"hosts": {}})["hosts"] |= {host: {} for host in hosts}
        self.write_inventory()

    def set(self, host: str, **variables: Any) -> None:
        """Give *host* variables of its own."""
        for group in self.groups.values():
            if host in group["hosts"]:
                group["hosts"][host] |= variables
        self.write_inventory()

    def write_inventory(self) -> None:
        """Write the inventory as it is declared now."""
        inventory = {"all": {"vars": self.variables, "children": self.groups}}
        self.inventory.write_text(yaml.safe_dump(inventory, sort_keys=False, width=1000), "utf-8")

    @property
    def inventory(self) -> Path:
        """Answer the file of the inventory."""
        return self.folder / "inventory.yml"

    def node(self, host: str) -> Path:
        """Answer the folder that plays the node of *host*."""
        return self.folder / "nodes" / host

    def may_hold_secrets(self, file: Path) -> bool:
        """Tell whether *file* is where secrets are declared or used."""
        return file == self.inventory or file.is_relative_to(self.folder / "nodes")

    def own_config(self, host: str) -> Path:
        """Answer the web.config of the application on *host*."""
        return self.node(host) / "C/inetpub/portal/web.config"

    def behave(self, host: str, *faults: Mapping[str, Any], **behaviour: Any) -> None:
        """Tell the node of *host* how to misbehave from now on; it counts its calls."""
        value = {"calls": str(self.folder / f"{host}.calls"), "faults": list(faults), **behaviour}
        (self.node(host) / "sandbox.json").write_text(json.dumps(value), "utf-8")

    def calls(self, host: str) -> list[str]:
        """Answer the calls to the node of *host* since it was asked last, each with its operations."""
        log = self.folder / f"{host}.calls"
        found = log.read_text("utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [call.partition(" ")[2] for call in found]

    def is_at_rest(self, host: str) -> bool:
        """Tell whether the node has no unfinished run, no lock and nothing staged."""
        own = self.node(host) / "C/ProgramData/keydeploy"
        lock = own / "lock.json"
        free = not lock.exists() or json.loads(lock.read_text("utf-8"))["run"] is None
        return free and not (own / "journal.json").exists() and not list(own.rglob("*.after"))

    def configure(self, **defaults: Any) -> None:
        """Write an `ansible.cfg` with *defaults*."""
        lines = [f"{name} = {value}" for name, value in defaults.items()]
        (self.folder / "ansible.cfg").write_text("\n".join(["[defaults]", *lines, ""]), "utf-8")

    def environment(self, **more: str) -> dict[str, str]:
        """Answer the environment of a run: that of this process without its settings of Ansible, and *more*."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE", "KEYDEPLOY"))}
        own = {
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "tmp"),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "DUMP_FILE": str(self.folder / "dump"),
            "PATH": f"{COMMANDS}{os.pathsep}{os.environ['PATH']}",
        }
        return kept | own | more

    def keydeploy(self, verb: str, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run the command line's *verb* on the inventory."""
        return self._run(["keydeploy", verb, str(self.inventory), *arguments], env or {})

    def tell(self, verb: str, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run the command line's *verb* on the inventory for a JSON report."""
        return self.keydeploy(verb, *arguments, "--format", "json", env=env)

    def playbook(self, plays: str | Sequence[Any], *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run plain Ansible with a playbook of the collection, or with *plays*; the callback `dump` is enabled."""
        if not isinstance(plays, str):
            file = self.folder / "playbook.yml"
            file.write_text(yaml.safe_dump(list(plays), sort_keys=False), "utf-8")
            plays = str(file)
        dump = {"ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS), "ANSIBLE_CALLBACKS_ENABLED": "dump"}
        return self._run(["ansible-playbook", "-i", str(self.inventory), plays, *arguments], dump | dict(env or {}))

    def _run(self, command: Sequence[str], env: Mapping[str, str]) -> Ran:
        done = subprocess.run(
            [COMMANDS / command[0], *command[1:]],
            cwd=self.folder,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        dump = self.folder / "dump"
        dumped = [json.loads(line) for line in dump.read_text("utf-8").splitlines()] if dump.exists() else []
        dump.unlink(missing_ok=True)
        return Ran(done.returncode, done.stdout, done.stderr, dumped)


def machine_key(variable: str = "vault_portal") -> dict[str, str]:
    """Answer a machine key whose secrets are in *variable*."""
    return {name: f"{{{{ {variable}.{name} }}}}" for name in ("validation_key", "decryption_key")}


def import_of(playbook: str, **keywords: Any) -> dict[str, Any]:
    """Answer a play that imports *playbook* of the collection."""
    return {"import_playbook": f"keydeploy.core.{playbook}", **keywords}


def fault(at: str, do: str, **more: Any) -> dict[str, Any]:
    """Answer a misbehaviour at the operation *at*."""
    return {"at": at, "do": do, **more}


def tree(folder: Path) -> dict[str, Any]:
    """Answer all that can be told of the files in *folder*: bytes, mode and every time stamp."""
    return {str(file.relative_to(folder)): _state(file) for file in sorted(folder.rglob("*"))}


def contents(folder: Path) -> dict[str, bytes]:
    """Answer the bytes of every file below *folder*, apart from what keydeploy keeps for itself."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file())
    return {name: file.read_bytes() for file in files if "keydeploy" not in (name := str(file.relative_to(folder)))}


def reasons(farm: Mapping[str, Any]) -> list[str]:
    """Answer the reasons that the report tells of *farm*, as a person reads them."""
    return [f"{reason['node']}: {reason['text']}" if reason["node"] else reason["text"] for reason in farm["reasons"]]


def outcomes(farm: Mapping[str, Any]) -> dict[str, str | None]:
    """Answer how the run ended on each node of *farm*."""
    return {node["node"]: node["outcome"] for node in farm["nodes"]}


def _state(file: Path) -> tuple[Any, ...]:
    status = file.stat()
    stamps = (status.st_mode, status.st_mtime_ns, status.st_ctime_ns)
    if file.is_dir():
        return stamps  # listing it moves its time of access
    descriptor = os.open(file, os.O_RDONLY | os.O_NOATIME)
    with os.fdopen(descriptor, "rb") as stream:
        return (*stamps, status.st_atime_ns, hashlib.sha256(stream.read()).hexdigest())
