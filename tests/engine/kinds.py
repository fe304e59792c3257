"""Every kind of material as data: what is declared, what others left on the node, what is there before and after.

A kind is prepared and seen beside keydeploy, so that one table holds for every implementation of a node.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from keydeploy.node.contract import AppPoolSettings
from tests.engine import beside
from tests.engine.beside import FULL, ONLY_ADMINISTRATORS, Held, Stored, container_of
from tests.engine.declaring import (
    POOL,
    POOL_SID,
    certificate,
    container,
    intermediate,
    issued,
    pem,
    pfx,
    root,
    with_chain,
)
from tests.engine.farm import OTHER_KEYS, PASSWORD, VALIDATION_KEY, machine_key
from tests.node.contract.material import thumbprint
from tests.node.contract.others import OthersLink
from tests.node.contract.under_test import NodeUnderTest
from tests.observation.farm import CSP, KSP, TIMEOUT

FOR_POOL = f"{ONLY_ADMINISTRATORS}(A;;GR;;;{POOL_SID})"
USED_BY_POOL = FULL | {f"read {POOL_SID}"}
FOR_USERS = f"{ONLY_ADMINISTRATORS}(A;;GR;;;BU)"
_ENHANCED = "Microsoft Enhanced Cryptographic Provider v1.0"
_KEY_STORAGE = "Microsoft Software Key Storage Provider"
_WEB_CONFIG = "C:\\inetpub\\portal\\web.config"
_FRAMEWORKS = ("Framework", "Framework64")
_PORTAL = {"site": "Default Web Site", "path": "/portal"}


def _nothing(_node: NodeUnderTest) -> None:
    """Leave a node as it was laid out."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of material on one node."""

    declares: Mapping[str, Any]
    """In the spec, beside the farm and its roll-out."""
    looks: Callable[[NodeUnderTest], Any]
    """What of the node tells whether it is as declared."""
    before: Any
    after: Any
    prepare: Callable[[NodeUnderTest], object] = _nothing
    drift: Callable[[NodeUnderTest], object]
    """What somebody does to it later."""
    told: tuple[str, ...]
    """What the plan says in words of its own."""


def _container_made() -> Kind:
    def drift(node: NodeUnderTest) -> None:
        beside.drop(node, "Made")

    return Kind(
        declares={"key_containers": {"Made": container("portal")}},
        looks=lambda node: beside.held(node, "Made"),
        before=None,
        after=Held("portal", False, USED_BY_POOL),
        drift=drift,
        told=("+ key_containers.Made: create", "key: absent → sha256:"),
    )


def _container_of_the_older_provider() -> Kind:
    declared = container("portal", provider_type=1, readers=["NETWORK SERVICE", "S-1-5-32-545"])
    return Kind(
        declares={"key_containers": {"Older": declared}},
        looks=lambda node: beside.held(node, "Older"),
        before=None,
        after=Held("portal", False, FULL | {"read NETWORK SERVICE", "read Users"}),
        drift=lambda node: beside.let_use(node, "Older", ONLY_ADMINISTRATORS),
        told=("+ key_containers.Older: create",),
    )


def _container_with_another_key() -> Kind:
    return Kind(
        declares={"key_containers": {"Replaced": container("portal", previous_key=pem("previous"))}},
        looks=lambda node: beside.held(node, "Replaced"),
        prepare=lambda node: beside.hold(node, "Replaced", "previous", sddl=FOR_POOL),
        before=Held("previous", False, USED_BY_POOL),
        after=Held("portal", False, USED_BY_POOL),
        drift=lambda node: beside.hold(node, "Replaced", "previous", sddl=FOR_POOL),
        told=(
            "~ key_containers.Replaced: update",
            " (previous_key) → sha256:",
            "impact: what is encrypted with the old key can no longer be read",
            "impact: recycles app pool Portal: sessions in the memory of its workers end",
        ),
    )


def _container_with_another_key_that_can_be_exported() -> Kind:
    return Kind(
        declares={"key_containers": {"Exported": container("portal")}},
        looks=lambda node: beside.held(node, "Exported"),
        prepare=lambda node: beside.hold(node, "Exported", "previous", exportable=True),
        before=Held("previous", True, FULL),
        after=Held("portal", False, USED_BY_POOL),
        drift=lambda node: beside.hold(node, "Exported", "previous", exportable=True),
        told=(
            "~ key_containers.Exported: update",
            "exportable: true → false",
            f"key readers: Administrators, SYSTEM → add {POOL}",
        ),
    )


def _container_with_other_readers() -> Kind:
    return Kind(
        declares={"key_containers": {"Access": container("portal")}},
        looks=lambda node: beside.held(node, "Access"),
        prepare=lambda node: beside.hold(node, "Access", "portal", sddl=FOR_USERS),
        before=Held("portal", False, FULL | {"read Users"}),
        after=Held("portal", False, USED_BY_POOL),
        drift=lambda node: beside.let_use(node, "Access", f"{FOR_POOL}(A;;GR;;;BU)"),
        told=(
            "~ key_containers.Access: update",
            f"key readers: Administrators, SYSTEM, Users → add {POOL}, remove Users",
        ),
    )


def _container_that_may_be_exported() -> Kind:
    return Kind(
        declares={"key_containers": {"Open": container("portal", exportable=True)}},
        looks=lambda node: beside.held(node, "Open"),
        prepare=lambda node: beside.hold(node, "Open", "portal"),
        before=Held("portal", False, FULL),
        after=Held("portal", True, USED_BY_POOL),
        drift=lambda node: beside.hold(node, "Open", "portal", sddl=FOR_POOL),
        told=("~ key_containers.Open: update", "exportable: false → true"),
    )


def _container_that_goes() -> Kind:
    return Kind(
        declares={"key_containers": {"Gone": {"state": "absent", "previous_key": pem("previous")}}},
        looks=lambda node: beside.held(node, "Gone"),
        prepare=lambda node: beside.hold(node, "Gone", "previous"),
        before=Held("previous", False, FULL),
        after=None,
        drift=lambda node: beside.hold(node, "Gone", "portal", exportable=True),
        told=(
            "- key_containers.Gone: delete",
            " → absent",
            "impact: what is encrypted with its key can no longer be read",
        ),
    )


def _certificate_with_its_chain() -> Kind:
    leaf = issued("chained")

    def looks(node: NodeUnderTest) -> Any:
        chain = beside.listed(node, intermediate(), "CA"), beside.listed(node, root(), "Root")
        return beside.stored(node, leaf), beside.held(node, container_of(leaf)), *map(bool, chain)

    return Kind(
        declares={"certificates": {"chained": with_chain(leaf, friendly_name="the portal's")}},
        looks=looks,
        before=(None, None, False, False),
        after=(
            Stored(container_of(leaf), True, "the portal's"),
            Held("portal", False, USED_BY_POOL),
            True,
            True,
        ),
        drift=lambda node: beside.take_away(node, leaf),
        told=(
            "+ certificates.chained: create",
            f"thumbprint {thumbprint(leaf)} (CN=chained, O=Contoso)",
            "certificate: absent → present",
            f"chain {thumbprint(intermediate())} in CA: absent → present",
            f"chain {thumbprint(root())} in Root: absent → present",
        ),
    )


def _certificate_from_a_pfx() -> Kind:
    leaf = issued("packed", "previous")

    def looks(node: NodeUnderTest) -> Any:
        return beside.stored(node, leaf), beside.held(node, container_of(leaf))

    return Kind(
        declares={"certificates": {"packed": pfx(leaf, "previous", exportable=True)}},
        looks=looks,
        before=(None, None),
        after=(Stored(container_of(leaf), True, None), Held("previous", True, USED_BY_POOL)),
        drift=lambda node: beside.drop(node, container_of(leaf)),
        told=("+ certificates.packed: create", "certificate: absent → present", "key: absent → sha256:"),
    )


def _certificate_whose_key_is_somewhere_else() -> Kind:
    leaf = issued("taken over")

    def looks(node: NodeUnderTest) -> Any:
        return beside.stored(node, leaf), beside.held(node, container_of(leaf)), beside.held(node, "le-somebody")

    def prepare(node: NodeUnderTest) -> None:
        beside.hold(node, "le-somebody", "portal")
        beside.add(node, leaf, "le-somebody", friendly_name="somebody's")

    def drift(node: NodeUnderTest) -> None:
        beside.take_away(node, leaf)
        beside.add(node, leaf, "le-somebody", friendly_name="somebody's")

    theirs, ours = Held("portal", False, FULL), Held("portal", False, USED_BY_POOL)
    return Kind(
        declares={"certificates": {"taken": certificate(leaf)}},
        looks=looks,
        prepare=prepare,
        before=(Stored("le-somebody", True, "somebody's"), None, theirs),
        after=(Stored(container_of(leaf), True, "somebody's"), ours, theirs),
        drift=drift,
        told=(
            "~ certificates.taken: update",
            f"private key: in container le-somebody → in container {container_of(leaf)}",
        ),
    )


def _certificate_linked_by_others(subject: str, others: OthersLink, told: str) -> Kind:
    """Answer a certificate with a link that no service can use, or that keydeploy does not know."""
    leaf = issued(subject)

    def looks(node: NodeUnderTest) -> Any:
        return beside.link(node, leaf), beside.held(node, container_of(leaf))

    def prepare(node: NodeUnderTest) -> None:
        beside.add(node, leaf)
        node.link(thumbprint(leaf), others)

    return Kind(
        declares={"certificates": {subject: certificate(leaf)}},
        looks=looks,
        prepare=prepare,
        before=((others.container or "", others.provider_type, others.machine), None),
        after=((container_of(leaf), 24, True), Held("portal", False, USED_BY_POOL)),
        drift=lambda node: node.link(thumbprint(leaf), others),
        told=(f"~ certificates.{subject}: update", f"private key: {told} → in container {container_of(leaf)}"),
    )


def _certificate_whose_key_is_in_cng() -> Kind:
    link = OthersLink(container="le-cng", provider=_KEY_STORAGE, provider_type=0, key_number=0)
    return _certificate_linked_by_others("cng", link, "in key storage (CNG) le-cng")


def _certificate_whose_key_is_of_one_account() -> Kind:
    link = OthersLink(container="le-user", provider=_ENHANCED, provider_type=1, machine=False)
    return _certificate_linked_by_others("user", link, "of one account only, which no service can use")


def _certificate_whose_key_has_no_name() -> Kind:
    link = OthersLink(container=None, provider=None, provider_type=1)
    return _certificate_linked_by_others("nameless", link, "in a container without a name")


def _certificate_with_other_readers() -> Kind:
    leaf = issued("access")

    def looks(node: NodeUnderTest) -> Any:
        return beside.stored(node, leaf), beside.held(node, container_of(leaf))

    def prepare(node: NodeUnderTest) -> None:
        beside.hold(node, container_of(leaf), "portal", sddl=FOR_USERS)
        beside.add(node, leaf, container_of(leaf))

    placed = Stored(container_of(leaf), True, None)
    return Kind(
        declares={"certificates": {"access": certificate(leaf)}},
        looks=looks,
        prepare=prepare,
        before=(placed, Held("portal", False, FULL | {"read Users"})),
        after=(placed, Held("portal", False, USED_BY_POOL)),
        drift=lambda node: beside.let_use(node, container_of(leaf), f"{FOR_POOL}(A;;GR;;;BU)"),
        told=(
            "~ certificates.access: update",
            f"key readers: Administrators, SYSTEM, Users → add {POOL}, remove Users",
        ),
    )


def _certificate_that_goes() -> Kind:
    leaf = issued("gone")

    def looks(node: NodeUnderTest) -> Any:
        return beside.stored(node, leaf), beside.held(node, container_of(leaf))

    def prepare(node: NodeUnderTest) -> None:
        beside.hold(node, container_of(leaf), "portal", exportable=True)
        beside.add(node, leaf, container_of(leaf), friendly_name="of last year")

    return Kind(
        declares={"certificates": {"gone": {"state": "absent", "thumbprint": thumbprint(leaf)}}},
        looks=looks,
        prepare=prepare,
        before=(Stored(container_of(leaf), True, "of last year"), Held("portal", True, FULL)),
        after=(None, None),
        drift=prepare,
        told=(
            "- certificates.gone: delete",
            f"thumbprint {thumbprint(leaf)} (CN=gone, O=Contoso)",
            "certificate: present → absent",
        ),
    )


def _binding() -> Kind:
    old, new = issued("bound before"), issued("bound")

    def prepare(node: NodeUnderTest) -> None:
        beside.hold(node, "le-tls", "portal")
        beside.add(node, old, "le-tls")
        beside.bind(node, old)

    return Kind(
        declares={
            "certificates": {"tls": certificate(new)},
            "bindings": [{"site": "default web site", "certificate": "tls", "sni": False}],
        },
        looks=beside.bound,
        prepare=prepare,
        before=thumbprint(old),
        after=thumbprint(new),
        drift=lambda node: beside.bind(node, old),
        told=(
            "bindings.default web site/*:443: update",
            f"certificate: {thumbprint(old)} → {thumbprint(new)}",
        ),
    )


def _app_pool() -> Kind:
    wanted = AppPoolSettings(load_user_profile=True, set_profile_environment=True)
    others = AppPoolSettings(load_user_profile=False, set_profile_environment=False)
    declared = {"load_user_profile": True, "set_profile_environment": True, "identity": POOL}
    return Kind(
        declares={"applications": {"portal": {**_PORTAL, "app_pool": declared}}},
        looks=beside.settings,
        prepare=lambda node: beside.set_pool(node, others),
        before=others,
        after=wanted,
        drift=lambda node: beside.set_pool(
            node, AppPoolSettings(load_user_profile=False, set_profile_environment=None)
        ),
        told=(
            "~ applications.portal.app_pool: update",
            "loadUserProfile: false → true",
            "setProfileEnvironment: false → true",
            "impact: recycles app pool Portal: sessions in the memory of its workers end",
        ),
    )


def _smart_cards() -> Kind:
    def looks(node: NodeUnderTest) -> Any:
        return beside.value(node, CSP, TIMEOUT), beside.value(node, CSP, TIMEOUT, 32), beside.value(node, KSP, TIMEOUT)

    return Kind(
        declares={"smart_cards": {"transaction_timeout": {"csp": "100ms", "ksp": "200ms"}}},
        looks=looks,
        prepare=lambda node: beside.set_value(node, KSP, TIMEOUT, 1500),
        before=(None, None, 1500),
        after=(100, 100, 200),
        drift=lambda node: beside.set_value(node, CSP, TIMEOUT, 9000, 32),
        told=("+ smart_cards.transaction_timeout.csp: create", f"{TIMEOUT}: 1500 → 200", "try it with a card"),
    )


def _machine_key() -> Kind:
    return Kind(
        declares={
            "machine_keys": {"portal": machine_key()},
            "applications": {"portal": {**_PORTAL, "machine_key": "portal"}},
        },
        looks=lambda node: VALIDATION_KEY.encode() in (node.read(_WEB_CONFIG) or b""),
        before=False,
        after=True,
        drift=lambda node: node.write(_WEB_CONFIG, OTHER_KEYS),
        told=("~ applications.portal.machine_key: update",),
    )


def _protected_sections() -> Kind:
    def looks(node: NodeUnderTest) -> tuple[bool, bool]:
        content = node.read(_WEB_CONFIG) or b""
        return PASSWORD.encode() in content, b'<connectionStrings configProtectionProvider="' in content

    protected = {"container": "Sections", "sections": ["connectionStrings"]}
    return Kind(
        declares={
            "key_containers": {"Sections": container("portal")},
            "applications": {"portal": {**_PORTAL, "protected_sections": protected}},
        },
        looks=looks,
        before=(True, False),
        after=(False, True),
        drift=lambda node: node.write(_WEB_CONFIG, OTHER_KEYS),
        told=("applications.portal.protected_sections.connectionStrings: ", "+ key_containers.Sections: create"),
    )


def _session_tokens_by_certificate() -> Kind:
    leaf = issued("session")

    def looks(node: NodeUnderTest) -> tuple[bool, Any]:
        content = node.read(_WEB_CONFIG) or b""
        return f'findValue="{thumbprint(leaf)}"'.encode() in content, beside.stored(node, leaf)

    return Kind(
        declares={
            "certificates": {"session": certificate(leaf)},
            "applications": {"portal": {**_PORTAL, "session_tokens": {"certificate": "session"}}},
        },
        looks=looks,
        before=(False, None),
        after=(True, Stored(container_of(leaf), True, None)),
        drift=lambda node: node.write(_WEB_CONFIG, OTHER_KEYS),
        told=("applications.portal.session_tokens: ", f"certificateReference findValue: absent → {thumbprint(leaf)}"),
    )


def _machine_level() -> Kind:
    files = [f"C:\\Windows\\Microsoft.NET\\{each}\\v4.0.30319\\Config\\web.config" for each in _FRAMEWORKS]
    other = b"<configuration>\r\n  <system.web />\r\n</configuration>\r\n"

    return Kind(
        declares={
            "machine_keys": {"portal": machine_key()},
            "machine": {"machine_key": "portal", "level": "root_web_config"},
        },
        looks=lambda node: [VALIDATION_KEY.encode() in (node.read(file) or b"") for file in files],
        before=[False, False],
        after=[True, True],
        drift=lambda node: node.write(files[1], other),
        told=("machine.machine_key",),
    )


KINDS: Mapping[str, Callable[[], Kind]] = {
    "container made": _container_made,
    "container of the older provider": _container_of_the_older_provider,
    "container with another key": _container_with_another_key,
    "container with another key that can be exported": _container_with_another_key_that_can_be_exported,
    "container with other readers": _container_with_other_readers,
    "container that may be exported": _container_that_may_be_exported,
    "container that goes": _container_that_goes,
    "certificate with its chain": _certificate_with_its_chain,
    "certificate from a pfx": _certificate_from_a_pfx,
    "certificate whose key is somewhere else": _certificate_whose_key_is_somewhere_else,
    "certificate whose key is in CNG": _certificate_whose_key_is_in_cng,
    "certificate whose key is of one account": _certificate_whose_key_is_of_one_account,
    "certificate whose key has no name": _certificate_whose_key_has_no_name,
    "certificate with other readers": _certificate_with_other_readers,
    "certificate that goes": _certificate_that_goes,
    "binding": _binding,
    "app pool": _app_pool,
    "smart cards": _smart_cards,
    "machine key": _machine_key,
    "machine level": _machine_level,
    "protected sections": _protected_sections,
    "session tokens by certificate": _session_tokens_by_certificate,
}
"""By name; keys are made only when a kind is asked for."""
