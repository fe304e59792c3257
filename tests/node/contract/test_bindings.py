"""HTTPS bindings: what IIS and http.sys tell, and how the certificate of one changes and goes back."""

from typing import Any

import pytest
from cryptography import x509

from keydeploy.node.contract import (
    BeginJournal,
    BoundCertificate,
    Commit,
    ListBindings,
    RollBack,
    StageBackup,
    StageBinding,
    StageContainer,
)
from tests.node.contract.asking import (
    RUN,
    acquire,
    ask,
    backup_of,
    done,
    refusal,
    refused,
    roll_out,
    stage,
    standing,
    switch,
    unique,
)
from tests.node.contract.iis import APPLICATION_HOST, install
from tests.node.contract.material import self_signed, thumbprint
from tests.node.contract.test_certificates import adding, removing
from tests.node.contract.test_containers import creating, seen
from tests.node.contract.under_test import NodeUnderTest

SITE, SNI_HOST = "Default Web Site", "sni.example.com"
GRACE = 2.0

Place = tuple[str, str, int, str]
PLAIN: Place = (SITE, "*", 443, "")
SNI: Place = (SITE, "*", 443, SNI_HOST)
ADDRESS: Place = ("Other", "10.0.0.1", 8443, "other.example.com")
CENTRAL: Place = ("Other", "*", 443, "central.example.com")
NOWHERE = BoundCertificate(thumbprint="00" * 20, store="My")


@pytest.fixture
def iis(node: NodeUnderTest) -> NodeUnderTest:
    install(node)
    return node


def bound(certificate: x509.Certificate) -> BoundCertificate:
    return BoundCertificate(thumbprint=thumbprint(certificate), store="My")


def binding(place: Place, before: BoundCertificate | None, after: BoundCertificate) -> StageBinding:
    return StageBinding(*place, before, after)


def listed(node: NodeUnderTest) -> dict[Place, dict[str, Any]]:
    found = done(node, ListBindings(), run="looking")["bindings"]
    return {(each["site"], each["address"], each["port"], each["host"]): each for each in found}


def certificate_of(node: NodeUnderTest, place: Place) -> str | None:
    certificate = listed(node)[place]["certificate"]
    if certificate is None:
        return None
    assert certificate["store"].lower() == "my"
    return str(certificate["thumbprint"])


def provide(node: NodeUnderTest) -> x509.Certificate:
    """Let a new certificate with its key be in the store."""
    certificate, container = self_signed("first"), unique("binding")
    roll_out(node, creating(container), adding(certificate, container))
    return certificate


# What applicationHost.config tells


def test_the_bindings_of_all_sites_are_listed_with_their_flags(iis: NodeUnderTest) -> None:
    flags = {place: each["flags"] for place, each in listed(iis).items()}
    assert flags == {PLAIN: 0, SNI: 33, ADDRESS: 0, CENTRAL: 3}


def test_without_iis_there_are_no_bindings_to_list(node: NodeUnderTest) -> None:
    assert refusal(node, ListBindings()) == "no_iis"


def test_without_iis_no_binding_is_staged(node: NodeUnderTest) -> None:
    assert refused(node, binding(PLAIN, None, NOWHERE)) == "no_iis"


def test_looking_at_bindings_changes_nothing(iis: NodeUnderTest) -> None:
    before = iis.tree()
    listed(iis)
    assert iis.tree() == before


@pytest.mark.parametrize(
    "place",
    [
        ("Missing", "*", 443, ""),
        (SITE, "*", 444, ""),
        (SITE, "10.0.0.1", 443, ""),
        (SITE, "*", 443, "missing.example.com"),
        (SITE, "*", 80, ""),
    ],
)
def test_a_binding_that_does_not_exist_is_not_staged(iis: NodeUnderTest, place: Place) -> None:
    (*_, result) = ask(iis, acquire(), BeginJournal(), binding(place, None, NOWHERE))
    assert result["error"]["code"] == "changed"
    assert "issing" not in str(result)


def test_the_central_certificate_store_is_not_supported(iis: NodeUnderTest) -> None:
    assert refused(iis, binding(CENTRAL, None, NOWHERE)) == "unsupported"


# What http.sys does


def test_a_binding_without_a_certificate_shows_none(iis: NodeUnderTest) -> None:
    assert certificate_of(iis, PLAIN) is None


@pytest.mark.parametrize("place", [PLAIN, SNI, ADDRESS])
def test_a_binding_gets_its_first_certificate_and_loses_it(iis: NodeUnderTest, place: Place) -> None:
    certificate = provide(iis)
    stage(iis, binding(place, None, bound(certificate)))
    assert certificate_of(iis, place) is None
    switch(iis)
    assert certificate_of(iis, place) == thumbprint(certificate)
    done(iis, RollBack())
    assert certificate_of(iis, place) is None


@pytest.mark.parametrize("place", [PLAIN, SNI, ADDRESS])
def test_a_binding_gets_another_certificate_and_keeps_its_flags(iis: NodeUnderTest, place: Place) -> None:
    first, second = provide(iis), provide(iis)
    roll_out(iis, binding(place, None, bound(first)))
    before, text = listed(iis), iis.read(APPLICATION_HOST)
    stage(iis, binding(place, bound(first), bound(second)))
    switch(iis)
    assert certificate_of(iis, place) == thumbprint(second)
    assert listed(iis)[place]["flags"] == before[place]["flags"]
    done(iis, RollBack())
    assert listed(iis) == before
    assert iis.read(APPLICATION_HOST) == text


def test_a_binding_switches_to_a_certificate_of_the_same_run(iis: NodeUnderTest) -> None:
    certificate, container = self_signed("first"), unique("binding")
    change = binding(PLAIN, None, bound(certificate))
    stage(iis, creating(container), adding(certificate, container), change)
    switch(iis)
    assert certificate_of(iis, PLAIN) == thumbprint(certificate)
    done(iis, RollBack())
    assert certificate_of(iis, PLAIN) is None


def test_a_binding_goes_back_to_a_certificate_that_the_run_had_removed(iis: NodeUnderTest) -> None:
    old, new, names = self_signed("first"), self_signed("second"), (unique("old"), unique("new"))
    before = creating(names[0], exportable=True), adding(old, names[0]), binding(PLAIN, None, bound(old))
    roll_out(iis, *before)
    stage(
        iis,
        creating(names[1], "second"),
        adding(new, names[1]),
        binding(PLAIN, bound(old), bound(new)),
        removing(old, names[0]),
        StageContainer(names[0], seen(iis, names[0]), None),
    )
    switch(iis)
    assert certificate_of(iis, PLAIN) == thumbprint(new)
    done(iis, RollBack())
    assert certificate_of(iis, PLAIN) == thumbprint(old)


def test_other_bindings_keep_their_certificates(iis: NodeUnderTest) -> None:
    first, second = provide(iis), provide(iis)
    roll_out(iis, binding(PLAIN, None, bound(first)))
    roll_out(iis, binding(SNI, None, bound(second)))
    assert (certificate_of(iis, PLAIN), certificate_of(iis, SNI)) == (thumbprint(first), thumbprint(second))


def test_a_binding_that_is_not_as_it_was_observed_is_not_staged(iis: NodeUnderTest) -> None:
    certificate = provide(iis)
    assert refused(iis, binding(PLAIN, NOWHERE, bound(certificate))) == "changed"
    roll_out(iis, binding(PLAIN, None, bound(certificate)), run=RUN)
    assert refused(iis, binding(PLAIN, None, bound(certificate)), run="another") == "changed"


def test_names_and_thumbprints_compare_without_regard_to_case(iis: NodeUnderTest) -> None:
    first, second = provide(iis), provide(iis)
    roll_out(iis, binding(SNI, None, bound(first)))
    lower = BoundCertificate(thumbprint=thumbprint(first).lower(), store="MY")
    roll_out(iis, binding((SITE.upper(), "*", 443, SNI_HOST.upper()), lower, bound(second)))
    assert certificate_of(iis, SNI) == thumbprint(second)


def test_a_certificate_that_is_not_in_the_store_stops_the_switch(iis: NodeUnderTest) -> None:
    stage(iis, binding(PLAIN, None, NOWHERE))
    assert refusal(iis, Commit(iis.clock(), GRACE)) == "key"
    done(iis, RollBack())
    assert certificate_of(iis, PLAIN) is None


def test_a_binding_that_somebody_removed_since_it_was_staged_stops_the_switch(iis: NodeUnderTest) -> None:
    certificate = provide(iis)
    stage(iis, binding(PLAIN, None, bound(certificate)))
    text = iis.read(APPLICATION_HOST)
    assert text is not None
    iis.write(APPLICATION_HOST, text.replace(b'bindingInformation="*:443:"', b'bindingInformation="*:445:"'))
    assert refusal(iis, Commit(iis.clock(), GRACE)) == "changed"
    done(iis, RollBack())


def test_a_repeated_commit_leaves_the_binding_alone(iis: NodeUnderTest) -> None:
    certificate = provide(iis)
    stage(iis, binding(PLAIN, None, bound(certificate)))
    commit = Commit(iis.clock(), GRACE)
    assert done(iis, commit) == done(iis, commit)
    assert certificate_of(iis, PLAIN) == thumbprint(certificate)


# Against a backup, and the way back


def test_a_binding_goes_back_to_its_certificate_when_the_run_is_taken_back(iis: NodeUnderTest) -> None:
    first, second, third = provide(iis), provide(iis), provide(iis)
    roll_out(iis, binding(SNI, None, bound(first)))
    roll_out(iis, binding(SNI, bound(first), bound(second)), run=RUN)
    place = {"noun": "binding", "place": f"{SITE} * 443 {SNI_HOST} 33"}
    assert backup_of(iis, RUN)["places"] == [{**place, "state": "as_left"}]
    roll_out(iis, binding(SNI, bound(second), bound(third)))
    assert standing(iis, RUN) == ["changed"]
    roll_out(iis, StageBackup(RUN, True), run="undo")
    assert (certificate_of(iis, SNI), standing(iis, RUN)) == (thumbprint(first), ["as_before"])
    roll_out(iis, StageBackup("undo", False))
    assert certificate_of(iis, SNI) == thumbprint(third)


def test_a_binding_goes_back_to_none_when_the_run_is_taken_back(iis: NodeUnderTest) -> None:
    roll_out(iis, binding(PLAIN, None, bound(provide(iis))), run=RUN)
    roll_out(iis, StageBackup(RUN, False))
    assert certificate_of(iis, PLAIN) is None
