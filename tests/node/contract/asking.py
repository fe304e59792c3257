"""How the suite asks a node: typed operations out, plain results back, both sides checked against the schema."""

import json
import uuid
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from keydeploy.edit import Splice
from keydeploy.node.contract import (
    AcquireLock,
    BeginJournal,
    Commit,
    Confirm,
    Operation,
    ReadBackup,
    ReadFile,
    ReadJournal,
    Request,
    Response,
    ResumeLock,
    StageBackup,
    StageFile,
    Staging,
)
from keydeploy.schema import validator
from keydeploy.secret import Secret
from tests.node.contract.under_test import Answering, NodeUnderTest

TAG_KEY = Secret(b"the key of the farm's tags")
RUN = "run-1"
LEASE = 60.0
WEB_CONFIG = "C:\\inetpub\\portal\\web.config"

Result = dict[str, Any]


@cache
def conforms(text: str, kind: str) -> None:
    """Fail unless the JSON *text* is a `request` or a `response` by the schema.

    The same text is checked once: tests of crashes ask and are answered the same hundreds of times.
    """
    _validator(kind).validate(json.loads(text))


@cache
def _validator(kind: str) -> Draft202012Validator:
    definitions = validator("node").schema["$defs"]  # type: ignore[index]
    return Draft202012Validator({"$ref": f"#/$defs/{kind}", "$defs": definitions})


def ask(
    node: Answering,
    *operations: Operation,
    run: str = RUN,
    generation: int | None = None,
    delivered: str | None = None,
) -> list[Result]:
    """Send *operations*, in a request of the id *delivered*, and answer their results, one each."""
    request = Request(run, TAG_KEY, operations, generation, id=delivered).to_json()
    conforms(request, "request")
    response = node.answer(request)
    conforms(response, "response")
    results: list[Result] = json.loads(response)["results"]
    assert len(results) == len(operations)
    return results


def respond(node: Answering, *operations: Operation, run: str = RUN) -> Response:
    """Send *operations* and answer the typed response."""
    request = Request(run, TAG_KEY, operations)
    return Response.from_json(node.answer(request.to_json()), request)


def done(
    node: Answering,
    *operations: Operation,
    run: str = RUN,
    generation: int | None = None,
    delivered: str | None = None,
) -> Result:
    """Send *operations*, none of which may fail, and answer what the last one answered."""
    results = ask(node, *operations, run=run, generation=generation, delivered=delivered)
    assert [result for result in results if "error" in result] == []
    answer: Result = results[-1]["ok"]
    return answer


def refusal(
    node: Answering,
    *operations: Operation,
    run: str = RUN,
    generation: int | None = None,
    delivered: str | None = None,
) -> str:
    """Send *operations*, of which the last one shall fail, and answer its error code."""
    results = ask(node, *operations, run=run, generation=generation, delivered=delivered)
    assert [result for result in results[:-1] if "error" in result] == []
    return str(results[-1]["error"]["code"])


def tag_of(content: bytes) -> str:
    return Secret(content).tag(TAG_KEY)


def replacing(path: str, before: bytes | None, after: bytes) -> StageFile:
    """Answer the operation that makes the file at *path*, which holds *before*, hold *after*."""
    splice = Splice(0, len(before or b""), Secret(after))
    return StageFile(path, None if before is None else tag_of(before), (splice,))


def acquire(lease: float = LEASE) -> AcquireLock:
    return AcquireLock("operator@controller", lease)


def resume(lease: float = LEASE) -> ResumeLock:
    return ResumeLock("another@controller", lease)


def stage(node: Answering, *changes: Staging | StageBackup, run: str = RUN) -> int:
    """Take the node and stage *changes*; answer the generation of the lock."""
    results = ask(node, acquire(), BeginJournal(), *changes, run=run)
    assert [result for result in results if "error" in result] == []
    return int(results[0]["ok"]["generation"])


def switch(node: NodeUnderTest, run: str = RUN) -> None:
    """Commit what is staged, now."""
    done(node, Commit(node.clock(), 2.0), run=run)


def roll_out(node: NodeUnderTest, *changes: Staging | StageBackup, run: str | None = None) -> None:
    """Stage, commit and confirm *changes*, in a run of their own where none is named."""
    run = run or f"run-{uuid.uuid4().hex[:8]}"
    stage(node, *changes, run=run)
    switch(node, run)
    done(node, Confirm(), run=run)


def refused(node: Answering, *changes: Staging | StageBackup, run: str = RUN) -> str:
    """Take the node and stage *changes*, of which the last one shall be refused; answer its error code."""
    return refusal(node, acquire(), BeginJournal(), *changes, run=run)


def unique(what: str) -> str:
    """Answer a name that no other test uses, because what bears it may outlive the test."""
    return f"keydeploy-tests-{what}-{uuid.uuid4().hex[:12]}"


def journal_of(node: Answering) -> Result:
    return done(node, ReadJournal(), run="looking")


def backup_of(node: Answering, run: str | None) -> Result:
    """Answer how the node stands against the backup of *run* (None: of the one that was confirmed last)."""
    return done(node, ReadBackup(run), run="looking")


def standing(node: Answering, run: str | None) -> list[str]:
    """Answer how the places of the backup of *run* stand, in the order in which they were staged."""
    return [place["state"] for place in backup_of(node, run)["places"]]


def seen(node: Answering, path: str) -> Result:
    return done(node, ReadFile(path), run="looking")
