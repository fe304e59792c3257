"""Farms that people have set up by hand, on sandbox nodes, and their adoption without Ansible in between."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from keydeploy import observation
from keydeploy.adoption import questions, text, vaulted
from keydeploy.adoption.agreement import agree
from keydeploy.adoption.look import Look, look
from keydeploy.adoption.proposal import Proposal
from keydeploy.node import layout, paths
from keydeploy.node.contract import Reading, Response
from keydeploy.node.sandbox import Sandbox
from keydeploy.secret import Secret
from keydeploy.spec import load
from keydeploy.spec.declaration import Declaration

V4 = "C:\\Windows\\Microsoft.NET\\{}\\v4.0.30319\\Config\\"
V2 = "C:\\Windows\\Microsoft.NET\\{}\\v2.0.50727\\CONFIG\\"
FRAMEWORKS = ("Framework", "Framework64")
HOST = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
EMPTY = "<configuration>\r\n</configuration>\r\n"
VERSION = "Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089"
_WIF = "System.IdentityModel"


def key(which: int) -> str:
    """Answer the attributes of an explicit pair of keys, one of many."""
    return f'validationKey="{which:02X}{"5EC2E7" * 10}" decryptionKey="{which:02x}{"D0D05EC2E7" * 3}"'


ALGORITHMS = 'validation="HMACSHA256" decryption="AES"'
MODERN = f'{ALGORITHMS} compatibilityMode="Framework45"'


def machine_key(attributes: str) -> str:
    """Answer a machineKey in its group."""
    return f"<system.web>\r\n    <machineKey {attributes} />\r\n  </system.web>"


def web_config(*parts: str) -> str:
    """Answer a configuration file."""
    inner = "".join(f"  {part}\r\n" for part in parts)
    return f'<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n{inner}</configuration>\r\n'


SECTIONS = (
    f'<configSections><section name="system.identityModel" type="{_WIF}.Configuration.SystemIdentityModelSection,'
    f' {_WIF}, {VERSION}" /><section name="system.identityModel.services" type="{_WIF}.Services.Configuration.'
    f'SystemIdentityModelServicesSection, {_WIF}.Services, {VERSION}" /></configSections>'
)
HANDLERS = (
    "<system.identityModel><identityConfiguration><securityTokenHandlers>"
    f'<remove type="{_WIF}.Tokens.SessionSecurityTokenHandler, {_WIF}, {VERSION}" />'
    f'<add type="{_WIF}.Services.Tokens.MachineKeySessionSecurityTokenHandler, {_WIF}.Services, {VERSION}" />'
    "</securityTokenHandlers></identityConfiguration></system.identityModel>"
)


class Node:
    """A node in a folder, with the files of its applications by their paths."""

    def __init__(self, root: Path, applications: Mapping[str, str | None]) -> None:
        layout.create(root, dict.fromkeys(applications))
        self.root = root
        for path, content in applications.items():
            if content is not None:
                self.write(self.own(path), content)

    @staticmethod
    def own(path: str) -> str:
        """Answer the web.config of the application at *path*."""
        return "C:\\inetpub\\" + (path.strip("/") or "wwwroot").replace("/", "\\") + "\\web.config"

    def write(self, path: str, content: str) -> None:
        file = paths.locate(self.root, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode())

    def replace(self, path: str, old: str, new: str) -> None:
        file = paths.locate(self.root, path)
        content = file.read_bytes().decode()
        assert old in content
        file.write_bytes(content.replace(old, new).encode())

    def runtime(self, version: str, file: str, content: str) -> None:
        """Write *file* of both bitnesses of a runtime, `V2` or `V4`."""
        for framework in FRAMEWORKS:
            self.write(version.format(framework) + file, content)

    def replace_registry(self, views: Mapping[str, Any]) -> None:
        """Let the registry hold *views*, and nothing else."""
        (self.root / "registry.json").write_text(json.dumps(views), "utf-8")

    def ask(self, asked: Sequence[Reading]) -> Response:
        request = questions.request(asked)
        answer = Sandbox(self.root, clock=time.time, sleep=time.sleep).answer(request.to_json())
        return Response.from_json(answer, request)

    def look(self, host: str, brought: Mapping[str, Secret]) -> Look:
        """Read the node as a worker does."""
        first = self.ask(questions.FIRST)
        spec = questions.everything(first, brought)
        following = questions.following(spec)
        response = questions.joined((questions.FIRST, first), (following, self.ask(following)))
        return look(host, response, spec, brought)

    def pending(self, host: str, value: Mapping[str, Any]) -> dict[str, str]:
        """Answer what a plan of the declaration *value* would do here, or why it would be refused."""
        spec = load(Declaration(host=host, value={**value}))
        asked = observation.questions(spec)
        seen = observation.observe(spec, self.ask(asked))
        assert bool(seen.to_stage) == any(each.differences and not each.refusal for each in seen.subjects)
        return {
            each.address: each.refusal or ", ".join(found.name for found in each.differences)
            for each in seen.subjects
            if each.refusal or each.differences
        }


@dataclass(frozen=True)
class Adopted:
    """What was made of a farm."""

    proposal: Proposal
    text: str
    value: dict[str, Any]
    """The declaration, with the secrets of the vault in it."""

    def differences(self) -> dict[str, list[tuple[str, ...]]]:
        """Answer who differs, by what; the proposed ones first."""
        return {each.about: [camp.nodes for camp in each.camps] for each in self.proposal.disagreements}

    def comments(self) -> str:
        return "\n".join(line for line in self.text.splitlines() if line.lstrip().startswith("#"))


def adopt(nodes: Mapping[str, Node], brought: Mapping[str, str] | None = None) -> Adopted:
    """Adopt *nodes*; *brought* are private keys of containers, as PEM."""
    pems = {name: Secret.of(pem) for name, pem in (brought or {}).items()}
    seen = {host: node.look(host, pems) for host, node in nodes.items()}
    proposal = agree({host: each.facts for host, each in seen.items()}, [*pems])
    opened = {host: vaulted.sealed_keys(each.keys) for host, each in seen.items()}
    clear = vaulted.write(proposal, opened, pems)
    written = text.write(proposal, "portal", "2026-11-21")
    vault = yaml.load(clear.reveal(), Loader=_Loader) if clear else {}  # noqa: S506 - a safe one
    value = _resolved(yaml.load(written, Loader=_Loader)["keydeploy"], vault)  # noqa: S506
    return Adopted(proposal=proposal, text=written, value=value)


def pending(nodes: Mapping[str, Node], adopted: Adopted) -> dict[str, dict[str, str]]:
    """Answer what a plan of what was adopted shows, by node; nothing where it is empty."""
    found = {host: node.pending(host, adopted.value) for host, node in nodes.items()}
    return {host: each for host, each in found.items() if each}


class _Loader(yaml.SafeLoader):
    """Reads what Ansible reads."""


class _Unsafe(str):
    __slots__ = ()


def _unsafe(loader: yaml.SafeLoader, node: Any) -> _Unsafe:
    return _Unsafe(loader.construct_scalar(node))


_Loader.add_constructor("!unsafe", _unsafe)


def _resolved(value: Any, vault: Mapping[str, Any]) -> Any:
    """Answer *value* with every `{{ variable.name }}` resolved."""
    match value:
        case dict():
            return {_resolved(name, vault): _resolved(each, vault) for name, each in value.items()}
        case list():
            return [_resolved(each, vault) for each in value]
        case _Unsafe():
            return str.__str__(value)
        case str() if value.startswith("{{ "):
            found: Any = vault
            for part in value.removeprefix("{{ ").removesuffix(" }}").split("."):
                found = found[part]
            return str.__str__(found)
    assert not isinstance(value, str) or "{{" not in value
    return value
