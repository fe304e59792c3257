"""What goes: certificates that shall be absent, superseded ones, and containers of certificates that are gone.

keydeploy knows its own by the names of their containers, `keydeploy-THUMBPRINT`; what somebody else installed is left
alone unless the spec names it. Nothing goes that the spec, a configuration file of one of its applications or an HTTPS
binding of IIS refers to. A key that goes cannot be put back, so what the spec does not name goes only where that was
accepted, and in a run that changes nothing else on the node, so that others can be taken back. Otherwise it is told.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from keydeploy.edit import Difference
from keydeploy.errors import DocumentError, NodeError
from keydeploy.keys.certificate import OWN_CONTAINERS
from keydeploy.node.contract import CertificateState, ContainerList, ContainerState, ListContainers, SeenCertificate
from keydeploy.observation.certificates import Stores, container_of
from keydeploy.observation.containers import remove
from keydeploy.observation.model import CertificateChange, Change, Subject
from keydeploy.observation.references import References
from keydeploy.observation.scene import Scene

_HOW = "keydeploy apply --accept-irreversible removes it with its key"
_LOOKED_AT = "nothing that was looked at (applications of the spec, bindings of IIS) refers to it any more"
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}")


def observe(scene: Scene, uses: References, *, accepted: bool) -> tuple[list[Subject], list[Change]]:
    """Answer what goes; what the spec does not name goes where that is *accepted*, and is told otherwise."""
    if not scene.spec.certificates:
        return [], []
    subjects: list[Subject] = []
    changes: list[Change] = []
    try:
        stores = Stores(scene.spec, scene.response)
        containers = _containers(scene)
    except NodeError:
        return _unknown(scene), []  # which the subjects of the certificates that shall be there tell
    left_over = list(_left_over(scene, stores, containers))
    replaced = {each.certificate.subject for each in scene.spec.certificates.values() if each.certificate}
    going = [each for each in left_over if accepted and _may_go(each, stores, uses, replaced)]
    for address, thumbprint in (*_absent(scene), *((left_over_address(each), each) for each in going)):
        subject, mending = _remove(address, thumbprint, stores, containers, uses)
        subjects.append(subject)
        changes += mending
    subjects += (_told(each, stores, uses, replaced) for each in left_over if each not in going)
    return subjects, changes


def _unknown(scene: Scene) -> list[Subject]:
    absent = (name for name, each in scene.spec.certificates.items() if each.certificate is None)
    refusal = "the certificate stores cannot be listed"
    return [Subject(address=f"certificates.{name}", target=None, refusal=refusal) for name in absent]


def _containers(scene: Scene) -> dict[str, ContainerState]:
    """Answer keydeploy's own containers, by the thumbprint that they are named after."""
    listed = scene.response.to(ListContainers(OWN_CONTAINERS), ContainerList).containers
    return {
        each.name[len(OWN_CONTAINERS) :].upper(): each.state
        for each in listed
        if _THUMBPRINT.fullmatch(each.name[len(OWN_CONTAINERS) :])
    }


def _absent(scene: Scene) -> Iterator[tuple[str, str]]:
    """Yield what the spec lets go: its address, and its thumbprint."""
    for name, declared in scene.spec.certificates.items():
        if declared.certificate is None:
            yield f"certificates.{name}", declared.thumbprint


def is_left_over(address: str) -> bool:
    """Tell whether *address* stands for a certificate that the spec does not name."""
    return address.startswith("certificates.(")


def left_over_address(thumbprint: str) -> str:
    """Answer what stands for the address of a certificate that the spec does not name."""
    return f"certificates.({thumbprint})"


def _left_over(scene: Scene, stores: Stores, containers: Mapping[str, ContainerState]) -> Iterator[str]:
    """Yield the thumbprints of keydeploy's own certificates and containers that the spec does not declare."""
    declared = {each.thumbprint for each in scene.spec.certificates.values()}
    for thumbprint, found in stores.mine().items():
        if thumbprint not in declared and _is_ours(found):
            yield thumbprint
    for thumbprint in containers:
        if thumbprint not in declared and stores.find("My", thumbprint) is None:
            yield thumbprint


def _is_ours(found: CertificateState) -> bool:
    return found.key is not None and found.key.container.lower() == container_of(found.thumbprint).lower()


def _may_go(thumbprint: str, stores: Stores, uses: References, replaced: Collection[str]) -> bool:
    """Tell whether nobody uses the certificate, and one of its name stands in its place, or none is there."""
    found = stores.find("My", thumbprint)
    return not uses.to(thumbprint) and (found is None or found.subject in replaced)


def _told(thumbprint: str, stores: Stores, uses: References, replaced: Collection[str]) -> Subject:
    found, users = stores.find("My", thumbprint), uses.to(thumbprint)
    if users:
        text = f"the spec does not declare this certificate; kept for {', '.join(users)}"
    elif found is None:
        text = f"this certificate is gone, and its key is still here; {_HOW}"
    elif found.subject in replaced:
        text = f"this certificate is superseded, and {_LOOKED_AT}; {_HOW}"
    else:
        text = (
            "keydeploy has installed this certificate, and the spec does not declare it; where no other inventory does"
            f" either, declare {{state: absent, thumbprint: {thumbprint}}} to remove it"
        )
    return Subject(
        address=left_over_address(thumbprint),
        target=found.subject if found else f"key container {container_of(thumbprint)}",
        warnings=(text,),
    )


def _remove(
    address: str, thumbprint: str, stores: Stores, containers: Mapping[str, ContainerState], uses: References
) -> tuple[Subject, list[Change]]:
    found = stores.find("My", thumbprint)
    subject = Subject(address=address, target=f"thumbprint {thumbprint}" + (f" ({found.subject})" if found else ""))
    users = uses.to(thumbprint)
    if found is not None and users:
        return replace(subject, refusal=f"it is still used by {', '.join(users)}; change that first"), []
    differences: list[Difference] = []
    changes: list[Change] = []
    irreversible = None
    if found is not None:
        differences.append(Difference("certificate", "present", "absent"))
        seen = SeenCertificate(container=found.key.container if found.key else None, friendly_name=found.friendly_name)
        changes.append(CertificateChange(store="My", thumbprint=thumbprint, before=seen, after=None))
    if thumbprint in containers and (found is None or _is_ours(found)):
        try:
            key = remove(container_of(thumbprint), containers[thumbprint], None, None)
        except DocumentError as error:
            return replace(subject, refusal=error.message), []
        differences += key.differences
        changes += [key.change] if key.change else []
        irreversible = key.irreversible
    return replace(subject, differences=tuple(differences), vanishes=True, irreversible=irreversible), changes
