"""Requests to a node; the only place where references become secrets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from keydeploy import render
from keydeploy.edit import Edit, Literal, Reference
from keydeploy.errors import DocumentError, NodeError
from keydeploy.node.contract import (
    AcquireLock,
    BeginJournal,
    Commit,
    Confirm,
    ReadSystem,
    Request,
    ResumeLock,
    RollBack,
    StageFile,
    parse_request,
)
from keydeploy.observation import FileChange, questions
from keydeploy.plan import Finish, NodePlan
from keydeploy.spec import Declaration, Spec, load
from keydeploy.spec.model import Backups
from tests.node.contract.asking import conforms
from tests.observation.farm import DECRYPTION_KEY, VALIDATION_KEY, Node, plan_of, spec_of

SPEC = spec_of(rollout={"lease": "90s", "grace": "3s"})
EMPTY = NodePlan(node="web1", operations=(), to_stage=())


def plan_with(*edits: Edit, encoding: str = "utf-8") -> NodePlan:
    change = FileChange(path="C:\\web.config", tag="t", encoding=encoding, edits=edits)
    return NodePlan(node="web1", operations=(), to_stage=(change,))


def staged(spec: Spec, plan: NodePlan) -> StageFile:
    _, _, operation, _ = render.stage(spec, plan, "run-1", "operator").operations
    assert isinstance(operation, StageFile)
    return operation


def test_observing_asks_for_all_that_the_spec_depends_on_and_changes_nothing() -> None:
    assert render.observe(SPEC, "run-1").operations == questions(SPEC)


def test_staging_takes_the_lock_begins_and_reads_the_clock_last() -> None:
    request = render.stage(SPEC, EMPTY, "run-1", "operator@controller")
    assert request.operations == (AcquireLock("operator@controller", 90.0), BeginJournal(), ReadSystem())


def test_committing_switches_first_and_then_shows_the_node_again() -> None:
    request = render.commit(SPEC, EMPTY, "run-1", 7, 1_800_000_000.0)
    assert request.operations == (Commit(1_800_000_000.0, 3.0), *questions(SPEC))
    assert request.generation == 7


def test_a_node_that_is_asked_for_its_health_is_taken_for_as_long_as_that_may_take() -> None:
    spec = spec_of(rollout={"lease": "90s", "health": {"url": "http://web1/", "within": "45s"}})
    (lock, *_) = render.stage(spec, EMPTY, "run-1", "operator@controller").operations
    assert lock == AcquireLock("operator@controller", 135.0)


def finishing(holder: str, *, forward: bool, leave: bool = False) -> Request:
    return render.finish(Finish("web1", "run-1", forward), holder, 90.0, Backups(), leave=leave)


@pytest.mark.parametrize("generation", [7, None])
def test_the_ends_of_a_run_go_under_its_generation(generation: int | None) -> None:
    for request, operations in (
        (render.unstage("run-1", generation), (RollBack(),)),
        (render.confirm("run-1", generation, Backups(keep=3, expire=60.0)), (Confirm(3, 60.0),)),
        (render.roll_back(SPEC, EMPTY, "run-1", generation), (RollBack(), *questions(SPEC))),
    ):
        assert (request.run, request.generation, request.operations) == ("run-1", generation, operations)


@pytest.mark.parametrize("forward", [True, False])
def test_an_unfinished_run_is_taken_over_under_its_own_name_and_ended(forward: bool) -> None:
    request = finishing("operator@controller", forward=forward)
    lock, *end = request.operations
    assert (request.run, request.generation) == ("run-1", None)
    assert lock == ResumeLock("operator@controller", 90.0)
    assert [operation.do for operation in end] == (
        ["journal.commit", "journal.confirm"] if forward else ["journal.roll_back"]
    )


def test_what_ends_a_run_needs_no_secret() -> None:
    ends: list[Callable[[], Request]] = [
        lambda: render.unstage("run-1", 7),
        lambda: render.confirm("run-1", 7, Backups()),
        lambda: finishing("operator", forward=True),
        lambda: finishing("operator", forward=False),
    ]
    for end in ends:
        keys = {end().tag_key.reveal() for _ in range(2)} | {render.observe(SPEC, "run-1").tag_key.reveal()}
        assert len(keys) == 3


def test_a_run_is_finished_forward_however_long_ago_it_was_staged(tmp_path: Path) -> None:
    node = Node(tmp_path / "web1", {"/portal": None})
    before = node.observe(SPEC)
    node.ask(render.stage(SPEC, plan_of(SPEC, before), "run-1", "operator")).raise_for_error()
    node.now += 400 * 24 * 3600
    node.ask(finishing("another", forward=True)).raise_for_error()
    after = node.observe(SPEC)
    assert (after.unfinished, after.confirmed, after.holder, after.to_stage) == (None, "run-1", None, ())


def test_references_are_filled_in_as_declared() -> None:
    pieces = (
        Literal('"'),
        Reference("machine_keys.portal.validation_key"),
        Reference("machine_keys.other.validation_key"),
    )
    operation = staged(SPEC, plan_with(Edit(3, 5, pieces)))
    (splice,) = operation.splices
    assert (operation.path, operation.tag, splice.start, splice.end) == ("C:\\web.config", "t", 3, 5)
    assert splice.content.reveal().decode() == f'"{VALIDATION_KEY}{DECRYPTION_KEY}'


def test_secrets_are_written_in_the_encoding_of_the_file() -> None:
    edit = Edit(0, 0, (Reference("machine_keys.portal.validation_key"),))
    (splice,) = staged(SPEC, plan_with(edit, encoding="utf-16-le")).splices
    assert splice.content.reveal() == VALIDATION_KEY.encode("utf-16-le")


@pytest.mark.parametrize("address", ["machine_keys.gone.validation_key", "machine_keys.portal", ""])
def test_a_plan_that_needs_what_the_spec_does_not_declare_is_refused(address: str) -> None:
    with pytest.raises(NodeError, match="no longer declares") as caught:
        render.stage(SPEC, plan_with(Edit(0, 0, (Reference(address),))), "run-1", "operator")
    assert caught.value.code == "request"


def test_what_the_encoding_cannot_hold_is_refused() -> None:
    with pytest.raises(DocumentError, match="encoding"):
        render.stage(SPEC, plan_with(Edit(0, 0, (Literal("中"),)), encoding="cp1252"), "run-1", "operator")


def test_tags_of_one_farm_can_be_compared_between_requests_and_hosts() -> None:
    keys = {render.observe(spec_of(host=host), "run-1").tag_key.reveal() for host in ("web1", "web2")}
    keys.add(render.stage(SPEC, EMPTY, "run-2", "operator").tag_key.reveal())
    assert len(keys) == 1


def test_tags_of_another_farm_cannot() -> None:
    other = {"machine_keys": {"portal": {"validation_key": "AB" * 32, "decryption_key": "CD" * 32}}}
    spec = load(Declaration(host="web1", value=other))
    assert render.observe(spec, "run-1").tag_key != render.observe(SPEC, "run-1").tag_key


def test_a_farm_without_secrets_has_a_new_tag_key_for_each_request() -> None:
    spec = load(Declaration(host="web1", value={}))
    first, second = (render.observe(spec, "run-1").tag_key for _ in range(2))
    assert first != second
    assert len(first.reveal()) == 32


def test_every_request_conforms_to_the_schema_and_is_read_as_it_was_meant(tmp_path: Path) -> None:
    node = Node(tmp_path / "web1", {"/portal": None})
    node_plan = plan_of(SPEC, node.observe(SPEC))
    for request in (
        render.observe(SPEC, "run-1"),
        render.stage(SPEC, node_plan, "run-1", "operator"),
        render.commit(SPEC, node_plan, "run-1", 1, node.now),
        render.unstage("run-1", 1),
        render.confirm("run-1", 1, Backups()),
        render.roll_back(SPEC, node_plan, "run-1", 1),
        finishing("operator", forward=True),
        finishing("operator", forward=False),
    ):
        conforms(request.to_json(), "request")
        assert parse_request(request.to_json()) == request
        conforms(node.answer(request.to_json()), "response")
