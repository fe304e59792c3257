"""What the tests of observation, plan and roll-out share: a spec with marked keys, and a node to hold against it."""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from keydeploy import render
from keydeploy.node import paths
from keydeploy.node.contract import Request, Response
from keydeploy.node.layout import create
from keydeploy.node.sandbox import Sandbox
from keydeploy.observation import Observation, observe
from keydeploy.plan import Farm, NodePlan, plan
from keydeploy.spec import Declaration, Spec, load

VALIDATION_KEY = "5EC2E7" * 10 + "ABCD"
DECRYPTION_KEY = "D0D05EC2E7" * 6 + "DCBA"
OLD_VALIDATION_KEY = "0DD5EC2E70" * 6 + "FEED"
OLD_DECRYPTION_KEY = "01D5EC2E7A" * 6 + "F00D"
PASSWORD = "hunter2-MARKED"
PLANTED = (VALIDATION_KEY, DECRYPTION_KEY, OLD_VALIDATION_KEY, OLD_DECRYPTION_KEY, PASSWORD)

EQUAL = (
    'validation="HMACSHA256" decryption="AES" compatibilityMode="Framework45"'
    f' validationKey="{VALIDATION_KEY.lower()}" decryptionKey="{DECRYPTION_KEY}"'
)
"""The attributes of a machineKey that is as declared."""

OLD = f'validationKey="{OLD_VALIDATION_KEY}" decryptionKey="{OLD_DECRYPTION_KEY}"'
CSP = "HKLM\\SOFTWARE\\Microsoft\\Cryptography\\Defaults\\Provider\\Microsoft Base Smart Card Crypto Provider"
KSP = "HKLM\\SYSTEM\\CurrentControlSet\\Control\\Cryptography\\Providers\\Microsoft Smart Card Key Storage Provider"
TIMEOUT = "TransactionTimeoutMilliseconds"
PORTAL = {"site": "Default Web Site", "path": "/portal", "machine_key": "portal"}
NOW = 1_800_000_000.0


def spec_of(applications: Mapping[str, Any] | None = None, host: str = "web1", **others: Any) -> Spec:
    """Answer a spec with the machine keys `portal` and `other` and *applications*."""
    keys = {
        "portal": {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY},
        "other": {"validation_key": DECRYPTION_KEY, "decryption_key": VALIDATION_KEY},
    }
    declared = {"portal": PORTAL} if applications is None else applications
    return load(Declaration(host=host, value={"machine_keys": keys, "applications": declared, **others}))


class Node:
    """A sandbox node whose time is an attribute."""

    def __init__(self, root: Path, applications: Mapping[str, bytes | None]) -> None:
        create(root, applications)
        self.root = root
        self.now = NOW

    def file(self, path: str) -> Path:
        return paths.locate(self.root, path)

    def write(self, path: str, text: str) -> None:
        self.file(path).parent.mkdir(parents=True, exist_ok=True)
        self.file(path).write_bytes(text.encode())

    def replace(self, path: str, old: str, new: str) -> None:
        text = self.file(path).read_bytes().decode()
        assert old in text
        self.write(path, text.replace(old, new))

    def registry(self) -> dict[str, Any]:
        """Answer the registry by view, key and name of the value."""
        file = self.root / "registry.json"
        return dict(json.loads(file.read_text("utf-8"))) if file.exists() else {}

    def write_registry(self, views: Mapping[str, Any]) -> None:
        """Let the registry hold *views*, and nothing else."""
        (self.root / "registry.json").write_text(json.dumps(views), "utf-8")

    def answer(self, text: str) -> str:
        return Sandbox(self.root, clock=lambda: self.now, sleep=self._sleep).answer(text)

    def ask(self, request: Request) -> Response:
        return Response.from_json(self.answer(request.to_json()), request)

    def observe(self, spec: Spec) -> Observation:
        return observe(spec, self.ask(render.observe(spec, "looking")))

    def roll_out(self, spec: Spec, node_plan: NodePlan) -> Observation:
        """Stage, commit and confirm *node_plan*, and answer what the node shows then."""
        staged = self.ask(render.stage(spec, node_plan, "run-1", "operator"))
        staged.raise_for_error()
        committed = self.ask(render.commit(spec, node_plan, "run-1", staged.generation(), self.now + 1))
        committed.raise_for_error()
        self.ask(render.confirm("run-1", staged.generation(), spec.rollout.backups)).raise_for_error()
        return observe(spec, committed)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def farm_of(spec: Spec, *members: str) -> Farm:
    return Farm(name="default", spec=spec.digest(), members=members or (spec.host,))


def plan_of(spec: Spec, observation: Observation) -> NodePlan:
    """Answer the plan for one node."""
    (node_plan,) = plan(farm_of(spec), [observation]).nodes
    return node_plan


def planted_in(content: str | bytes) -> list[str]:
    """Answer which planted secrets *content* holds, in any of the forms that they may take."""
    data = content.encode() if isinstance(content, str) else content
    return [secret for secret in PLANTED if any(form in data for form in _forms(secret))]


def _forms(secret: str) -> Iterator[bytes]:
    for text in (secret, secret.upper(), secret.lower()):
        for raw in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")):
            yield raw
            for shift in range(3):  # base64 of it in the midst of something else
                yield base64.b64encode(b"\0" * shift + raw)[4 : -4 - shift]
    if set(secret) <= set("0123456789ABCDEF"):
        yield bytes.fromhex(secret)
        yield base64.b64encode(bytes.fromhex(secret)).rstrip(b"=")
