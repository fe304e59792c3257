"""The sandbox node itself: takes a request, carries its operations out, answers.

It keeps the same contract as a real node and answers inside the caller's process. Reading changes nothing
in the folder, not even a time of access where the system allows that.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, assert_never, get_args

from keydeploy.errors import DocumentError, NodeError, Unreachable
from keydeploy.node import contract, paths
from keydeploy.node.contract import (
    Acquired,
    AcquireLock,
    Answer,
    BeginJournal,
    Commit,
    Committed,
    Confirm,
    Done,
    ListAppPools,
    ListBindings,
    ListCertificates,
    ListContainers,
    Operation,
    ReadContainer,
    ReadFile,
    ReadJournal,
    ReadRegistry,
    ReadSystem,
    RecycleAppPool,
    Request,
    ResumeLock,
    RollBack,
    StageAppPool,
    StageBinding,
    StageCertificate,
    StageContainer,
    StageFile,
    StageRegistry,
    SystemState,
)
from keydeploy.node.sandbox.app_pools import AppPoolChange, AppPools, Recycling
from keydeploy.node.sandbox.application_host import ApplicationHost
from keydeploy.node.sandbox.bindings import BindingChange, Bindings
from keydeploy.node.sandbox.certificates import CertificateChange, Certificates
from keydeploy.node.sandbox.change import Change, Staging
from keydeploy.node.sandbox.containers import ContainerChange, Containers
from keydeploy.node.sandbox.faults import Behaviour
from keydeploy.node.sandbox.files import FileChange, Files
from keydeploy.node.sandbox.journal import Entry, Journal, Record
from keydeploy.node.sandbox.registry import Registry, RegistryChange

_OWN_FOLDER = "%ProgramData%\\keydeploy"
_READINGS = get_args(contract.Reading)
_STAGINGS = get_args(contract.Staging)
_SILENT = (BeginJournal, *_STAGINGS, Confirm, RollBack)
"""Operations that answer nothing, so that a lie about them costs nothing; a lying commit still keeps its journal."""


class Sandbox:
    """The node in the folder *root*, with *clock* (seconds since 1970) and *sleep* as its time."""

    def __init__(self, root: Path, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        self._root = root
        self._real_clock = clock
        self._sleep = sleep
        self._files = Files(root)
        self._registry = Registry(root)
        self._containers = Containers(root)
        self._certificates = Certificates(root, self._containers)
        host = ApplicationHost(self._files)
        self._app_pools = AppPools(root, host)
        self._bindings = Bindings(root, host, self._certificates)
        self._changes: dict[str, Callable[[dict[str, Any]], Change]] = {
            FileChange.noun: self._files.of,
            RegistryChange.noun: self._registry.of,
            ContainerChange.noun: self._containers.of,
            CertificateChange.noun: self._certificates.of,
            AppPoolChange.noun: self._app_pools.of,
            Recycling.noun: self._app_pools.recycling_of,
            BindingChange.noun: self._bindings.of,
        }

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
            return contract.to_text([contract.error_result(error)])
        response = contract.to_text(results)
        return response[: len(response) // 2] if self._behaviour.cuts(_names(request)) else response

    def _carry_out(self, request: Request) -> list[dict[str, Any]]:
        self._count_call(request)
        results: list[dict[str, Any]] = []
        stopped = False
        for operation in request.operations:
            if stopped:
                results.append(contract.error_result(NodeError("not_done", "an operation before this one failed")))
                continue
            try:
                self._behaviour.provoke(operation.do, "before")
                if not isinstance(operation, Commit):  # which is late after its instant, not before
                    self._sleep(self._behaviour.lateness(operation.do))
                lies = isinstance(operation, _SILENT) and self._behaviour.lies(operation.do)
                answer = Done() if lies else self._perform(operation, request)
                self._behaviour.provoke(operation.do, "after")
                results.append(contract.result(answer))
            except (NodeError, DocumentError, OSError) as error:
                results.append(contract.error_result(_own(error)))
                stopped = not isinstance(operation, _READINGS)
        return results

    def _perform(self, operation: Operation, request: Request) -> Answer:
        if isinstance(operation, contract.Reading):
            return self._read(operation, request)
        if isinstance(operation, contract.Staging):
            self._journal.record(request.run, request.generation)
            self._stage(self._staging(operation, request), request.run, request.generation)
            return Done()
        return self._advance(operation, request.run, request.generation)

    def _read(self, operation: contract.Reading, request: Request) -> Answer:
        answer: Answer
        match operation:
            case ReadSystem():
                answer = SystemState(clock=self._clock(), os="sandbox", machine=self._root.name)
            case ReadFile():
                answer = self._files.read(operation, request.tag_key)
            case ReadRegistry():
                answer = self._registry.read(operation)
            case ReadContainer():
                answer = self._containers.read(operation)
            case ListContainers():
                answer = self._containers.names(operation)
            case ListCertificates():
                answer = self._certificates.list_store(operation)
            case ListAppPools():
                answer = self._app_pools.list_all()
            case ListBindings():
                answer = self._bindings.list_all()
            case ReadJournal():
                answer = self._journal.read()
            case _:
                assert_never(operation)
        return answer

    def _staging(self, operation: contract.Staging, request: Request) -> Staging:
        match operation:
            case StageFile():
                staging = self._files.stage(operation, request.tag_key)
            case StageRegistry():
                staging = self._registry.stage(operation)
            case StageContainer():
                staging = self._containers.stage(operation)
            case StageCertificate():
                staging = self._certificates.stage(operation)
            case StageAppPool():
                staging = self._app_pools.stage(operation)
            case RecycleAppPool():
                staging = self._app_pools.stage_recycling(operation)
            case StageBinding():
                staging = self._bindings.stage(operation)
            case _:
                assert_never(operation)
        return staging

    def _advance(
        self,
        operation: AcquireLock | ResumeLock | BeginJournal | Commit | Confirm | RollBack,
        run: str,
        generation: int | None,
    ) -> Answer:
        match operation:
            case AcquireLock(holder, lease):
                return Acquired(generation=self._journal.acquire(run, holder, lease, self._clock()))
            case ResumeLock(holder, lease):
                return Acquired(generation=self._journal.resume(run, holder, lease, self._clock()))
            case BeginJournal():
                self._begin(run, generation)
            case Commit(at, grace):
                return Committed(committed=self._commit(at, grace, run, generation))
            case Confirm():
                self._journal.confirm(run, generation)
            case RollBack():
                self._roll_back(run, generation)
            case _:
                assert_never(operation)
        return Done()

    def _begin(self, run: str, generation: int | None) -> None:
        staged = self._journal.staged(run, generation)
        if staged is not None:
            self._restore(staged, (entry for entry in staged.entries if entry.early))
        self._journal.begin(run, generation)

    def _stage(self, staging: Staging, run: str, generation: int | None) -> None:
        shown = staging.change.show()
        if not staging.is_as_observed(shown):
            raise NodeError("changed", f"the {staging.change.noun} has changed since it was observed")
        after = staging.after(shown)
        self._journal.stage(run, generation, staging.change, staging.before(shown), after, early=staging.early)
        if staging.early:
            staging.change.put(after)

    def _commit(self, at: float, grace: float, run: str, generation: int | None) -> float:
        record = self._journal.record(run, generation)
        if record.committed is not None:
            return contract.from_instant(record.committed)
        self._journal.renew(run, generation, max(at, self._clock()))
        self._sleep(max(0.0, at - self._clock()) + self._behaviour.lateness(Commit.do))
        if self._clock() > at + grace:
            raise NodeError("late", f"the node was {self._clock() - at:.1f} s late and did not switch")
        for entry in record.entries:
            self._require_as_staged(record, entry)
        self._journal.enter(run, generation, "committing")
        instant = self._clock()
        if not self._behaviour.lies(Commit.do):
            for entry in self._effects_last(record.entries):
                self._require_as_staged(replace(record, phase="committing"), entry)  # also against the last moment
                self._change(entry).put(self._journal.after(record, entry))
        self._journal.enter(run, generation, "committed", contract.to_instant(instant))
        return instant

    def _require_as_staged(self, record: Record, entry: Entry) -> None:
        change = self._change(entry)
        shown = change.show()
        expected = [self._journal.after(record, entry)] if entry.early else [self._journal.before(record, entry)]
        if record.phase == "committing":  # a crash came between: some may have been switched already
            expected.append(self._journal.after(record, entry))
        if not any(change.same(shown, kept) for kept in expected):
            raise NodeError("changed", f"a {change.noun} has changed since it was staged")

    def _roll_back(self, run: str, generation: int | None) -> None:
        record = self._journal.record_to_undo(run, generation)
        if record is not None:
            # Before the commit nothing was switched, so what somebody has changed since is not ours to judge.
            switched = (entry for entry in record.entries if entry.early or record.phase != "staged")
            self._restore(record, switched)
        self._journal.forget(run)

    def _restore(self, record: Record, entries: Iterable[Entry]) -> None:
        """Let the places of *entries* be as before the run; raises `NodeError` where one of them cannot be."""
        backwards = self._effects_last(list(entries)[::-1])
        failures = [self._failure_to_restore(record, entry) for entry in backwards]  # of each, whatever the others say
        for failure in filter(None, failures):
            raise failure

    def _failure_to_restore(self, record: Record, entry: Entry) -> NodeError | None:
        """Put back what was there before the run; answer why it was left as it is, None where it went back."""
        try:
            self._restore_one(record, entry)
        except NodeError as failure:
            return failure
        return None

    def _restore_one(self, record: Record, entry: Entry) -> None:
        change = self._change(entry)
        change.tidy()
        before, after, shown = self._journal.before(record, entry), self._journal.after(record, entry), change.show()
        if not change.is_effect and not change.same(shown, before) and not change.same(shown, after):
            raise NodeError("changed", f"a {change.noun} was changed by someone else after the commit; it was left so")
        change.put(before)

    def _effects_last(self, entries: Sequence[Entry]) -> list[Entry]:
        return sorted(entries, key=lambda entry: self._change(entry).is_effect)

    def _change(self, entry: Entry) -> Change:
        return self._changes[entry.noun](entry.target)

    def _clock(self) -> float:
        return self._real_clock() + self._behaviour.clock_offset

    def _count_call(self, request: Request) -> None:
        if self._behaviour.calls:
            with Path(self._behaviour.calls).open("a", encoding="utf-8") as log:
                log.write(f"{self._root.name} {' '.join(_names(request))}\n")


def _names(request: Request) -> list[str]:
    return [operation.do for operation in request.operations]


def _own(error: NodeError | DocumentError | OSError) -> NodeError:
    match error:
        case NodeError():
            return error
        case DocumentError():  # the splices do not fit a file that is as the request expects it
            return NodeError("request", error.message)
        case PermissionError():
            return NodeError("access_denied", "access to the file is denied")
        case OSError(errno=28):
            return NodeError("disk_full", "the disk is full")
        case _:
            return NodeError("io", "the file system failed")
