"""Law 4: nothing goes live until every node has staged, and after a failed commit all go back.

Law 6 too: a node that lies about what it did is caught by what it shows afterwards, and by nothing else.

Each way to misbehave is a farm of its own, and the node that does so stands at another place in each; one run rolls
all of them out, which also shows that their verdicts are independent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.engine.farm import DECLARED_KEYS, QUICK, Ran, Stand, contents, fault, outcomes

LATE = {**QUICK, "margin": "3s", "grace": "1s"}
PLACES = ("first", "middle", "last")


@dataclass(frozen=True)
class Case:
    """A way to misbehave and what is told of it."""

    faults: tuple[Mapping[str, Any], ...]
    told: str
    cause: str = "failed"
    goes_live: bool = True
    """Whether the farm was told to commit."""
    rollout: Mapping[str, Any] = field(default_factory=lambda: QUICK)


FAILED = "the sandbox was told to fail here"
LOST = "the sandbox was told to lose the answer here"
CUT = "the node's answer is cut or damaged"
NOT_AS_DECLARED = "it is not as declared after the commit"

CASES = {
    "a node fails to stage": Case((fault("file.stage", "fail", code="access_denied"),), FAILED, goes_live=False),
    "a node cannot be reached at stage": Case(
        (fault("file.stage", "unreachable"),), LOST, cause="unreachable", goes_live=False
    ),
    "the answer to stage is lost": Case(
        (fault("file.stage", "unreachable", when="after"),), LOST, cause="unreachable", goes_live=False
    ),
    "the answer to stage is cut": Case((fault("file.stage", "cut"),), CUT, goes_live=False),
    "a node lies that it has staged": Case((fault("file.stage", "lie"),), NOT_AS_DECLARED),
    "a node fails to commit": Case((fault("journal.commit", "fail"),), FAILED),
    "a node fails after it has committed": Case((fault("journal.commit", "fail", when="after"),), FAILED),
    "a node cannot be reached at commit": Case((fault("journal.commit", "unreachable"),), LOST, cause="unreachable"),
    "the answer to commit is lost": Case(
        (fault("journal.commit", "unreachable", when="after"),), LOST, cause="unreachable"
    ),
    "the answer to commit is cut": Case((fault("journal.commit", "cut"),), CUT),
    "a node lies that it has committed": Case((fault("journal.commit", "lie"),), NOT_AS_DECLARED),
    "a node is late for the commit": Case(
        (fault("journal.commit", "late", seconds=1.5),), "s late and did not switch", rollout=LATE
    ),
}
FARMS = list(zip(CASES, cycle(PLACES), strict=False))
STUCK = {
    "cannot be rolled back": (fault("journal.commit", "fail"), fault("journal.roll_back", "unreachable")),
    "cannot be unstaged": (fault("file.stage", "fail"), fault("journal.roll_back", "fail")),
    "cannot confirm": (fault("journal.confirm", "unreachable"),),
    "lies that it has rolled back": (fault("journal.commit", "fail", when="after"), fault("journal.roll_back", "lie")),
}


@dataclass
class RolledOut:
    """The run over all farms, and the nodes before it."""

    stand: Stand
    ran: Ran
    before: dict[str, dict[str, bytes]]

    def is_as_before(self, host: str) -> bool:
        return contents(self.stand.node(host)) == self.before[host]


@pytest.fixture(scope="module")
def rolled_out(tmp_path_factory: pytest.TempPathFactory) -> RolledOut:
    stand = Stand(tmp_path_factory.mktemp("stand"))
    for name, place in FARMS:
        add_farm(stand, f"{name} {place}", place, CASES[name].faults, CASES[name].rollout)
    for name, faults in STUCK.items():
        add_farm(stand, name, "middle", faults, QUICK)
    add_farm(stand, "healthy", "first", (), QUICK)
    before = {host: contents(stand.node(host)) for group in stand.groups.values() for host in group["hosts"]}
    return RolledOut(stand, stand.tell("apply"), before)


def add_farm(stand: Stand, farm: str, place: str, faults: tuple[Mapping[str, Any], ...], rollout: Any) -> None:
    stand.add_farm(farm, *hosts_of(farm), rollout=rollout)
    stand.behave(host_at(farm, place), *faults)


def hosts_of(farm: str) -> list[str]:
    return [f"{farm.replace(' ', '_')}_{place}_node" for place in PLACES]


def host_at(farm: str, place: str) -> str:
    return hosts_of(farm)[PLACES.index(place)]


@pytest.mark.parametrize(("name", "place"), FARMS)
def test_every_node_is_as_before_when(rolled_out: RolledOut, name: str, place: str) -> None:
    case, farm = CASES[name], f"{name} {place}"
    told = rolled_out.ran.of(farm)

    assert told["verdict"] == "rolled_back"
    assert [(reason["node"], reason["cause"]) for reason in told["reasons"]] == [(host_at(farm, place), case.cause)]
    assert case.told in told["reasons"][0]["text"]
    assert set(outcomes(told).values()) == {"rolled_back" if case.goes_live else "unstaged"}
    for host in hosts_of(farm):
        assert rolled_out.is_as_before(host)
        assert rolled_out.stand.is_at_rest(host)


def test_a_farm_is_applied_whatever_happens_to_the_others(rolled_out: RolledOut) -> None:
    assert rolled_out.ran.of("healthy")["verdict"] == "applied"
    assert all(rolled_out.stand.own_config(host).read_bytes() == DECLARED_KEYS for host in hosts_of("healthy"))


def test_a_farm_that_went_back_but_for_one_node_is_incomplete_and_the_node_is_named(rolled_out: RolledOut) -> None:
    told = rolled_out.ran.of("cannot be rolled back")
    stuck = host_at("cannot be rolled back", "middle")

    assert told["verdict"] == "incomplete"
    assert [node for node, outcome in outcomes(told).items() if outcome != "rolled_back"] == [stuck]
    assert [host for host in hosts_of("cannot be rolled back") if not rolled_out.stand.is_at_rest(host)] == [stuck]


def test_a_node_that_keeps_what_was_staged_makes_the_farm_incomplete(rolled_out: RolledOut) -> None:
    told = rolled_out.ran.of("cannot be unstaged")

    assert told["verdict"] == "incomplete"
    assert all(rolled_out.is_as_before(host) for host in hosts_of("cannot be unstaged"))


def test_a_node_that_does_not_confirm_makes_the_farm_incomplete(rolled_out: RolledOut) -> None:
    told = rolled_out.ran.of("cannot confirm")

    assert told["verdict"] == "incomplete"
    assert list(outcomes(told).values()) == ["applied", "unreachable", "applied"]


def test_a_node_that_lies_about_going_back_is_caught_by_what_it_shows(rolled_out: RolledOut) -> None:
    told = rolled_out.ran.of("lies that it has rolled back")

    assert told["verdict"] == "incomplete"
    assert list(outcomes(told).values()) == ["rolled_back", "failed", "rolled_back"]


def test_a_split_farm_is_the_most_telling_of_all_that_happened(rolled_out: RolledOut) -> None:
    assert rolled_out.ran.code == 5
    for farm in STUCK:
        assert f"keydeploy: error: farm {farm} may be split" in rolled_out.ran.err


@pytest.mark.parametrize(("name", "code"), [("a node fails to stage", 1), ("the answer to commit is lost", 4)])
def test_the_exit_code_and_the_text_tell_why_nothing_was_applied_when(tmp_path: Path, name: str, code: int) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1", "web2")
    stand.behave("web2", *CASES[name].faults)

    ran = stand.keydeploy("apply")

    assert ran.code == code
    assert "farm portal: not applied; 2 nodes as before" in ran.out
    assert f"! web2: {CASES[name].told}" in ran.out
