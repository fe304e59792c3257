"""The certificates of one node: what is declared, their keys and chains, and what is left of earlier ones.

The key of a certificate lies in a container of its own, `keydeploy-THUMBPRINT`; so the key's identity is known, and a
new certificate can stand beside the old one. Intermediates go to CA, self-signed ones to Root: anything else in Root
breaks the log-on by client certificates (Microsoft KB 2802568).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from keydeploy import access
from keydeploy.edit import Difference
from keydeploy.errors import DocumentError, NodeError
from keydeploy.keys.certificate import (
    OWN_CONTAINERS,
    PROVIDER_TYPE,
    Certificate,
    Use,
    thumbprint_of,
    violations,
    warnings,
)
from keydeploy.node.contract import (
    CertificateList,
    CertificateState,
    ContainerState,
    ListCertificates,
    ListContainers,
    ReadContainer,
    Response,
    SeenCertificate,
)
from keydeploy.observation.containers import Wanted, compare, keeps_key
from keydeploy.observation.model import CertificateChange, Change, PlacedCertificate, Subject
from keydeploy.observation.scene import Scene
from keydeploy.spec.model import InstalledCertificate, Spec

_TRUST = "every program of the node trusts whatever the root of its chain has issued"
Store = Literal["My", "CA", "Root"]
_CHAIN_STORES: tuple[Store, ...] = ("CA", "Root")


def container_of(thumbprint: str) -> str:
    """Answer the name of the container that holds the key of a certificate."""
    return OWN_CONTAINERS + thumbprint


def questions(spec: Spec) -> tuple[ListCertificates | ListContainers | ReadContainer, ...]:
    """Answer what a node must be asked about certificates."""
    if not spec.certificates:
        return ()
    present = _present(spec)
    return (
        _mine(spec),
        *(ListCertificates(store) for store in _CHAIN_STORES),
        ListContainers(OWN_CONTAINERS),
        *(ReadContainer(container_of(each.thumbprint)) for each in present.values()),
    )


def _present(spec: Spec) -> dict[str, InstalledCertificate]:
    return {name: each for name, each in spec.certificates.items() if each.certificate is not None}


def _mine(spec: Spec) -> ListCertificates:
    return ListCertificates("My", tuple(each.thumbprint for each in _present(spec).values()))


class Stores:
    """The stores of one node, as they were listed."""

    def __init__(self, spec: Spec, response: Response) -> None:
        questions = {"My": _mine(spec)} | {store: ListCertificates(store) for store in _CHAIN_STORES}
        self._listed = {
            store: {each.thumbprint: each for each in response.to(question, CertificateList).certificates}
            for store, question in questions.items()
        }

    def find(self, store: Store, thumbprint: str) -> CertificateState | None:
        """Answer the certificate *thumbprint* of *store*, None where there is none."""
        return self._listed[store].get(thumbprint)

    def mine(self) -> Mapping[str, CertificateState]:
        """Answer the certificates of My by thumbprint."""
        return self._listed["My"]


def observe(scene: Scene) -> tuple[list[Subject], list[Change]]:
    """Compare the declared certificates that shall be there."""
    subjects: list[Subject] = []
    changes: list[Change] = []
    for name, declared in _present(scene.spec).items():
        subject, mending = _observed(scene, name, declared)
        subjects.append(subject)
        changes += mending
    return subjects, list(_once(changes))


def _once(changes: Iterable[Change]) -> Iterator[Change]:
    """Yield each change, and what several chains share by the first of them alone."""
    seen: set[tuple[str, str]] = set()
    for change in changes:
        if isinstance(change, CertificateChange):
            place = (change.store, change.thumbprint)
            if place in seen:
                continue
            seen.add(place)
        yield change


def _observed(scene: Scene, name: str, declared: InstalledCertificate) -> tuple[Subject, list[Change]]:
    certificate = declared.certificate
    assert certificate is not None  # noqa: S101 - absent ones are not looked at here
    subject = Subject(
        address=f"certificates.{name}",
        target=f"thumbprint {declared.thumbprint} ({certificate.subject})",
        wanted=certificate.key.fingerprint,
        warnings=(*warnings(certificate, now=scene.now), *scene.pools.unknown(declared.readers)),
        violations=violations(certificate, now=scene.now, uses=_uses(scene.spec, name)),
    )
    try:
        stores = Stores(scene.spec, scene.response)
        compared = _compare(scene, stores, name, declared, certificate)
    except (DocumentError, NodeError) as error:
        return replace(subject, refusal=error.told), []
    found = certificate.key.fingerprint if stores.find("My", declared.thumbprint) else None
    seen = replace(
        subject,
        differences=compared.differences,
        found=found,
        in_waves=compared.in_waves,
        irreversible=compared.irreversible,
        impact=compared.impact,
        readers=compared.readers,
    )
    return seen, list(compared.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """How a certificate differs from what is declared, and what mends it."""

    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    in_waves: bool
    irreversible: str | None
    impact: tuple[str, ...]
    readers: tuple[str, ...]


def _compare(
    scene: Scene, stores: Stores, name: str, declared: InstalledCertificate, certificate: Certificate
) -> _Compared:
    container = container_of(declared.thumbprint)
    state = scene.response.to(ReadContainer(container), ContainerState)
    wanted = Wanted(
        name=container,
        key=certificate.key,
        address=f"certificates.{name}.private_key",
        provider_type=PROVIDER_TYPE,
        exportable=declared.exportable,
        readers=scene.accounts.sids(declared.readers) | _of_session_tokens(scene, name, declared),
    )
    key = compare(wanted, state, scene.accounts.names, early=True)
    found = stores.find("My", declared.thumbprint)
    of_store = list(_in_store(found, declared, container))
    chain = list(_chain(stores, name, certificate))
    changes: list[Change] = [key.change] if key.change else []
    if of_store:
        placed = PlacedCertificate(
            declared=name,
            container=container,
            friendly_name=declared.friendly_name or (found.friendly_name if found else None),
        )
        alone = not any(each.subject == certificate.subject for each in stores.mine().values())
        changes.append(
            CertificateChange(
                store="My",
                thumbprint=declared.thumbprint,
                before=_seen(found),
                after=placed,
                early=found is None and alone and (key.change is None or key.change.early),
            )
        )
    roots = any(change.store == "Root" for _, change in chain)
    return _Compared(
        differences=(*of_store, *key.differences, *(difference for difference, _ in chain)),
        changes=(*changes, *(change for _, change in chain)),
        in_waves=not of_store and (key.change is None or keeps_key(key.change)),
        irreversible=key.irreversible,
        impact=(_TRUST,) if roots else (),
        readers=access.readers(state.sddl, scene.accounts.names),
    )


def _in_store(found: CertificateState | None, declared: InstalledCertificate, container: str) -> Iterator[Difference]:
    """Yield in what the certificate in My differs from the one that is declared."""
    if found is None:
        yield Difference("certificate", "absent", "present")
        return
    key = found.key
    if key is None:
        yield Difference("private key", "absent", f"in container {container}")
    elif key.container.lower() != container.lower() or not key.machine:
        yield Difference(
            "private key",
            _whereabouts(key.container, key.provider_type, machine=key.machine),
            f"in container {container}",
        )
    elif not key.usable:
        yield Difference("private key", "cannot be used", "signs")
    if declared.friendly_name is not None and found.friendly_name != declared.friendly_name:
        yield Difference("friendly name", found.friendly_name or "none", declared.friendly_name)


def _whereabouts(container: str, provider_type: int, *, machine: bool) -> str:
    if not machine:
        return "of one account only, which no service can use"
    if not container:
        return "in a container without a name"
    return f"in {'key storage (CNG)' if provider_type == 0 else 'container'} {container}"


def _chain(stores: Stores, name: str, certificate: Certificate) -> Iterator[tuple[Difference, CertificateChange]]:
    """Yield what is missing of the chain, and the change that puts it in place before the instant of commit."""
    places: tuple[tuple[Store, tuple[bytes, ...]], ...] = (
        ("CA", certificate.intermediates),
        ("Root", certificate.roots),
    )
    for store, members in places:
        for der in members:
            thumbprint = thumbprint_of(der)
            if stores.find(store, thumbprint) is None:
                placed = PlacedCertificate(declared=name, container=None, friendly_name=None)
                change = CertificateChange(store=store, thumbprint=thumbprint, before=None, after=placed, early=True)
                yield Difference(f"chain {thumbprint} in {store}", "absent", "present"), change


def _of_session_tokens(scene: Scene, name: str, declared: InstalledCertificate) -> frozenset[str]:
    """Answer the accounts (SIDs) of the pools whose applications protect session cookies with the certificate."""
    applications = [
        each for each in scene.spec.applications.values() if each.session_certificate == name and each.site is not None
    ]
    return scene.pools.workers(applications, declared.readers)


def _uses(spec: Spec, name: str) -> Collection[Use]:
    tokens = any(each.session_certificate == name for each in spec.applications.values())
    tls = any(each.certificate == name for each in spec.bindings)
    return [*([Use.SESSION_TOKENS] if tokens else []), *([Use.TLS] if tls else [])]


def _seen(found: CertificateState | None) -> SeenCertificate | None:
    if found is None:
        return None
    return SeenCertificate(container=found.key.container if found.key else None, friendly_name=found.friendly_name)
