"""The wire: what a request looks like, and what is none."""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import ValidationError

from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    Answer,
    AppPoolSettings,
    BeginJournal,
    BoundCertificate,
    Commit,
    Confirm,
    Container,
    Done,
    FileState,
    JournalState,
    ListAppPools,
    ListBindings,
    ListCertificates,
    ListContainers,
    Operation,
    Pointer,
    PrivateKey,
    PublicKey,
    ReadAccount,
    ReadBackup,
    ReadContainer,
    ReadFile,
    ReadJournal,
    ReadRegistry,
    ReadSystem,
    RecycleAppPool,
    RegistryValue,
    Request,
    Response,
    RollBack,
    SeenCertificate,
    SeenContainer,
    StageAppPool,
    StageBackup,
    StageBinding,
    StageCertificate,
    StageContainer,
    StageRegistry,
    Step,
    StoredCertificate,
    error_result,
    from_instant,
    parse_request,
    result,
    to_instant,
    to_text,
)
from keydeploy.node.contract.codec import Instant, Seconds
from keydeploy.schema import validator
from keydeploy.secret import Secret
from tests.node.contract.asking import RUN, TAG_KEY, WEB_CONFIG, acquire, conforms, replacing, resume, stage
from tests.node.contract.under_test import NodeUnderTest

MARK = "MARKED-5ec2e7"
POINTER = Pointer(file="C:\\a", walk=(Step("site", "name", "x"), Step("y")), attribute="z", append="web.config")
PART = Secret(b"\1")
KEY = PrivateKey(modulus=PART, exponent=PART, d=PART, p=PART, q=PART, dp=PART, dq=PART, inverse_q=PART)
SETTINGS = AppPoolSettings(load_user_profile=True, set_profile_environment=None)
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
    resume(),
    ReadRegistry(64, "HKLM\\SOFTWARE\\a", "b"),
    ReadContainer("a"),
    ListContainers("keydeploy-"),
    ListCertificates("My", ("00",)),
    ListAppPools(),
    ListBindings(),
    StageRegistry(32, "HKLM\\SOFTWARE\\a", "b", None, RegistryValue(kind="dword", data=1)),
    StageContainer(
        "a",
        SeenContainer(public_key=PublicKey(modulus=b"\1", exponent=b"\3"), sddl="D:"),
        Container(key=KEY, provider_type=24, exportable=False, sddl="D:"),
        KEY,
    ),
    StageCertificate(
        "My",
        "00",
        SeenCertificate(container=None, friendly_name=None),
        StoredCertificate(der=b"\1", container="a", provider_type=24, friendly_name="b"),
    ),
    StageAppPool("Portal", SETTINGS, SETTINGS),
    RecycleAppPool("Portal"),
    StageBinding("Default Web Site", "*", 443, "", None, BoundCertificate(thumbprint="00", store="My")),
    ReadBackup(None),
    StageBackup(RUN, False),
    ReadAccount("Users"),
)

SECONDS = st.integers(0, 4_000_000_000_000_000).map(lambda n: n / 1_000_000)
STEPS = st.builds(Step, st.text(max_size=8), st.none() | st.text(max_size=8), st.none() | st.text(max_size=8))
LOCATIONS = st.recursive(
    st.text(max_size=8),
    lambda inner: st.builds(
        Pointer,
        file=inner,
        walk=st.lists(STEPS, max_size=3).map(tuple),
        attribute=st.text(max_size=8),
        append=st.none(),
    ),
    max_leaves=3,
)


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Answer values of the type *hint* of a field, or of a dataclass with such fields."""
    if hint == str | Pointer:
        return LOCATIONS
    if is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        fields_ = {field.name: values_of(hints[field.name]) for field in fields(hint)}
        return st.builds(hint, **fields_)  # type: ignore[arg-type]
    if get_origin(hint) is tuple:
        return st.lists(values_of(get_args(hint)[0]), max_size=3).map(tuple)
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([values_of(each) for each in get_args(hint)])
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    return PLAIN[hint]


PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=8),
    int: st.integers(0, 2**40),
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    type(None): st.none(),
    Secret: st.binary(max_size=8).map(Secret),
    Instant: SECONDS,
    Seconds: st.floats(0.001, 1e6),
}
REQUESTS = st.builds(
    Request,
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    values_of(Secret),
    st.lists(st.one_of([values_of(operation) for operation in get_args(Operation)]), max_size=5).map(tuple),
    st.none() | st.integers(1, 2**31),
    st.booleans(),
    st.none() | st.text(max_size=8),
)
ANSWERED: st.SearchStrategy[tuple[Operation, Answer]] = st.sampled_from(ALL).flatmap(
    lambda operation: st.tuples(st.just(operation), values_of(operation.answer))
)


@settings(derandomize=True)
@given(REQUESTS)
def test_a_request_survives_the_wire_and_conforms_to_the_schema(request_: Request) -> None:
    text = request_.to_json()
    conforms(text, "request")
    assert parse_request(text) == request_


@settings(derandomize=True)
@given(st.lists(ANSWERED, max_size=4))
def test_an_answer_survives_the_wire_and_conforms_to_the_schema(answered: list[tuple[Operation, Answer]]) -> None:
    text = to_text([result(answer) for _, answer in answered])
    conforms(text, "response")
    request = Request(RUN, TAG_KEY, tuple(operation for operation, _ in answered))
    response = Response.from_json(text, request)
    assert response.all(object) == [answer for _, answer in answered]  # type: ignore[type-var]


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
    names = [variant["properties"]["do"]["const"] for variant in variants]
    assert sorted(names) == sorted({operation.do for operation in ALL})
    assert {type(operation) for operation in ALL} == set(get_args(Operation))


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
    "no word on recording": lambda request: request.pop("recorded"),
    "a word on recording that is text": lambda request: request.update(recorded="no"),
    "no id": lambda request: request.pop("id"),
    "an id that is a number": lambda request: request.update(id=7),
    "no generation": lambda request: request.pop("generation"),
    "a generation that is text": lambda request: request.update(generation="1"),
    "no operations": lambda request: request.pop("operations"),
    "operations that are none": lambda request: request.update(operations=[7]),
    "an unknown operation": operation(0, do="registry.burn"),
    "an operation without a name": lambda request: request["operations"][0].pop("do"),
    "a file without a place": lambda request: request["operations"][2].pop("at"),
    "a place that is a number": operation(2, at=7),
    "a pointer without a walk": lambda request: request["operations"][2]["at"].pop("walk"),
    "a step without an attribute": lambda request: request["operations"][2]["at"]["walk"][0].pop("attribute"),
    "an unknown field": operation(0, verbose=True),
    "a view of 16 bits": operation(11, view=16),
    "a view that is text": operation(11, view="64"),
    "a registry value of another kind": lambda request: request["operations"][17]["after"].update(kind="link"),
    "a store that is none": operation(14, store="Disallowed"),
    "a key without a part": lambda request: request["operations"][18]["after"]["key"].pop("dp"),
    "a flag that is a number": operation(18, early=1),
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
    "a number of backups that is text": operation(8, keep="5"),
    "a number of backups that is none": operation(8, keep=1.5),
    "no age of backups": lambda request: request["operations"][8].pop("expire"),
    "a negative age of backups": operation(8, expire=-1),
    "a flag of a roll back that is a number": operation(9, leave=1),
    "a backup to read without a run": lambda request: request["operations"][23].pop("run"),
    "a backup to read of a run that is a number": operation(23, run=7),
    "a backup to stage of any run": operation(24, run=None),
    "a backup to stage without a flag": lambda request: request["operations"][24].pop("force"),
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
    request = Request(RUN, TAG_KEY, (ReadJournal(), ReadFile(WEB_CONFIG), ReadSystem()))
    text = node.answer(request.to_json())
    for length in range(len(text)):
        with pytest.raises(NodeError) as caught:
            Response.from_json(text[:length], request)
        assert caught.value.code == "answer"


ONE = Request(RUN, TAG_KEY, (Confirm(),))


@pytest.mark.parametrize(
    "text",
    [
        '{"results": []}',
        '{"contract": 1}',
        '{"contract": 1, "results": []}',
        '{"contract": 1, "results": 7}',
        '{"contract": 1, "results": [7]}',
        '{"contract": 1, "results": [{}]}',
        '{"contract": 1, "results": [{"ok": 7}]}',
        '{"contract": 1, "results": [{"ok": {"more": 1}}]}',
        '{"contract": 1, "results": [{"ok": {}}, {"ok": {}}]}',
        '{"contract": 1, "results": [{"error": {"code": "io"}}]}',
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(NodeError, match="cut or damaged"):
        Response.from_json(text, ONE)


def test_an_answer_of_another_version_is_refused() -> None:
    with pytest.raises(NodeError, match="another version"):
        Response.from_json('{"contract": 2, "results": []}', ONE)


def test_an_error_of_the_node_is_raised_with_its_code_and_windows_number() -> None:
    request = Request(RUN, TAG_KEY, (Confirm(), Commit(0.0, 0.0)))
    text = to_text([result(Done()), error_result(NodeError("in_use", "told so", hresult="0x80070020"))])
    with pytest.raises(NodeError, match="told so") as caught:
        Response.from_json(text, request).raise_for_error()
    assert (caught.value.code, caught.value.hresult) == ("in_use", "0x80070020")
    assert caught.value.message == "told so (0x80070020)"


def test_an_error_of_the_whole_request_is_raised_at_once() -> None:
    request = Request(RUN, TAG_KEY, (Confirm(), Confirm()))
    with pytest.raises(NodeError, match="damaged") as caught:
        Response.from_json(to_text([error_result(NodeError("request", "the request is damaged"))]), request)
    assert caught.value.code == "request"


def test_nothing_in_an_error_steers_a_terminal() -> None:
    text = to_text([error_result(NodeError("io", "\x1b[31mred\r\n\u202eGr\u00f6\u00dfe" + "x" * 500))])
    with pytest.raises(NodeError) as caught:
        Response.from_json(text, ONE).raise_for_error()
    assert caught.value.message.startswith("?[31mred???Gr\u00f6\u00dfex")
    assert len(caught.value.message) == 300


def test_each_question_has_its_own_answer_and_one_that_failed_raises_its_error() -> None:
    read = result(FileState(path="C:\\a", content=None, tag=None))
    error = error_result(NodeError("access_denied", "access to the file is denied"))
    request = Request(RUN, TAG_KEY, (Confirm(), ReadFile("a"), ReadFile("b"), ReadFile("c")))
    response = Response.from_json(to_text([result(Done()), read, error, read]), request)
    assert response.to(ReadFile("a"), FileState).path == response.to(ReadFile("c"), FileState).path == "C:\\a"
    with pytest.raises(NodeError, match="access to the file is denied"):
        response.to(ReadFile("b"), FileState)


def test_a_question_that_was_not_asked_and_an_answer_of_another_kind_are_told() -> None:
    response = Response([(ReadFile("a"), JournalState())])
    for question in (ReadFile("a"), ReadFile("b")):
        with pytest.raises(NodeError, match="lacks what was asked"):
            response.to(question, FileState)


def test_what_was_not_answered_is_told_as_a_damaged_answer() -> None:
    with pytest.raises(NodeError, match="lacks"):
        Response([(ReadJournal(), JournalState())]).system()


def test_a_request_does_not_show_its_secrets() -> None:
    request = Request(RUN, Secret(MARK.encode()), (replacing(WEB_CONFIG, b"old", MARK.encode()),))
    assert MARK not in repr(request)
