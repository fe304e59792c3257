"""Which of the modules a request is sent with, where a lighter one does not know enough, and how large they are."""

import json
from contextlib import nullcontext
from typing import Any

import pytest

from keydeploy.errors import NodeError
from keydeploy.node.contract import (
    AccountState,
    AcquireLock,
    BeginJournal,
    BindingList,
    Confirm,
    Done,
    JournalState,
    ListAppPools,
    ListBindings,
    ListCertificates,
    ListContainers,
    Operation,
    ReadAccount,
    ReadBackup,
    ReadContainer,
    ReadFile,
    ReadJournal,
    ReadRegistry,
    ReadSystem,
    Request,
    ResumeLock,
    RollBack,
    StageBackup,
    error_result,
    result,
    to_text,
)
from keydeploy.secret import Secret
from plugins.plugin_utils import windows

FILES, KEYS, IIS, ALL = (f"keydeploy.core.win_node{which}" for which in ("", "_keys", "_iis", "_all"))
UNSUPPORTED = error_result(NodeError("unsupported", "this call does not know what is staged on the node"))
CHANGED = error_result(NodeError("changed", "what is to be changed has changed"))
READ, DONE = result(JournalState(run="run-1")), result(Done())


class Templar:
    """Stands in for Ansible's templar."""

    def template(self, value: object) -> object:
        return value


class Action:
    """Stands in for an action: remembers what it sends, and answers as it was told."""

    def __init__(self, *answers: list[dict[str, Any]]) -> None:
        self._connection = object()
        self._templar = Templar()
        self._answers = list(answers)
        self.sent: list[tuple[str, str]] = []

    @property
    def modules(self) -> list[str]:
        return [module for module, _ in self.sent]

    def _execute_module(self, *, module_name: str, module_args: dict[str, str], task_vars: object) -> dict[str, Any]:
        assert task_vars == {}
        self.sent.append((module_name, module_args.pop("request")))
        answer: dict[str, Any] = json.loads(to_text(self._answers.pop(0)))
        return answer


@pytest.fixture(autouse=True)
def connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every connection be there, and encrypted."""
    monkeypatch.setattr(windows, "endpoint", lambda _connection: ("web1", 5986))
    monkeypatch.setattr(windows, "has_proxy", lambda _connection: False)
    monkeypatch.setattr(windows, "require_port", lambda *_arguments, **_options: None)
    monkeypatch.setattr(windows, "_require_encryption", lambda *_arguments, **_options: None)
    monkeypatch.setattr(windows, "within", lambda _seconds, _connection: nullcontext())


def request(*operations: Operation) -> Request:
    return Request("run-1", Secret(b"key"), operations, id="5b1d")


@pytest.mark.parametrize(
    ("operations", "module"),
    [
        ((ReadSystem(), ReadJournal(), ReadFile("C:\\a")), FILES),
        ((AcquireLock("operator", 60.0), BeginJournal(), Confirm()), FILES),
        ((ReadFile("C:\\a"), ReadRegistry(64, "HKLM\\a", "b")), KEYS),
        ((ReadAccount("CONTOSO\\portal"),), KEYS),
        ((ListContainers(""), ListCertificates("My")), KEYS),
        ((ListAppPools(),), IIS),
        ((ReadContainer("a"), ListBindings()), IIS),
        ((ReadJournal(), ReadBackup(None)), ALL),
        ((BeginJournal(), StageBackup("run-0", False)), ALL),
        ((ResumeLock("operator", 60.0), RollBack()), ALL),
    ],
)
def test_a_request_goes_with_the_lightest_module_that_knows_it(operations: tuple[Operation, ...], module: str) -> None:
    action = Action([CHANGED] * len(operations))
    windows.ask(action, {}, request(*operations))
    assert action.modules == [module]


def test_what_a_lighter_one_does_not_know_the_whole_one_is_asked_once() -> None:
    action = Action([READ, UNSUPPORTED], [READ, DONE])
    response = windows.ask(action, {}, request(ReadJournal(), RollBack()))
    assert action.modules == [FILES, ALL]
    assert action.sent[0][1] == action.sent[1][1]
    response.raise_for_error()
    assert len(response.all(Done)) == 1


@pytest.mark.parametrize(
    ("reading", "answer", "module"),
    [
        (ReadJournal(), READ, FILES),
        (ReadAccount("Users"), result(AccountState(sid="S-1-5-32-545")), KEYS),
        (ListBindings(), result(BindingList(bindings=())), IIS),
    ],
)
def test_a_request_that_a_lighter_one_refuses_as_a_whole_goes_to_the_whole_one_too(
    reading: Operation, answer: dict[str, Any], module: str
) -> None:
    action = Action([UNSUPPORTED], [answer, DONE])
    windows.ask(action, {}, request(reading, RollBack())).raise_for_error()
    assert action.modules == [module, ALL]


@pytest.mark.parametrize("operation", [RollBack(), StageBackup("run-0", False)])
def test_what_the_whole_one_does_not_support_stays_refused(operation: Operation) -> None:
    action = Action([UNSUPPORTED], [UNSUPPORTED])
    with pytest.raises(NodeError, match="does not know"):
        windows.ask(action, {}, request(operation)).raise_for_error()
    assert action.modules[-1] == ALL
    assert len(action.modules) == (2 if isinstance(operation, RollBack) else 1)


def test_any_other_refusal_is_the_answer() -> None:
    action = Action([READ, CHANGED])
    with pytest.raises(NodeError, match="has changed"):
        windows.ask(action, {}, request(ReadJournal(), RollBack())).raise_for_error()
    assert action.modules == [FILES]
