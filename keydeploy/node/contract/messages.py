"""A request and its response, as they cross the wire."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from keydeploy.errors import NodeError
from keydeploy.node.contract.advice import ADVICE
from keydeploy.node.contract.answers import (
    Acquired,
    Answer,
    Committed,
    JournalState,
    SystemState,
)
from keydeploy.node.contract.codec import decode, encode
from keydeploy.node.contract.operations import Operation, Reading
from keydeploy.secret import Secret

VERSION = 1

_RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The name of a run is the name of a folder on the node too."""

_OPERATIONS: dict[str, type[Operation]] = {operation.do: operation for operation in get_args(Operation)}

_MESSAGE_LENGTH = 300
_HRESULT_LENGTH = 10

A = TypeVar("A", bound=Answer)


@dataclass(frozen=True, slots=True)
class Request:
    """What one call asks of a node."""

    run: str
    tag_key: Secret
    """Tags of files are made under this key."""
    operations: tuple[Operation, ...]
    generation: int | None = None
    """The lock generation under which the run changes the node; None before it has the lock."""
    recorded: bool = False
    """Work also where PowerShell writes down what passes through it."""
    id: str | None = None
    """Tells a request that is delivered twice: what it stages is not staged again."""

    def to_json(self) -> str:
        """Write the request as it goes to the node. It holds secrets."""
        return json.dumps(
            {
                "contract": VERSION,
                "id": self.id,
                "run": self.run,
                "generation": self.generation,
                "tag_key": encode(self.tag_key),
                "recorded": self.recorded,
                "operations": [{"do": operation.do, **encode(operation)} for operation in self.operations],
            },
            separators=(",", ":"),
        )


class Response:
    """A node's answers, each beside the operation that it answers."""

    def __init__(self, answers: Sequence[tuple[Operation, Answer | NodeError]]) -> None:
        self._answers = list(answers)

    @classmethod
    def from_json(cls, text: str, request: Request) -> "Response":
        """Read the answer *text* to *request*.

        Raises `NodeError` when it is cut or is not one, and when the node refused the request as a whole.
        What came is not shown.
        """
        try:
            value = json.loads(text)
            if value["contract"] != VERSION:
                raise NodeError("contract", "the node speaks another version of the contract", hint=ADVICE["contract"])
            results = value["results"]
            if len(results) == 1 and "error" in results[0] and len(request.operations) != 1:
                raise _error(results[0]["error"])
            return cls([_answer(*pair) for pair in zip(request.operations, results, strict=True)])
        except (ValueError, KeyError, TypeError):
            raise NodeError("answer", "the node's answer is cut or damaged", hint=ADVICE["answer"]) from None

    def raise_for_error(self) -> None:
        """Raise the first error that the node answered as `NodeError`."""
        for _, answer in self._answers:
            if isinstance(answer, NodeError):
                raise answer

    def to(self, question: Reading, kind: type[A]) -> A:
        """Answer what the node answered to *question*, which is of *kind*; raises `NodeError` where it could not."""
        answer = next((answer for operation, answer in self._answers if operation == question), None)
        if isinstance(answer, NodeError):
            raise answer
        if not isinstance(answer, kind):
            raise NodeError("answer", "the node's answer lacks what was asked", hint=ADVICE["answer"])
        return answer

    def all(self, kind: type[A]) -> list[A]:
        """Answer all answers of one *kind*, in their order."""
        return [answer for _, answer in self._answers if isinstance(answer, kind)]

    def system(self) -> SystemState:
        """Answer the last reading of the system."""
        return self._only(SystemState)

    def journal(self) -> JournalState:
        """Answer the reading of the journal."""
        return self._only(JournalState)

    def generation(self) -> int:
        """Answer the generation under which the lock was taken."""
        return self._only(Acquired).generation

    def committed_at(self) -> float:
        """Answer the instant, on the node's clock, at which it switched."""
        return self._only(Committed).committed

    def _only(self, kind: type[A]) -> A:
        answers = self.all(kind)
        if not answers:
            self.raise_for_error()
            raise NodeError("answer", "the node's answer lacks what was asked", hint=ADVICE["answer"])
        return answers[-1]


def parse_request(text: str) -> Request:
    """Read a request as a node does; raises `NodeError` when it is not one."""
    try:
        value = json.loads(text)
        if value["contract"] != VERSION:
            raise NodeError("contract", "the request is of another version of the contract")
        if not _RUN.fullmatch(value["run"]):
            raise ValueError("not the name of a run")
        return Request(
            id=decode(str | None, value["id"]),
            run=value["run"],
            generation=decode(int | None, value["generation"]),
            tag_key=decode(Secret, value["tag_key"]),
            recorded=decode(bool, value["recorded"]),
            operations=tuple(_operation(**operation) for operation in value["operations"]),
        )
    except (ValueError, KeyError, TypeError):
        raise NodeError("request", "the request is cut or damaged") from None


def result(answer: Answer) -> dict[str, Any]:
    """Write an *answer* as the result of its operation."""
    return {"ok": encode(answer)}


def error_result(error: NodeError) -> dict[str, Any]:
    """Write an *error* as the result of its operation."""
    return {"error": {"code": error.code, "message": error.message, "hresult": error.hresult}}


def to_text(results: Sequence[dict[str, Any]]) -> str:
    """Write a response."""
    return json.dumps({"contract": VERSION, "results": list(results)})


def _operation(do: str, **arguments: Any) -> Operation:
    operation: Operation = decode(_OPERATIONS[do], arguments)
    return operation


def _answer(operation: Operation, value: dict[str, Any]) -> tuple[Operation, Answer | NodeError]:
    if value.keys() == {"ok"}:
        return operation, decode(operation.answer, value["ok"])
    return operation, _error(value["error"])


def _error(value: dict[str, Any]) -> NodeError:
    """Read an error; its text goes to people's terminals, so nothing is left in it that steers one."""
    code, message, hresult = (decode(str | None, value[name]) or "" for name in ("code", "message", "hresult"))
    text = f"{message[:_MESSAGE_LENGTH]} ({hresult[:_HRESULT_LENGTH]})" if hresult else message[:_MESSAGE_LENGTH]
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return NodeError(code, shown, hint=ADVICE.get(code), hresult=hresult or None)
