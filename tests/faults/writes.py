"""How often each operation of a roll-out changes the disk of a sandbox node: found out by killing it."""

import json
import tempfile
import time
from functools import cache
from pathlib import Path

from keydeploy.edit import Splice
from keydeploy.errors import Unreachable
from keydeploy.node import layout
from keydeploy.node.contract import (
    AcquireLock,
    BeginJournal,
    Commit,
    Confirm,
    FileState,
    Operation,
    ReadFile,
    Request,
    Response,
    RollBack,
    StageFile,
)
from keydeploy.node.sandbox import Sandbox
from keydeploy.secret import Secret

_PATH = "C:\\inetpub\\portal\\web.config"
_KEY = Secret(b"the key of the tags")
_MANY = 100


@cache
def writes_of(operation: str) -> int:
    """Answer how many changes of the disk *operation* makes in a roll-out of one file."""
    with tempfile.TemporaryDirectory() as folder:
        return next(
            number for number in range(_MANY) if not _dies_at(Path(folder) / f"{number}", operation, number + 1)
        )


def _dies_at(root: Path, operation: str, write: int) -> bool:
    """Tell whether *operation* has a write of the number *write* at which the node dies."""
    layout.create(root, {"/portal": b"<configuration/>"})
    fault = {"at": operation, "do": "die", "write": write}
    (root / "sandbox.json").write_text(json.dumps({"faults": [fault]}), "utf-8")
    try:
        _ask(root, *_stage(root))
        _ask(root, Commit(0.0, 1e11))
        _ask(root, RollBack() if operation == RollBack.do else Confirm(5, 1e9))
    except Unreachable:
        return True
    return False


def _ask(root: Path, *operations: Operation) -> Response:
    request = Request("run", _KEY, operations, None)
    sandbox = Sandbox(root, clock=time.time, sleep=lambda _seconds: None)
    response = Response.from_json(sandbox.answer(request.to_json()), request)
    response.raise_for_error()
    return response


def _stage(root: Path) -> tuple[Operation, ...]:
    state = _ask(root, ReadFile(_PATH)).to(ReadFile(_PATH), FileState)
    return (AcquireLock("somebody", 60.0), BeginJournal(), StageFile(_PATH, state.tag, (Splice(0, 0, Secret(b" ")),)))
