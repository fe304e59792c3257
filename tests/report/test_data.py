"""A report goes into JSON and comes back the same, so that every record can be made of a saved one as well."""

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.observation import Undo
from keydeploy.plan import Action, Cause, NodePlan, Reason
from keydeploy.report import data
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.report.standing import standings
from keydeploy.report.timings import NodeTime, StepTime
from keydeploy.schema import validator
from keydeploy.spec import Material
from tests.report.runs import CHANGED, EXTRA, MADE, MISSING, SAME, SHAPES, UNTOLD


def there_and_back(report: Report) -> Report:
    value = json.loads(json.dumps(data.to_json(report, MADE)))
    validator("report").validate(value)
    assert data.made_of(value) == MADE
    return data.from_json(value)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_comes_back_the_same_and_ends_with_the_same_exit_code(shape: str) -> None:
    back = there_and_back(SHAPES[shape])

    assert back == SHAPES[shape]
    assert exit_code(back) is exit_code(SHAPES[shape])


words = st.text("abc äß.\\", max_size=9)
names = st.lists(words, max_size=3).map(tuple)
operations = st.lists(st.sampled_from([SAME, CHANGED, MISSING, EXTRA, UNTOLD]), max_size=4).map(tuple)
undos = st.none() | st.builds(Undo, st.none() | words, st.booleans())
reasons = st.lists(
    st.builds(Reason, cause=st.sampled_from(Cause), text=words, node=st.none() | words, hint=st.none() | words),
    max_size=3,
).map(tuple)
materials = st.builds(
    Material,
    address=words,
    created=st.none() | st.dates(),
    due=st.none() | st.dates(),
    fingerprint=st.none() | words,
)


@st.composite
def nodes(draw: st.DrawFn) -> NodeReport:
    name = draw(words)
    plans = st.builds(NodePlan, node=st.just(name), operations=operations, to_stage=st.just(()), undoes=undos)
    return NodeReport(
        node=name,
        plan=draw(st.none() | plans),
        outcome=draw(st.none() | words),
        reasons=draw(names),
        hint=draw(st.none() | words),
        confirmed=draw(st.none() | words),
    )


farms = st.builds(
    FarmReport,
    farm=words,
    spec=words,
    verdict=st.sampled_from(Verdict),
    nodes=st.lists(nodes(), max_size=3).map(tuple),
    reasons=reasons,
    not_looked_at=names,
    missing=reasons,
    waves=st.lists(names, max_size=2).map(tuple),
    materials=st.lists(materials, max_size=2).map(tuple),
)
times = st.builds(
    StepTime,
    step=words,
    seconds=st.floats(0, 1e6),
    nodes=st.integers(0, 99),
    slowest=st.lists(st.builds(NodeTime, words, st.floats(0, 1e6)), max_size=2).map(tuple),
)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_says_how_each_thing_stands_as_every_other_record_does(shape: str) -> None:
    for farm, value in zip(SHAPES[shape].farms, data.to_json(SHAPES[shape], MADE)["farms"], strict=True):
        for standing in standings(farm):
            told = [each for each in value["nodes"] if each["node"] == standing.node]
            assert [each["state"] for each in told] == ([standing.state.value] if standing.report else [])
            found = [cell.state.value for cell in standing.cells if cell.operation is not None]
            assert [each["state"] for node in told for each in node["operations"]] == found


def test_of_a_node_that_gave_no_answer_nobody_says_that_nothing_is_to_be_changed() -> None:
    (farm,) = data.to_json(SHAPES["unreachable"], MADE)["farms"]
    assert [(node["node"], node["changes"]) for node in farm["nodes"]] == [("web1", True), ("web2", None)]


@given(
    st.builds(
        Report,
        verb=st.sampled_from(Verb),
        check=st.booleans(),
        run=words,
        declared=names,
        skipped=names,
        farms=st.lists(farms, max_size=2).map(tuple),
        failure=st.none() | words,
        hint=st.none() | words,
        interrupted=st.booleans(),
        notes=names,
        timings=st.lists(times, max_size=2).map(tuple),
    )
)
def test_whatever_it_holds_comes_back(report: Report) -> None:
    assert there_and_back(report) == report


@pytest.mark.parametrize("shape", SHAPES)
def test_it_prints_everything_that_the_schema_names(shape: str) -> None:
    """What is new is not required by the schema, so that older reports can be read; it is printed all the same."""
    schema = validator("report").schema
    assert isinstance(schema, dict)
    value = data.to_json(SHAPES[shape], MADE)

    assert set(value) == set(schema["properties"])
    for farm in value["farms"]:
        assert set(farm) == set(schema["$defs"]["farm"]["properties"])
        for node in farm["nodes"]:
            assert set(node) == set(schema["$defs"]["node"]["properties"])
            for operation in node["operations"]:
                assert set(operation) == set(schema["$defs"]["operation"]["properties"])
        for reason in (*farm["reasons"], *farm["missing"]):
            assert set(reason) == set(schema["$defs"]["reason"]["properties"])


def test_the_field_of_a_report_that_json_forgets_would_be_noticed() -> None:
    fields = {field.name for field in dataclasses.fields(Report)}
    told = set(data.to_json(SHAPES["in order"], MADE)) - {"report", "keydeploy", "time", "exit_code"}
    assert told == fields


def test_a_report_of_before_is_read_and_what_it_lacks_is_not_told() -> None:
    value: dict[str, Any] = data.to_json(SHAPES["drifted"], MADE)
    for name in ("check", "declared", "timings", "hint"):
        del value[name]
    del value["farms"][0]["materials"]
    for node in value["farms"][0]["nodes"]:
        del node["confirmed"], node["undoes"], node["state"]
        for operation in node["operations"]:
            del operation["readers"], operation["state"]
    validator("report").validate(value)

    old = data.from_json(value)

    assert old.declared == ("web1", "web2")
    assert (old.timings, old.farms[0].materials, old.farms[0].nodes[0].confirmed) == ((), (), None)
    assert exit_code(old) is exit_code(SHAPES["drifted"])
    assert old.farms[0].nodes[0].plan is not None
    assert old.farms[0].nodes[0].plan.operations[0].action is Action.UPDATE
