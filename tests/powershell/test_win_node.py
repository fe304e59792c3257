"""The whole of the way in one engine: Ansible's wrappers, a module's script, the C# that it compiles, the answer."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from keydeploy.node.contract import ListCertificates, ListContainers, ReadRegistry, Request
from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, QUICK
from tests.node.contract.asking import RUN, TAG_KEY
from tests.node.windows import wine
from tests.node.windows.program import own_sources
from tests.powershell.engine import PowerShell
from tests.winrm.csharp import CSharpStand
from tests.winrm.server import Call, Security

PATIENT = {"keydeploy_call_timeout": 300}


class PowerShellStand(CSharpStand):
    """A stand whose nodes run the payload itself."""

    def answer(self, call: Call) -> str:
        host = next(host for host, address in self.addresses.items() if address == call.node)
        with self._locks[host]:
            folder = self.folder / "payloads" / host
            folder.mkdir(parents=True, exist_ok=True)
            self._ends.callback(wine.shut_down, self.node(host))
            return PowerShell(Path(os.environ["KEYDEPLOY_POWERSHELL"]), self.node(host)).answer(call.payload, folder)


@pytest.fixture
def stand(tmp_path: Path, windows_dotnet: Path) -> Iterator[PowerShellStand]:
    (tmp_path / "stand").mkdir()
    with PowerShellStand(tmp_path / "stand", dotnet=windows_dotnet) as stand:
        stand.variables |= PATIENT
        yield stand


def test_a_farm_is_rolled_out_by_powershell_itself(stand: PowerShellStand) -> None:
    stand.add_farm("portal", "web1", "web2", rollout={**QUICK, "margin": "30s"})
    with stand.serve(Security(), "web1", "web2"):
        examined = stand.keydeploy("doctor")
        applied = stand.tell("apply")
        again = stand.tell("drift")

    assert "! " not in examined.out.replace("! rights", ""), examined.out
    assert (applied.code, again.code) == (0, 0), applied.text + again.text
    assert [stand.own_config(host).read_bytes() for host in ("web1", "web2")] == [DECLARED_KEYS] * 2


def test_a_node_that_has_moved_is_left_alone(stand: PowerShellStand) -> None:
    stand.add_farm("portal", "web1", rollout={**QUICK, "margin": "30s"})
    with stand.serve(Security(), "web1"):
        stand.tell("plan", "--out", "plan.json")
        stand.own_config("web1").write_bytes(OTHER_KEYS + b"<!-- somebody was here -->")
        ran = stand.tell("apply", "--plan", "plan.json")

    assert ran.code == 1
    assert stand.own_config("web1").read_bytes() == OTHER_KEYS + b"<!-- somebody was here -->"


def test_all_that_a_node_knows_is_compiled_by_powershell_itself(stand: PowerShellStand) -> None:
    version = "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
    asked = (ReadRegistry(64, version, "SystemRoot"), ListContainers(""), ListCertificates("My"))
    task = {"keydeploy.core.win_node_all": {"request": Request(RUN, TAG_KEY, asked).to_json()}}
    stand.add_farm("portal", "web1")
    with stand.serve(Security(), "web1"):
        ran = stand.playbook([{"hosts": "web1", "gather_facts": False, "tasks": [task]}])
        (call,) = stand.seen_by("web1").calls

    assert ran.code == 0, ran.text
    assert own_sources().keys() <= call.csharp.keys()
    assert [result["ok"] for result in ran.results("win_node_all")["web1"]["results"]] == [
        {"key_exists": True, "value": {"kind": "string", "data": "C:\\windows"}},
        {"containers": []},
        {"store": "My", "certificates": []},
    ]
