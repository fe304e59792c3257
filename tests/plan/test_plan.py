"""Observations become a plan: what is to be done on each node, or why nothing may be."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.edit import Difference, Edit, Literal, Reference
from keydeploy.observation import FileChange, Observation, State, Subject
from keydeploy.plan import Action, Farm, Plan, plan
from tests.observation.farm import Node, farm_of, plan_of, planted_in, spec_of

CASES = sorted(Path(__file__).with_name("cases").glob("*.yml"))
MEMBERS = ("web1", "web2", "web3")
FARM = Farm(name="portal", spec="d1", members=MEMBERS)
ADDRESS = "applications.portal.machine_key"

WORDS = st.text("abc .:\\", min_size=1, max_size=6)
DIFFERENCES = st.lists(
    st.builds(Difference, WORDS, st.sampled_from(["absent", "another key", "SHA1"]), WORDS), max_size=3
).map(tuple)
SUBJECTS = st.builds(
    Subject,
    address=WORDS,
    target=st.none() | WORDS,
    differences=DIFFERENCES,
    refusal=st.none() | WORDS,
    found=st.none() | WORDS,
    wanted=st.none() | WORDS,
)
PIECES = st.builds(Literal, WORDS) | st.builds(Reference, WORDS)
EDITS = st.builds(Edit, st.integers(0, 9), st.integers(0, 9), st.lists(PIECES, max_size=2).map(tuple))
CHANGES = st.builds(
    FileChange,
    path=WORDS,
    tag=st.none() | WORDS,
    encoding=st.just("utf-8"),
    edits=st.lists(EDITS, max_size=2).map(tuple),
)


RUNS = st.sampled_from(["r1", "r2"])


def observations_of(node: str) -> st.SearchStrategy[Observation]:
    return st.builds(
        Observation,
        node=st.just(node),
        state=st.sampled_from(State),
        cause=st.none() | WORDS,
        hint=st.none() | WORDS,
        spec=st.sampled_from(["d1", "d1", "d2"]),
        clock=st.floats(0, 2e9),
        unfinished=st.none() | RUNS,
        switched=st.booleans(),
        confirmed=st.none() | RUNS,
        holder=st.none() | WORDS,
        subjects=st.lists(SUBJECTS, max_size=2).map(tuple),
        to_stage=st.lists(CHANGES, max_size=2).map(tuple),
    )


FARMS = st.lists(st.sampled_from(MEMBERS), unique=True).flatmap(
    lambda names: st.tuples(*(observations_of(name) for name in names))
)


def observed(node: str = "web1", **values: Any) -> Observation:
    return replace(Observation(node=node, state=State.OBSERVED, spec="d1"), **values)


def subject(*differences: Difference, refusal: str | None = None) -> Subject:
    return Subject(address=ADDRESS, target="C:\\web.config", differences=differences, refusal=refusal)


@pytest.mark.parametrize("case", [pytest.param(path, id=path.stem) for path in CASES])
def test_observations_become_the_plan_that_the_case_expects(case: Path) -> None:
    value = yaml.safe_load(case.read_text("utf-8"))
    farm = Farm(name="portal", spec="d1", members=tuple(value["members"]))
    found = plan(farm, [_observation(each) for each in value["observations"]], value.get("not_looked_at", ()))
    shown = {
        "actions": {node.node: [operation.action.value for operation in node.operations] for node in found.nodes},
        "reasons": [f"{reason.cause.value}: {reason}" for reason in found.reasons],
        "changes": found.changes,
        "may_apply": found.may_apply,
        "finishes": {finish.node: [finish.run, "forward" if finish.forward else "back"] for finish in found.finishes},
        "may_finish": found.may_finish,
    }
    assert shown == {"finishes": {}, "may_finish": False, **value["expected"]}, value["why"]


def _observation(value: dict[str, Any]) -> Observation:
    nothing = Subject(address=ADDRESS, target=None).to_json()
    subjects = [{**nothing, **each} for each in value.get("subjects", [])]
    plain = observed(value["node"]).to_json()
    return Observation.from_json({**plain, **value, "subjects": subjects})


@settings(derandomize=True, max_examples=50)
@given(FARMS, st.randoms(use_true_random=False))
def test_the_order_of_the_observations_does_not_matter(observations: tuple[Observation, ...], random: Any) -> None:
    shuffled = list(observations)
    random.shuffle(shuffled)
    assert plan(FARM, shuffled) == plan(FARM, observations)


@settings(derandomize=True, max_examples=50)
@given(FARMS)
def test_a_plan_survives_json(observations: tuple[Observation, ...]) -> None:
    found = plan(FARM, observations)
    assert Plan.from_json(json.loads(json.dumps(found.to_json()))) == found


@settings(derandomize=True, max_examples=50)
@given(FARMS)
def test_an_observation_survives_json(observations: tuple[Observation, ...]) -> None:
    for observation in observations:
        assert Observation.from_json(json.loads(json.dumps(observation.to_json()))) == observation


@settings(derandomize=True, max_examples=50)
@given(FARMS)
def test_nothing_may_be_applied_unless_every_member_was_observed_and_is_willing(
    observations: tuple[Observation, ...],
) -> None:
    found = plan(FARM, observations)
    willing = {
        each.node
        for each in observations
        if each.state is State.OBSERVED
        and each.spec == FARM.spec
        and not each.unfinished
        and not any(subject.refusal for subject in each.subjects)
    }
    assert found.may_apply == (willing == set(MEMBERS) and found.changes)


@settings(derandomize=True, max_examples=50)
@given(FARMS)
def test_a_run_ends_the_same_way_wherever_it_is_unfinished(observations: tuple[Observation, ...]) -> None:
    found = plan(FARM, observations)
    observed = [each for each in observations if each.state is State.OBSERVED]
    confirmed = {each.confirmed for each in observed}
    assert {(finish.node, finish.run, finish.forward) for finish in found.finishes} == {
        (each.node, each.unfinished, each.switched and each.unfinished in confirmed)
        for each in observed
        if each.unfinished is not None
    }
    assert not (found.may_finish and found.may_apply)


def test_who_holds_the_lock_of_an_unfinished_run_is_told() -> None:
    held = observed(unfinished="r7", holder="anna@controller, since noon")
    (reason,) = plan(replace(FARM, members=("web1",)), [held]).reasons
    assert str(reason) == "web1: run r7 is unfinished here; the lock: anna@controller, since noon"
    assert reason.hint == "keydeploy apply brings it to its end, once its lease has run out"


def test_a_member_that_may_be_missing_is_left_out_where_it_cannot_be_reached() -> None:
    farm = replace(FARM, dispensable=frozenset({"web2"}))
    gone = Observation(node="web2", state=State.UNREACHABLE, cause="port 5986 is closed")
    found = plan(farm, [observed("web1"), gone, observed("web3")])
    assert (found.reasons, [str(reason) for reason in found.missing]) == ((), ["web2: port 5986 is closed"])
    assert [node.node for node in found.nodes] == ["web1", "web3"]
    assert plan(farm, [observed("web1"), replace(gone, state=State.FAILED), observed("web3")]).reasons
    assert plan(replace(farm, members=("web2",)), [gone]).reasons  # a farm cannot do without all of its nodes


def test_a_node_that_is_no_member_is_not_in_the_plan() -> None:
    found = plan(FARM, [*(observed(name) for name in MEMBERS), observed("stranger")])
    assert [node.node for node in found.nodes] == list(MEMBERS)
    assert found.node("stranger") is None


def test_the_plan_holds_the_edits_as_they_were_observed() -> None:
    edit = Edit(3, 3, (Literal("<"), Reference("machine_keys.portal.validation_key")))
    change = FileChange(path="C:\\web.config", tag="t", encoding="utf-16-le", edits=(edit,))
    found = plan(farm_of(spec_of()), [observed(to_stage=(change,), subjects=(subject(Difference("a", "b", "c")),))])
    (node,) = found.nodes
    assert node.to_stage == (change,)
    assert node.operations[0].differences == (Difference("a", "b", "c"),)


@pytest.mark.parametrize(
    ("differences", "action"),
    [
        ((), Action.NO_OP),
        ((Difference("a", "absent", "x"), Difference("b", "absent", "y")), Action.CREATE),
        ((Difference("a", "absent", "x"), Difference("b", "another key", "y")), Action.UPDATE),
    ],
)
def test_an_action_tells_whether_anything_was_there(differences: tuple[Difference, ...], action: Action) -> None:
    found = plan(replace(FARM, members=("web1",)), [observed(subjects=(subject(*differences),))])
    assert found.nodes[0].operations[0].action is action


def test_what_is_refused_is_left_alone() -> None:
    refused = subject(Difference("a", "b", "c"), refusal="it is locked")
    found = plan(replace(FARM, members=("web1",)), [observed(subjects=(refused,))])
    assert found.nodes[0].operations[0].action is Action.NO_OP
    assert not found.may_apply


def test_every_action_has_a_symbol_of_its_own() -> None:
    assert len({action.symbol for action in Action}) == len(Action)


def test_after_the_plan_is_carried_out_there_is_nothing_to_do(tmp_path: Path) -> None:
    spec = spec_of()
    node = Node(tmp_path / "web1", {"/portal": None})
    before = node.observe(spec)
    first = plan(farm_of(spec), [before])
    assert first.may_apply
    assert planted_in(json.dumps(first.to_json())) == []
    second = plan(farm_of(spec), [node.roll_out(spec, plan_of(spec, before))])
    assert (second.changes, second.nodes[0].to_stage) == (False, ())
    third = plan(farm_of(spec), [node.observe(spec)])
    assert (third.changes, third.reasons) == (False, ())
