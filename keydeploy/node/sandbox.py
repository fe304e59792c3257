"""A folder that plays a Windows node.

It keeps the same contract as a real node (`contract.py`) and answers inside the caller's process.
Reading changes nothing in the folder, not even a time of access where the system allows that.
"""

import hashlib
import hmac
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, assert_never
from xml.etree import ElementTree

from keydeploy import edit
from keydeploy.errors import DocumentError, NodeError, Unreachable
from keydeploy.node import contract, paths
from keydeploy.node.contract import (
    AcquireLock,
    BeginJournal,
    Commit,
    Confirm,
    Location,
    Operation,
    Pointer,
    ReadFile,
    ReadJournal,
    ReadSystem,
    Request,
    ResumeLock,
    RollBack,
    StageFile,
)
from keydeploy.node.faults import Behaviour
from keydeploy.node.journal import Entry, Journal, Record, discard_temporary, replace_file

_OWN_FOLDER = "%ProgramData%\\keydeploy"
_READING = (ReadSystem, ReadFile, ReadJournal)
_SILENT = (BeginJournal, StageFile, Confirm, RollBack)
"""Operations that answer nothing, so that a lie about them costs nothing; a lying commit still keeps its journal."""

Answer = dict[str, Any]


class Sandbox:
    """The node in the folder *root*, with *clock* (seconds since 1970) and *sleep* as its time."""

    def __init__(self, root: Path, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._root = root
        self._real_clock = clock
        self._sleep = sleep

    def answer(self, text: str) -> str:
        """Carry out the request *text* and answer its response; both are JSON.

        Raises `Unreachable` when there is no such node.
        """
        if not (self._root / "C").is_dir():
            raise Unreachable("there is no sandbox node in this folder", hint="keydeploy sandbox create DIR makes one")
        self._behaviour = Behaviour.of(self._root)
        self._journal = Journal(paths.locate(self._root, _OWN_FOLDER))
        try:
            request = contract.parse_request(text)
            results = self._carry_out(request)
        except NodeError as error:
            return _response([_error(error)])
        response = _response(results)
        return response[: len(response) // 2] if self._behaviour.cuts(_names(request)) else response

    def _carry_out(self, request: Request) -> list[Answer]:
        self._count_call(request)
        results: list[Answer] = []
        stopped = False
        for operation in request.operations:
            if stopped:
                results.append(_error(NodeError("not_done", "an operation before this one failed")))
                continue
            try:
                self._behaviour.provoke(operation.name, "before")
                if not isinstance(operation, Commit):  # which is late after its instant, not before
                    self._sleep(self._behaviour.lateness(operation.name))
                lies = isinstance(operation, _SILENT) and self._behaviour.lies(operation.name)
                answer = {} if lies else self._perform(operation, request)
                self._behaviour.provoke(operation.name, "after")
                results.append({"ok": answer})
            except (NodeError, DocumentError, OSError) as error:
                results.append(_error(error))
                stopped = not isinstance(operation, _READING)
        return results

    def _perform(self, operation: Operation, request: Request) -> Answer:  # noqa: C901, PLR0911 - one case for each
        run, generation = request.run, request.generation
        match operation:
            case ReadSystem():
                return {"clock": contract.to_instant(self._clock()), "os": "sandbox", "machine": self._root.name}
            case ReadFile(at):
                return self._read_file(at, request)
            case ReadJournal():
                state = self._journal.read()
                return {name: getattr(state, name) for name in state.__slots__}
            case AcquireLock(holder, lease):
                return {"acquired": self._journal.acquire(run, holder, lease, self._clock())}
            case ResumeLock(holder, lease):
                return {"acquired": self._journal.resume(run, holder, lease, self._clock())}
            case BeginJournal():
                self._journal.begin(run, generation)
                return {}
            case StageFile():
                self._stage(operation, request)
                return {}
            case Commit(at, grace):
                return {"committed": contract.to_instant(self._commit(at, grace, run, generation))}
            case Confirm():
                self._journal.confirm(run, generation)
                return {}
            case RollBack():
                self._roll_back(run, generation)
                return {}
            case _:
                assert_never(operation)

    def _read_file(self, at: Location, request: Request) -> Answer:
        path = self._follow(at)
        content = None if path is None else self._content(path)
        return {
            "path": path,
            "exists": content is not None,
            "content": contract.encode_content(content),
            "tag": None if content is None else _tag(content, request),
        }

    def _follow(self, location: Location) -> str | None:
        if isinstance(location, str):
            return paths.expand(location)
        file = self._follow(location.file)
        content = None if file is None else self._content(file)
        if file is None or content is None:
            return None
        target = _attribute(content, location)
        if target is None:
            return None
        path = paths.join(paths.parent(file), paths.expand(target))
        return paths.join(path, location.append) if location.append else path

    def _content(self, path: str) -> bytes | None:
        """Read a file without touching its time of access; None when there is none, or the path is not local."""
        if paths.is_on_a_share(path):
            return None
        file = paths.locate(self._root, path)
        return _read(file) if file.is_file() else None

    def _stage(self, operation: StageFile, request: Request) -> None:
        self._journal.record(request.run, request.generation)
        path = paths.expand(operation.path)
        target = paths.locate(self._root, path)
        if target.is_dir() or not target.parent.is_dir():
            raise NodeError("path", "the path is a folder's, or the folder of the file does not exist")
        before = self._content(path)
        found = None if before is None else _tag(before, request)
        if found != operation.tag:
            raise NodeError("changed", "the file has changed since it was observed")
        after = edit.apply(before or b"", operation.splices)
        self._journal.stage(request.run, request.generation, path, before, after)

    def _commit(self, at: float, grace: float, run: str, generation: int | None) -> float:
        record = self._journal.record(run, generation)
        if record.committed is not None:
            return contract.from_instant(record.committed)
        self._journal.renew(run, generation, max(at, self._clock()))
        self._sleep(max(0.0, at - self._clock()) + self._behaviour.lateness(Commit.name))
        if self._clock() > at + grace:
            raise NodeError("late", f"the node was {self._clock() - at:.1f} s late and did not switch")
        for entry in record.entries:
            expected = [self._journal.before(record, entry)]
            if record.phase == "committing":  # a crash came between: some files may have been switched already
                expected.append(self._journal.after(record, entry))
            if self._content(entry.path) not in expected:
                raise NodeError("changed", "a file has changed since it was staged")
        self._journal.enter(run, generation, "committing")
        instant = self._clock()
        if not self._behaviour.lies(Commit.name):
            for entry in record.entries:
                replace_file(paths.locate(self._root, entry.path), self._journal.after(record, entry))
        self._journal.enter(run, generation, "committed", contract.to_instant(instant))
        return instant

    def _roll_back(self, run: str, generation: int | None) -> None:
        record = self._journal.record_to_undo(run, generation)
        if record is None or record.phase == "staged":
            restored = []  # nothing was switched, so a file that somebody has changed since is not ours to judge
        else:
            restored = [self._restore(record, entry) for entry in record.entries]
        if not all(restored):
            raise NodeError("changed", "a file was changed by someone else after the commit; it was left as it is")
        self._journal.forget(run)

    def _restore(self, record: Record, entry: Entry) -> bool:
        """Put back what the file held before the run; False when somebody else has changed it since."""
        target = paths.locate(self._root, entry.path)
        discard_temporary(target)
        before, current = self._journal.before(record, entry), self._content(entry.path)
        if current == before:
            return True
        if current != self._journal.after(record, entry):
            return False
        if before is None:
            target.unlink()
        else:
            replace_file(target, before)
        return True

    def _clock(self) -> float:
        return self._real_clock() + self._behaviour.clock_offset

    def _count_call(self, request: Request) -> None:
        if self._behaviour.calls:
            with Path(self._behaviour.calls).open("a", encoding="utf-8") as log:
                log.write(f"{self._root.name} {' '.join(_names(request))}\n")


def _attribute(content: bytes, pointer: Pointer) -> str | None:
    try:
        elements = [ElementTree.fromstring(content)]  # noqa: S314 - expat bounds entity expansion
    except (ElementTree.ParseError, LookupError, ValueError):  # the latter two: an encoding that nobody knows
        return None
    for step in pointer.walk:
        elements = [
            found
            for element in elements
            for found in element.iter()
            if found.tag.rpartition("}")[2] == step.element
            and (step.attribute is None or found.get(step.attribute, "").lower() == (step.value or "").lower())
        ]
    return next((found for element in elements if (found := element.get(pointer.attribute)) is not None), None)


def _read(file: Path) -> bytes:
    try:
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NOATIME", 0))
    except PermissionError:  # only its owner may read a file so
        descriptor = os.open(file, os.O_RDONLY)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def _tag(content: bytes, request: Request) -> str:
    return hmac.new(request.tag_key.reveal(), content, hashlib.sha256).hexdigest()


def _names(request: Request) -> list[str]:
    return [operation.name for operation in request.operations]


def _error(error: NodeError | DocumentError | OSError) -> Answer:
    match error:
        case NodeError():
            return {"error": {"code": error.code, "message": error.message}}
        case DocumentError():  # the splices do not fit a file that is as the request expects it
            return {"error": {"code": "request", "message": error.message}}
        case PermissionError():
            return {"error": {"code": "access_denied", "message": "access to the file is denied"}}
        case OSError(errno=28):
            return {"error": {"code": "disk_full", "message": "the disk is full"}}
        case _:
            return {"error": {"code": "io", "message": "the file system failed"}}


def _response(results: list[Answer]) -> str:
    return json.dumps({"contract": contract.VERSION, "results": results})
