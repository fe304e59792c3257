"""The exit code is the verdict: of all that holds, it tells what an operator needs first."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from keydeploy.errors import Problem
from keydeploy.plan import Cause, Reason
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import FarmReport, Report, Verb, Verdict
from keydeploy.spec import Kind, Notice
from tests.engine.farm import Stand, fault, reasons

PROBLEM = Problem("inventory.yml:1:1", "machine_keys", "wrong")
PUBLIC = Problem("inventory.yml:2:2", "machine_keys", "known", policy=True)
OVERDUE = Notice(kind=Kind.OVERDUE, farm="", address="machine_keys.portal", text="overdue")


def report(*verdicts: Verdict, causes: Sequence[Cause] = ()) -> Report:
    found = tuple(Reason(cause=cause, text="") for cause in causes)
    farms = tuple(FarmReport(farm="", spec="", verdict=verdict, nodes=(), reasons=found) for verdict in verdicts)
    return Report(verb=Verb.APPLY, declared=("web1",), farms=farms)


def overdue(verb: Verb, *verdicts: Verdict, kind: Kind = Kind.OVERDUE) -> Report:
    return replace(report(*verdicts), verb=verb, policy=(replace(OVERDUE, kind=kind),))


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (report(Verdict.IN_ORDER, Verdict.APPLIED), 0),
        (report(Verdict.PENDING, Verdict.IN_ORDER), 2),
        (report(Verdict.PENDING, Verdict.ROLLED_BACK), 1),
        (report(Verdict.PENDING, Verdict.REFUSED), 1),
        (report(Verdict.ROLLED_BACK, Verdict.PENDING, causes=[Cause.FAILED, Cause.UNREACHABLE]), 4),
        (report(Verdict.PENDING, causes=[Cause.UNREACHABLE]), 4),
        (report(Verdict.INCOMPLETE, Verdict.APPLIED, causes=[Cause.UNREACHABLE]), 5),
        (replace(report(Verdict.ROLLED_BACK, causes=[Cause.UNREACHABLE]), interrupted=True), 130),
        (replace(report(Verdict.INCOMPLETE), interrupted=True), 5),
        (replace(report(), problems=(PROBLEM,), declared=(), interrupted=True), 3),
        (replace(report(), declared=()), 3),
        (replace(report(), problems=(PUBLIC, PROBLEM), declared=()), 3),
        (replace(report(), problems=(PUBLIC, PUBLIC), declared=()), 6),
        (overdue(Verb.PLAN, Verdict.IN_ORDER), 6),
        (overdue(Verb.DRIFT, Verdict.IN_ORDER), 6),
        (overdue(Verb.DRIFT, Verdict.PENDING), 6),
        (overdue(Verb.DRIFT, Verdict.REFUSED), 1),
        (overdue(Verb.DRIFT, Verdict.IN_ORDER, kind=Kind.DUE), 0),
        (overdue(Verb.PLAN, Verdict.PENDING, kind=Kind.ACCEPTED), 2),
        (overdue(Verb.APPLY, Verdict.APPLIED), 0),
        (overdue(Verb.APPLY, Verdict.PENDING), 2),
        (overdue(Verb.VALIDATE), 0),
        (overdue(Verb.DRIFT, Verdict.IN_ORDER, kind=Kind.DISCLOSED), 6),
        (overdue(Verb.DRIFT, Verdict.PENDING, kind=Kind.DISCLOSED), 6),
        (overdue(Verb.DRIFT, Verdict.REFUSED, kind=Kind.DISCLOSED), 1),
        (overdue(Verb.DRIFT, Verdict.INCOMPLETE, kind=Kind.DISCLOSED), 5),
        (overdue(Verb.DRIFT, Verdict.IN_ORDER, kind=Kind.NOT_CHECKED), 1),
        (overdue(Verb.DRIFT, Verdict.PENDING, kind=Kind.NOT_CHECKED), 1),
        (overdue(Verb.DRIFT, Verdict.INCOMPLETE, kind=Kind.NOT_CHECKED), 5),
        (replace(report(), declared=(), interrupted=True), 130),
        (replace(report(), declared=(), failure="Ansible ended"), 1),
        (replace(report(), declared=(), failure="Ansible ended", interrupted=True), 130),
    ],
)
def test_the_most_telling_holds(found: Report, code: int) -> None:
    assert exit_code(found) == code


def test_the_order_is_three_five_interrupted_four_one_six_two_zero() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 6, 130]
    everything = report(*Verdict, causes=[*Cause])
    assert exit_code(replace(everything, problems=(PROBLEM,))) == 3
    assert exit_code(everything) == 5


def test_what_is_overdue_in_a_farm_that_was_left_out_does_not_count() -> None:
    looked_at = FarmReport(farm="shop", spec="", verdict=Verdict.IN_ORDER, nodes=())
    found = overdue(Verb.DRIFT, Verdict.NOT_LOOKED_AT)
    assert exit_code(replace(found, farms=(*found.farms, looked_at))) == 0


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Stand:
    """Answer farms of which one has drifted, one is out of reach and one refuses to be looked at."""
    stand = Stand(tmp_path_factory.mktemp("stand"))
    stand.add_farm("drifted", "a1").add_farm("away", "b1", "b2").add_farm("broken", "c1")
    stand.behave("b1", fault("system.read", "unreachable"))
    stand.own_config("c1").write_bytes(b"<configuration><unclosed></configuration>")
    return stand


def test_a_node_out_of_reach_is_never_no_drift(stand: Stand) -> None:
    ran = stand.tell("drift")

    assert ran.code == 4
    assert {farm["farm"]: farm["verdict"] for farm in ran.report["farms"]} == {
        "drifted": "pending",
        "away": "refused",
        "broken": "refused",
    }
    assert reasons(ran.of("away")) == ["b1: the sandbox was told to lose the answer here"]


def test_a_file_that_cannot_be_edited_is_an_error_that_names_it(stand: Stand) -> None:
    ran = stand.keydeploy("plan", "-l", "a1,c1")

    assert ran.code == 1
    assert "farm broken: cannot tell\n  ! c1: applications.portal.machine_key: " in ran.out
    assert r"C:\inetpub\portal\web.config" in ran.out
