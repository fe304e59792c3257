"""What is built once for all nodes is, to the last byte, what Ansible builds for each."""

import json
from pathlib import Path

import pytest

from tests.engine.farm import QUICK
from tests.engine.hunting import leaks
from tests.winrm.farm import WinRmStand, stand_in
from tests.winrm.server import Call, Security

SAME_ORDER = {"PYTHONHASHSEED": "0"}
"""Ansible keeps the names of what it sends in sets."""


@pytest.fixture
def stand(tmp_path: Path) -> WinRmStand:
    stand = stand_in(tmp_path / "stand")
    stand.add_farm("portal", "web1", "web2", rollout={**QUICK, "margin": "2s"})
    return stand


def around(call: Call) -> tuple[bytes, ...]:
    """Answer the module of *call*, and what was sent before its request and behind it."""
    before, name, behind = call.payload.partition(b'"request":"')
    assert name
    length = next(i for i in range(len(behind)) if behind[i : i + 1] == b'"' and behind[i - 1 : i] != b"\\")
    return call.module.encode(), before, behind[length:]


def test_the_command_line_sends_what_ansible_alone_would(stand: WinRmStand) -> None:
    """The command line's callback has it built once; without that, Ansible builds it in each worker."""
    with stand.serve(Security(), "web1", "web2"):
        alone = stand.playbook("keydeploy.core.plan", env=SAME_ORDER)
        ours = stand.keydeploy("plan", env=SAME_ORDER)
        calls = [[around(call) for call in stand.seen_by(host).calls] for host in ("web1", "web2")]
    assert alone.results("validate")["web1"]["windows"] is True
    assert ours.code == 2, ours.text
    assert [len(each) for each in calls] == [2, 2]
    assert len({sent for each in calls for sent in each}) == 1


def test_what_measures_coverage_is_left_to_ansible(stand: WinRmStand) -> None:
    given = SAME_ORDER | {"_ANSIBLE_COVERAGE_REMOTE_OUTPUT": "C:\\coverage"}
    with stand.serve(Security(), "web1", "web2"):
        ran = stand.keydeploy("plan", env=given)
        payloads = [call.payload for host in ("web1", "web2") for call in stand.seen_by(host).calls]
    assert ran.code == 2, ran.text
    assert [b"coverage_wrapper.ps1" in payload for payload in payloads] == [True, True]


@pytest.mark.parametrize("folder", ["%ProgramData%\\deploy", 'C:\\Temp of "all"'])
def test_a_node_is_told_its_own_folder_for_temporary_files(stand: WinRmStand, folder: str) -> None:
    stand.set("web2", ansible_remote_tmp=folder)
    with stand.serve(Security(), "web1", "web2"):
        ran = stand.keydeploy("plan")
        sent = [stand.seen_by(host).calls[0].payload for host in ("web1", "web2")]
    assert ran.code == 2, ran.text
    assert [json.dumps(folder).encode() in payload for payload in sent] == [False, True]


def test_no_secret_is_left_where_calls_are_built(stand: WinRmStand) -> None:
    with stand.serve(Security(), "web1", "web2"):
        ran = stand.keydeploy("apply", "-vvvvv")
    assert ran.code == 0, ran.text
    assert leaks(stand, ran) == []
