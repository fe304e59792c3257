"""The gate before the commit and the verdict after it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.edit import Difference
from keydeploy.observation import Observation, State, Subject
from keydeploy.plan import Cause, Farm, Plan, plan
from keydeploy.rollout import (
    Committed,
    End,
    Outcome,
    Staged,
    decide,
    end_on,
    judge,
    margin,
    obstacles,
    stopped,
    waves,
)
from keydeploy.spec import Rollout
from keydeploy.spec.model import Waves

NOW = 1_800_000_000.0
MEMBERS = ("web1", "web2", "web3")
ROLLOUT = Rollout(margin=2.0, clock_drift_limit=0.5)
STAGED = tuple(Staged(node=name, began=NOW, first_took=1, took=1) for name in MEMBERS)
COMMITTED = tuple(Committed(node=name) for name in MEMBERS)
FARM = Farm(name="portal", spec="d1", members=MEMBERS)
IN_ORDER = plan(FARM, [Observation(node=name, state=State.OBSERVED, spec="d1") for name in MEMBERS])

ANSWERS = st.tuples(
    *(
        st.none()
        | st.builds(
            Staged,
            node=st.just(name),
            problem=st.none() | st.just("the disk is full"),
            began=st.floats(0, 10),
            first_took=st.floats(0, 10),
            took=st.floats(0, 10),
            first_offset=st.floats(-5, 5),
            offset=st.floats(-5, 5),
        )
        for name in MEMBERS
    )
).map(lambda answers: [answer for answer in answers if answer is not None])


def after(**values: object) -> Plan:
    """Answer the plan after a commit in which web2 showed *values*."""
    observations = [Observation(node=name, state=State.OBSERVED, spec="d1") for name in MEMBERS]
    observations[1] = replace(observations[1], **values)  # type: ignore[arg-type]
    return plan(FARM, observations)


# The waves


def to_change(*names: str, in_waves: bool = True) -> Plan:
    subject = Subject(address="a", target=None, differences=(Difference("d", "1", "2"),), in_waves=in_waves)
    seen = [Observation(node=name, state=State.OBSERVED, spec="d1", subjects=(subject,)) for name in names]
    return plan(Farm(name="portal", spec="d1", members=names), seen)


TWENTY = tuple(f"web{number:02}" for number in range(1, 21))


@pytest.mark.parametrize(
    ("waves_of", "sizes"),
    [
        (Waves(), [1, 4, 15]),
        (Waves(canary=2, fractions=()), [2, 18]),
        (Waves(canary=1, fractions=(0.1, 0.5, 1.0)), [1, 1, 8, 10]),
        (Waves(canary=3, fractions=(0.1,)), [2, 1, 17]),
        (Waves(canary=50), [5, 15]),
    ],
)
def test_canaries_go_first_then_the_fractions_then_the_rest(waves_of: Waves, sizes: list[int]) -> None:
    found = waves(to_change(*TWENTY), replace(ROLLOUT, waves=waves_of))
    assert [len(wave) for wave in found] == sizes
    assert tuple(name for wave in found for name in wave) == TWENTY


def test_a_single_change_that_nodes_must_not_differ_in_takes_all_along_at_one_instant() -> None:
    in_waves = replace(ROLLOUT, waves=Waves())
    assert waves(to_change("web1", "web2", in_waves=False), in_waves) == ()
    assert waves(to_change("web1", "web2"), ROLLOUT) == ()
    assert waves(to_change("web1", "web2"), in_waves) == (("web1",), ("web2",))


def test_a_node_on_which_nothing_changes_is_in_no_wave() -> None:
    found = to_change("web1", "web2", "web3")
    quiet = replace(found.nodes[1], operations=())
    mixed = replace(found, nodes=(found.nodes[0], quiet, found.nodes[2]))
    assert waves(mixed, replace(ROLLOUT, waves=Waves())) == (("web1",), ("web3",))


def test_as_many_as_are_tolerated_may_fail_to_stage_and_one_more_stops_it() -> None:
    staged = [replace(STAGED[0], problem="the disk is full"), *STAGED[1:]]
    decision = decide(MEMBERS, staged, ROLLOUT, now=NOW, since=NOW, tolerated=1)
    assert (decision.go, sorted(decision.instants)) == (True, ["web2", "web3"])
    assert [str(reason) for reason in decision.reasons] == ["web1: the disk is full"]
    assert not decide(MEMBERS, staged[:2], ROLLOUT, now=NOW, since=NOW, tolerated=1).go


def test_a_member_that_may_be_missing_is_left_out_at_the_gate_only_where_it_cannot_be_reached() -> None:
    rollout = replace(ROLLOUT, may_be_missing=("web1",))
    gone = replace(STAGED[0], problem="the connection failed", cause=Cause.UNREACHABLE)
    decision = decide(MEMBERS, [gone, *STAGED[1:]], rollout, now=NOW, since=NOW)
    assert (decision.go, sorted(decision.instants)) == (True, ["web2", "web3"])
    assert not decide(MEMBERS, [replace(gone, cause=Cause.FAILED), *STAGED[1:]], rollout, now=NOW, since=NOW).go
    assert not decide(MEMBERS, [STAGED[0], replace(gone, node="web2"), STAGED[2]], rollout, now=NOW, since=NOW).go


def test_it_never_goes_without_any_node() -> None:
    failed = [replace(answer, problem="the disk is full") for answer in STAGED]
    assert not decide(MEMBERS, failed, ROLLOUT, now=NOW, since=NOW, tolerated=9).go


def test_as_many_as_are_tolerated_may_fail_to_commit_and_only_they_go_back() -> None:
    committed = [replace(COMMITTED[0], problem="status 500"), *COMMITTED[1:]]
    verdict = judge(MEMBERS, committed, IN_ORDER, tolerated=1)
    assert (verdict.outcome, verdict.back) == (Outcome.CONFIRM, ("web1",))
    assert [str(reason) for reason in verdict.reasons] == ["web1: status 500"]
    assert judge(MEMBERS, committed[:2], IN_ORDER, tolerated=1).outcome is Outcome.BACK
    assert judge(("web1",), committed[:1], IN_ORDER, tolerated=1).outcome is Outcome.BACK


# The end on one node


@pytest.mark.parametrize(
    ("node", "back", "committed", "end"),
    [
        ("web1", (), "committed", End.CONFIRM),
        ("web1", (), "unreachable", End.CONFIRM),
        ("web1", ("web1",), "committed", End.TAKE_BACK),
        ("web2", ("web1",), "committed", End.CONFIRM),
        ("web1", None, "committed", End.TAKE_BACK),
        ("web1", None, None, End.TAKE_BACK),
        ("web3", (), "unstaged", End.UNSTAGED),
        ("web3", None, "unstaged", End.UNSTAGED),
        ("web3", (), "unreachable", End.MISSING),
        ("web3", (), "failed", End.TAKE_BACK),
        ("web3", (), None, End.TAKE_BACK),
    ],
)
def test_a_node_keeps_only_what_it_was_told_to_switch_and_was_confirmed(
    node: str, back: tuple[str, ...] | None, committed: str | None, end: End
) -> None:
    assert end_on(node, live=("web1", "web2"), back=back, committed=committed) is end


@pytest.mark.parametrize(
    ("committed", "end"), [("unstaged", End.UNSTAGED), ("unreachable", End.TAKE_BACK), (None, End.TAKE_BACK)]
)
def test_where_nothing_goes_live_a_node_that_did_not_unstage_is_asked_once_more(
    committed: str | None, end: End
) -> None:
    assert end_on("web1", live=(), back=None, committed=committed) is end


def test_a_member_that_may_be_missing_is_no_failure() -> None:
    gone = replace(STAGED[0], problem="the connection failed", cause=Cause.UNREACHABLE)
    failed = replace(STAGED[1], problem="the disk is full")
    rollout = replace(ROLLOUT, may_be_missing=("web1",))
    assert decide(MEMBERS, [gone, *STAGED[1:]], rollout, now=NOW, since=NOW).failed == 0
    assert decide(MEMBERS, [gone, failed, STAGED[2]], rollout, now=NOW, since=NOW).failed == 1
    assert stopped().failed == 1


# The gate


def test_when_all_have_staged_it_goes_at_one_instant_in_each_nodes_own_time() -> None:
    staged = [
        replace(answer, offset=offset, first_offset=offset)
        for answer, offset in zip(STAGED, (0.0, 7200.0, -3.5), strict=True)
    ]
    decision = decide(MEMBERS, staged, ROLLOUT, now=NOW, since=NOW)
    assert decision.go
    assert decision.instants == {"web1": NOW + 2, "web2": NOW + 7202, "web3": NOW - 1.5}
    assert decision.at == NOW + 2


def test_a_member_without_an_answer_stops_it() -> None:
    decision = decide(MEMBERS, STAGED[:2], ROLLOUT, now=NOW, since=NOW)
    assert (decision.go, decision.instants, decision.at) == (False, {}, None)
    assert [str(reason) for reason in decision.reasons] == ["web3: it gave no answer to staging"]


def test_a_member_that_failed_stops_it_with_its_reason() -> None:
    staged = [replace(STAGED[0], problem="the disk is full"), *STAGED[1:]]
    assert [str(reason) for reason in decide(MEMBERS, staged, ROLLOUT, now=NOW, since=NOW).reasons] == [
        "web1: the disk is full"
    ]


def test_a_member_that_could_not_be_reached_is_told_as_such() -> None:
    unreachable = replace(STAGED[0], problem="the connection failed", cause=Cause.UNREACHABLE)
    (reason,) = decide(MEMBERS, [unreachable, *STAGED[1:]], ROLLOUT, now=NOW, since=NOW).reasons
    assert (reason.cause, reason.node) == (Cause.UNREACHABLE, "web1")
    lost = replace(COMMITTED[0], problem="the connection failed", cause=Cause.UNREACHABLE)
    (reason,) = judge(MEMBERS, [lost, *COMMITTED[1:]], IN_ORDER).reasons
    assert (reason.cause, reason.node) == (Cause.UNREACHABLE, "web1")


def test_a_run_that_was_told_to_stop_does_not_go() -> None:
    assert not stopped().go
    assert [str(reason) for reason in stopped().reasons] == ["the run was interrupted"]


def test_every_reason_is_told() -> None:
    assert len(decide(MEMBERS, [replace(STAGED[0], problem="x")], ROLLOUT, now=NOW, since=NOW).reasons) == 3


@pytest.mark.parametrize(("moved", "go"), [(0.0, True), (0.5, True), (-0.5, True), (0.75, False), (-3600.0, False)])
def test_a_clock_may_be_wrong_but_not_move(moved: float, go: bool) -> None:
    staged = [*STAGED[:2], replace(STAGED[2], first_offset=100.0, offset=100.0 + moved)]
    decision = decide(MEMBERS, staged, ROLLOUT, now=NOW, since=NOW)
    assert decision.go == go
    if not go:
        assert str(decision.reasons[0]) == f"web3: its clock moved by {abs(moved):.1f} s during the run"
        assert decision.reasons[0].hint == "the limit is rollout.clock_drift_limit, 0.5 s"


@pytest.mark.parametrize(
    ("first", "second", "moved"),
    [
        ((0.0, 0.0), (1.0, 0.0), 1.0),
        ((0.0, 1.5), (1.0, 0.0), 0.0),
        ((0.0, 0.25), (1.0, 0.0), 0.75),
        ((0.0, 0.0), (-1.0, 2.0), 0.0),
        ((0.0, 9.0), (-1.0, 0.25), 0.75),
    ],
)
def test_a_reading_that_waited_on_a_busy_controller_is_no_proof_that_a_clock_has_moved(
    first: tuple[float, float], second: tuple[float, float], moved: float
) -> None:
    staged = Staged(node="web1", first_offset=first[0], first_doubt=first[1], offset=second[0], doubt=second[1])
    assert staged.moved == moved


def test_the_instant_is_told_by_the_reading_that_waited_least() -> None:
    staged = [replace(STAGED[0], first_offset=3.0, offset=1.0, doubt=4.0), *STAGED[1:]]
    decision = decide(MEMBERS, staged, ROLLOUT, now=NOW, since=NOW)
    assert decision.instants["web1"] == NOW + 2 + 3.0


def test_without_a_declared_margin_it_is_measured() -> None:
    decision = decide(MEMBERS, STAGED, Rollout(), now=NOW + 9, since=NOW)
    assert decision.instants["web1"] == NOW + 9 + margin(STAGED, NOW) > NOW + 9


def test_the_margin_covers_the_stagger_of_the_calls_and_the_slowest_of_them() -> None:
    staged = [
        replace(STAGED[0], began=NOW, first_took=4, took=4),
        replace(STAGED[1], began=NOW + 3, first_took=2, took=2),
    ]
    assert margin(staged, NOW) == 1.0 + 2 * 3 + 4


def test_a_node_that_is_slow_in_each_call_makes_the_margin_longer_and_one_slow_call_does_not() -> None:
    slow, twice_slow = replace(STAGED[0], took=30), replace(STAGED[0], first_took=20, took=30)
    assert margin([slow, *STAGED[1:]], NOW) == margin(STAGED, NOW)
    assert margin([twice_slow, *STAGED[1:]], NOW) == margin(STAGED, NOW) + 19


def test_where_most_calls_have_become_slower_the_margin_is_as_long_as_they_are() -> None:
    slower = [replace(answer, first_took=0.5, took=8.0) for answer in STAGED]
    assert margin(slower, NOW) >= 1.0 + 8.0
    assert margin(slower[:1], NOW) >= 1.0 + 8.0


def test_the_margin_covers_the_wait_behind_hosts_that_are_not_of_the_farm() -> None:
    assert margin(STAGED, NOW - 20) == margin(STAGED, NOW) + 40
    decision = decide(MEMBERS, STAGED, Rollout(), now=NOW, since=NOW - 20)
    assert decision.instants["web1"] == NOW + margin(STAGED, NOW - 20)


def test_a_declared_margin_holds_however_long_staging_took() -> None:
    assert decide(MEMBERS, STAGED, ROLLOUT, now=NOW, since=NOW - 20).instants["web1"] == NOW + 2


@settings(derandomize=True)
@given(ANSWERS, st.randoms(use_true_random=False))
def test_it_goes_only_when_every_member_is_ready_whatever_the_order(staged: list[Staged], random: object) -> None:
    ready = {
        answer.node for answer in staged if answer.problem is None and abs(answer.offset - answer.first_offset) <= 0.5
    }
    decision = decide(MEMBERS, staged, ROLLOUT, now=NOW, since=NOW)
    assert decision.go == (ready == set(MEMBERS))
    assert {reason.node for reason in decision.reasons} == set(MEMBERS) - ready
    assert bool(decision.instants) == decision.go
    shuffled = list(staged)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide(MEMBERS, shuffled, ROLLOUT, now=NOW, since=NOW) == decision


# What stands against a change before it starts


def test_a_whole_farm_with_enough_forks_may_start() -> None:
    assert obstacles([], nodes=3, forks=3) == ()


def test_a_limit_that_cuts_the_farm_is_refused_with_the_names() -> None:
    (reason,) = obstacles(["web2", "web3"], nodes=3, forks=5)
    assert (reason.cause, reason.hint) == (Cause.LIMIT, "run it without a limit")
    assert "web2, web3" in reason.text


def test_too_few_forks_are_refused_with_the_number_to_set() -> None:
    (reason,) = obstacles([], nodes=8, forks=5)
    assert (reason.cause, reason.hint) == (Cause.FORKS, "set forks = 8, such as with -f 8")
    assert "8 nodes" in reason.text


def test_both_obstacles_are_told_at_once() -> None:
    assert [reason.cause for reason in obstacles(["web1"], nodes=8, forks=5)] == [Cause.LIMIT, Cause.FORKS]


# The verdict


def test_a_farm_that_is_as_declared_and_healthy_is_confirmed() -> None:
    verdict = judge(MEMBERS, COMMITTED, IN_ORDER)
    assert (verdict.outcome, verdict.reasons) == (Outcome.CONFIRM, ())


@pytest.mark.parametrize("silent", MEMBERS)
def test_a_member_that_did_not_answer_sends_all_back(silent: str) -> None:
    verdict = judge(MEMBERS, [answer for answer in COMMITTED if answer.node != silent], IN_ORDER)
    assert verdict.outcome is Outcome.BACK
    assert [str(reason) for reason in verdict.reasons] == [f"{silent}: it gave no answer to the commit"]


def test_a_member_with_a_problem_sends_all_back() -> None:
    unhealthy = replace(COMMITTED[1], problem="the health check got status 500")
    verdict = judge(MEMBERS, [COMMITTED[0], unhealthy, COMMITTED[2]], IN_ORDER)
    assert verdict.outcome is Outcome.BACK
    assert [str(reason) for reason in verdict.reasons] == ["web2: the health check got status 500"]


def test_a_node_that_claims_to_have_switched_and_shows_otherwise_sends_all_back() -> None:
    subject = Subject(address="a", target=None, differences=(Difference("validationKey", "another key", "x"),))
    verdict = judge(MEMBERS, COMMITTED, after(subjects=(subject,)))
    assert verdict.outcome is Outcome.BACK
    assert [str(reason) for reason in verdict.reasons] == ["web2: it is not as declared after the commit"]


def test_a_node_that_could_not_be_observed_again_sends_all_back() -> None:
    verdict = judge(MEMBERS, COMMITTED, after(state=State.UNREACHABLE, cause="the connection failed"))
    assert verdict.outcome is Outcome.BACK
    assert [str(reason) for reason in verdict.reasons] == ["web2: the connection failed"]


def test_the_journal_of_this_very_run_is_no_reason_to_go_back() -> None:
    assert judge(MEMBERS, COMMITTED, after(unfinished="this run")).outcome is Outcome.CONFIRM


def test_of_several_reasons_of_a_node_the_first_is_told() -> None:
    committed = [COMMITTED[0], replace(COMMITTED[1], problem="it was late"), COMMITTED[2]]
    verdict = judge(MEMBERS, committed, after(state=State.FAILED, cause="another"))
    assert [str(reason) for reason in verdict.reasons] == ["web2: it was late"]
