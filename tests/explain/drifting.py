"""Nodes that differ from what is declared as the causes of explain tell, and what drift then prints.

The spec has the names of explain's own examples: the container PortalConfiguration, the certificate `session`, and the
application `portal` in the app pool Portal.
"""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from keydeploy.access import pool_sid
from keydeploy.keys.rsa_key import take_over, to_pem
from keydeploy.node.contract.codec import encode
from keydeploy.plan import plan
from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.report.text import lines
from keydeploy.spec import Spec
from tests.keys.authorities import NOW, authority, certificate, pem
from tests.node.contract import material
from tests.observation.farm import CSP, PORTAL, VALIDATION_KEY, Node, farm_of, plan_of, spec_of
from tests.webconfig.protecting import encrypted

WEB = "C:\\inetpub\\portal\\web.config"
HOST = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
CONNECTIONS = '<connectionStrings><add name="db" connectionString="Server=sql1"/></connectionStrings>'
READER = f"(A;;GR;;;{pool_sid('Portal')})"

Disturb = Callable[[Node], None]


class Farm:
    """A farm of two nodes that are as declared; copies of the second one are disturbed."""

    def __init__(self, folder: Path, tokens: dict[str, str]) -> None:
        """Lay both out in *folder*; *tokens* says what protects the application's session cookies."""
        self._folder = folder
        self._specs = [declared(host, tokens) for host in ("web1", "web2")]
        self._nodes = [_as_declared(folder / spec.host, spec) for spec in self._specs]
        self._copies = 0

    def report(self, verb: Verb, disturb: Disturb) -> list[str]:
        """Answer the lines that *verb* prints once *disturb* has been at the second node."""
        self._copies += 1
        shutil.copytree(self._nodes[1].root, self._folder / str(self._copies))
        changed = _Copy(self._folder / str(self._copies), self._nodes[1].now)
        disturb(changed)
        observed = [node.observe(spec) for node, spec in zip((self._nodes[0], changed), self._specs, strict=True)]
        found = plan(farm_of(self._specs[0], "web1", "web2"), observed)
        pending = Verdict.PENDING if found.changes else Verdict.IN_ORDER
        farm = FarmReport(
            farm=found.farm,
            spec=found.spec,
            verdict=Verdict.REFUSED if found.reasons else pending,
            nodes=tuple(NodeReport(node=each.node, plan=each, outcome=None) for each in found.nodes),
            reasons=found.reasons,
        )
        return [line.plain.strip() for line in lines(Report(verb=verb, farms=(farm,)))]


class _Copy(Node):
    """A node whose folder is there already."""

    def __init__(self, root: Path, now: float) -> None:
        self.root, self.now = root, now


def declared(host: str, tokens: dict[str, str]) -> Spec:
    """Answer what is declared for *host*."""
    readers = ["IIS AppPool\\Portal"]
    portal = {
        **PORTAL,
        "session_tokens": tokens,
        "protected_sections": {"container": "PortalConfiguration", "sections": ["connectionStrings"]},
    }
    return spec_of(
        {"portal": portal},
        host,
        key_containers={"PortalConfiguration": {"private_key": _text_of("declared"), "readers": readers}},
        certificates={"session": {"certificate": _chain(), "private_key": _text_of("leaf"), "readers": readers}},
        smart_cards={"transaction_timeout": "100ms"},
    )


def _as_declared(root: Path, spec: Spec) -> Node:
    node = Node(root, {"/portal": f"<configuration>{CONNECTIONS}</configuration>".encode()})
    node.now = NOW
    node.roll_out(spec, plan_of(spec, node.observe(spec)))
    return node


def _text_of(key: str) -> str:
    return to_pem(take_over(material.rsa_key(key))).reveal().decode()


@cache
def _chain() -> str:
    root = certificate("root", "root", extensions=[authority()])
    upper = certificate("upper", "upper", ("root", "root"), extensions=[authority()])
    return pem(certificate("portal", "leaf", ("upper", "upper")), upper, root)


def nothing(_node: Node) -> None:
    """Leave the node as it is."""


# What happens to containers and certificates: the sandbox keeps one file each.


def container(name: str, **changed: Any) -> Disturb:
    """Answer what changes the container whose name begins with *name*."""
    return _kept("containers/*.json", lambda value: value["name"].startswith(name), lambda value: value | changed)


def another_key(name: str) -> Disturb:
    """Answer what puts another key into the container."""
    return container(name, key=encode(material.parts("other")), public_key=encode(material.public("other")))


def readers(name: str, entries: str) -> Disturb:
    """Answer what gives the container another access list."""
    return container(name, sddl=f"D:P{entries}")


def no_container(name: str) -> Disturb:
    """Answer what deletes the container."""
    return _kept("containers/*.json", lambda value: value["name"].startswith(name), lambda _value: None)


def no_certificate(store: str) -> Disturb:
    """Answer what deletes the only certificate of a store."""
    return _kept(f"certificates/{store}/*.json", lambda _value: True, lambda _value: None)


def link(**changed: Any) -> Disturb:
    """Answer what lets the certificate refer to another key."""
    return _kept("certificates/My/*.json", lambda _value: True, lambda value: value | {"link": value["link"] | changed})


def no_link(node: Node) -> None:
    """Let the certificate refer to no key."""
    _kept("certificates/My/*.json", lambda _value: True, lambda value: value | {"link": None})(node)


def _kept(pattern: str, matches: Callable[[Any], bool], changed: Callable[[Any], Any]) -> Disturb:
    def disturb(node: Node) -> None:
        values = {file: json.loads(file.read_text("utf-8")) for file in node.root.glob(pattern)}
        ((file, value),) = [(file, value) for file, value in values.items() if matches(value)]
        after = changed(value)
        if after is None:
            file.unlink()
        else:
            file.write_text(json.dumps(after), "utf-8")

    return disturb


# What happens to files and to the registry.


def replaced(old: str, new: str, path: str = WEB) -> Disturb:
    """Answer what replaces a text in a configuration file."""
    return lambda node: node.replace(path, old, new)


def with_validation_key(value: str) -> Disturb:
    """Answer what lets the application's machineKey have another validation key."""
    return replaced(f'validationKey="{VALIDATION_KEY}"', f'validationKey="{value}"')


def encrypted_elsewhere(node: Node) -> None:
    """Let the connection strings be encrypted with the key of another node."""
    text = node.file(WEB).read_bytes().decode()
    start = text.index("<EncryptedData")
    end = text.index("</connectionStrings>")
    ciphertext = str(encrypted(CONNECTIONS, "of another node").text)
    node.write(WEB, text[:start] + ciphertext + text[end:])


def usual_time_out(node: Node) -> None:
    """Let the time-out of smart cards be Windows' own."""
    views = node.registry()
    views["64"][CSP]["TransactionTimeoutMilliseconds"]["data"] = 1500
    node.write_registry(views)
