"""Where PowerShell writes down what passes through it: what a person is told, and the setting that accepts it."""

import json
from pathlib import Path

import pytest

from keydeploy.errors import NodeError
from keydeploy.node.contract import error_result, to_text
from tests.engine.farm import DECLARED_KEYS, OTHER_KEYS, reasons
from tests.engine.hunting import find, forms
from tests.winrm.farm import WinRmStand, stand_in
from tests.winrm.server import Call, Security

SETTING = "keydeploy_allow_recording"
RECORDED = "PowerShell on the node writes down what passes through it (a policy); nothing was done"


class RecordingStand(WinRmStand):
    """A stand on whose nodes PowerShell writes down what passes through it: they refuse as the node's C# does."""

    def answer(self, call: Call) -> str:
        """Answer *call* where it accepts that."""
        return super().answer(call) if accepts(call) else to_text([error_result(NodeError("recorded", RECORDED))])


def accepts(call: Call) -> bool:
    """Tell whether the request that crossed the wire accepts that it is written down."""
    accepted = json.loads(call.arguments["request"])["recorded"]
    assert isinstance(accepted, bool)
    return accepted


def carries_a_key(call: Call) -> bool:
    """Tell whether a key is in the request that crossed the wire."""
    return bool(find(call.arguments["request"].encode(), forms()))


@pytest.fixture
def recording(tmp_path: Path) -> RecordingStand:
    (tmp_path / "stand").mkdir()
    stand = RecordingStand(tmp_path / "stand")
    stand.add_farm("portal", "web1", "web2")
    return stand


def test_every_request_with_secrets_says_what_the_setting_says_and_an_end_is_never_refused(tmp_path: Path) -> None:
    stand = stand_in(tmp_path / "stand")
    stand.add_farm("portal", "accepting", "refusing", "silent")
    stand.set("accepting", **{SETTING: True})
    stand.set("refusing", **{SETTING: False})
    with stand.serve(Security(), "accepting", "refusing", "silent"):
        ran = stand.tell("apply")
        said = {host: [accepts(call) for call in stand.seen_by(host).calls] for host in stand.addresses}

    assert ran.code == 0, ran.text
    unless_set = [False, False, False, True]
    assert said == {"accepting": [True] * 4, "refusing": unless_set, "silent": unless_set}


def test_a_farm_that_records_gets_no_key_until_the_setting_accepts_it(recording: RecordingStand) -> None:
    with recording.serve(Security(), "web1", "web2"):
        refused = recording.tell("apply")
        left = [recording.own_config(host).read_bytes() for host in recording.addresses]
        recording.variables[SETTING] = True
        recording.write_inventory()
        accepted = recording.tell("apply")
        carrying = {
            host: [carries_a_key(call) for call in recording.seen_by(host).calls] for host in recording.addresses
        }

    assert (refused.code, accepted.code) == (1, 0), refused.text + accepted.text
    assert left == [OTHER_KEYS] * 2
    assert [recording.own_config(host).read_bytes() for host in recording.addresses] == [DECLARED_KEYS] * 2
    in_refused, in_accepted = [False], [False, True, False, False]
    assert carrying == dict.fromkeys(recording.addresses, in_refused + in_accepted)


def test_the_report_tells_that_nodes_record_and_which_setting_accepts_it(recording: RecordingStand) -> None:
    with recording.serve(Security(), "web1", "web2"):
        ran = recording.tell("apply")

    assert reasons(ran.of("portal")) == [f"web1: {RECORDED}", f"web2: {RECORDED}"]
    assert all(f"{SETTING}: true" in reason["hint"] for reason in ran.of("portal")["reasons"])


@pytest.mark.parametrize(("verb", "times"), [("plan", 1), ("doctor", 2)])
def test_a_person_reads_that_a_node_records_and_which_setting_accepts_it(
    recording: RecordingStand, verb: str, times: int
) -> None:
    with recording.serve(Security(), "web1", "web2"):
        ran = recording.keydeploy(verb)

    lines = ran.out.splitlines()
    told = [number for number, line in enumerate(lines) if line.startswith("  ! ") and line.endswith(f": {RECORDED}")]
    assert ran.code == 1
    assert len(told) == times
    assert times == 2 or lines[told[0]] == f"  ! web1, web2: {RECORDED}"
    assert all(lines[number + 1].startswith("    hint: ") for number in told)
    assert all(lines[number + 1].endswith(f"{SETTING}: true") for number in told)
