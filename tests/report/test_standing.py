"""How each thing stands on each node: nothing that cannot be told is in order."""

import pytest

from keydeploy.plan import Cause, Reason
from keydeploy.report.model import Verb, Verdict
from keydeploy.report.standing import Standing, State, not_reached, standings, state_of, worst
from tests.report.runs import CHANGED, EXTRA, KEY, MISSING, SAME, SHAPES, UNTOLD, farm, node, of, run, silent


def found(shape: str) -> dict[str, Standing]:
    """Answer how the nodes of the only farm stand, by their names."""
    (only,) = SHAPES[shape].farms
    return {standing.node: standing for standing in standings(only)}


def states(shape: str) -> dict[str, str]:
    return {name: standing.state.value for name, standing in found(shape).items()}


def test_an_operation_tells_what_is_missing_changed_or_extra() -> None:
    told = [state_of(each) for each in (SAME, MISSING, CHANGED, EXTRA, UNTOLD)]
    assert told == [State.IN_ORDER, State.MISSING, State.CHANGED, State.EXTRA, State.UNKNOWN]
    assert [state.is_drift for state in told] == [False, True, True, True, False]
    assert [state.is_told for state in told] == [True, True, True, True, False]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ("in order", {"web1": "in_order", "web2": "in_order"}),
        ("drifted", {"web1": "missing", "web2": "in_order"}),
        ("unreachable", {"web1": "changed", "web2": "unreachable"}),
        ("cannot tell", {"web1": "unknown"}),
        ("without one", {"web1": "in_order", "web2": "unreachable"}),
        ("limited", {"web1": "in_order", "web2": "not_looked_at"}),
        ("nothing asked", {"web1": "not_looked_at"}),
        ("nothing to hold", {"web1": "in_order"}),
        ("applied", {"web1": "in_order", "web2": "in_order"}),
        ("in waves", {"web1": "in_order", "web2": "in_order"}),
        ("half-way", {"web1": "in_order", "web2": "changed", "web3": "unknown"}),
        ("rolled back", {"web1": "changed"}),
        ("refused", {"web1": "changed"}),
        ("split", {"web1": "in_order", "web2": "unreachable", "web3": "unknown"}),
        ("unfinished", {"web1": "unknown"}),
        ("finished", {"web1": "unknown"}),
        ("checked", {"web1": "changed"}),
        ("taken back", {"web1": "in_order"}),
        ("taken back unfinished", {"web1": "in_order"}),
    ],
)
def test_a_node_stands_as_the_run_left_it(shape: str, expected: dict[str, str]) -> None:
    assert states(shape) == expected


def test_a_node_without_an_answer_has_a_cell_for_all_that_the_others_were_asked_for() -> None:
    silent_node = found("unreachable")["web2"]

    assert [(cell.name, cell.state, cell.operation) for cell in silent_node.cells] == [(KEY, State.UNREACHABLE, None)]
    assert [reason.cause for reason in silent_node.reasons] == [Cause.UNREACHABLE]
    assert not silent_node.drifts


def test_what_one_node_has_left_over_no_other_was_asked_for() -> None:
    (only,) = of(Verb.DRIFT, Verdict.REFUSED, node("web1", SAME, EXTRA), silent("web2")).farms
    assert [cell.name for cell in standings(only)[1].cells] == [KEY]


def test_a_node_that_failed_is_not_told_to_be_out_of_reach() -> None:
    broken = Reason(cause=Cause.FAILED, node="web2", text="internal error")
    (only,) = of(Verb.DRIFT, Verdict.REFUSED, silent("web2", "failed"), reasons=(broken,)).farms
    assert standings(only)[0].state is State.UNKNOWN


def test_drift_is_certain_also_where_something_else_cannot_be_told() -> None:
    (only,) = of(Verb.DRIFT, Verdict.REFUSED, node("web1", CHANGED, UNTOLD)).farms
    (standing,) = standings(only)
    assert standing.state is State.UNKNOWN
    assert standing.drifts


def test_one_address_for_several_things_is_told_apart_by_their_places() -> None:
    other = farm(Verdict.PENDING, node("web1", CHANGED, CHANGED))
    assert [cell.name for cell in standings(other)[0].cells] == [f"{KEY} C:\\inetpub\\portal\\web.config"] * 2


def test_nodes_that_were_never_come_to_are_those_that_no_farm_tells_of() -> None:
    assert not_reached(SHAPES["valid"]) == ("web1",)
    assert not_reached(SHAPES["limited"]) == ()
    assert not_reached(run(Verb.DRIFT, farm(Verdict.IN_ORDER, node("web1")), declared=("web1", "b1"))) == ("b1",)


def test_the_most_telling_state_wins() -> None:
    assert worst([]) is State.IN_ORDER
    assert worst(State) is State.UNREACHABLE
    assert worst([State.CHANGED, State.UNKNOWN]) is State.UNKNOWN
