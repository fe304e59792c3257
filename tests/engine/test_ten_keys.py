"""However many keys a farm has, a node is called once for each step."""

from pathlib import Path

from tests.engine.beside import SandboxAtWork
from tests.engine.farm import QUICK, contents, fault, tree
from tests.engine.hunting import leaks
from tests.engine.ten_keys import StandOfTenKeys, declared, is_as_declared

NODES = ("web1", "web2", "web3")


def farm(folder: Path) -> StandOfTenKeys:
    stand = StandOfTenKeys(folder)
    stand.add_farm("portal", *NODES, rollout={**QUICK, "lease": "1s"}, **declared())
    return stand


def test_ten_keys_of_all_kinds_take_four_calls_a_node_and_one_when_there_is_nothing_to_do(tmp_path: Path) -> None:
    stand = farm(tmp_path)

    applied = stand.tell("apply")
    calls = [len(stand.calls(node)) for node in NODES]
    before = [tree(stand.node(node)) for node in NODES]
    again = stand.tell("apply")
    calls_again = [len(stand.calls(node)) for node in NODES]

    assert (applied.code, again.code) == (0, 0), applied.text
    assert (calls, calls_again) == ([4] * 3, [1] * 3)
    assert [tree(stand.node(node)) for node in NODES] == before
    assert all(is_as_declared(SandboxAtWork(stand.node(node))) for node in NODES)
    assert leaks(stand, applied, again) == []


def test_all_ten_go_back_where_one_node_fails_and_when_they_are_taken_back(tmp_path: Path) -> None:
    stand = farm(tmp_path)
    before = shown(stand)
    stand.behave("web3", fault("journal.commit", "fail", when="after"))
    failed = stand.tell("apply")
    left = shown(stand)
    stand.behave("web3")
    applied, taken_back = stand.tell("apply"), stand.tell("rollback")

    assert (failed.code, failed.of("portal")["verdict"], left == before) == (1, "rolled_back", True)
    assert (applied.code, taken_back.code) == (0, 0), taken_back.text
    assert shown(stand) == before
    assert all(stand.is_at_rest(node) for node in NODES)
    assert leaks(stand, failed, applied, taken_back) == []


def shown(stand: StandOfTenKeys) -> list[dict[str, bytes]]:
    """Answer the files of every node but for those that the sandbox itself writes anew, where IIS would keep them."""
    its_own = ("applicationHost.config", "app_pools.json", "http_sys.json", "sandbox.json")
    files = (contents(stand.node(node)) for node in NODES)
    return [{name: content for name, content in each.items() if not name.endswith(its_own)} for each in files]
