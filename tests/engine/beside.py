"""What somebody else does on a node and sees there, beside keydeploy and by the contract alone."""

import re
import time
import uuid
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from keydeploy.node.contract import (
    AppPoolList,
    AppPoolSettings,
    BindingList,
    BoundCertificate,
    CertificateKey,
    CertificateList,
    CertificateState,
    Commit,
    Confirm,
    Container,
    ContainerState,
    ListAppPools,
    ListBindings,
    ListCertificates,
    ReadContainer,
    ReadRegistry,
    RegistryState,
    RegistryValue,
    SeenCertificate,
    SeenContainer,
    StageAppPool,
    StageBinding,
    StageCertificate,
    StageContainer,
    StageRegistry,
    Staging,
    StoredCertificate,
)
from keydeploy.node.contract.answers import StoreName
from keydeploy.node.sandbox import Sandbox
from tests.node.contract.asking import done, respond, stage
from tests.node.contract.material import der, parts, public, thumbprint
from tests.node.contract.under_test import NodeUnderTest, SandboxNode

ONLY_ADMINISTRATORS = "D:P(A;;GA;;;SY)(A;;GA;;;BA)"
FULL = frozenset({"full SYSTEM", "full Administrators"})
"""What every key that keydeploy has put somewhere grants."""

_KEYS = ("portal", "previous", "others")
_RIGHTS = {"GA": "full", "FA": "full", "GR": "read", "FR": "read"}
_ACCOUNTS = {
    "SY": "SYSTEM",
    "S-1-5-18": "SYSTEM",
    "BA": "Administrators",
    "S-1-5-32-544": "Administrators",
    "BU": "Users",
    "S-1-5-32-545": "Users",
    "NS": "NETWORK SERVICE",
    "S-1-5-20": "NETWORK SERVICE",
}
_GRACE = 60.0


class SandboxAtWork(SandboxNode):
    """The sandbox node in the folder *root*, in real time."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def answer(self, request: str) -> str:
        return Sandbox(self.root, clock=time.time, sleep=time.sleep).answer(request)

    def clock(self) -> float:
        return time.time()


class Held(NamedTuple):
    """A container with a key."""

    key: str
    """The name by which the tests know it; `?` for a key that somebody else has made."""
    exportable: bool
    access: frozenset[str]


class Stored(NamedTuple):
    """A certificate in My."""

    container: str | None
    usable: bool | None
    friendly_name: str | None


def put(node: NodeUnderTest, *changes: Staging) -> None:
    """Let *changes* be made by somebody who is not keydeploy."""
    run = f"somebody-{uuid.uuid4().hex[:8]}"
    stage(node, *changes, run=run)
    done(node, Commit(time.time(), _GRACE), run=run)
    done(node, Confirm(), run=run)


def hold(
    node: NodeUnderTest, name: str, which: str, *, exportable: bool = False, sddl: str = ONLY_ADMINISTRATORS
) -> None:
    """Let the container *name* hold the key *which*."""
    after = Container(key=parts(which), provider_type=24, exportable=exportable, sddl=sddl)
    put(node, StageContainer(name, seen(node, name), after))


def let_use(node: NodeUnderTest, name: str, sddl: str) -> None:
    """Let the container *name* have the access *sddl*."""
    put(
        node, StageContainer(name, seen(node, name), Container(key=None, provider_type=24, exportable=False, sddl=sddl))
    )


def drop(node: NodeUnderTest, name: str) -> None:
    """Delete the container *name*."""
    put(node, StageContainer(name, seen(node, name), None))


def seen(node: NodeUnderTest, name: str) -> SeenContainer | None:
    """Answer what the container *name* shows, as a change names it."""
    state = respond(node, ReadContainer(name)).to(ReadContainer(name), ContainerState)
    if state.public_key is None or state.sddl is None:
        return None
    return SeenContainer(public_key=state.public_key, sddl=state.sddl)


def held(node: NodeUnderTest, name: str) -> Held | None:
    """Answer what the container *name* holds, None where there is none."""
    state = respond(node, ReadContainer(name)).to(ReadContainer(name), ContainerState)
    if state.public_key is None or state.sddl is None:
        return None
    key = next((which for which in _KEYS if public(which) == state.public_key), "?")
    return Held(key, bool(state.exportable), access(state.sddl))


def access(sddl: str) -> frozenset[str]:
    """Answer what *sddl* says of each account, in words; what it inherits is said to be so."""
    found = set()
    for kind, flags, rights, _, _, account in (entry.split(";") for entry in re.findall(r"\(([^()]*)\)", sddl)):
        words = ["inherited"] if "ID" in flags else []
        words += ["deny"] if kind == "D" else []
        words += [_RIGHTS.get(rights, rights), _ACCOUNTS.get(account, account)]
        found.add(" ".join(words))
    return frozenset(found)


def add(
    node: NodeUnderTest,
    certificate: x509.Certificate,
    container: str | None = None,
    *,
    store: StoreName = "My",
    friendly_name: str | None = None,
) -> None:
    """Let *store* hold *certificate*, linked to *container*."""
    after = StoredCertificate(der=der(certificate), container=container, provider_type=24, friendly_name=friendly_name)
    put(node, StageCertificate(store, thumbprint(certificate), None, after))


def take_away(node: NodeUnderTest, certificate: x509.Certificate, store: StoreName = "My") -> None:
    """Remove *certificate* from *store*; its key stays."""
    found = listed(node, certificate, store)
    assert found is not None
    before = SeenCertificate(container=found.key.container if found.key else None, friendly_name=found.friendly_name)
    put(node, StageCertificate(store, thumbprint(certificate), before, None))


def listed(node: NodeUnderTest, certificate: x509.Certificate, store: StoreName = "My") -> CertificateState | None:
    """Answer what a listing of *store* tells of *certificate*, its key tried; None where it is not there."""
    asked = ListCertificates(store, (thumbprint(certificate),))
    certificates = respond(node, asked).to(asked, CertificateList).certificates
    return next((each for each in certificates if each.thumbprint == thumbprint(certificate)), None)


def stored(node: NodeUnderTest, certificate: x509.Certificate) -> Stored | None:
    """Answer how *certificate* lies in My, None where it does not."""
    found = listed(node, certificate)
    if found is None:
        return None
    key: CertificateKey | None = found.key
    return Stored(key.container if key else None, key.usable if key else None, found.friendly_name)


def link(node: NodeUnderTest, certificate: x509.Certificate) -> tuple[str, int, bool] | None:
    """Answer the key that *certificate* in My is linked to: its container, the provider's type, whether a machine's."""
    found = listed(node, certificate)
    key = found.key if found else None
    return (key.container, key.provider_type, key.machine) if key else None


def container_of(certificate: x509.Certificate) -> str:
    """Answer where keydeploy puts the key of *certificate*."""
    return f"keydeploy-{thumbprint(certificate)}"


def value(node: NodeUnderTest, key: str, name: str, view: int = 64) -> int | str | tuple[str, ...] | None:
    """Answer what a value of the registry holds, None where it is absent."""
    asked = ReadRegistry(32 if view == 32 else 64, key, name)
    found = respond(node, asked).to(asked, RegistryState).value
    return found.data if found else None


def set_value(node: NodeUnderTest, key: str, name: str, number: int, view: int = 64) -> None:
    """Let a value of the registry be *number*."""
    asked = ReadRegistry(32 if view == 32 else 64, key, name)
    before = respond(node, asked).to(asked, RegistryState).value
    put(node, StageRegistry(asked.view, key, name, before, RegistryValue(kind="dword", data=number)))


def settings(node: NodeUnderTest, pool: str = "Portal") -> AppPoolSettings:
    """Answer the settings in force for *pool*."""
    pools = respond(node, ListAppPools()).to(ListAppPools(), AppPoolList).app_pools
    return next(each.settings for each in pools if each.name == pool)


def set_pool(node: NodeUnderTest, after: AppPoolSettings, pool: str = "Portal") -> None:
    """Let the settings of *pool* be *after*."""
    put(node, StageAppPool(pool, settings(node, pool), after))


def bound(node: NodeUnderTest, host: str = "", port: int = 443) -> str | None:
    """Answer the thumbprint that the binding of Default Web Site serves."""
    found = _binding(node, host, port)
    return found.thumbprint if found else None


def bind(node: NodeUnderTest, certificate: x509.Certificate, host: str = "", port: int = 443) -> None:
    """Let the binding of Default Web Site serve *certificate*."""
    after = BoundCertificate(thumbprint=thumbprint(certificate), store="My")
    put(node, StageBinding("Default Web Site", "*", port, host, _binding(node, host, port), after))


def _binding(node: NodeUnderTest, host: str, port: int) -> BoundCertificate | None:
    bindings = respond(node, ListBindings()).to(ListBindings(), BindingList).bindings
    return next(each.certificate for each in bindings if (each.host, each.port) == (host, port))
