"""A farm whose keys only a worker can read, and the jobs that run on it as AWX runs them.

Jobs get what AWX gives them: playbooks out of a project, an inventory script that holds what
`ansible-inventory --list --export` has told without any password, and AWX's own environment and variables.
"""

import base64
import io
import json
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.engine.declaring import PASSWORD_OF_KEY, POOL, pem
from tests.engine.farm import COMMANDS, DECRYPTION_KEY, PASSWORD, VALIDATION_KEY, Stand
from tests.engine.hunting import find, forms, forms_of_private
from tests.engine.vaults import PASSWORDS, VaultStand
from tests.node.contract.material import rsa_key
from tests.runner.image import ROOT, Image

EVERYTHING = "-vvvvv"
FORKS = "--forks 10"
_TIMEOUT = 120.0
_AWX = {"ANSIBLE_FORCE_COLOR": "True", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True", "MAX_EVENT_RES": "700000"}
_ASKS = r"Vault password \(prod\):\s*?$"


@dataclass(frozen=True)
class Job:
    """A job that has ended."""

    folder: Path
    """Its private data: what it was given, and its artefacts."""
    name: str
    shown: bytes
    """What `ansible-runner` itself has written."""

    @property
    def artefacts(self) -> Path:
        """Answer the folder of its artefacts."""
        return self.folder / "artifacts" / self.name

    @property
    def code(self) -> int:
        """Answer what Ansible has returned."""
        return int((self.artefacts / "rc").read_text("utf-8"))

    @property
    def status(self) -> str:
        """Answer how AWX calls the end."""
        return (self.artefacts / "status").read_text("utf-8")

    @property
    def out(self) -> str:
        """Answer what people see of it in AWX."""
        return (self.artefacts / "stdout").read_text("utf-8")

    @cached_property
    def events(self) -> list[dict[str, Any]]:
        """Answer its events, in their order."""
        files = (self.artefacts / "job_events").glob("*.json")
        return sorted((json.loads(file.read_text("utf-8")) for file in files), key=lambda event: event["counter"])

    @property
    def kept(self) -> Any:
        """Answer what AWX keeps as the job's artefacts, hands on in workflows and offers to notifications."""
        (last,) = (event for event in self.events if event["event"] == "playbook_on_stats")
        return last["event_data"]["artifact_data"]

    def messages(self) -> dict[str, str]:
        """Answer what the last step has told of each host that failed."""
        return {data["host"]: data["res"]["msg"] for data in self._of("runner_on_failed")}

    def states(self, step: str) -> dict[str, str]:
        """Answer the state of each host in *step*, of those that did not fail."""
        found = (data for data in self._of("runner_on_ok") if data["task_action"] == f"keydeploy.core.{step}")
        return {data["host"]: data["res"]["state"] for data in found}

    def _of(self, kind: str) -> Iterator[dict[str, Any]]:
        return (event["event_data"] for event in self.events if event["event"] == kind)


class Farm(VaultStand):
    """Two nodes; the machine key is in the inventory value by value, the container's key in a file of the worker."""

    def __init__(self, folder: Path, image: Image) -> None:
        Stand.__init__(self, folder)  # its nodes have other keys than the declared ones
        del self.variables["vault_portal"]
        self.image = image
        self.keys = folder / "keys"
        self.keys.mkdir()
        (self.keys / "portal.pem").write_text(pem("portal", PASSWORD_OF_KEY), "utf-8")
        (self.keys / "password").write_text(PASSWORD_OF_KEY, "utf-8")
        (folder / "prod.password").write_text(f"{PASSWORDS['prod']}\n", "utf-8")
        (folder / "dev.password").write_text(f"{PASSWORDS['dev']}\n", "utf-8")
        read = f"{{{{ lookup('ansible.builtin.file', '{self.keys}/%s') }}}}"
        container = {"private_key": read % "portal.pem", "password": read % "password", "readers": [POOL]}
        self.add_farm("portal", "web1", "web2", key_containers={"Portal": container})
        inline = {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}
        values = (f"  {name}: {self.inline(value, 'prod', 6)}" for name, value in inline.items())
        self.file("portal.yml").write_text("vault_portal:\n" + "".join(values), "utf-8")

    def may_hold_secrets(self, file: Path) -> bool:
        """Tell whether *file* is where secrets are used or kept: also what a prompt is answered with."""
        at_the_worker = file.is_relative_to(self.keys)
        return super().may_hold_secrets(file) or at_the_worker or file.match("env/passwords")

    def environment(self, **more: str) -> dict[str, str]:
        """Answer the environment of a run inside the image."""
        return super().environment(**more) | self.image.environment()

    def exported(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Export the inventory as AWX's inventory update does."""
        command: list[str | Path] = [COMMANDS / "ansible-inventory", "-i", self.inventory, "--list", "--export"]
        return subprocess.run(
            [*command, *arguments],
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )

    def prepare(self, name: str, cmdline: str, passwords: Mapping[str, str] | None = None) -> Path:
        """Make the private data of the job *name*, as AWX does."""
        folder = self.folder / "jobs" / name
        for part in ("project", "inventory", "env"):
            (folder / part).mkdir(parents=True)
        for playbook in (ROOT / "awx/project").iterdir():
            (folder / "project" / playbook.name).write_bytes(playbook.read_bytes())
        script = folder / "inventory/hosts"
        script.write_text(f"#! /usr/bin/env python3\nprint({self._export!r})\n", "utf-8")
        script.chmod(0o700)
        given = {"cmdline": cmdline, "envvars": _AWX, "extravars": {"awx_job_id": 1, "awx_job_launch_type": "manual"}}
        for file, content in {**given, **({"passwords": dict(passwords)} if passwords else {})}.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (folder / "env" / file).write_text(text, "utf-8")
        return folder

    def run(self, playbook: str, name: str, *arguments: str) -> Job:
        """Run the job *name* here; AWX answers the question for the vault's password, and so does this."""
        cmdline = " ".join(("--vault-id prod@prompt", FORKS, *arguments))
        folder = self.prepare(name, cmdline, {_ASKS: PASSWORDS["prod"]})
        return Job(folder, name, self._runner("run", folder, "-p", f"{playbook}.yml", "-i", name))

    def run_remotely(self, playbook: str, name: str, *arguments: str) -> tuple[Job, dict[str, bytes]]:
        """Run the job *name* at a worker, which alone can open the vault; answer also what has crossed, unpacked."""
        cmdline = " ".join((f"--vault-id prod@{self.folder}/prod.password", FORKS, *arguments))
        folder = self.prepare(name, cmdline)
        worker = folder.with_name(f"{name} at the worker")
        worker.mkdir()
        there = self._runner("transmit", folder, "-p", f"{playbook}.yml", "-i", name)
        back = self._runner("worker", "--private-data-dir", worker, given=there)
        shown = self._runner("process", folder, "-i", name, given=back)
        crossed = {f"{name} there: {part}": content for part, content in unpacked(there)}
        crossed |= {f"{name} back: {part}": content for part, content in unpacked(back)}
        return Job(folder, name, shown), crossed

    def secrets(self) -> dict[bytes, str]:
        """Answer the forms of all that must not be found."""
        words = (PASSWORD, PASSWORD_OF_KEY, *PASSWORDS.values())
        return forms(words=words) | dict.fromkeys(forms_of_private(rsa_key("portal")), "the container's key")

    def hunt(self, told: Mapping[str, bytes]) -> list[str]:
        """Answer where a secret stands that must not: in what was *told*, or in a file that is left."""
        files = (file for file in self.folder.rglob("*") if file.is_file() and not self.may_hold_secrets(file))
        places = {**told, **{str(file): file.read_bytes() for file in files}}
        wanted = self.secrets()
        return [f"{place}: {secret}" for place, content in places.items() for secret in find(content, wanted)]

    @cached_property
    def _export(self) -> str:
        return self.exported().stdout

    def _runner(self, what: str, *arguments: str | Path, given: bytes = b"") -> bytes:
        done = subprocess.run(
            [self.image.command("ansible-runner"), what, *arguments],
            input=given,
            cwd=self.folder,
            env=self.environment(),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
        )
        assert not done.stderr, done.stderr.decode()
        return done.stdout


def unpacked(stream: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the parts of a stream of `ansible-runner`: its lines, and the files of the archives in it."""
    number = 0
    while stream:
        line, _, stream = stream.partition(b"\n")
        yield f"line {(number := number + 1)}", line
        size = json.loads(line).get("zipfile")
        if size is None:
            continue
        length = -(-size // 3) * 4
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(stream[:length]))) as archive:
            yield from ((name, archive.read(name)) for name in archive.namelist() if not name.endswith("/"))
        stream = stream[length:].lstrip(b"\n")
