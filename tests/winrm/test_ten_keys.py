"""However many keys a farm has, a Windows node is called once for each step."""

from pathlib import Path

from tests.engine.beside import SandboxAtWork
from tests.engine.hunting import declared as marks
from tests.engine.hunting import find, forms, leaks
from tests.engine.ten_keys import StandOfTenKeys, declared, is_as_declared
from tests.winrm.farm import WinRmStand
from tests.winrm.server import Authentication, Security

NODES = ("web1", "web2")


class WinRmStandOfTenKeys(StandOfTenKeys, WinRmStand):
    """Nodes with ten keys behind the server."""


def test_ten_keys_of_all_kinds_take_four_calls_a_node_and_one_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    stand = WinRmStandOfTenKeys(tmp_path)
    stand.add_farm("portal", *NODES, **declared())
    with stand.serve(Security(authentication=Authentication.NTLM), *NODES):
        applied = stand.keydeploy("apply", "-vvvvv")
        calls = [len(stand.seen_by(node).calls) for node in NODES]
        again = stand.tell("apply")
        calls_again = [len(stand.seen_by(node).calls) for node in NODES]
        exchanges = [exchange for node in NODES for exchange in stand.seen_by(node).exchanges]

    assert (applied.code, again.code) == (0, 0), applied.text
    assert (calls, calls_again) == ([4] * 2, [5] * 2)
    assert all(is_as_declared(SandboxAtWork(stand.node(node))) for node in NODES)
    wanted = forms() | marks(stand.inventory)
    assert not any(find(part, wanted) for each in exchanges for part in (each.received, each.sent) if part)
    assert leaks(stand, applied, again) == []
