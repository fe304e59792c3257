"""A node that dies in the very last writes of a run, when all is decided and noted: what is left for the next run."""

from pathlib import Path

import pytest

from tests.engine.farm import Stand
from tests.faults.farms import NEW, add_farm, host_at, hosts_of, left_behind, let_leases_run_out, seen_on
from tests.faults.writes import writes_of

CONFIRM = "journal.confirm"


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="once journal.json is gone nobody looks for what was staged and for the lock until another run ends there",
)
def test_nothing_is_left_of_a_run_whose_node_died_while_it_confirmed_when_the_next_run_changes_nothing(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path)
    writes = writes_of(CONFIRM)
    farms = {f"c{write}": write for write in range(writes // 2 + 1, writes + 1)}
    for farm, write in farms.items():
        add_farm(stand, farm)
        stand.behave(host_at(farm, "middle"), {"at": CONFIRM, "do": "die", "write": write, "times": 1})
    hosts = [host for farm in farms for host in hosts_of(farm)]
    killed = stand.tell("apply")
    for host in hosts:
        stand.behave(host)
    let_leases_run_out(stand, hosts)
    healed = stand.tell("apply")

    if (killed.code, healed.code) != (5, 0) or any(seen_on(stand, farm) != {NEW} for farm in farms):
        raise RuntimeError("the farms are not even healed")
    assert {host: found for host in hosts if (found := left_behind(stand, host))} == {}
