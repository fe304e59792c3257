"""Certificates that other tools have linked to keys: ours take the place of theirs, and the old links come back."""

import pytest
from cryptography import x509

from keydeploy.node.contract import Commit, RollBack, SeenCertificate, StageBackup, StageCertificate
from tests.node.contract.asking import RUN, done, refusal, refused, roll_out, stage, standing, switch, unique
from tests.node.contract.material import self_signed, thumbprint
from tests.node.contract.others import OthersContainer, OthersLink
from tests.node.contract.test_certificates import GRACE, NAME, key_of, shown, stored
from tests.node.contract.test_containers import creating, look
from tests.node.contract.under_test import NodeUnderTest

SCHANNEL = "Microsoft RSA SChannel Cryptographic Provider"
ENHANCED = "Microsoft Enhanced Cryptographic Provider v1.0"
KEY_STORAGE = "Microsoft Software Key Storage Provider"
GONE = "keydeploy-tests-gone"
KINDS = (
    "another container",
    "a key for signatures",
    "a key of CNG",
    "an account's key",
    "a container that has gone",
    "no container by name",
)


def link_of(kind: str, container: str) -> OthersLink:
    """Answer a link that other tools make: to *container*, or to what is not there."""
    return {
        "another container": OthersLink(container=container, provider=SCHANNEL, provider_type=12),
        "a key for signatures": OthersLink(container=container, provider=ENHANCED, provider_type=1, key_number=2),
        "a key of CNG": OthersLink(container=GONE, provider=KEY_STORAGE, provider_type=0, key_number=0),
        "an account's key": OthersLink(container=container, provider=ENHANCED, provider_type=1, machine=False),
        "a container that has gone": OthersLink(container=GONE, provider=ENHANCED, provider_type=1),
        "no container by name": OthersLink(container=None, provider=None, provider_type=1),
    }[kind]


@pytest.fixture
def others() -> str:
    """Answer the name of the container that another tool has made."""
    return unique("others")


def prepare(node: NodeUnderTest, kind: str, others: str, name: str | None = None) -> x509.Certificate:
    """Let a certificate of the first key be in My with a link of that *kind*; where it can, *others* holds the key."""
    certificate, link = self_signed("first"), link_of(kind, others)
    node.make_container(OthersContainer(name=others, key_number=max(link.key_number, 1), key="first"))
    roll_out(node, StageCertificate("My", thumbprint(certificate), None, stored(certificate, friendly_name=name)))
    node.link(thumbprint(certificate), link)
    return certificate


def own(certificate: x509.Certificate) -> str:
    """Answer the name of keydeploy's container for the key of *certificate*."""
    return f"keydeploy-{thumbprint(certificate)}"


def linking(certificate: x509.Certificate, seen: str | None, name: str | None = None) -> StageCertificate:
    """Answer the change that links *certificate*, whose link was *seen*, to its own container."""
    observed = SeenCertificate(container=seen, friendly_name=name)
    return StageCertificate(
        "My", thumbprint(certificate), observed, stored(certificate, own(certificate), friendly_name=name)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_link_is_shown_as_it_is(node: NodeUnderTest, others: str, kind: str) -> None:
    key, link = key_of(node, prepare(node, kind, others)), link_of(kind, others)
    assert (key["container"], key["provider"]) == (link.container or "", link.provider or "")
    assert (key["provider_type"], key["key_number"]) == (link.provider_type, link.key_number)
    assert key["machine"] is link.machine


@pytest.mark.parametrize(("kind", "usable"), [(KINDS[0], True), (KINDS[1], True), (KINDS[2], False), (KINDS[4], False)])
def test_a_key_proves_itself_whoever_has_made_it(node: NodeUnderTest, others: str, kind: str, usable: bool) -> None:
    assert key_of(node, prepare(node, kind, others), prove=True)["usable"] is usable


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [None, NAME])
def test_a_certificate_is_linked_anew_and_its_old_link_comes_back(
    node: NodeUnderTest, others: str, kind: str, name: str | None
) -> None:
    certificate = prepare(node, kind, others, name)
    before = shown(node, certificate, prove=True)
    change = linking(certificate, key_of(node, certificate)["container"], name)
    stage(node, creating(own(certificate), early=True), change)
    assert shown(node, certificate, prove=True) == before
    switch(node)
    key = key_of(node, certificate, prove=True)
    assert (key["container"], key["usable"], key["machine"]) == (own(certificate), True, True)
    done(node, RollBack())
    assert shown(node, certificate, prove=True) == before
    assert look(node, own(certificate))["state"] == "absent"
    assert look(node, others)["state"] == "present"


@pytest.mark.parametrize("kind", KINDS)
def test_the_old_link_comes_back_from_the_backup_too(node: NodeUnderTest, others: str, kind: str) -> None:
    certificate = prepare(node, kind, others)
    before = shown(node, certificate, prove=True)
    change = linking(certificate, key_of(node, certificate)["container"])
    roll_out(node, creating(own(certificate), exportable=True), change, run=RUN)
    assert standing(node, RUN) == ["as_left", "as_left"]
    roll_out(node, StageBackup(RUN, False))
    assert shown(node, certificate, prove=True) == before
    assert standing(node, RUN) == ["as_before", "as_before"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_with_a_link_of_others_is_removed_and_comes_back(
    node: NodeUnderTest, others: str, kind: str
) -> None:
    certificate = prepare(node, kind, others)
    before = shown(node, certificate, prove=True)
    seen = SeenCertificate(container=key_of(node, certificate)["container"], friendly_name=None)
    stage(node, StageCertificate("My", thumbprint(certificate), seen, None))
    switch(node)
    assert shown(node, certificate) is None
    done(node, RollBack())
    assert shown(node, certificate, prove=True) == before


@pytest.mark.parametrize("kind", KINDS)
def test_a_certificate_that_somebody_has_linked_is_left(node: NodeUnderTest, others: str, kind: str) -> None:
    certificate = prepare(node, kind, others)
    assert refused(node, creating(own(certificate)), linking(certificate, None)) == "changed"


def test_what_somebody_links_between_staging_and_switching_stops_the_switch(node: NodeUnderTest, others: str) -> None:
    certificate = prepare(node, KINDS[4], others)
    stage(node, creating(own(certificate)), linking(certificate, GONE))
    node.link(thumbprint(certificate), link_of(KINDS[0], others))
    assert refusal(node, Commit(node.clock(), GRACE)) == "changed"
    done(node, RollBack())
    assert key_of(node, certificate)["container"] == others
