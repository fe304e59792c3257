"""Windows nodes are adopted over WinRM in two calls each, and a plan of it over WinRM is empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.beside import hold
from tests.engine.declaring import container, pem
from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, QUICK
from tests.engine.hunting import leaks
from tests.engine.test_adopt import adopt, follow, told
from tests.winrm.csharp import CSharpStand
from tests.winrm.farm import stand_in
from tests.winrm.server import Authentication, Security

NODES = ("web1", "web2")


def test_windows_nodes_are_adopted_in_two_calls_each(tmp_path: Path) -> None:
    stand = stand_in(tmp_path / "stand")
    del stand.variables["vault_portal"]
    for node in NODES:
        stand.create(node)
    stand.groups["web"] = {"hosts": {node: {} for node in NODES}}
    stand.write_inventory()
    (stand.folder / "password").write_text("of-the-vault", "utf-8")
    with stand.serve(Security(authentication=Authentication.NTLM), *NODES):
        ran = adopt(stand, "--format", "json")
        calls = {node: len(stand.calls(node)) for node in NODES}
        plan = follow(stand, told(ran)["next"])

    assert ran.code == 0, ran.text
    assert calls == dict.fromkeys(NODES, 2)
    assert plan.code == 0, plan.text
    assert {stand.own_config(node).read_bytes() for node in NODES} == {OTHER_KEYS}
    assert leaks(stand, ran, plan) == []


@pytest.fixture
def windows(tmp_path: Path, windows_dotnet: Path) -> Iterator[CSharpStand]:
    (tmp_path / "stand").mkdir()
    with CSharpStand(tmp_path / "stand", dotnet=windows_dotnet) as stand:
        yield stand


def test_what_was_rolled_out_on_windows_is_adopted_to_the_same(windows: CSharpStand) -> None:
    protected = {"container": "Sections", "sections": ["connectionStrings", "machineKey"]}
    application = {
        "site": "Default Web Site",
        "path": "/portal",
        "machine_key": "portal",
        "session_tokens": {"machine_key": "portal"},
        "protected_sections": protected,
    }
    spec = {
        "key_containers": {"Sections": container("portal")},
        "applications": {"portal": application},
        "smart_cards": {"transaction_timeout": {"ksp": "100ms"}},
    }
    windows.add_farm("web", *NODES, rollout={**QUICK, "margin": "2s"}, **spec)
    (windows.folder / "password").write_text("of-the-vault", "utf-8")
    (windows.folder / "nodes").mkdir(exist_ok=True)
    keys = windows.folder / "nodes" / "sections.pem"
    keys.write_text(pem("portal"), "utf-8")
    with windows.serve(Security(), *NODES):
        applied = windows.tell("apply")
        hold(windows.somebody_at("web1"), "Somebody", "others")
        del windows.groups["web"]["vars"], windows.variables["vault_portal"]
        windows.write_inventory()
        ran = adopt(windows, "--container-key", f"Sections={keys}", "--format", "json", "-vvvvv")
        plan = follow(windows, told(ran)["next"])

    assert applied.code == 0, applied.text
    assert ran.code == 0, ran.text
    adoption = told(ran)
    assert adoption["machine_keys"].keys() == {"portal"}
    assert "key_containers.Somebody" in adoption["not_declared"]
    assert plan.code == 0, plan.text
    declared = {operation["address"] for operation in plan.of("web")["nodes"][0]["operations"]}
    assert declared >= {
        "applications.portal.machine_key",
        "applications.portal.session_tokens",
        "applications.portal.protected_sections.connectionStrings",
        "key_containers.Sections",
    }
    assert DECLARED_KEYS not in {windows.own_config(node).read_bytes() for node in NODES}, "they are encrypted"
    assert leaks(windows, ran, plan) == []
