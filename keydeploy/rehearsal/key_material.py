"""Key containers and certificate stores of a node in the likeness of another's."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from keydeploy.keys.certificate import OWN_CONTAINERS, thumbprint_of
from keydeploy.keys.rsa_key import RsaKey
from keydeploy.node.contract import (
    CertificateKey,
    CertificateList,
    CertificateState,
    ContainerList,
    ContainerState,
    ListCertificates,
    ListContainers,
    ReadContainer,
)
from keydeploy.node.sandbox import certificates as stores
from keydeploy.node.sandbox.containers import Containers, Held
from keydeploy.node.sandbox.faults import Fault
from keydeploy.node.sandbox.json_file import read_json
from keydeploy.rehearsal.answers import Answers
from keydeploy.rehearsal.certificates import Certificates
from keydeploy.rehearsal.keys import Keys, private_part, public_part
from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.spec.model import Spec

_RSA_AND_AES = 24
_FOR_EXCHANGE = 1
_ADMINISTRATORS_ONLY = "D:P(A;;GA;;;SY)(A;;GA;;;BA)"


class KeyMaterial:
    """What *answers* tell of the containers and stores of a node."""

    def __init__(self, answers: Answers, keys: Keys, certificates: Certificates) -> None:
        self._answers = answers
        self._keys = keys
        self._certificates = certificates
        self._containers = dict(_containers(answers))
        self._listed = [
            (question.store, state)
            for question, listed in answers.all_to(ListCertificates, CertificateList)
            for state in listed.certificates
        ]

    def make_up(self) -> None:
        """Make stand-ins of all certificates that the node has listed; thumbprints are known from then on."""
        for _, state in self._listed:
            self._certificates.found(state, self._key_of(state))

    def write(self, root: Path, made: StandIns) -> Iterator[Fault]:
        """Write containers and stores of the node in the folder *root*, and yield how it has to misbehave."""
        containers = Containers(root)
        broken = {state.key.container.lower() for _, state in self._listed if state.key and state.key.usable is False}
        for name, state in self._containers.items():
            held = self._held(name, state, made)
            containers.put(replace(held, key=None) if name.lower() in broken else held)
            if state.state == "denied":
                yield from _denied(root, held.name)
        written = stores.Certificates(root, containers)
        for store, listed in self._listed:
            der = self._certificates.found(listed, None)
            link = _link(listed.key, made) if listed.key else None
            stored = stores.Stored(der=der, friendly_name=listed.friendly_name, link=link)
            written.put(store, thumbprint_of(der), stored)
            if listed.key is not None and self._is_elsewhere(listed.key):
                containers.put(self._of_nobody(listed.key))

    def _key_of(self, state: CertificateState) -> RsaKey | None:
        """Answer the stand-in of the key of a certificate, where more than a listing is known of it."""
        linked = self._containers.get(state.key.container) if state.key else None
        known = linked is not None and state.algorithm == "RSA" and state.key is not None
        if not known or linked is None or linked.public_key is None:
            return None
        return self._keys.of(linked.public_key)

    def _held(self, name: str, state: ContainerState, made: StandIns) -> Held:
        has_key = state.public_key is not None and state.sddl is not None
        key = self._keys.of(state.public_key) if state.public_key is not None and has_key else None
        exportable = _wanted_exportable(self._answers.spec, name) if state.exportable is None else state.exportable
        return Held(
            name=made.container(name),
            provider_type=state.provider_type or _RSA_AND_AES,
            key_number=state.key_number or _FOR_EXCHANGE,
            exportable=exportable,
            sddl=state.sddl or _ADMINISTRATORS_ONLY,
            public_key=public_part(key) if key else None,
            key=private_part(key) if key else None,
        )

    def _is_elsewhere(self, key: CertificateKey) -> bool:
        """Tell whether *key* lies in a container about which nobody asked, so that all is well with it."""
        ours = key.container.lower().startswith(OWN_CONTAINERS)
        asked = key.container.lower() in {name.lower() for name in self._answers.spec.key_containers}
        return key.machine and key.usable is not False and not ours and not asked

    def _of_nobody(self, key: CertificateKey) -> Held:
        stand_in = self._keys.of_nobody()
        return Held(
            name=key.container,
            provider_type=key.provider_type or _RSA_AND_AES,
            key_number=key.key_number or _FOR_EXCHANGE,
            exportable=False,
            sddl=key.sddl or _ADMINISTRATORS_ONLY,
            public_key=public_part(stand_in),
            key=private_part(stand_in),
        )


def _containers(answers: Answers) -> Iterator[tuple[str, ContainerState]]:
    for question, state in answers.all_to(ReadContainer, ContainerState):
        if state.state != "absent":
            yield question.name, state
    for _, listed in answers.all_to(ListContainers, ContainerList):
        yield from ((each.name, each.state) for each in listed.containers)


def _link(key: CertificateKey, made: StandIns) -> stores.Link:
    return stores.Link(
        container=made.container(key.container),
        provider=key.provider,
        provider_type=key.provider_type,
        key_number=key.key_number,
        machine=key.machine,
    )


def _denied(root: Path, name: str) -> Iterator[Fault]:
    """Let nobody open the container *name*; an administrator of this machine is kept from it by a fault alone."""
    files = (root / "containers").glob("*.json")
    file = next(file for file in files if read_json(file)["name"] == name)
    file.chmod(0)
    if os.access(file, os.R_OK):
        yield Fault(at="container.read", do="fail", code="access_denied")


def _wanted_exportable(spec: Spec, name: str) -> bool:
    """Answer what is declared, so that where a node cannot tell it there is no difference."""
    if name in spec.key_containers:
        return spec.key_containers[name].exportable
    thumbprint = name[len(OWN_CONTAINERS) :].upper()
    return any(each.exportable for each in spec.certificates.values() if each.thumbprint == thumbprint)
