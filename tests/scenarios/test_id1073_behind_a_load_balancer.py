"""ID1073 behind a load balancer: by default one node protects WIF's session cookies so that no other can read them.

Either the handler that uses the machine key is put in its place, or a certificate that all nodes have.
"""

from pathlib import Path
from xml.etree import ElementTree

from tests.engine import beside
from tests.engine.beside import Held, SandboxAtWork, Stored, container_of
from tests.engine.declaring import issued, pfx
from tests.engine.farm import QUICK, Stand, machine_key
from tests.engine.hunting import leaks
from tests.engine.kinds import USED_BY_POOL
from tests.node.contract.material import thumbprint
from tests.node.windows.stress.cookies import sign_in, signed_in
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import Security

NODES = ("web1", "web2")
PORTAL = {"site": "Default Web Site", "path": "/portal"}
HANDLERS = "system.identityModel/identityConfiguration/securityTokenHandlers"
REFERENCE = "system.identityModel.services/federationConfiguration/serviceCertificate/certificateReference"
DEFAULT = "System.IdentityModel.Tokens.SessionSecurityTokenHandler"
BY_MACHINE_KEY = "System.IdentityModel.Services.Tokens.MachineKeySessionSecurityTokenHandler"
PLAIN = b"""<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <system.web>
    <compilation targetFramework="4.8" />
  </system.web>
</configuration>
"""


def configurations(stand: Stand) -> list[ElementTree.Element]:
    contents = (stand.own_config(node).read_bytes() for node in NODES)
    return [ElementTree.fromstring(content) for content in contents]  # noqa: S314 - the test's own files


def test_the_handler_that_uses_the_machine_key_takes_the_place_of_the_default_on_all_nodes(tmp_path: Path) -> None:
    application = {**PORTAL, "session_tokens": {"machine_key": "portal"}, "app_pool": {"load_user_profile": False}}
    spec = {"machine_keys": {"portal": machine_key()}, "applications": {"portal": application}}
    stand = Stand(tmp_path, web_config=PLAIN).add_farm("portal", *NODES, rollout=QUICK, **spec)
    before = [each.find(HANDLERS) for each in configurations(stand)]

    applied, drift = stand.tell("apply"), stand.keydeploy("drift")

    assert before == [None, None]
    assert (applied.code, drift.code) == (0, 0), applied.text
    for configuration in configurations(stand):
        handlers = configuration.find(HANDLERS)
        assert handlers is not None
        types = [(each.tag, (each.get("type") or "").split(",")[0]) for each in handlers]
        assert types == [("remove", DEFAULT), ("add", BY_MACHINE_KEY)]
        key = configuration.find("system.web/machineKey")
        assert key is not None
        assert len(key.get("validationKey") or "") == 128
    configs = {stand.own_config(node).read_bytes() for node in NODES}
    assert len(configs) == 1
    settings = [beside.settings(SandboxAtWork(stand.node(node))) for node in NODES]
    assert [each.load_user_profile for each in settings] == [False, False]
    assert leaks(stand, applied, drift) == []


def test_a_cookie_of_one_node_is_read_by_the_other_when_both_have_the_certificate(
    windows: CSharpStand, windows_dotnet: Path
) -> None:
    leaf = issued("session cookies")
    application = {**PORTAL, "session_tokens": {"certificate": "session"}, "app_pool": {"load_user_profile": False}}
    spec = {
        "machine_keys": {},
        "certificates": {"session": pfx(leaf)},
        "applications": {"portal": application},
    }
    windows.web_config = PLAIN
    windows.add_farm("portal", *NODES, rollout={**QUICK, "margin": "2s"}, **spec)
    with windows.serve(Security(), *NODES):
        nodes = [windows.somebody_at(node) for node in NODES]
        before = sign_in(windows_dotnet, windows.node("web1"), "alice")
        planned = windows.keydeploy("plan")
        applied, drift = windows.tell("apply"), windows.keydeploy("drift")
        cookies = [sign_in(windows_dotnet, windows.node(node), "alice") or "" for node in NODES]
        read = [[signed_in(windows_dotnet, windows.node(node), cookie) for node in NODES] for cookie in cookies]
        stored = [(beside.stored(node, leaf), beside.held(node, container_of(leaf))) for node in nodes]
        settings = [beside.settings(node).load_user_profile for node in nodes]

    assert before is None
    assert planned.code == 2
    assert "the application" in planned.out  # which has to say in code that cookies are protected so
    assert (applied.code, drift.code) == (0, 0), applied.text
    assert read == [["alice", "alice"]] * 2
    assert stored == [(Stored(container_of(leaf), True, None), Held("portal", False, USED_BY_POOL))] * 2
    assert settings == [False, False]
    references = [each.find(REFERENCE) for each in configurations(windows)]
    assert [each.attrib if each is not None else {} for each in references] == [
        {
            "x509FindType": "FindByThumbprint",
            "findValue": thumbprint(leaf),
            "storeLocation": "LocalMachine",
            "storeName": "My",
        }
    ] * 2
    assert leaks(windows, planned, applied, drift) == []
