"""The wire: what a request looks like, and what is none."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import ValidationError

from keydeploy.edit import Splice
from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    AcquireLock,
    BeginJournal,
    Commit,
    Confirm,
    Operation,
    Pointer,
    ReadFile,
    ReadJournal,
    ReadSystem,
    Request,
    Response,
    ResumeLock,
    RollBack,
    StageFile,
    Step,
    from_instant,
    parse_request,
    to_instant,
)
from keydeploy.schema import validator
from keydeploy.secret import Secret
from tests.node.contract.asking import RUN, TAG_KEY, WEB_CONFIG, acquire, conforms, replacing, stage
from tests.node.contract.under_test import NodeUnderTest

MARK = "MARKED-5ec2e7"
POINTER = Pointer(file="C:\\a", walk=(Step("site", "name", "x"), Step("y")), attribute="z", append="web.config")
ALL: tuple[Operation, ...] = (
    ReadSystem(),
    ReadJournal(),
    ReadFile(POINTER),
    ReadFile(WEB_CONFIG),
    acquire(),
    BeginJournal(),
    replacing(WEB_CONFIG, b"old", b"new"),
    Commit(1_800_000_000.0, 2.0),
    Confirm(),
    RollBack(),
    ResumeLock("operator@controller", 60.0),
)

TEXT = st.text(max_size=8)
SECONDS = st.integers(0, 4_000_000_000_000_000).map(lambda n: n / 1_000_000)
BYTES = st.binary(max_size=8).map(Secret)
STEPS = st.builds(Step, TEXT, st.none() | TEXT, st.none() | TEXT)
LOCATIONS = st.recursive(
    TEXT,
    lambda inner: st.builds(
        Pointer, file=inner, walk=st.lists(STEPS, max_size=3).map(tuple), attribute=TEXT, append=st.none() | TEXT
    ),
    max_leaves=3,
)
SPLICES = st.builds(Splice, st.integers(0, 2**40), st.integers(0, 2**40), BYTES)
OPERATIONS: st.SearchStrategy[Operation] = st.one_of(
    st.sampled_from([ReadSystem(), ReadJournal(), BeginJournal(), Confirm(), RollBack()]),
    st.builds(ReadFile, LOCATIONS),
    st.builds(AcquireLock, TEXT, st.floats(0.001, 1e6)),
    st.builds(ResumeLock, TEXT, st.floats(0.001, 1e6)),
    st.builds(StageFile, TEXT, st.none() | TEXT, st.lists(SPLICES, max_size=3).map(tuple)),
    st.builds(Commit, SECONDS, st.floats(0, 1e6)),
)
REQUESTS = st.builds(
    Request,
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    BYTES,
    st.lists(OPERATIONS, max_size=5).map(tuple),
    st.none() | st.integers(1, 2**31),
)


@settings(derandomize=True)
@given(REQUESTS)
def test_a_request_survives_the_wire_and_conforms_to_the_schema(request_: Request) -> None:
    text = request_.to_json()
    conforms(text, "request")
    assert parse_request(text) == request_


@settings(derandomize=True)
@given(SECONDS)
def test_an_instant_survives_the_wire(seconds: float) -> None:
    assert from_instant(to_instant(seconds)) == seconds


def test_an_instant_of_windows_has_seven_digits() -> None:
    assert from_instant("2027-01-15T08:00:00.2500009Z") == pytest.approx(1_800_000_000.25, abs=1e-6)


def test_an_instant_without_a_time_zone_is_none() -> None:
    with pytest.raises(ValueError, match="time zone"):
        from_instant("2027-01-15T08:00:00")


def test_the_suite_knows_every_operation_of_the_schema() -> None:
    variants = validator("node").schema["$defs"]["operation"]["oneOf"]  # type: ignore[index]
    kinds = [variant["properties"]["do"] for variant in variants]
    names = {name for kind in kinds for name in kind.get("enum", [kind.get("const")])}
    assert names == {operation.name for operation in ALL}


def valid() -> dict[str, Any]:
    value: dict[str, Any] = json.loads(Request(RUN, TAG_KEY, ALL, 1).to_json())
    return value


def operation(index: int, **values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda request: request["operations"][index].update(values)


MALFORMED: dict[str, Callable[[dict[str, Any]], object]] = {
    "no run": lambda request: request.pop("run"),
    "an empty run": lambda request: request.update(run=""),
    "a run that leads out of its folder": lambda request: request.update(run=".."),
    "a run with a slash": lambda request: request.update(run="a/b"),
    "a run that is a number": lambda request: request.update(run=7),
    "no tag key": lambda request: request.pop("tag_key"),
    "a tag key that is a number": lambda request: request.update(tag_key=7),
    "no generation": lambda request: request.pop("generation"),
    "a generation that is text": lambda request: request.update(generation="1"),
    "no operations": lambda request: request.pop("operations"),
    "operations that are none": lambda request: request.update(operations=[7]),
    "an unknown operation": operation(0, do="registry.burn"),
    "an operation without a name": lambda request: request["operations"][0].pop("do"),
    "a file without a place": lambda request: request["operations"][2].pop("at"),
    "a place that is a number": operation(2, at=7),
    "a pointer without a walk": lambda request: request["operations"][2]["at"].pop("walk"),
    "a step too short": lambda request: request["operations"][2]["at"].update(walk=[["a", None]]),
    "a lock without a holder": lambda request: request["operations"][4].pop("holder"),
    "a lease that is text": operation(4, lease="60"),
    "a negative lease": operation(4, lease=-1),
    "a resumed lock without a holder": lambda request: request["operations"][10].pop("holder"),
    "a resumed lease that is text": operation(10, lease="60"),
    "a path that is a number": operation(6, path=7),
    "a tag that is a number": operation(6, tag=7),
    "no tag": lambda request: request["operations"][6].pop("tag"),
    "an offset that is text": lambda request: request["operations"][6]["splices"][0].update(start="0"),
    "an instant that is a number": operation(7, at=1_800_000_000),
    "an instant that is text": operation(7, at="soon"),
    "an instant without a time zone": operation(7, at="2027-01-15T08:00:00"),
    "no grace": lambda request: request["operations"][7].pop("grace"),
    "a grace that is text": operation(7, grace="2"),
}


@pytest.mark.parametrize("why", MALFORMED)
def test_a_malformed_request_is_refused_whole(node: NodeUnderTest, why: str) -> None:
    request = valid()
    MALFORMED[why](request)
    with pytest.raises(ValidationError):
        conforms(json.dumps(request), "request")
    before = node.tree()
    response = node.answer(json.dumps(request))
    conforms(response, "response")
    assert [result["error"]["code"] for result in json.loads(response)["results"]] == ["request"]
    assert node.tree() == before


@pytest.mark.parametrize("text", ["", "[]", "7", "null", '"text"', "{", "{}"])
def test_what_is_no_request_is_refused(node: NodeUnderTest, text: str) -> None:
    response = node.answer(text)
    conforms(response, "response")
    assert json.loads(response)["results"][0]["error"]["code"] == "request"


def test_base64_that_is_none_is_refused_without_quoting_it(node: NodeUnderTest) -> None:
    request = valid()
    request["operations"][6]["splices"][0]["content"] = f"*{MARK}*"
    response = node.answer(json.dumps(request))
    assert json.loads(response)["results"][0]["error"]["code"] == "request"
    assert MARK not in response


def test_another_version_of_the_contract_is_refused(node: NodeUnderTest) -> None:
    request = valid()
    request["contract"] = 2
    response = node.answer(json.dumps(request))
    conforms(response, "response")
    assert json.loads(response)["results"][0]["error"]["code"] == "contract"


def test_every_prefix_of_an_answer_is_recognised_as_cut(node: NodeUnderTest) -> None:
    stage(node)
    text = node.answer(Request(RUN, TAG_KEY, (ReadJournal(), ReadFile(WEB_CONFIG), ReadSystem())).to_json())
    for length in range(len(text)):
        with pytest.raises(NodeError) as caught:
            Response.from_json(text[:length])
        assert caught.value.code == "answer"


@pytest.mark.parametrize(
    "text",
    [
        '{"results": []}',
        '{"contract": 1}',
        '{"contract": 1, "results": 7}',
        '{"contract": 1, "results": [7]}',
        '{"contract": 1, "results": [{}]}',
        '{"contract": 1, "results": [{"ok": 7}]}',
        '{"contract": 1, "results": [{"error": {"code": "io"}}]}',
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(NodeError, match="cut or damaged"):
        Response.from_json(text)


def test_an_answer_of_another_version_is_refused() -> None:
    with pytest.raises(NodeError, match="another version"):
        Response.from_json('{"contract": 2, "results": []}')


def test_an_error_of_the_node_is_raised_with_its_code() -> None:
    text = '{"contract": 1, "results": [{"ok": {}}, {"error": {"code": "late", "message": "told so"}}]}'
    with pytest.raises(NodeError, match="told so") as caught:
        Response.from_json(text).raise_for_error()
    assert caught.value.code == "late"


def test_a_file_that_could_not_be_read_has_a_problem_and_its_place_among_the_others() -> None:
    read = '{"ok": {"path": "C:\\\\a", "exists": false, "content": null, "tag": null}}'
    error = '{"error": {"code": "access_denied", "message": "access to the file is denied"}}'
    files = Response.from_json(f'{{"contract": 1, "results": [{{"ok": {{}}}}, {read}, {error}, {read}]}}').files()
    assert [(file.path, file.problem) for file in files] == [
        ("C:\\a", None),
        (None, "access to the file is denied"),
        ("C:\\a", None),
    ]


@pytest.mark.parametrize("last", [0, 1, 2, 3])
def test_an_answer_can_be_split_before_its_last_results(last: int) -> None:
    results = [{"error": {"code": str(number), "message": "told"}} for number in range(3)]
    before, after = Response(results).split(last)
    assert (len(before.files()), len(after.files())) == (3 - last, last)


def test_a_request_does_not_show_its_secrets() -> None:
    request = Request(RUN, Secret(MARK.encode()), (replacing(WEB_CONFIG, b"old", MARK.encode()),))
    assert MARK not in repr(request)
