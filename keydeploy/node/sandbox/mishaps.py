"""Lets the faults of a sandbox node happen, each at its moment.

Where a fault kills the node, or strikes at a certain write, the node answers in a child process: that can be
killed for real, and all that it does to the disk passes by a hook of the interpreter.
"""

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from keydeploy.errors import KeydeployError, NodeError, Unreachable
from keydeploy.node import paths
from keydeploy.node.sandbox.faults import OF_THE_DISK, Behaviour, Fault

_PAUSE, _LOOK = 60.0, 0.05
"""Seconds after which a node that was told to pause goes on by itself, and between two looks at its marker."""
_LATER = "sandbox.later"
"""Begin of the names of requests that are delivered once more; they hold secrets, as the node does."""

Answer = Callable[[str], str]


class Mishaps:
    """What happens to the node of *behaviour* while it answers one request."""

    def __init__(self, behaviour: Behaviour, sleep: Callable[[float], None]) -> None:
        self._behaviour = behaviour
        self._sleep = sleep
        self._names: Sequence[str] = ()
        self._operation: str | None = None
        self._writes: dict[str, int] = {}
        self._is_watched = False
        self._is_torn: Fault | None = None

    def deliver(self, text: str, answer: Answer) -> str:
        """Hand the request *text* to the node, as often as it arrives, and answer what the controller gets."""
        self._names = _names(text)
        if any(fault.do == "gone" and self._behaviour.has_struck(fault) for fault in self._behaviour.faults):
            raise Unreachable("the sandbox was told to be gone")
        if not any(fault.do == "again" for fault in self._behaviour.faults):
            self._forget_what_comes_later()
        due = self._due()
        for fault in self._of_the_request("again"):
            if self._is_of(fault) and self._behaviour.strikes(fault):
                self._keep_for_later(fault, text)
        response = self._answer(text, answer)
        for fault in self._of_the_request("twice"):
            if self._is_of(fault) and self._behaviour.strikes(fault):
                response = self._answer(text, answer)
        for late in due:
            late_request = late.read_text("utf-8")
            late.unlink()
            Mishaps(self._behaviour, self._sleep)._answer(late_request, answer)
        return response

    def provoke(self, operation: str, when: str) -> None:
        """Let happen what is to happen *when* (`before` or `after`) the operation is carried out."""
        if when == "after":
            self._operation = None
        for fault in self._of_the_request():
            if fault.at == operation and fault.when == when and fault.write is None and self._is_of(fault):
                self._befall(fault)
        if when == "before":
            self._operation = operation

    def _answer(self, text: str, answer: Answer) -> str:
        lasting = (fault for fault in self._behaviour.faults if fault.lasting and self._behaviour.has_struck(fault))
        if any(fault.needs_a_process for fault in self._of_the_request()) or any(lasting):
            return _in_a_process(lambda: self._watched(text, answer))
        return answer(text)

    def _watched(self, text: str, answer: Answer) -> str:
        sys.addaudithook(self._see)
        self._is_watched = True
        try:
            return answer(text)
        finally:
            self._is_watched = False

    def _befall(self, fault: Fault) -> None:
        """Let *fault* happen now; what is of the operations as a whole happens elsewhere."""
        match fault.do:
            case "fail" if self._behaviour.strikes(fault):
                raise NodeError(fault.code, "the sandbox was told to fail here")
            case "unreachable" if self._behaviour.strikes(fault):
                raise Unreachable("the sandbox was told to lose the answer here")
            case "gone" if self._behaviour.strikes(fault):
                if fault.when == "before":
                    raise Unreachable("the sandbox was told to be gone")
            case "die" if self._behaviour.strikes(fault):
                os.kill(os.getpid(), signal.SIGKILL)
            case "touch" if self._behaviour.strikes(fault):
                self._touch(fault)
            case "pause" if self._behaviour.strikes(fault):
                self._pause(Path(fault.marker or ""))
            case "jump" | "full" | "locked" | "denied" if not self._behaviour.has_struck(fault):
                self._behaviour.strikes(fault)  # from now on

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Look at what the node is about to do to its disk."""
        if not self._is_watched or self._operation is None:
            return
        self._is_watched = False  # nothing that happens in here is the node's
        try:
            if event == "keydeploy.write" and self._is_torn is not None:
                self._tear(*arguments)
            elif (file := _written(event, arguments)) is not None:
                self._is_torn = None
                self._count(file, is_opened=event == "open")
            elif event == "open" and self._operation == "file.read" and not isinstance(arguments[0], int):
                self._count(Path(os.fsdecode(arguments[0])), is_opened=False)
        finally:
            self._is_watched = True

    def _count(self, file: Path, *, is_opened: bool) -> None:
        """Let happen what is to happen at this write of *file*; one that tears it waits until it is open."""
        for fault in self._behaviour.faults:
            if self._is_due_at(fault, file):
                if is_opened and fault.do in ("die", "full"):
                    self._is_torn = fault
                elif fault.do in OF_THE_DISK:
                    _refuse(fault, is_read=self._operation == "file.read")
                else:
                    self._befall(fault)

    def _is_due_at(self, fault: Fault, file: Path) -> bool:
        if fault.lasting:  # others may still read
            is_read = self._operation == "file.read"
            return not is_read and self._behaviour.has_struck(fault) and self._names_file(fault, file)
        if fault.write is None or fault.at != self._operation or not self._is_of(fault):
            return False
        if fault.do in OF_THE_DISK and not self._names_file(fault, file):
            return False
        self._writes[fault.digest] = self._writes.get(fault.digest, 0) + 1
        if self._writes[fault.digest] != fault.write:
            return False
        return fault.do not in OF_THE_DISK or self._behaviour.strikes(fault)

    def _tear(self, descriptor: int, content: bytes) -> None:
        """Write the first half of *content* and no more."""
        fault, self._is_torn = self._is_torn, None
        os.write(descriptor, content[: len(content) // 2])
        if fault is not None and fault.do == "full":
            _refuse(fault, is_read=False)
        elif fault is not None:
            self._befall(fault)

    def _names_file(self, fault: Fault, file: Path) -> bool:
        if fault.path is None:
            return True
        place = paths.locate(self._behaviour.root, fault.path)
        return file == place or place in file.parents

    def _touch(self, fault: Fault) -> None:
        with paths.locate(self._behaviour.root, fault.path or "").open("ab", buffering=0) as file:
            file.write(fault.text.encode())

    def _pause(self, marker: Path) -> None:
        """Make the file *marker* and wait until somebody removes it."""
        marker.touch()
        waited = 0.0
        while marker.exists() and waited < _PAUSE:
            self._sleep(_LOOK)
            waited += _LOOK

    def _of_the_request(self, do: str | None = None) -> list[Fault]:
        return [fault for fault in self._behaviour.faults if fault.at in self._names and do in (None, fault.do)]

    def _is_of(self, fault: Fault) -> bool:
        return fault.beside is None or fault.beside in self._names

    def _keep_for_later(self, fault: Fault, text: str) -> None:
        file = self._behaviour.root / f"{_LATER}.{fault.until}.{fault.digest}"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)

    def _due(self) -> list[Path]:
        """Answer the requests that come again behind this one."""
        return sorted(file for name in set(self._names) for file in self._behaviour.root.glob(f"{_LATER}.{name}.*"))

    def _forget_what_comes_later(self) -> None:
        for file in self._behaviour.root.glob(f"{_LATER}.*"):
            file.unlink()


def _names(text: str) -> list[str]:
    """Answer the operations of a request, none where it is none."""
    try:
        return [operation["do"] for operation in json.loads(text)["operations"]]
    except (ValueError, KeyError, TypeError):
        return []


def _written(event: str, arguments: tuple[Any, ...]) -> Path | None:
    """Answer the file that is about to be written, renamed over or removed, None where it is nothing of the kind."""
    match event, arguments:
        case "open", (str() | os.PathLike() as file, _, int(flags)) if flags & os.O_ACCMODE != os.O_RDONLY:
            return Path(file)
        case "os.rename", (_, target, *_):
            return Path(os.fsdecode(target))
        case "os.remove", (file, int(folder)) if folder >= 0 or Path(os.fsdecode(file)).exists():
            return Path(os.fsdecode(file))
    return None


def _refuse(fault: Fault, *, is_read: bool) -> NoReturn:
    match fault.do:
        case "full":
            raise OSError(28, "the sandbox was told that its disk is full")
        case "denied" if is_read:  # which no other way of opening it would get around
            raise NodeError("access_denied", "access to the file is denied")
        case "denied":
            raise PermissionError(13, "the sandbox was told to deny access")
        case _:
            raise NodeError("in_use", "another process is using the file")


def _in_a_process(work: Callable[[], str]) -> str:
    """Answer what *work* answers in a child process; raises `Unreachable` when that dies."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _tell(writing, work)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as stream:
        told = stream.read()
    os.waitpid(child, 0)
    if not told:
        raise Unreachable("the node's process has died")
    kind, *texts = json.loads(told)
    if kind == "answer":
        return str(texts[0])
    error = Unreachable if kind == "unreachable" else KeydeployError
    raise error(str(texts[0]), hint=texts[1])


def _tell(descriptor: int, work: Callable[[], str]) -> NoReturn:
    """Write what comes of *work*, and end this process without anything that Python would do on the way out."""
    try:
        try:
            told: list[str | None] = ["answer", work()]
        except Unreachable as error:
            told = ["unreachable", error.message, error.hint]
        except Exception as error:  # its text may quote anything
            told = ["failed", f"the sandbox has failed: {type(error).__name__}", None]
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(json.dumps(told))
    finally:
        os._exit(0)
