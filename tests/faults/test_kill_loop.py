"""Runs over twenty nodes are killed at any moment, again and again; each next run heals the farm.

The moment is random (seeded), what must hold is not: no file is ever missing or cut, and after the next run that is
left alone the farm is uniform and at rest.
"""

import json
import os
import random
import time
from pathlib import Path

import pytest

from tests.engine.farm import QUICK, Stand
from tests.faults.farms import NEW, NEXT, NEXT_KEYS, OLD, leaks, left_behind, let_leases_run_out, watching
from tests.faults.killing import Way, applying, wait_for_the_end_of
from tests.faults.matrix import SEED

NODES = tuple(f"web{number:02}" for number in range(1, 21))
ROUNDS = int(os.environ.get("KEYDEPLOY_KILL_ROUNDS", "4"))
KEYS = {"declared": (), "next": ("-e", json.dumps({"vault_portal": NEXT_KEYS}))}
CONTENT = {"declared": NEW, "next": NEXT}


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", *NODES, rollout={**QUICK, "lease": "5s"})


def seen(stand: Stand) -> set[bytes]:
    return {stand.own_config(node).read_bytes() for node in NODES}


def test_a_farm_of_twenty_is_healed_by_the_run_after_each_kill(stand: Stand) -> None:
    rng = random.Random(f"{SEED} kills")
    with watching(stand, (OLD, NEW, NEXT)) as watch:
        start = time.monotonic()
        runs = {"first": stand.tell("apply")}
        usual = time.monotonic() - start
        assert (runs["first"].code, seen(stand)) == (0, {NEW}), runs["first"].text
        for number in range(ROUNDS):
            keys = ("next", "declared")[number % 2]
            way = list(Way)[(number + rng.randrange(2)) % len(Way)]
            moment = rng.uniform(0.1, 1.1)
            told = f"round {number}: {way.value} killed after {moment:.2f} of a run"
            with applying(stand, *KEYS[keys]) as running:
                time.sleep(moment * usual)
                orphans = running.kill(way)
                if way is not Way.COMMAND:  # whose next run comes while Ansible may still be there
                    wait_for_the_end_of(orphans)
                    let_leases_run_out(stand, NODES)
                # Either the same keys once more, or on to others: both must find out what the dead run has left.
                keys = rng.choice(tuple(KEYS))
                healed = runs[told] = stand.tell("apply", *KEYS[keys])
                wait_for_the_end_of(orphans)
            assert (healed.code, seen(stand)) == (0, {CONTENT[keys]}), f"{told}; then {keys}: {healed.text}"
        runs["others"] = stand.tell("apply", *KEYS["next"])  # so that at least one of these ends a run everywhere
        runs["last"] = stand.tell("apply", *KEYS["declared"])
        runs["drift"] = stand.tell("drift")

    assert (runs["last"].code, runs["drift"].code, seen(stand)) == (0, 0, {NEW})
    assert watch.looks > ROUNDS
    assert watch.broken == []
    assert [what for node in NODES for what in left_behind(stand, node)] == []
    assert leaks(stand, runs) == []
