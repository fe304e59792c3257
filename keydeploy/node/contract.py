"""What is asked of a node, and what it answers.

A request is a list of typed operations, carried out in order; a node answers each. The brain
decides, the node does: it knows files and where to find them, nothing of ASP.NET. Requests and
responses are JSON (`schemas/node.schema.json`); both hold secrets and live in a worker's memory.

Instants are ISO 8601 in UTC; bytes are base64.
"""

import base64
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar, assert_never

from keydeploy.edit import Splice
from keydeploy.errors import NodeError
from keydeploy.secret import Secret

VERSION = 1

_RUN = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""The name of a run is the name of a folder on the node too."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Step:
    """Go down to the elements named *element*, at any depth; where *attribute* is given, to those that equal *value*.

    Values compare without regard to case, as IIS compares site names and paths.
    """

    element: str
    attribute: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """A file that another file names: *attribute* of the first element that *walk* leads to in *file*.

    A relative path is meant from the folder of *file*; *append* is added to it. So one request can ask
    for the web.config of an application whose folder only applicationHost.config knows.
    """

    file: "Location"
    walk: tuple[Step, ...]
    attribute: str
    append: str | None = None


Location = str | Pointer
"""A path with environment variables such as `%windir%`, or a pointer to one."""


@dataclass(frozen=True, slots=True)
class ReadSystem:
    """Read the clock and what the node is."""

    name = "system.read"


@dataclass(frozen=True, slots=True)
class ReadFile:
    """Read a file; one that does not exist is an answer, not an error."""

    at: Location
    name = "file.read"


@dataclass(frozen=True, slots=True)
class ReadJournal:
    """Read who holds the lock and whether a run is unfinished."""

    name = "journal.read"


@dataclass(frozen=True, slots=True)
class AcquireLock:
    """Take the node for this run, for *lease* seconds; refused while another run's lease lasts or it is unfinished."""

    holder: str
    lease: float
    name = "lock.acquire"


@dataclass(frozen=True, slots=True)
class ResumeLock:
    """Take the node over to end the run that was left unfinished on it, for *lease* seconds.

    The request goes under that run's name; refused while its lease lasts, because then it may still be alive.
    """

    holder: str
    lease: float
    name = "lock.resume"


@dataclass(frozen=True, slots=True)
class BeginJournal:
    """Begin the run's journal; refused while another run is unfinished."""

    name = "journal.begin"


@dataclass(frozen=True, slots=True)
class StageFile:
    """Prepare the new content of the file at *path*, which must still have *tag* (None: must not exist)."""

    path: str
    tag: str | None
    splices: tuple[Splice, ...]
    name = "file.stage"


@dataclass(frozen=True, slots=True)
class Commit:
    """Wait until *at*, an instant of the node's own clock, and switch everything that is staged.

    A node that is later than *grace* seconds does not switch.
    """

    at: float
    grace: float
    name = "journal.commit"


@dataclass(frozen=True, slots=True)
class Confirm:
    """End the run: what was switched stays, staged data goes, the lock is released."""

    name = "journal.confirm"


@dataclass(frozen=True, slots=True)
class RollBack:
    """End the run: what was switched goes back, staged data goes, the lock is released."""

    name = "journal.roll_back"


Operation = (
    ReadSystem
    | ReadFile
    | ReadJournal
    | AcquireLock
    | ResumeLock
    | BeginJournal
    | StageFile
    | Commit
    | Confirm
    | RollBack
)


@dataclass(frozen=True, slots=True)
class Request:
    """What one call asks of a node."""

    run: str
    tag_key: Secret
    """Tags of files are made under this key."""
    operations: tuple[Operation, ...]
    generation: int | None = None
    """The lock generation under which the run changes the node; None before it has the lock."""

    def to_json(self) -> str:
        """Write the request as it goes to the node. It holds secrets."""
        return json.dumps(
            {
                "contract": VERSION,
                "run": self.run,
                "generation": self.generation,
                "tag_key": _encode(self.tag_key.reveal()),
                "operations": [{"do": operation.name, **_arguments(operation)} for operation in self.operations],
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemState:
    """What a node is; *clock* is its own time in seconds since 1970, read last."""

    clock: float
    os: str
    machine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file as it was read."""

    path: str | None
    """None where a pointer leads nowhere."""
    content: Secret | None
    """None where there is no file."""
    tag: str | None
    problem: str | None = None
    """Why the node could not read it; then nothing else is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalState:
    """The run that is unfinished on a node, if any, and the lock."""

    run: str | None
    phase: str | None
    """`staged`, `committing` or `committed`."""
    confirmed: str | None
    """The run that was confirmed last."""
    holder: str | None
    since: str | None
    generation: int


class Response:
    """A node's answers, in the order of the operations."""

    def __init__(self, results: Sequence[dict[str, Any]]) -> None:
        self._results = list(results)

    @classmethod
    def from_json(cls, text: str) -> "Response":
        """Read an answer; raises `NodeError` when it is cut or is not one. What came is not shown."""
        try:
            value = json.loads(text)
            if value["contract"] != VERSION:
                raise NodeError("contract", "the node speaks another version of the contract")
            for result in value["results"]:
                _check_result(result)
            return cls(value["results"])
        except (ValueError, KeyError, TypeError):
            raise NodeError("answer", "the node's answer is cut or damaged") from None

    def raise_for_error(self) -> None:
        """Raise the first error that the node answered as `NodeError`."""
        for result in self._results:
            if "error" in result:
                raise NodeError(result["error"]["code"], result["error"]["message"])

    def system(self) -> SystemState:
        """Answer the last reading of the system."""
        value = [r["ok"] for r in self._results if "clock" in r.get("ok", {})][-1]
        return SystemState(clock=from_instant(value["clock"]), os=value["os"], machine=value["machine"])

    def split(self, last: int) -> tuple["Response", "Response"]:
        """Answer the results before the *last* ones, and those."""
        place = len(self._results) - last
        return Response(self._results[:place]), Response(self._results[place:])

    def files(self) -> list[FileState]:
        """Answer the files that were read, in their order; one that could not be read has a problem."""
        return [_file_state(r) for r in self._results if "error" in r or "exists" in r["ok"]]

    def journal(self) -> JournalState:
        """Answer the reading of the journal."""
        value = next(r["ok"] for r in self._results if "phase" in r.get("ok", {}))
        return JournalState(**value)

    def generation(self) -> int:
        """Answer the generation under which the lock was taken."""
        return next(int(r["ok"]["acquired"]) for r in self._results if "acquired" in r.get("ok", {}))

    def committed_at(self) -> float:
        """Answer the instant, on the node's clock, at which it switched."""
        return next(from_instant(r["ok"]["committed"]) for r in self._results if "committed" in r.get("ok", {}))


def parse_request(text: str) -> Request:
    """Read a request as a node does; raises `NodeError` when it is not one."""
    try:
        value = json.loads(text)
        if value["contract"] != VERSION:
            raise NodeError("contract", "the request is of another version of the contract")
        return Request(
            run=_run(value["run"]),
            generation=None if value["generation"] is None else _typed(value["generation"], int),
            tag_key=Secret(_decode(value["tag_key"])),
            operations=tuple(_operation(operation) for operation in value["operations"]),
        )
    except (ValueError, KeyError, TypeError):
        raise NodeError("request", "the request is cut or damaged") from None


def to_instant(seconds: float) -> str:
    """Write seconds since 1970 as an instant."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")


def from_instant(text: str) -> float:
    """Read an instant as seconds since 1970; raises `ValueError` when it is none, or of an unknown time zone."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant without a time zone")
    return moment.timestamp()


def encode_content(content: bytes | None) -> str | None:
    """Write a file's bytes for a response."""
    return None if content is None else _encode(content)


def _arguments(operation: Operation) -> dict[str, Any]:
    match operation:
        case ReadFile(at):
            return {"at": _location_to_json(at)}
        case AcquireLock(holder, lease) | ResumeLock(holder, lease):
            return {"holder": holder, "lease": lease}
        case StageFile(path, tag, splices):
            return {
                "path": path,
                "tag": tag,
                "splices": [{"start": s.start, "end": s.end, "content": _encode(s.content.reveal())} for s in splices],
            }
        case Commit(at, grace):
            return {"at": to_instant(at), "grace": grace}
        case ReadSystem() | ReadJournal() | BeginJournal() | Confirm() | RollBack():
            return {}
        case _:
            assert_never(operation)


def _operation(value: dict[str, Any]) -> Operation:
    return _OPERATIONS[value["do"]](value)


def _lease(value: dict[str, Any]) -> tuple[str, float]:
    return _typed(value["holder"], str), _seconds(value["lease"])


def _stage_file(value: dict[str, Any]) -> StageFile:
    tag = None if value["tag"] is None else _typed(value["tag"], str)
    return StageFile(_typed(value["path"], str), tag, tuple(_splice(splice) for splice in value["splices"]))


_OPERATIONS: dict[str, Callable[[dict[str, Any]], Operation]] = {
    ReadSystem.name: lambda _: ReadSystem(),
    ReadFile.name: lambda value: ReadFile(_location_from_json(value["at"])),
    ReadJournal.name: lambda _: ReadJournal(),
    AcquireLock.name: lambda value: AcquireLock(*_lease(value)),
    ResumeLock.name: lambda value: ResumeLock(*_lease(value)),
    BeginJournal.name: lambda _: BeginJournal(),
    StageFile.name: _stage_file,
    Commit.name: lambda value: Commit(from_instant(value["at"]), _seconds(value["grace"])),
    Confirm.name: lambda _: Confirm(),
    RollBack.name: lambda _: RollBack(),
}


def _step(element: str, attribute: str | None, value: str | None) -> Step:
    return Step(element, attribute, value)


def _check_result(value: Any) -> None:
    match value:
        case {"ok": dict()} | {"error": {"code": str(), "message": str()}}:
            return
    raise ValueError("not the result of an operation")


def _splice(value: dict[str, Any]) -> Splice:
    return Splice(_typed(value["start"], int), _typed(value["end"], int), Secret(_decode(value["content"])))


def _location_to_json(location: Location) -> Any:
    if isinstance(location, str):
        return location
    return {
        "file": _location_to_json(location.file),
        "walk": [[step.element, step.attribute, step.value] for step in location.walk],
        "attribute": location.attribute,
        "append": location.append,
    }


def _location_from_json(value: Any) -> Location:
    if isinstance(value, str):
        return value
    return Pointer(
        file=_location_from_json(value["file"]),
        walk=tuple(_step(*step) for step in value["walk"]),
        attribute=_typed(value["attribute"], str),
        append=value["append"],
    )


def _file_state(result: dict[str, Any]) -> FileState:
    if "error" in result:
        return FileState(path=None, content=None, tag=None, problem=result["error"]["message"])
    value = result["ok"]
    content = Secret(_decode(value["content"])) if value["exists"] else None
    return FileState(path=value["path"], content=content, tag=value["tag"])


def _run(value: Any) -> str:
    if not _RUN.fullmatch(value):
        raise ValueError("not the name of a run")
    return str(value)


def _seconds(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError("not a number of seconds")
    return value


def _typed(value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError("a value of another type")
    return value


def _encode(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _decode(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
