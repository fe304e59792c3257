"""What the benchmarks compute from what they see, and what they hold up to others; nothing here is timed."""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.executor.powershell.module_manifest import _bootstrap_powershell_script
from jinja2 import Template
from winrm.exceptions import WinRMError
from winrm.protocol import Protocol

from benchmarks import declared, reporting, rival, rival_collections, side_by_side
from benchmarks.alone import KEYS, observe_farm
from benchmarks.budgets import Budget, of_calls, of_requests
from benchmarks.farm import DRIFT, FIRST_APPLY, Farm, Run, Wire, patiently
from benchmarks.measuring import CommandFailed, Cost, cost_of, memory_of_tree
from benchmarks.rival_collections import NotToBeHad
from benchmarks.side_by_side import Pair
from benchmarks.spread import committed_at, spread, wrong_clocks
from keydeploy.plan import node_plan
from keydeploy.spec import Declaration, load
from tests.observation.farm import NOW, Node, plan_of, spec_of
from tests.winrm.server import Authentication, Call, Script, Security, WinRmServer, addresses
from tests.winrm.server.calls import decode

COST = Cost(seconds=2.0, cpu_seconds=1.0, benchmark_cpu_seconds=0.1, others_cpu_seconds=0.0, memory_bytes=50_000_000)
FARM = Farm(
    nodes=3,
    node_time=None,
    runs=(
        Run(name=FIRST_APPLY, cost=COST, ratio=2.0, calls=4, wire=None),
        Run(name=DRIFT, cost=COST, ratio=1.0, calls=2, wire=None),
    ),
    computed_spread=0.01,
    recorded_spread=0.02,
)
HOLDS_MEMORY = "held = b'x' * {size}; print(flush=True); input()"


def test_nodes_that_are_told_the_same_true_instant_have_no_spread() -> None:
    clocks = {"web1": 3.5, "web2": -2.0, "web3": 0.0}
    assert spread({node: 100.0 + ahead for node, ahead in clocks.items()}, clocks) == 0.0


def test_the_spread_is_from_the_earliest_to_the_latest_node_by_the_true_clocks() -> None:
    told = {"web1": 103.5, "web2": 98.25, "web3": 99.875}
    assert spread(told, {"web1": 3.5, "web2": -2.0, "web3": 0.0}) == 0.375


def test_a_node_without_an_instant_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        spread({"web1": 1.0}, {"web1": 0.0, "web2": 0.0})


def test_the_wrong_clocks_differ_between_nodes_and_not_between_runs() -> None:
    hosts = [f"node{number}" for number in range(200)]
    clocks = wrong_clocks(hosts)
    assert clocks == wrong_clocks(hosts)
    assert len(set(clocks.values())) == 200
    assert max(clocks.values()) - min(clocks.values()) > 10


def test_the_instant_of_the_switch_is_read_from_the_record_of_the_node(tmp_path: Path) -> None:
    node, spec = Node(tmp_path / "web1", {"/portal": None}), spec_of()
    node.roll_out(spec, plan_of(spec, node.observe(spec)))
    assert committed_at(node.root) == NOW + 1


def test_every_observed_node_needs_every_key() -> None:
    assert [operation.action.name for operation in node_plan(next(observe_farm())).operations] == ["CREATE"] * KEYS


def test_the_memory_of_a_tree_holds_that_of_the_processes_below() -> None:
    inner = [sys.executable, "-c", HOLDS_MEMORY.format(size=50_000_000)]
    outer = f"import subprocess; subprocess.run({inner!r}, check=True)"
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as tree:
        assert tree.stdout is not None
        tree.stdout.readline()
        memory = memory_of_tree(tree.pid)
        tree.communicate(b"\n")
    assert 50_000_000 < memory < 100_000_000
    assert memory_of_tree(tree.pid) == 0


def test_the_processor_time_of_a_command_holds_that_of_the_processes_below(tmp_path: Path) -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    outer = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    assert cost_of([sys.executable, "-c", outer], tmp_path, os.environ).cpu_seconds >= 0.2


def test_a_command_that_fails_is_not_measured_and_tells_why(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="ended with 3:\nthe reason"):
        cost_of([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"], tmp_path, os.environ)


def test_a_farm_whose_run_fails_is_made_anew(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes: list[Farm | CommandFailed] = [CommandFailed("node7 was late"), FARM]

    def measure() -> Farm:
        outcome = outcomes.pop(0)
        if isinstance(outcome, CommandFailed):
            raise outcome
        return outcome

    assert patiently(measure).attempts == 2
    assert "node7 was late" in capsys.readouterr().err


def test_a_farm_that_fails_each_time_is_not_measured() -> None:
    def measure() -> Farm:
        raise CommandFailed("node7 was late")

    with pytest.raises(CommandFailed):
        patiently(measure)


def test_farms_before_one_that_fails_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def farms() -> Iterator[Farm]:
        yield FARM
        raise CommandFailed("node7 was late")

    monkeypatch.setattr(reporting, "FOLDER", tmp_path / "dist" / "bench")
    with pytest.raises(CommandFailed):
        reporting.report_farms("farm", "a farm", farms(), of_calls, "a note")
    told = json.loads((tmp_path / "dist/bench/farm.json").read_text("utf-8"))
    assert [run["name"] for run in told["figures"][0]["runs"]] == [FIRST_APPLY, DRIFT]
    assert [(budget["figure"], budget["is_kept"]) for budget in told["budgets"]] == [(4, True), (2, False)]


def test_a_figure_at_its_limit_is_within_the_budget() -> None:
    assert Budget("drift", 10.0, 10.0, "s").is_kept
    assert not Budget("drift", 10.1, 10.0, "s").is_kept


# What the farms declare.


def test_the_farms_declare_ten_keys_of_all_kinds() -> None:
    spec = load(Declaration(host="node001", value=resolved(declared.spec())))
    kinds = (spec.machine_keys, spec.key_containers, spec.certificates)
    assert [len(kind) for kind in kinds] == [4, 3, 3]
    assert declared.KEYS == 10
    assert spec.certificates["session"].certificate is not None
    assert len(spec.certificates["session"].certificate.chain) == 2


def test_the_declaration_itself_holds_no_key() -> None:
    told = json.dumps(declared.spec())
    assert [text for text in texts_of(declared.vault()) if text in told] == []


def resolved(value: Any) -> Any:
    """Answer *value* with its references to the vault resolved."""
    if isinstance(value, dict):
        return {name: resolved(each) for name, each in value.items()}
    if isinstance(value, list):
        return [resolved(each) for each in value]
    is_reference = isinstance(value, str) and "{{" in value
    return Template(value).render({declared.VARIABLE: declared.vault()}) if is_reference else value


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for each in value.values():
            yield from texts_of(each)
    else:
        yield value


def test_each_phase_has_a_budget_by_the_largest_request_of_all_farms() -> None:
    farms = [with_requests(100_000, 150_000, 100_000, 50_000), with_requests(90_000, 210_000, 100_000, 50_000)]
    found = {budget.what: (budget.figure, budget.is_kept) for budget in of_requests(farms)}
    assert found == {
        "request of observe, before base64": (100.0, True),
        "request of stage, before base64": (210.0, False),
        "request of commit, before base64": (100.0, True),
        "request of conclude, before base64": (50.0, True),
    }


def with_requests(*sizes: int) -> Farm:
    wire = Wire(request_bytes=sizes, up_bytes=0, down_bytes=0)
    runs = tuple(Run(name=name, cost=COST, ratio=1.0, calls=4, wire=wire) for name in (FIRST_APPLY, DRIFT))
    return Farm(nodes=50, node_time=1.0, runs=runs, computed_spread=0.0, recorded_spread=0.0)


# The playbook that does the same work.


def test_the_playbook_uses_nothing_but_the_two_collections() -> None:
    (play,) = yaml.safe_load((Path(rival.__file__).parent / "site.yml").read_text("utf-8"))
    used = [next(word for word in task if "." in word) for task in play["tasks"]]
    assert all(module.startswith(("ansible.windows.", "microsoft.iis.")) for module in used)
    assert play["gather_facts"] is False


def test_a_node_of_the_playbook_has_none_of_the_files_that_are_copied_and_later_all() -> None:
    asked = {"_copy_mode": "query", "files": [{"dest": "a"}], "directories": [], "symlinks": [], "dest": "C:\\"}
    call = Call(node="127.0.1.1", module="ansible.windows.win_copy", arguments=asked, csharp={}, payload=b"12345")
    nodes = rival.Nodes(0.0, changes=True)
    assert json.loads(nodes.answer(call))["files"] == [{"dest": "a"}]
    assert json.loads(rival.Nodes(0.0, changes=False).answer(call))["files"] == []
    assert (nodes.calls["127.0.1.1"], nodes.request_bytes["127.0.1.1"]) == (1, 5)


def test_a_file_that_arrives_is_confirmed_by_its_hash() -> None:
    _, head = _bootstrap_powershell_script("winrm_put_file.ps1", {"Path": "C:\\a"}, has_input=True)
    lines = b"".join(base64.b64encode(part) + b"\r\n" for part in (b"first ", b"second"))
    script = decode("127.0.1.1", head + lines)
    assert isinstance(script, Script)
    told = json.loads(rival.Nodes(0.0, changes=True).run(script))
    assert told == {"sha1": hashlib.sha1(b"first second", usedforsecurity=False).hexdigest()}


def test_a_folder_is_made_under_the_name_that_is_asked_for() -> None:
    _, payload = _bootstrap_powershell_script(
        "powershell_mkdtemp.ps1", {"Directory": "%TEMP%", "Name": "ansible-tmp-1"}
    )
    script = decode("127.0.1.1", payload)
    assert isinstance(script, Script)
    assert rival.Nodes(0.0, changes=True).run(script).endswith("\\Temp\\ansible-tmp-1")


def test_the_server_refuses_a_script_that_nobody_answers() -> None:
    server = WinRmServer(addresses(1), lambda _call: "", PLAIN)
    server.start()
    with pytest.raises(WinRMError, match="failed"):
        run_on_the_command_line(server)
    with pytest.raises(ExceptionGroup) as raised:
        server.stop()
    assert [str(error) for error in raised.value.exceptions] == ["no payload of Ansible's exec wrapper"]


def test_the_server_answers_a_script_by_what_is_set_for_it() -> None:
    with WinRmServer(addresses(1), lambda _call: "", PLAIN) as server:
        server.scripting = lambda script: f"from {script.node}"
        assert run_on_the_command_line(server) == b"from 127.0.1.1"
        (node,) = server.nodes.values()
        assert ([script.name for script in node.scripts], node.calls) == ([""], [])


PLAIN = Security(authentication=Authentication.BASIC, allow_unencrypted=True)


def run_on_the_command_line(server: WinRmServer) -> bytes:
    """Run a command as Ansible does to remove a folder, and answer what it prints."""
    (node,), account = server.nodes, server.security.account
    endpoint = f"http://{node}:{server.port}/wsman"
    # Nothing from the environment: no proxy and no other bundle of authorities.
    speaker = Protocol(endpoint, "basic", account.user, account.password, proxy=None, ca_trust_path=None)  # type: ignore[arg-type]
    shell = speaker.open_shell()
    command = speaker.run_command(shell, "powershell", ["-EncodedCommand", "x"])
    out, _err, code = speaker.get_command_output(shell, command)
    speaker.cleanup_command(shell, command)
    speaker.close_shell(shell)
    if code:
        raise WinRMError("the command has failed")
    return bytes(out)


def test_what_of_the_package_the_playbook_needs_is_unpacked(tmp_path: Path) -> None:
    wanted, other = "ansible_collections/microsoft/iis/MANIFEST.json", "ansible_collections/microsoft/ad/MANIFEST.json"
    with zipfile.ZipFile(tmp_path / "ansible.whl", "w") as archive:
        archive.writestr(wanted, "{}")
        archive.writestr(other, "{}")
    rival_collections.unpack(tmp_path / "ansible.whl", tmp_path / "unpacked")
    assert (tmp_path / "unpacked" / wanted).is_file()
    assert not (tmp_path / "unpacked" / other).exists()


def test_collections_that_were_fetched_once_are_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_network(monkeypatch)
    (tmp_path / f"ansible-{rival_collections.VERSION}").mkdir()
    assert rival_collections.fetch(tmp_path).parent == tmp_path


def test_why_the_collections_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_network(monkeypatch)
    with pytest.raises(NotToBeHad, match="No matching distribution"):
        rival_collections.fetch(tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def test_without_the_collections_nothing_is_measured_and_that_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fetch() -> Path:
        raise NotToBeHad("there is no network")

    monkeypatch.setattr(side_by_side, "fetch", fetch)
    side_by_side.main([50])
    assert "left out" in capsys.readouterr().err


def test_the_budget_of_the_pair_is_a_fifth_of_the_playbooks_time() -> None:
    cost = Cost(seconds=8.0, cpu_seconds=1.0, benchmark_cpu_seconds=0.1, others_cpu_seconds=0.0, memory_bytes=1)
    run = rival.Run(cost=cost, calls=28, scripts=19, request_bytes=4_000_000)
    playbook = rival.Figures(nodes=50, node_time=1.0, first=run, again=run)
    pair = Pair(keydeploy=with_requests(1, 1, 1, 1), playbook=playbook)
    budgets = {budget.what: budget for budget in side_by_side.held([pair])}
    assert pair.share == 0.25
    assert not budgets["its share of the playbook's time"].is_kept
    assert [row["ratio"] for row in side_by_side.rows_of(pair)] == ["1.0 x", "4.0 x"] * 2
