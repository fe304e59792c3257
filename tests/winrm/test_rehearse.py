"""Windows nodes are rehearsed as sandbox nodes are: each is read in one call over WinRM, and never again."""

import json
from pathlib import Path

from tests.engine.declaring import container
from tests.engine.farm import OTHER_KEYS
from tests.engine.hunting import leaks
from tests.engine.test_rehearse import left, of
from tests.winrm.farm import stand_in
from tests.winrm.server import Authentication, Security

NODES = ("web1", "web2")


def test_windows_nodes_are_copied_in_one_call_each_and_rehearsed_here(tmp_path: Path) -> None:
    stand = stand_in(tmp_path / "stand")
    stand.add_farm("portal", *NODES, key_containers={"Sections": container("portal")})
    with stand.serve(Security(authentication=Authentication.NTLM), *NODES):
        ran = stand.tell("rehearse")
        calls = {host: len(stand.calls(host)) for host in NODES}

    rehearsal = json.loads(ran.out)
    assert ran.code == 0, ran.text
    assert calls == dict.fromkeys(NODES, 1)
    assert [copy["unlike"] for copy in rehearsal["copies"]] == [[], []]
    assert of(rehearsal, "portal")["verdict"] == "applied"
    assert {stand.own_config(node).read_bytes() for node in NODES} == {OTHER_KEYS}
    assert leaks(stand, ran) == []
    assert left(stand) == []
