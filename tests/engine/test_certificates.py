"""Certificates of a farm: a new one takes the place of an old one, and what must not be used or removed is refused."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from tests.engine import beside
from tests.engine.beside import SandboxAtWork, container_of
from tests.engine.declaring import POOL, certificate, intermediate, issued, pem, root, with_chain
from tests.engine.farm import QUICK, Ran, Stand, contents, fault, reasons
from tests.engine.hunting import leaks
from tests.engine.kinds import FOR_POOL
from tests.keys import authorities
from tests.keys.openssl import LEGACY, openssl
from tests.node.contract.material import rsa_key, self_signed, thumbprint

NODES = ("web1", "web2")
BINDING = {"site": "Default Web Site", "certificate": "portal"}
APPLICATION = {"site": "Default Web Site", "path": "/portal"}


def farm(folder: Path, leaf: x509.Certificate, which: str = "portal", **more: Any) -> Stand:
    """Answer a farm that declares *leaf* of the key *which*, and that the binding serves it."""
    certificates = {"portal": certificate(leaf, which)}
    spec = {"machine_keys": {}, "applications": {}, "certificates": certificates, "bindings": [BINDING]} | more
    return Stand(folder).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"}, **spec)


def at(stand: Stand, node: str = "web1") -> SandboxAtWork:
    return SandboxAtWork(stand.node(node))


def declare(stand: Stand, **spec: Any) -> None:
    stand.groups["portal"]["vars"]["keydeploy"] |= spec
    stand.write_inventory()


def declare_instead(stand: Stand, leaf: x509.Certificate, which: str = "previous") -> None:
    declare(stand, certificates={"portal": certificate(leaf, which)})


def there(stand: Stand, leaf: x509.Certificate) -> list[tuple[bool, bool]]:
    """Answer of each node whether *leaf* is in My, and whether its key is in keydeploy's own container."""
    nodes = [at(stand, node) for node in NODES]
    return [
        (beside.stored(node, leaf) is not None, beside.held(node, container_of(leaf)) is not None) for node in nodes
    ]


def warnings(ran: Ran) -> set[str]:
    nodes = ran.of("portal")["nodes"]
    return {warning for node in nodes for operation in node["operations"] for warning in operation["warnings"]}


def test_a_new_certificate_takes_the_place_of_the_old_one_which_goes_when_that_is_accepted(tmp_path: Path) -> None:
    """Both have the subject that clients know, and a key of their own."""
    old, new = issued("portal.contoso.com"), issued("portal.contoso.com", "previous", ends=400)
    tokens = {"portal": {**APPLICATION, "session_tokens": {"certificate": "portal"}}}
    stand = farm(tmp_path, old, applications=tokens)
    runs = [stand.tell("apply")]
    declare_instead(stand, new)

    runs.append(stand.tell("apply"))

    assert [ran.code for ran in runs] == [0, 0], runs[-1].text
    assert [beside.bound(at(stand, node)) for node in NODES] == [thumbprint(new)] * 2
    configs = [stand.own_config(node).read_bytes() for node in NODES]
    assert [(thumbprint(new).encode() in each, thumbprint(old).encode() in each) for each in configs] == [
        (True, False)
    ] * 2
    assert (there(stand, old), there(stand, new)) == ([(True, True)] * 2, [(True, True)] * 2)

    left = stand.tell("drift")
    assert left.code == 0
    (told,) = (warning for warning in warnings(left) if "superseded" in warning)
    assert "keydeploy apply --accept-irreversible removes it with its key" in told

    planned = stand.keydeploy("plan", "--accept-irreversible")
    removed = stand.tell("apply", "--accept-irreversible")
    again = stand.tell("apply", "--accept-irreversible")

    assert planned.code == 2
    assert f"- certificates.({thumbprint(old)}): delete" in planned.out
    assert "cannot be undone" in planned.out
    assert (removed.code, there(stand, old), there(stand, new)) == (0, [(False, False)] * 2, [(True, True)] * 2)
    assert (again.code, again.of("portal")["verdict"], warnings(again)) == (0, "in_order", set())
    assert leaks(stand, *runs, left, planned, removed, again) == []


def test_the_run_that_switches_keeps_the_old_one_whatever_is_accepted_and_the_next_removes_it(tmp_path: Path) -> None:
    old, new = issued("portal.contoso.com"), issued("portal.contoso.com", "previous", ends=400)
    stand = farm(tmp_path, old)
    assert stand.keydeploy("apply").code == 0
    declare_instead(stand, new)

    switched = stand.tell("apply", "--accept-irreversible")
    kept = there(stand, old)
    ran = stand.tell("apply", "--accept-irreversible")
    again = stand.tell("apply", "--accept-irreversible")

    assert (switched.code, kept) == (0, [(True, True)] * 2), switched.text
    assert (ran.code, there(stand, old), there(stand, new)) == (0, [(False, False)] * 2, [(True, True)] * 2), ran.text
    assert (again.code, again.of("portal")["verdict"]) == (0, "in_order"), again.text
    assert [beside.bound(at(stand, node)) for node in NODES] == [thumbprint(new)] * 2


@pytest.mark.parametrize("place", ["certificate.stage", "journal.commit"])
def test_a_farm_that_fails_serves_the_old_certificate_everywhere_and_holds_nothing_of_the_new_one(
    tmp_path: Path, place: str
) -> None:
    old, new = issued("portal.contoso.com"), issued("portal.contoso.com", "previous", ends=400)
    stand = farm(tmp_path, old)
    assert stand.keydeploy("apply").code == 0
    declare_instead(stand, new)
    stand.behave("web2", fault(place, "fail"))

    ran = stand.tell("apply")

    assert (ran.code, ran.of("portal")["verdict"]) == (1, "rolled_back"), ran.text
    assert [beside.bound(at(stand, node)) for node in NODES] == [thumbprint(old)] * 2
    assert (there(stand, old), there(stand, new)) == ([(True, True)] * 2, [(False, False)] * 2)
    assert all(stand.is_at_rest(node) for node in NODES)


def test_one_that_is_still_in_use_stays_whatever_is_accepted(tmp_path: Path) -> None:
    """Another binding serves the old one, which the spec does not know of."""
    old, new = issued("portal.contoso.com"), issued("portal.contoso.com", "previous", ends=400)
    stand = farm(tmp_path, old)
    for node in NODES:
        add_binding(stand, node, "*:8443:")
    assert stand.keydeploy("apply").code == 0
    for node in NODES:
        beside.bind(at(stand, node), old, port=8443)
    declare_instead(stand, new)

    ran = stand.tell("apply", "--accept-irreversible")

    assert (ran.code, there(stand, old)) == (0, [(True, True)] * 2), ran.text
    assert [beside.bound(at(stand, node), port=8443) for node in NODES] == [thumbprint(old)] * 2
    (told,) = (warning for warning in warnings(stand.tell("drift")) if "kept for" in warning)
    assert "binding *:8443: of Default Web Site" in told


def add_binding(stand: Stand, node: str, information: str) -> None:
    file = stand.node(node) / "C/Windows/System32/inetsrv/config/applicationHost.config"
    text = file.read_text("utf-8")
    new = f'<binding protocol="https" bindingInformation="{information}" sslFlags="0" />\n        </bindings>'
    assert "</bindings>" in text
    file.write_text(text.replace("</bindings>", new), "utf-8")


@pytest.mark.parametrize("user", ["binding", "web.config"])
def test_one_that_shall_be_absent_is_refused_while_somebody_refers_to_it(tmp_path: Path, user: str) -> None:
    old = issued("portal.contoso.com")
    tokens = {"portal": {**APPLICATION, "session_tokens": {"certificate": "portal"}}}
    of_user: dict[str, dict[str, Any]] = {"binding": {}, "web.config": {"applications": tokens, "bindings": []}}
    stand = farm(tmp_path, old, **of_user[user])
    assert stand.keydeploy("apply").code == 0
    machine_key = {"portal": {**APPLICATION, "app_pool": {"load_user_profile": True}}}
    absent = {"portal": {"state": "absent", "thumbprint": thumbprint(old)}}
    declare(stand, certificates=absent, bindings=[], applications=machine_key)

    ran = stand.tell("apply", "--accept-irreversible")

    whom = "application portal" if user == "web.config" else "binding *:443: of Default Web Site"
    assert (ran.code, ran.of("portal")["verdict"]) == (1, "refused"), ran.text
    assert reasons(ran.of("portal")) == [
        f"{node}: certificates.portal: it is still used by {whom}; change that first" for node in NODES
    ]
    assert there(stand, old) == [(True, True)] * 2


def test_what_others_have_installed_is_left_alone_whatever_is_accepted(tmp_path: Path) -> None:
    """It has the same subject, and containers with names of their own."""
    leaf, others = issued("portal.contoso.com"), issued("portal.contoso.com", "others")
    keyless = issued("portal.contoso.com", "previous")
    stand = farm(tmp_path, leaf)
    for node in NODES:
        beside.hold(at(stand, node), "le-portal", "others")
        beside.add(at(stand, node), others, "le-portal")
        beside.add(at(stand, node), keyless)

    ran = stand.tell("apply", "--accept-irreversible")

    assert (ran.code, warnings(ran)) == (0, set()), ran.text
    for node in NODES:
        assert beside.stored(at(stand, node), others) == ("le-portal", True, None)
        assert beside.stored(at(stand, node), keyless) == (None, None, None)


def test_a_key_whose_certificate_is_gone_is_told_and_cleaned(tmp_path: Path) -> None:
    leaf, gone = issued("portal.contoso.com"), issued("somebody has removed it")
    stand = farm(tmp_path, leaf)
    for node in NODES:
        beside.hold(at(stand, node), container_of(gone), "portal", sddl=FOR_POOL)

    told = stand.tell("apply")
    drift = stand.keydeploy("drift")
    cleaned = stand.tell("apply", "--accept-irreversible")

    assert (told.code, drift.code, cleaned.code) == (0, 0, 0), cleaned.text
    assert f"key container {container_of(gone)}" in drift.out
    assert "is gone, and its key is still here" in drift.out
    assert there(stand, gone) == [(False, False)] * 2


@pytest.mark.parametrize(
    ("starts", "ends", "told"),
    [
        (-400.0, -1.0, "the certificate expired on "),
        (2.0, 400.0, "the certificate is not valid before "),
    ],
)
def test_one_that_must_not_be_used_is_told_with_code_6_and_nothing_is_changed(
    tmp_path: Path, starts: float, ends: float, told: str
) -> None:
    stand = farm(tmp_path, issued("not now", starts=starts, ends=ends))
    before = [contents(stand.node(node)) for node in NODES]

    for verb in ("plan", "drift", "apply"):
        ran = stand.keydeploy(verb)
        assert (ran.code, told in ran.out) == (6, True), ran.text
    refused = stand.tell("apply", "--accept-irreversible")

    assert (refused.code, refused.of("portal")["verdict"]) == (6, "refused")
    assert [contents(stand.node(node)) for node in NODES] == before
    assert leaks(stand, refused) == []


def test_one_that_has_expired_since_it_was_rolled_out_is_told_with_code_6(tmp_path: Path) -> None:
    leaf = issued("expired", starts=-400, ends=-1)
    stand = farm(tmp_path, leaf)
    for node in NODES:
        beside.hold(at(stand, node), container_of(leaf), "portal", sddl=FOR_POOL)
        beside.add(at(stand, node), leaf, container_of(leaf))
        beside.bind(at(stand, node), leaf)

    codes = [stand.tell(verb).code for verb in ("plan", "drift", "apply")]

    assert codes == [6, 6, 6]


def test_one_that_expires_soon_is_warned_of_and_nothing_else(tmp_path: Path) -> None:
    stand = farm(tmp_path, issued("soon", ends=5.5))
    planned, applied, drift = stand.keydeploy("plan"), stand.tell("apply"), stand.keydeploy("drift")
    assert (planned.code, applied.code, drift.code) == (2, 0, 0), applied.text
    for ran in (planned, drift):
        assert "! the certificate expires in 5 days, on " in ran.out


def test_certificates_that_share_a_chain_put_it_in_place_once(tmp_path: Path) -> None:
    first, second = issued("first"), issued("second", "previous")
    stand = farm(tmp_path, first, bindings=[])
    declare(stand, certificates={"one": with_chain(first), "two": with_chain(second, "previous")})
    ran = stand.tell("apply")
    assert (ran.code, there(stand, first), there(stand, second)) == (0, [(True, True)] * 2, [(True, True)] * 2), (
        ran.text
    )
    assert stand.keydeploy("drift").code == 0


@pytest.mark.parametrize(
    "form",
    [
        pytest.param((), id="of today"),
        pytest.param((*LEGACY, "-legacy"), id="of before OpenSSL 3"),
        pytest.param(
            ("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"), id="for Windows 2012"
        ),
    ],
)
def test_a_pfx_that_openssl_has_written_is_rolled_out(tmp_path: Path, form: tuple[str, ...]) -> None:
    leaf = issued("made by openssl")
    given = (pem("portal") + authorities.pem(leaf, intermediate(), root())).encode()
    content = openssl("pkcs12", "-export", "-passout", "pass:Marked-of-openssl", *form, given=given)
    declared = {"pfx": base64.b64encode(content).decode(), "password": "Marked-of-openssl", "readers": [POOL]}
    stand = farm(tmp_path, leaf)
    declare(stand, certificates={"portal": declared})
    ran = stand.tell("apply")
    assert (ran.code, [beside.bound(at(stand, node)) for node in NODES]) == (0, [thumbprint(leaf)] * 2), ran.text
    assert beside.listed(at(stand), root(), "Root") is not None
    assert leaks(stand, ran) == []


def test_what_openssl_prints_of_a_pfx_is_rolled_out(tmp_path: Path) -> None:
    """Certificates and key in one text, with attributes between them; in either place."""
    leaf = issued("printed by openssl")
    given = (pem("portal") + authorities.pem(leaf, intermediate(), root())).encode()
    content = openssl("pkcs12", "-export", "-passout", "pass:x", given=given)
    printed = openssl("pkcs12", "-passin", "pass:x", "-nokeys", given=content).decode()
    with_key = openssl("pkcs12", "-passin", "pass:x", "-noenc", given=content).decode()
    stand = farm(tmp_path, leaf)
    declare(stand, certificates={"portal": {"certificate": printed, "private_key": with_key, "readers": [POOL]}})
    ran = stand.tell("apply")
    assert "Bag Attributes" in printed
    assert (ran.code, [beside.bound(at(stand, node)) for node in NODES]) == (0, [thumbprint(leaf)] * 2), ran.text
    assert leaks(stand, ran) == []


def test_a_self_signed_certificate_needs_no_chain(tmp_path: Path) -> None:
    leaf = self_signed("portal")
    stand = farm(tmp_path, leaf)
    assert rsa_key("portal").public_key() == leaf.public_key()
    assert (stand.tell("apply").code, stand.keydeploy("drift").code) == (0, 0)
    assert [beside.bound(at(stand, node)) for node in NODES] == [thumbprint(leaf)] * 2


def test_two_that_share_their_chain_come_with_it_once(tmp_path: Path) -> None:
    both = {
        "portal": with_chain(issued("portal.contoso.com")),
        "shop": with_chain(issued("shop.contoso.com", "previous"), "previous"),
    }
    stand = farm(tmp_path, issued("portal.contoso.com"), certificates=both)

    ran = stand.tell("apply")
    again = stand.tell("apply")

    assert (ran.code, ran.of("portal")["verdict"]) == (0, "applied"), ran.text
    assert (again.code, again.of("portal")["verdict"]) == (0, "in_order")
    for node in ran.of("portal")["nodes"]:
        staged = [
            (change["store"], change["thumbprint"]) for change in node["to_stage"] if change["noun"] == "certificate"
        ]
        assert staged.count(("CA", thumbprint(intermediate()))) == staged.count(("Root", thumbprint(root()))) == 1
        assert beside.listed(at(stand, node["node"]), intermediate(), "CA") is not None
