"""HTTPS bindings: they get the declared certificate and stay as they are otherwise; what does not fit is refused."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import certificate, issued
from tests.engine.farm import QUICK, Stand, fault, reasons
from tests.node.contract.material import thumbprint

NODES = ("web1", "web2")
BINDINGS = """
          <binding protocol="https" bindingInformation="*:443:www.contoso.com" sslFlags="97" />
          <binding protocol="https" bindingInformation="10.0.0.1:8443:" sslFlags="0" />
          <binding protocol="https" bindingInformation="*:444:central.contoso.com" sslFlags="3" />
        </bindings>"""


def farm(folder: Path, *bindings: dict[str, Any]) -> Stand:
    """Answer a farm with several bindings, of which *bindings* shall serve the certificate."""
    declared = [{"site": "Default Web Site", "certificate": "tls", **binding} for binding in bindings]
    certificates = {"tls": certificate(issued("tls"))}
    spec = {"machine_keys": {}, "applications": {}, "certificates": certificates, "bindings": declared}
    stand = Stand(folder).add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"}, **spec)
    for node in NODES:
        file = application_host(stand, node)
        file.write_text(file.read_text("utf-8").replace("</bindings>", BINDINGS.strip()), "utf-8")
    return stand


def application_host(stand: Stand, node: str) -> Path:
    return stand.node(node) / "C/Windows/System32/inetsrv/config/applicationHost.config"


def records(stand: Stand, node: str) -> dict[str, str]:
    """Answer the certificates of http.sys' records."""
    file = stand.node(node) / "http_sys.json"
    held = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return {place: record["thumbprint"] for place, record in held.items()}


def test_a_binding_for_a_name_and_one_for_an_address_are_switched_and_their_flags_stay(tmp_path: Path) -> None:
    declared = {"host": "WWW.contoso.com", "sni": True}, {"address": "10.0.0.1", "port": 8443, "sni": False}
    stand = farm(tmp_path, *declared)
    for node in NODES:
        beside.hold(SandboxAtWork(stand.node(node)), "le-tls", "portal")
        beside.add(SandboxAtWork(stand.node(node)), issued("tls before"), "le-tls")
    before = [application_host(stand, node).read_bytes() for node in NODES]
    old, new = thumbprint(issued("tls before")), thumbprint(issued("tls"))
    record = {"www.contoso.com:443": {"thumbprint": old, "store": "My", "client_certificates": True}}
    (stand.node("web1") / "http_sys.json").write_text(json.dumps(record), "utf-8")

    applied, drift = stand.tell("apply"), stand.keydeploy("drift")
    there = [records(stand, node) for node in NODES]
    taken_back = stand.tell("rollback")

    assert (applied.code, drift.code) == (0, 0), applied.text
    assert there == [{"www.contoso.com:443": new, "10.0.0.1:8443": new}] * 2
    assert (taken_back.code, [records(stand, node) for node in NODES]) == (0, [{"www.contoso.com:443": old}, {}])
    assert [application_host(stand, node).read_bytes() for node in NODES] == before
    assert json.loads((stand.node("web1") / "http_sys.json").read_text("utf-8")) == record


@pytest.mark.parametrize(
    ("binding", "told"),
    [
        ({"port": 445}, "IIS has no such HTTPS binding; create it, or correct site, address, port and host"),
        ({"site": "Another"}, "IIS has no such HTTPS binding; create it, or correct site, address, port and host"),
        (
            {"host": "central.contoso.com", "port": 444},
            "the binding takes its certificate from the central certificate store; leave it out of the spec",
        ),
        (
            {"host": "www.contoso.com", "sni": False},
            "the binding tells hosts apart by name (SNI), and is expected otherwise; change it in IIS, or correct sni",
        ),
        (
            {"address": "10.0.0.1", "port": 8443, "sni": True},
            "the binding does not tell hosts apart by name (SNI), and is expected otherwise; change it in IIS, or"
            " correct sni",
        ),
    ],
)
def test_one_that_does_not_fit_is_refused_and_nothing_is_changed(
    tmp_path: Path, binding: dict[str, Any], told: str
) -> None:
    stand = farm(tmp_path, binding)
    ran = stand.tell("apply")
    assert (ran.code, ran.of("portal")["verdict"]) == (1, "refused"), ran.text
    assert [reason.partition(": ")[2].partition(": ")[2] for reason in reasons(ran.of("portal"))] == [told] * 2
    assert beside.stored(SandboxAtWork(stand.node("web1")), issued("tls")) is None


def test_without_sni_two_certificates_for_one_address_are_refused_and_one_beside_names_is_not(tmp_path: Path) -> None:
    stand = farm(tmp_path, {}, {"host": "www.contoso.com", "certificate": "other"})
    certificates = stand.groups["portal"]["vars"]["keydeploy"]["certificates"]
    certificates["other"] = certificate(issued("other", "previous"), "previous")
    stand.write_inventory()
    planned = stand.tell("plan")
    for node in NODES:
        file = application_host(stand, node)
        file.write_text(file.read_text("utf-8").replace('sslFlags="97"', 'sslFlags="0"'), "utf-8")
    refused = stand.tell("plan")

    told = "without SNI, Windows serves one certificate for an address and port; set SNI in IIS, or declare one"
    assert (planned.code, refused.code) == (2, 1), planned.text
    assert [reason.rpartition(": ")[2] for reason in reasons(refused.of("portal"))] == [told] * 4


def test_a_farm_that_fails_serves_what_it_did_before(tmp_path: Path) -> None:
    stand = farm(tmp_path, {})
    stand.behave("web2", fault("journal.commit", "fail", when="after"))
    ran = stand.tell("apply")
    assert (ran.code, ran.of("portal")["verdict"]) == (1, "rolled_back"), ran.text
    assert [records(stand, node) for node in NODES] == [{}, {}]


def test_without_iis_a_certificate_can_come_and_go_and_a_binding_is_refused(tmp_path: Path) -> None:
    stand = farm(tmp_path)
    for node in NODES:
        application_host(stand, node).unlink()
    applied = stand.tell("apply")
    spec = stand.groups["portal"]["vars"]["keydeploy"]
    spec["bindings"] = [{"site": "Default Web Site", "certificate": "tls"}]
    stand.write_inventory()
    refused = stand.tell("apply")
    spec |= {"certificates": {"tls": {"state": "absent", "thumbprint": thumbprint(issued("tls"))}}, "bindings": []}
    stand.write_inventory()
    removed = stand.tell("apply", "--accept-irreversible")

    assert (applied.code, refused.code, removed.code) == (0, 1, 0), applied.text + removed.text
    assert beside.stored(SandboxAtWork(stand.node("web1")), issued("tls")) is None
