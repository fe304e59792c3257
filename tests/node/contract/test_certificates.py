"""Certificates in the stores of LocalMachine: what a listing shows, what may lie where, and the links to keys."""

from typing import Any

import pytest
from cryptography import x509

from keydeploy.node.contract import (
    BeginJournal,
    Commit,
    Confirm,
    ListCertificates,
    RollBack,
    SeenCertificate,
    StageBackup,
    StageCertificate,
    StageContainer,
    StoredCertificate,
    from_instant,
)
from tests.node.contract.asking import (
    RUN,
    acquire,
    ask,
    backup_of,
    done,
    journal_of,
    refusal,
    refused,
    roll_out,
    stage,
    standing,
    switch,
    unique,
)
from tests.node.contract.material import (
    NOT_AFTER,
    NOT_BEFORE,
    ORGANIZATION,
    der,
    elliptic,
    issued,
    parts,
    self_signed,
    thumbprint,
)
from tests.node.contract.test_containers import POOL, creating, look, readers, seen
from tests.node.contract.under_test import OWN_FOLDER, NodeUnderTest

GRACE = 2.0
NAME = "keydeploy tests"
PROVIDER = "Microsoft Enhanced RSA and AES Cryptographic Provider"


@pytest.fixture
def container() -> str:
    """Answer the name of a container that does not exist yet."""
    return unique("certificate")


def stored(
    certificate: x509.Certificate,
    container: str | None = None,
    *,
    friendly_name: str | None = None,
    provider_type: int = 24,
) -> StoredCertificate:
    return StoredCertificate(
        der=der(certificate), container=container, provider_type=provider_type, friendly_name=friendly_name
    )


def observed(container: str | None = None, friendly_name: str | None = None) -> SeenCertificate:
    return SeenCertificate(container=container, friendly_name=friendly_name)


def adding(
    certificate: x509.Certificate, container: str | None = None, *, store: Any = "My", early: bool = False
) -> StageCertificate:
    return StageCertificate(store, thumbprint(certificate), None, stored(certificate, container), early=early)


def removing(
    certificate: x509.Certificate, container: str | None = None, friendly_name: str | None = None
) -> StageCertificate:
    return StageCertificate("My", thumbprint(certificate), observed(container, friendly_name), None)


def shown(
    node: NodeUnderTest, certificate: x509.Certificate, store: Any = "My", *, prove: bool = False
) -> dict[str, Any] | None:
    """Answer what a listing shows of the certificate, None where it is not in the store."""
    asked = (thumbprint(certificate),) if prove else ()
    listed = done(node, ListCertificates(store, asked), run="looking")
    assert listed["store"] == store
    found = [each for each in listed["certificates"] if each["thumbprint"] == thumbprint(certificate)]
    assert len(found) < 2
    return found[0] if found else None


def key_of(node: NodeUnderTest, certificate: x509.Certificate, *, prove: bool = False) -> dict[str, Any]:
    found = shown(node, certificate, prove=prove)
    assert found is not None
    key: dict[str, Any] = found["key"]
    return key


def prepare(node: NodeUnderTest, certificate: x509.Certificate, container: str) -> None:
    """Let the certificate of the first key be there with its key, as if it had been there always."""
    roll_out(node, creating(container, exportable=True), adding(certificate, container))


# Reading


def test_a_listing_shows_what_a_certificate_says(node: NodeUnderTest) -> None:
    certificate = issued("first")
    roll_out(node, adding(certificate))
    found = shown(node, certificate)
    assert found is not None
    assert found["subject"] == f"CN=issued, O={ORGANIZATION}, C=DE"
    assert found["issuer"] == f"CN=authority, O={ORGANIZATION}, C=DE"
    assert from_instant(found["not_before"]) == NOT_BEFORE.timestamp()
    assert from_instant(found["not_after"]) == NOT_AFTER.timestamp()
    assert (found["algorithm"], found["friendly_name"], found["key"]) == ("RSA", None, None)


def test_a_listing_is_in_the_order_of_thumbprints(node: NodeUnderTest) -> None:
    certificates = [self_signed("first") for _ in range(4)]
    roll_out(node, *(adding(each) for each in certificates))
    listed = [each["thumbprint"] for each in done(node, ListCertificates("My"))["certificates"]]
    assert listed == sorted(listed)
    assert {thumbprint(each) for each in certificates} <= set(listed)


@pytest.mark.parametrize("store", ["My", "CA", "Root"])
def test_looking_changes_no_store(node: NodeUnderTest, store: Any) -> None:
    before, listed = node.tree(), done(node, ListCertificates(store, ("00" * 20,)))
    assert done(node, ListCertificates(store)) == listed
    assert node.tree() == before


def test_a_listing_shows_a_link_without_trying_the_key(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    assert key_of(node, certificate) == {
        "container": container,
        "provider": PROVIDER,
        "provider_type": 24,
        "key_number": 1,
        "machine": True,
        "usable": None,
        "sddl": None,
    }


def test_a_key_that_is_there_proves_itself_and_tells_who_may_use_it(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    key = key_of(node, certificate, prove=True)
    assert key["usable"] is True
    assert readers(key["sddl"]) == {"SY", "BA", POOL}


def test_a_key_that_has_gone_does_not_prove_itself(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    roll_out(node, StageContainer(container, seen(node, container), None))
    key = key_of(node, certificate, prove=True)
    assert (key["container"], key["usable"], key["sddl"]) == (container, False, None)
    assert look(node, container)["state"] == "absent"


def test_the_key_of_another_certificate_does_not_prove_itself(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    roll_out(node, StageContainer(container, seen(node, container), creating(container, "second").after))
    assert key_of(node, certificate, prove=True)["usable"] is False


def test_only_the_keys_that_are_asked_for_are_tried(node: NodeUnderTest, container: str) -> None:
    first, second = self_signed("first"), self_signed("first")
    prepare(node, first, container)
    roll_out(node, adding(second, container))
    listed = done(node, ListCertificates("My", (thumbprint(second),)))["certificates"]
    usable = {each["thumbprint"]: each["key"]["usable"] for each in listed if each["key"]}
    assert (usable[thumbprint(first)], usable[thumbprint(second)]) == (None, True)


# What may lie where


def test_an_elliptic_certificate_may_lie_without_a_key(node: NodeUnderTest) -> None:
    certificate = elliptic()
    roll_out(node, adding(certificate))
    found = shown(node, certificate)
    assert found is not None
    assert (found["algorithm"], found["key"]) == ("EC", None)


def test_an_elliptic_certificate_is_not_linked(node: NodeUnderTest, container: str) -> None:
    assert refused(node, creating(container), adding(elliptic(), container)) == "unsupported"


@pytest.mark.parametrize("provider_type", [0, 3, 13])
def test_a_link_to_another_kind_of_provider_is_not_supported(
    node: NodeUnderTest, container: str, provider_type: int
) -> None:
    certificate = self_signed("first")
    after = stored(certificate, container, provider_type=provider_type)
    change = StageCertificate("My", thumbprint(certificate), None, after)
    assert refused(node, creating(container), change) == "unsupported"


def test_a_certificate_that_is_not_the_named_one_is_refused(node: NodeUnderTest) -> None:
    certificate, other = self_signed("first"), self_signed("first")
    assert refused(node, StageCertificate("My", thumbprint(other), None, stored(certificate))) == "key"


@pytest.mark.parametrize("content", [b"", b"no certificate", b"\x30\x03\x02\x01\x01"])
def test_what_is_no_certificate_is_refused(node: NodeUnderTest, content: bytes) -> None:
    after = StoredCertificate(der=content, container=None, provider_type=24, friendly_name=None)
    assert refused(node, StageCertificate("My", "00" * 20, None, after)) == "key"


def test_a_thumbprint_may_be_written_in_lower_case(node: NodeUnderTest) -> None:
    certificate = self_signed("first")
    roll_out(node, StageCertificate("My", thumbprint(certificate).lower(), None, stored(certificate)))
    assert shown(node, certificate) is not None


def test_the_store_of_roots_takes_none_that_another_has_issued(node: NodeUnderTest) -> None:
    certificate = issued("first")
    assert refused(node, adding(certificate, store="Root")) == "key"
    assert shown(node, certificate, "Root") is None


def test_the_store_of_authorities_takes_no_root(node: NodeUnderTest) -> None:
    certificate = self_signed("first")
    assert refused(node, adding(certificate, store="CA")) == "key"
    assert shown(node, certificate, "CA") is None


def test_an_authority_is_added_and_goes_again(node: NodeUnderTest) -> None:
    certificate = issued("first")
    stage(node, adding(certificate, store="CA"))
    switch(node)
    assert shown(node, certificate, "CA") is not None
    done(node, RollBack())
    assert shown(node, certificate, "CA") is None


def test_a_root_is_added_and_goes_again(node: NodeUnderTest) -> None:
    certificate = self_signed("first")
    stage(node, adding(certificate, store="Root"))
    switch(node)
    assert shown(node, certificate, "Root") is not None
    done(node, RollBack())
    assert shown(node, certificate, "Root") is None


# Staging


def test_staging_changes_no_store(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    stage(node, creating(container), adding(certificate, container))
    assert shown(node, certificate) is None


def test_a_certificate_that_is_there_is_not_added_again(node: NodeUnderTest) -> None:
    certificate = self_signed("first")
    roll_out(node, adding(certificate))
    assert refused(node, adding(certificate)) == "changed"


def test_a_certificate_that_has_gone_is_not_removed(node: NodeUnderTest) -> None:
    assert refused(node, removing(self_signed("first"))) == "changed"


def test_a_certificate_that_is_not_as_it_was_observed_is_left(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    for wrong in (removing(certificate), removing(certificate, "other"), removing(certificate, container, "name")):
        assert refused(node, wrong) == "changed"
    assert key_of(node, certificate)["container"] == container


def test_an_error_names_neither_container_nor_certificate(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    marked = StageCertificate("My", thumbprint(certificate), observed(container), None)
    for change in (marked, adding(elliptic(), container), adding(certificate, container, early=True)):
        (*_, result) = ask(node, acquire(), BeginJournal(), change)
        told = str(result["error"])
        assert container not in told
        assert thumbprint(certificate) not in told


# Switching and going back


def test_a_certificate_and_its_key_come_and_go_together(node: NodeUnderTest, container: str) -> None:
    certificate = issued("first")
    stage(node, creating(container), adding(certificate, container))
    switch(node)
    assert key_of(node, certificate, prove=True)["usable"] is True
    done(node, RollBack())
    assert shown(node, certificate) is None
    assert look(node, container)["state"] == "absent"


def test_a_certificate_and_its_key_are_removed_and_come_back(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    stage(node, removing(certificate, container), StageContainer(container, seen(node, container), None))
    switch(node)
    assert shown(node, certificate) is None
    assert look(node, container)["state"] == "absent"
    done(node, RollBack())
    assert key_of(node, certificate, prove=True)["usable"] is True


def test_a_certificate_without_its_key_comes_back_as_it_was(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    roll_out(node, StageContainer(container, seen(node, container), None))
    stage(node, removing(certificate, container))
    switch(node)
    done(node, RollBack())
    assert key_of(node, certificate, prove=True)["usable"] is False
    assert key_of(node, certificate)["container"] == container


def test_a_friendly_name_is_given_taken_and_put_back(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    named = stored(certificate, container, friendly_name=NAME)
    roll_out(node, StageCertificate("My", thumbprint(certificate), observed(container), named))
    found = shown(node, certificate)
    assert found is not None
    assert found["friendly_name"] == NAME
    unnamed = stored(certificate, container)
    stage(node, StageCertificate("My", thumbprint(certificate), observed(container, NAME), unnamed))
    switch(node)
    assert (shown(node, certificate) or {})["friendly_name"] is None
    done(node, RollBack())
    assert (shown(node, certificate) or {})["friendly_name"] == NAME
    assert key_of(node, certificate, prove=True)["usable"] is True


def test_a_link_is_given_later_and_taken_back(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    roll_out(node, adding(certificate))
    linked = StageCertificate("My", thumbprint(certificate), observed(), stored(certificate, container))
    stage(node, creating(container), linked)
    switch(node)
    assert key_of(node, certificate, prove=True)["usable"] is True
    done(node, RollBack())
    assert (shown(node, certificate) or {"key": "gone"})["key"] is None


def test_a_link_moves_to_another_container_and_back(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    moved = stored(certificate, f"{container}-moved")
    stage(
        node,
        creating(f"{container}-moved"),
        StageCertificate("My", thumbprint(certificate), observed(container), moved),
    )
    switch(node)
    assert key_of(node, certificate)["container"] == f"{container}-moved"
    done(node, RollBack())
    assert key_of(node, certificate, prove=True)["container"] == container
    assert key_of(node, certificate, prove=True)["usable"] is True


def test_a_key_that_is_not_the_certificates_stops_the_switch(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    stage(node, creating(container, "second"), adding(certificate, container))
    assert refusal(node, Commit(node.clock(), GRACE)) == "key"
    assert shown(node, certificate) is None
    done(node, RollBack())
    assert shown(node, certificate) is None
    assert look(node, container)["state"] == "absent"


def test_a_key_that_is_missing_stops_the_switch(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    stage(node, adding(certificate, container))
    assert refusal(node, Commit(node.clock(), GRACE)) == "key"
    assert shown(node, certificate) is None
    done(node, RollBack())


def test_a_certificate_stays_linked_as_it_was_when_its_new_key_is_not_its_own(
    node: NodeUnderTest, container: str
) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    wrong = stored(certificate, f"{container}-wrong")
    change = StageCertificate("My", thumbprint(certificate), observed(container), wrong)
    stage(node, creating(f"{container}-wrong", "second"), change)
    assert refusal(node, Commit(node.clock(), GRACE)) == "key"
    assert key_of(node, certificate)["container"] == container
    done(node, RollBack())
    assert key_of(node, certificate, prove=True)["usable"] is True


def test_a_repeated_commit_leaves_the_certificate_alone(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    stage(node, creating(container), adding(certificate, container))
    commit = Commit(node.clock(), GRACE)
    assert done(node, commit) == done(node, commit)
    assert key_of(node, certificate, prove=True)["usable"] is True


# Early


def test_an_early_certificate_is_there_when_it_is_staged(node: NodeUnderTest, container: str) -> None:
    certificate = issued("first")
    stage(node, creating(container, early=True), adding(certificate, container, early=True))
    assert key_of(node, certificate, prove=True)["usable"] is True
    switch(node)
    done(node, Confirm())
    assert key_of(node, certificate, prove=True)["usable"] is True


def test_an_early_certificate_goes_with_its_key_when_the_run_goes_back(node: NodeUnderTest, container: str) -> None:
    certificate = issued("first")
    stage(node, creating(container, early=True), adding(certificate, container, early=True))
    done(node, RollBack())
    assert shown(node, certificate) is None
    assert look(node, container)["state"] == "absent"


def test_an_early_certificate_goes_when_the_run_begins_again(node: NodeUnderTest, container: str) -> None:
    certificate = issued("first")
    changes = (creating(container, early=True), adding(certificate, container, early=True))
    stage(node, *changes)
    done(node, BeginJournal())
    assert shown(node, certificate) is None
    stage(node, *changes)
    assert key_of(node, certificate, prove=True)["usable"] is True


def test_an_early_certificate_with_another_key_is_not_left_in_the_store(node: NodeUnderTest, container: str) -> None:
    certificate = issued("first")
    changes = (creating(container, "second", early=True), adding(certificate, container, early=True))
    assert refused(node, *changes) == "key"
    assert shown(node, certificate) is None
    done(node, RollBack())
    assert look(node, container)["state"] == "absent"
    assert journal_of(node)["run"] is None


def test_an_early_certificate_without_its_container_is_not_left_in_the_store(
    node: NodeUnderTest, container: str
) -> None:
    certificate = issued("first")
    assert refused(node, adding(certificate, container, early=True)) == "key"
    assert shown(node, certificate) is None
    assert look(node, container)["state"] == "absent"


def test_the_journal_tells_what_it_is_about(node: NodeUnderTest, container: str) -> None:
    stage(node, creating(container), adding(self_signed("first"), container))
    journal = node.read(f"{OWN_FOLDER}\\journal.json")
    assert journal is not None
    assert container.encode() in journal
    assert parts("first").d.reveal() not in journal


# Twice


def test_an_early_certificate_that_was_refused_is_refused_again_when_its_request_comes_twice(
    node: NodeUnderTest, container: str
) -> None:
    certificate = issued("first")
    changes = (creating(container, "second", early=True), adding(certificate, container, early=True))
    for _ in range(2):
        assert refusal(node, acquire(), BeginJournal(), *changes, delivered="id") == "key"
    assert shown(node, certificate) is None
    done(node, RollBack())
    assert look(node, container)["state"] == "absent"


# Against a backup, and the way back


def test_a_certificate_stands_against_its_backup_and_is_taken_back(node: NodeUnderTest, container: str) -> None:
    certificate = self_signed("first")
    prepare(node, certificate, container)
    before = shown(node, certificate, prove=True)
    roll_out(node, removing(certificate, container), run=RUN)
    place = {"noun": "certificate", "place": f"My {thumbprint(certificate)}"}
    assert backup_of(node, RUN)["places"] == [{**place, "state": "as_left"}]
    stage(node, StageBackup(RUN, False), run="undo")
    switch(node, run="undo")
    assert shown(node, certificate, prove=True) == before
    done(node, RollBack(), run="undo")
    assert shown(node, certificate) is None
    roll_out(node, adding(certificate))
    assert standing(node, RUN) == ["changed"]
    roll_out(node, StageBackup(RUN, True))
    assert (shown(node, certificate, prove=True), standing(node, RUN)) == (before, ["as_before"])


def test_a_certificate_that_was_added_goes_with_its_key_when_the_run_is_taken_back(
    node: NodeUnderTest, container: str
) -> None:
    certificate = self_signed("first")
    changes = (creating(container, exportable=True, early=True), adding(certificate, container, early=True))
    roll_out(node, *changes, run=RUN)
    before = key_of(node, certificate, prove=True)
    assert standing(node, RUN) == ["as_left", "as_left"]
    stage(node, StageBackup(RUN, False), run="undo")
    assert key_of(node, certificate, prove=True) == before
    switch(node, run="undo")
    assert (shown(node, certificate), look(node, container)["state"]) == (None, "absent")
    done(node, RollBack(), run="undo")
    assert key_of(node, certificate, prove=True) == before
