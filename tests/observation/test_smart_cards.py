"""The time-out of a smart card's transaction: what is asked, and what a node's answer becomes."""

import json
from pathlib import Path
from typing import Any

import pytest

from keydeploy import render
from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    Answer,
    JournalState,
    Reading,
    ReadJournal,
    ReadRegistry,
    ReadSystem,
    RegistryState,
    RegistryValue,
    Response,
    SystemState,
)
from keydeploy.observation import RegistryChange, State, observe, questions
from keydeploy.spec import Spec
from tests.observation.farm import CSP, KSP, NOW, PORTAL, TIMEOUT, Node, plan_of, spec_of


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "web1", {"/portal": None})


def spec_with(timeout: Any, applications: dict[str, Any] | None = None) -> Spec:
    return spec_of(applications or {}, smart_cards={"transaction_timeout": timeout})


def dword(number: int) -> dict[str, Any]:
    return {"kind": "dword", "data": number}


@pytest.mark.parametrize(
    ("timeout", "asked"),
    [
        ("100ms", [(64, CSP), (32, CSP), (64, KSP)]),
        ({"csp": "100ms"}, [(64, CSP), (32, CSP)]),
        ({"ksp": "100ms"}, [(64, KSP)]),
    ],
)
def test_only_what_is_declared_is_asked_before_the_clock(timeout: Any, asked: list[tuple[int, str]]) -> None:
    first, *found, last = questions(spec_with(timeout))
    assert (first, last) == (ReadJournal(), ReadSystem())
    assert [(read.view, read.key, read.value) for read in found if isinstance(read, ReadRegistry)] == [
        (view, key, TIMEOUT) for view, key in asked
    ]


def test_it_may_differ_for_a_while_and_a_key_may_not(node: Node) -> None:
    observation = node.observe(spec_with("100ms", {"portal": PORTAL}))
    assert {subject.address: subject.in_waves for subject in observation.subjects} == {
        "applications.portal.machine_key": False,
        "smart_cards.transaction_timeout.csp": True,
        "smart_cards.transaction_timeout.ksp": True,
    }
    assert plan_of(spec_with("100ms"), node.observe(spec_with("100ms"))).may_go_in_waves


def test_a_subject_names_the_value_and_a_change_what_it_replaces(node: Node) -> None:
    node.write_registry({"64": {CSP: {}, KSP: {TIMEOUT: dword(1500)}}, "32": {CSP: {}}})
    observation = node.observe(spec_with("100ms"))
    assert [subject.target for subject in observation.subjects] == [f"{CSP}\\{TIMEOUT}", f"{KSP}\\{TIMEOUT}"]
    wanted = RegistryValue(kind="dword", data=100)
    before = RegistryValue(kind="dword", data=1500)
    assert observation.to_stage == (
        RegistryChange(view=64, key=CSP, value=TIMEOUT, before=None, after=wanted),
        RegistryChange(view=32, key=CSP, value=TIMEOUT, before=None, after=wanted),
        RegistryChange(view=64, key=KSP, value=TIMEOUT, before=before, after=wanted),
    )


def test_other_values_of_the_keys_are_not_touched(node: Node) -> None:
    other = {"Image Path": {"kind": "expand_string", "data": "%SystemRoot%\\system32\\basecsp.dll"}, "Type": dword(1)}
    node.write_registry({"64": {CSP: dict(other), KSP: dict(other)}, "32": {CSP: {**other, TIMEOUT: dword(1)}}})
    spec = spec_with("100ms")
    node.roll_out(spec, plan_of(spec, node.observe(spec)))
    set_to_it = {**other, TIMEOUT: dword(100)}
    assert node.registry() == {"64": {CSP: set_to_it, KSP: set_to_it}, "32": {CSP: set_to_it}}


def test_a_registry_that_cannot_be_read_refuses_the_time_outs_and_nothing_else(node: Node) -> None:
    faults = [{"at": "registry.read", "do": "fail", "code": "access_denied"}]
    (node.root / "sandbox.json").write_text(json.dumps({"faults": faults}))
    observation = node.observe(spec_with("100ms", {"portal": PORTAL}))
    assert (observation.state, observation.clock) == (State.OBSERVED, NOW)
    key, *timeouts = observation.subjects
    assert (key.refusal, bool(key.differences)) == (None, True)
    for timeout in timeouts:
        assert (timeout.refusal or "").startswith("the registry cannot be read in the 64-bit view: ")
        assert (timeout.differences, timeout.in_waves) == ((), True)
    assert [change.place for change in observation.to_stage] == ["C:\\inetpub\\portal\\web.config"]


def test_one_view_that_cannot_be_read_refuses_its_provider_and_not_the_other() -> None:
    spec = spec_with("100ms")
    known: dict[Reading, Answer | NodeError] = {
        ReadJournal(): JournalState(),
        ReadSystem(): SystemState(clock=NOW, os="Windows", machine="WEB1"),
        ReadRegistry(32, CSP, TIMEOUT): NodeError("access_denied", "access is denied"),
    }
    absent = RegistryState(key_exists=True, value=None)
    observation = observe(spec, Response([(question, known.get(question, absent)) for question in questions(spec)]))
    csp, ksp = observation.subjects
    assert csp.refusal == "the registry cannot be read in the 32-bit view: access is denied"
    assert (csp.differences, ksp.refusal, len(ksp.differences)) == ((), None, 1)
    assert [change.place for change in observation.to_stage] == [f"{KSP}\\{TIMEOUT} (64-bit view)"]


def test_an_answer_to_other_questions_is_no_observation(node: Node) -> None:
    response = node.ask(render.observe(spec_with({"ksp": "100ms"}), "looking"))
    (subject,) = observe(spec_with({"csp": "100ms"}), response).subjects
    assert "lacks what was asked" in (subject.refusal or "")


def test_a_provider_that_windows_does_not_have_is_not_made_up(node: Node) -> None:
    node.write_registry({"64": {CSP: {}}, "32": {}})
    csp, ksp = node.observe(spec_with("100ms")).subjects
    assert csp.refusal == "this Windows has no such provider (32-bit view); leave csp out"
    assert ksp.refusal == "this Windows has no such provider (64-bit view); leave ksp out"


def test_a_change_comes_with_a_caution_and_what_is_as_declared_without_one(node: Node) -> None:
    spec = spec_with({"csp": "100ms"})
    (before,) = node.observe(spec).subjects
    assert "try it with a card on one node first" in before.warnings[0]
    (after,) = node.roll_out(spec, plan_of(spec, node.observe(spec))).subjects
    assert (after.differences, after.warnings) == ((), ())
