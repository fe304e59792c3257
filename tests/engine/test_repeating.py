"""Laws 2, 7 and 9: reading changes nothing, applying twice changes nothing more, and calls are few."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import (
    DECLARED_KEYS,
    OTHER_KEYS,
    VALIDATION_KEY,
    Ran,
    Stand,
    outcomes,
    tree,
)

Trees = dict[str, dict[str, Any]]

NODES = ("web1", "web2")
OBSERVE = {"journal.read", "file.read", "system.read"}


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    return Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", *NODES)


@pytest.fixture(scope="module")
def untouched(stand: Stand) -> Trees:
    """Answer how the nodes stand before anything has looked at them."""
    return trees(stand)


def trees(stand: Stand) -> Trees:
    """Answer all that can be told of the nodes' own files."""
    return {node: tree(stand.node(node) / "C") for node in NODES}


def calls(stand: Stand) -> list[list[set[str]]]:
    """Answer, for each node, the operations of each call."""
    return [[set(call.split()) for call in stand.calls(node)] for node in NODES]


@pytest.mark.parametrize(
    ("command", "code", "called"),
    [
        ("validate", 0, []),
        ("plan --diff", 2, [OBSERVE]),
        ("drift", 2, [OBSERVE]),
        ("apply --check", 2, [OBSERVE]),
    ],
)
def test_reading_moves_no_time_stamp_and_takes_one_call(
    stand: Stand, untouched: Trees, command: str, code: int, called: list[set[str]]
) -> None:
    ran = stand.keydeploy(*command.split())

    assert ran.code == code, ran.text
    assert trees(stand) == untouched
    assert calls(stand) == [called, called]


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Stand, Ran]:
    stand = Stand(tmp_path_factory.mktemp("stand")).add_farm("portal", *NODES)
    return stand, stand.tell("apply")


def test_an_apply_takes_four_calls_per_node(applied: tuple[Stand, Ran]) -> None:
    stand, ran = applied

    assert ran.code == 0
    assert ran.of("portal")["verdict"] == "applied"
    assert outcomes(ran.of("portal")) == dict.fromkeys(NODES, "applied")
    assert calls(stand) == 2 * [
        [
            OBSERVE,
            {"lock.acquire", "journal.begin", "file.stage", "system.read"},
            {"journal.commit", *OBSERVE},
            {"journal.confirm"},
        ]
    ]
    assert all(stand.own_config(node).read_bytes() == DECLARED_KEYS for node in NODES)
    assert all(stand.is_at_rest(node) for node in NODES)


def test_a_second_apply_takes_one_call_per_node_and_changes_nothing(applied: tuple[Stand, Ran]) -> None:
    stand, _ = applied
    stand.calls("web1"), stand.calls("web2")
    before = trees(stand)

    ran = stand.keydeploy("apply")

    assert ran.code == 0
    assert ran.out.startswith("farm portal: 2 nodes as declared, nothing to do\n")
    assert trees(stand) == before
    assert calls(stand) == [[OBSERVE], [OBSERVE]]


def test_the_case_of_hex_digits_and_the_formatting_are_no_drift(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES)
    lower = DECLARED_KEYS.replace(VALIDATION_KEY.encode(), VALIDATION_KEY.lower().encode())
    stand.own_config("web1").write_bytes(lower)
    stand.own_config("web2").write_bytes(DECLARED_KEYS.replace(b"\r\n", b"\n").replace(b'" ', b'"\n\t'))

    assert stand.keydeploy("drift").code == 0


def test_one_node_that_differs_is_drift_of_that_node_alone(applied: tuple[Stand, Ran]) -> None:
    stand, _ = applied
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    try:
        ran = stand.tell("drift")
    finally:
        stand.own_config("web2").write_bytes(DECLARED_KEYS)

    assert ran.code == 2
    assert {node["node"]: node["changes"] for node in ran.of("portal")["nodes"]} == {"web1": False, "web2": True}
