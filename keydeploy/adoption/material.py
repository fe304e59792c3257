"""Key containers, certificates and smart card settings of one node.

Windows gives no private key away, so a container is declared where its key was brought; the rest is told as facts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from keydeploy import access
from keydeploy.adoption.model import CertificateFacts, ContainerFacts
from keydeploy.adoption.questions import EVERY_CONTAINER, PERSONAL, declared_containers
from keydeploy.errors import DocumentError, NodeError
from keydeploy.keys.certificate import OWN_CONTAINERS
from keydeploy.keys.rsa_key import public_fingerprint
from keydeploy.node.contract import (
    AppPoolList,
    BindingList,
    CertificateList,
    CertificateState,
    ContainerList,
    ContainerState,
    ListAppPools,
    ListBindings,
    ListedContainer,
    RegistryState,
    Response,
)
from keydeploy.observation import smart_cards
from keydeploy.secret import Secret
from keydeploy.spec.model import SmartCards
from keydeploy.webconfig.document import Document
from keydeploy.webconfig.providers import Providers
from keydeploy.webconfig.sections import PROVIDER, every_section
from keydeploy.webconfig.service_certificate import referenced_thumbprints

_OF_IIS = ("iisconfigurationkey", "iiswaskey")
"""Containers in which IIS keeps keys of its own. Source: Microsoft, "Configuration Redirection" and aspnet_regiis."""
_LONGEST = 400


def containers(response: Response, brought: Mapping[str, Secret]) -> dict[str, dict[str, Any]]:
    """Answer the containers whose keys were *brought* as a spec declares them, with the access that the node shows."""
    states = {each.name.lower(): each.state for each in _listed(response)}
    names = _names(response)
    found = {}
    for name, key in declared_containers(brought).items():
        state = states.get(name.lower())
        readers = _readers(state, names) if state is not None else ()
        more = {"readers": [*readers]} if readers else {}
        found[name] = {**key, **more} | ({"exportable": True} if state is not None and state.exportable else {})
    return found


def container_facts(
    response: Response, brought: Mapping[str, Any], left: Mapping[str, Any], taken: Mapping[str, str]
) -> tuple[ContainerFacts, ...]:
    """Answer the node's key containers but for those of certificates and of IIS itself.

    Of the *brought* ones, those in the declaration *left* are exactly so; why others are not is in *taken*.
    """
    others = {each.key.container.lower() for each in _certificates(response) if each.key is not None} | {*_OF_IIS}
    names, lower = _names(response), {name.lower(): name for name in brought}
    found = []
    for each in _listed(response):
        if each.name.lower() in others or each.name.lower().startswith(OWN_CONTAINERS):
            continue
        ours = lower.get(each.name.lower())
        found.append(
            ContainerFacts(
                name=ours or in_one_line(each.name),
                fingerprint=_fingerprint(each.state),
                readers=_readers(each.state, names),
                exportable=bool(each.state.exportable),
                is_exact=ours is not None and ours in left["key_containers"],
                why=taken.get(f"key_containers.{ours}")
                or (None if each.state.state == "present" else each.state.state),
            )
        )
    absent = {name for name in brought if name.lower() not in {each.name.lower() for each in found}}
    found += [ContainerFacts(name=name, fingerprint=None, why="the node has no such container") for name in absent]
    return tuple(sorted(found, key=lambda each: each.name.lower()))


def certificate_facts(response: Response, files: Mapping[str, Document]) -> tuple[CertificateFacts, ...]:
    """Answer the certificates with a private key, and which of the *files*, by what to call them, name them."""
    uses: dict[str, list[str]] = {}
    for each in _bindings(response):
        if each.certificate is not None:
            where = f"binding {each.address}:{each.port}:{in_one_line(each.host)} of {in_one_line(each.site)}"
            uses.setdefault(each.certificate.thumbprint.upper(), []).append(where)
    for name, document in files.items():
        for thumbprint in referenced_thumbprints(document):
            uses.setdefault(thumbprint, []).append(f"application {in_one_line(name)}")
    return tuple(
        CertificateFacts(
            thumbprint=each.thumbprint,
            subject=in_one_line(each.subject),
            not_after=datetime.fromtimestamp(each.not_after, UTC).date().isoformat(),
            container=in_one_line(each.key.container),
            uses=tuple(sorted(uses.get(each.thumbprint, ()))),
        )
        for each in _certificates(response)
        if each.key is not None
    )


def led_to(response: Response, levels: Sequence[Document], document: Document, sections: Iterable[str]) -> str:
    """Answer in words to which container the provider entries of the encrypted *sections* lead, where that is known."""
    names = [each.name for each in _listed(response)]
    try:
        providers = Providers([*levels])
    except DocumentError:
        return ""
    wanted = {*sections}
    used = {element.get(PROVIDER) or "" for path, element in every_section(document) if path in wanted}
    found = [name for name in names if any(providers.leads(provider, name) for provider in used)]
    return f" of container {' or '.join(map(in_one_line, found))}" if found else ""


def timeouts(response: Response) -> dict[str, str]:
    """Answer the transaction time-outs of smart cards that are set, as a spec declares them."""
    found = {}
    for name, declared in (("csp", SmartCards(csp=1)), ("ksp", SmartCards(ksp=1))):
        values = set()
        for question in smart_cards.questions(declared):
            try:
                values.add(response.to(question, RegistryState).value)
            except NodeError:
                values.add(None)
        value = values.pop() if len(values) == 1 else None
        if value is not None and value.kind == "dword":
            found[name] = f"{value.data}ms"
    return found


def milliseconds(duration: str | None) -> int | None:
    """Read what `timeouts` wrote."""
    return None if duration is None else int(duration.removesuffix("ms"))


def in_one_line(text: str) -> str:
    """Answer *text*, which somebody else wrote, so that it can stand in a comment or on a terminal."""
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."


def _listed(response: Response) -> tuple[ListedContainer, ...]:
    return response.to(EVERY_CONTAINER, ContainerList).containers


def _certificates(response: Response) -> tuple[CertificateState, ...]:
    return response.to(PERSONAL, CertificateList).certificates


def _bindings(response: Response) -> Any:
    try:
        return response.to(ListBindings(), BindingList).bindings
    except NodeError:  # as without IIS
        return ()


def _fingerprint(state: ContainerState) -> str | None:
    if state.public_key is None:
        return None
    numbers = (int.from_bytes(each) for each in (state.public_key.exponent, state.public_key.modulus))
    return public_fingerprint(RSAPublicNumbers(*numbers))


def _names(response: Response) -> access.Names:
    try:
        pools = response.to(ListAppPools(), AppPoolList).app_pools
    except NodeError:
        pools = ()
    return access.Names(by_sid={access.pool_sid(pool.name): access.pool_account(pool.name) for pool in pools})


def _readers(state: ContainerState, names: access.Names) -> tuple[str, ...]:
    """Answer who may use the key beside SYSTEM and Administrators, by names that every node knows, else by SIDs."""
    return tuple(dict.fromkeys(_accounts(state, names)))


def _accounts(state: ContainerState, names: access.Names) -> Iterator[str]:
    for entry in access.entries(state.sddl or ""):
        if not entry.denies and entry.sid not in (access.SYSTEM, access.ADMINISTRATORS):
            name = names.of(entry.sid)
            yield name if access.known_sid(name) == entry.sid else entry.sid
