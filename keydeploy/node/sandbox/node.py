"""The sandbox node itself: takes a request, carries its operations out, answers.

It keeps the same contract as a real node and answers inside the caller's process. Reading changes nothing
in the folder, not even a time of access where the system allows that.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, assert_never, get_args

from keydeploy.errors import DocumentError, NodeError, Unreachable
from keydeploy.node import contract, paths
from keydeploy.node.contract import (
    Acquired,
    AcquireLock,
    Answer,
    BackedUp,
    BackupState,
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
    ReadAccount,
    ReadBackup,
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
    StageBackup,
    StageBinding,
    StageCertificate,
    StageContainer,
    StageFile,
    StageRegistry,
    SystemState,
)
from keydeploy.node.sandbox.accounts import Accounts
from keydeploy.node.sandbox.app_pools import AppPoolChange, AppPools, Recycling
from keydeploy.node.sandbox.application_host import ApplicationHost
from keydeploy.node.sandbox.bindings import BindingChange, Bindings
from keydeploy.node.sandbox.certificates import CertificateChange, Certificates
from keydeploy.node.sandbox.change import Change, Content, Staging
from keydeploy.node.sandbox.containers import ContainerChange, Containers
from keydeploy.node.sandbox.faults import Behaviour
from keydeploy.node.sandbox.files import FileChange, Files
from keydeploy.node.sandbox.journal import Journal
from keydeploy.node.sandbox.mishaps import Mishaps
from keydeploy.node.sandbox.record import Entry, Record
from keydeploy.node.sandbox.registry import Registry, RegistryChange

_OWN_FOLDER = "%ProgramData%\\keydeploy"
_PlaceReading = (
    ReadFile
    | ReadRegistry
    | ReadAccount
    | ReadContainer
    | ListContainers
    | ListCertificates
    | ListAppPools
    | ListBindings
)
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
        self._accounts = Accounts(root, self._app_pools)
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
        self._mishaps = Mishaps(self._behaviour, self._sleep)
        self._journal = Journal(paths.locate(self._root, _OWN_FOLDER), self._clock)
        return self._mishaps.deliver(text, self._answer)

    def _answer(self, text: str) -> str:
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
                self._mishaps.provoke(operation.do, "before")
                if not isinstance(operation, Commit):  # which is late after its instant, not before
                    self._sleep(self._behaviour.lateness(operation.do))
                lies = isinstance(operation, _SILENT) and self._behaviour.lies(operation.do)
                answer = Done() if lies else self._perform(operation, request)
                self._mishaps.provoke(operation.do, "after")
                results.append(contract.result(answer))
            except (NodeError, DocumentError, OSError) as error:
                results.append(contract.error_result(_own(error)))
                stopped = not isinstance(operation, _READINGS)
        return results

    def _perform(self, operation: Operation, request: Request) -> Answer:
        if isinstance(operation, contract.Reading):
            return self._read(operation, request)
        if isinstance(operation, Commit):
            return Committed(committed=self._commit(operation, request))
        with self._journal.hold():
            if isinstance(operation, contract.Staging):
                self._journal.record(request.run, request.generation)
                self._stage(self._staging(operation, request), request)
                return Done()
            return self._advance(operation, request)

    def _read(self, operation: contract.Reading, request: Request) -> Answer:
        match operation:
            case ReadSystem():
                return SystemState(clock=self._clock(), os="sandbox", machine=self._root.name)
            case ReadJournal():
                return self._journal.read()
            case ReadBackup(run):
                return self._compare_with_backup(run)
            case _:
                return self._read_places(operation, request)

    def _read_places(self, operation: _PlaceReading, request: Request) -> Answer:
        answer: Answer
        match operation:
            case ReadFile():
                answer = self._files.read(operation, request.tag_key)
            case ReadRegistry():
                answer = self._registry.read(operation)
            case ReadAccount():
                answer = self._accounts.read(operation)
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
        self, operation: StageBackup | AcquireLock | ResumeLock | BeginJournal | Confirm | RollBack, request: Request
    ) -> Answer:
        run, generation = request.run, request.generation
        match operation:
            case StageBackup():
                self._stage_backup(operation, request)
            case AcquireLock(holder, lease):
                return Acquired(generation=self._journal.acquire(run, holder, lease))
            case ResumeLock(holder, lease):
                return Acquired(generation=self._journal.resume(run, holder, lease, request.id))
            case BeginJournal():
                self._begin(request)
            case Confirm(keep, expire):
                self._journal.confirm(run, generation, keep, expire)
            case RollBack(leave):
                self._roll_back(run, generation, leave=leave)
            case _:
                assert_never(operation)
        return Done()

    def _begin(self, request: Request) -> None:
        run, generation = request.run, request.generation
        if self._journal.is_begun_by(request.id, run, generation):
            return
        staged = self._journal.staged(run, generation)
        if staged is not None:
            self._restore(staged, (entry for entry in staged.entries if entry.early))
        self._journal.begin(run, generation, request.id)

    def _stage(self, staging: Staging, request: Request) -> None:
        change, (run, generation) = staging.change, (request.run, request.generation)
        if self._journal.is_begun_by(request.id, run, generation):
            record = self._journal.record(run, generation)
            staged = next((entry for entry in record.entries if entry.place == change.place()), None)
            if staged is not None:  # the request was delivered twice
                self._put_early(record, staged)
                return
        shown = change.show()
        if not staging.is_as_observed(shown):
            raise NodeError("changed", f"the {change.word} has changed since it was observed")
        after = staging.after(shown)
        self._journal.stage(run, generation, change, staging.before(shown), after, early=staging.early)
        if staging.early:
            change.put(after)

    def _put_early(self, record: Record, entry: Entry) -> None:
        """Put what a crash has kept from being put when it was staged."""
        if not entry.early or record.phase != "staged":
            return
        change, shown, after = self._change(entry), self._change(entry).show(), record.after(entry)
        if change.same(shown, after):
            return
        if not change.same(shown, record.before(entry)):
            raise NodeError("changed", f"the {change.word} has changed since it was staged")
        change.put(after)

    def _stage_backup(self, operation: StageBackup, request: Request) -> None:
        """Stage the way back of all that a confirmed run changed, the last change first."""
        self._journal.record(request.run, request.generation)
        backup = self._journal.backup(operation.run)
        if backup is None:
            raise NodeError("no_backup", "the node has no backup of this run, or its contents are gone")
        for entry in reversed(backup.entries):
            change, before = self._change(entry), backup.before(entry)
            if not change.may_put(before):
                raise NodeError(
                    "irreversible", f"what the {change.word} held before was not kept and cannot be put back"
                )
            staging = Staging(
                change=change,
                is_as_observed=partial(self._may_go_back, backup, entry, force=operation.force),
                before=partial(_to_keep, change, before),
                after=partial(_answer, before),
            )
            self._stage(staging, request)

    def _may_go_back(self, backup: Record, entry: Entry, shown: Content, *, force: bool) -> bool:
        change = self._change(entry)
        return force or change.is_effect or change.same(shown, backup.before(entry)) or backup.is_as_left(entry, shown)

    def _compare_with_backup(self, run: str | None) -> BackupState:
        backup = self._journal.backup(run)
        if backup is None:
            return BackupState(run=None)
        entries = [entry for entry in backup.entries if not self._change(entry).is_effect]
        places = tuple(self._stand_of(backup, entry) for entry in entries)
        return BackupState(run=backup.run, committed=contract.from_instant(backup.committed or ""), places=places)

    def _stand_of(self, backup: Record, entry: Entry) -> BackedUp:
        change = self._change(entry)
        shown, before = change.show(), backup.before(entry)
        state: Literal["as_left", "as_before", "changed", "irreversible"] = "changed"
        if change.same(shown, before):
            state = "as_before"
        elif not change.may_put(before):
            state = "irreversible"
        elif backup.is_as_left(entry, shown):
            state = "as_left"
        return BackedUp(noun=change.noun, place=change.title(), state=state)

    def _commit(self, operation: Commit, request: Request) -> float:
        at, (run, generation) = operation.at, (request.run, request.generation)
        with self._journal.hold():
            record = self._journal.record(run, generation)
            if record.committed is not None:
                return contract.from_instant(record.committed)
            self._journal.renew(run, generation, max(at, self._clock()))
        # Others may look, or find the lock taken, meanwhile.
        self._sleep(max(0.0, at - self._clock()) + self._behaviour.lateness(Commit.do))
        with self._journal.hold():
            if self._clock() > at + operation.grace:
                raise NodeError("late", f"the node was {self._clock() - at:.1f} s late and did not switch")
            record = self._journal.record(run, generation)
            return (
                self._switch(record, generation)
                if record.committed is None
                else contract.from_instant(record.committed)
            )

    def _switch(self, record: Record, generation: int | None) -> float:
        for entry in record.entries:
            self._require_as_staged(record, entry)
        self._journal.enter(record.run, generation, "committing")
        instant = self._clock()
        if not self._behaviour.lies(Commit.do):
            for entry in self._effects_last(record.entries):
                self._require_as_staged(replace(record, phase="committing"), entry)  # also against the last moment
                self._change(entry).put(record.after(entry))
        for entry in record.entries:
            record.note_left(entry, self._change(entry).show())
        self._journal.enter(record.run, generation, "committed", contract.to_instant(instant))
        return instant

    def _require_as_staged(self, record: Record, entry: Entry) -> None:
        change = self._change(entry)
        shown = change.show()
        expected = [record.after(entry)] if entry.early else [record.before(entry)]
        if record.phase == "committing":  # a crash came between: some may have been switched already
            expected.append(record.after(entry))
        if not any(change.same(shown, kept) for kept in expected):
            raise NodeError("changed", f"the {change.word} has changed since it was staged")

    def _roll_back(self, run: str, generation: int | None, *, leave: bool) -> None:
        record = self._journal.record_to_undo(run, generation)
        if record is not None:
            # Before the commit nothing was switched, so what somebody has changed since is not ours to judge.
            switched = [entry for entry in record.entries if entry.early or record.phase != "staged"]
            self._require_way_back(record, switched)
            self._restore(record, switched, but_for={"changed"} if leave else frozenset())
        self._journal.forget(run)

    def _require_way_back(self, record: Record, entries: Iterable[Entry]) -> None:
        """Raise `NodeError` where one of *entries* cannot go back: then none does, and the node stays whole."""
        for entry in entries:
            change, before = self._change(entry), record.before(entry)
            if not change.is_effect and not change.same(change.show(), before) and not change.may_put(before):
                raise NodeError(
                    "irreversible", f"what the {change.word} held before was not kept, so nothing of the run goes back"
                )

    def _restore(self, record: Record, entries: Iterable[Entry], *, but_for: Collection[str] = ()) -> None:
        """Let the places of *entries* be as before the run.

        Raises `NodeError` where one of them cannot be, unless its code is among those of *but_for*.
        """
        backwards = self._effects_last(list(entries)[::-1])
        failures = [self._failure_to_restore(record, entry) for entry in backwards]  # of each, whatever the others say
        for failure in failures:
            if failure is not None and failure.code not in but_for:
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
        before, after, shown = record.before(entry), record.after(entry), change.show()
        if not change.is_effect and not change.same(shown, before) and not change.same(shown, after):
            raise NodeError(
                "changed", f"the {change.word} was changed by someone else after the commit; it was left so"
            )
        change.put(before)

    def _effects_last(self, entries: Sequence[Entry]) -> list[Entry]:
        return sorted(entries, key=lambda entry: self._change(entry).is_effect)

    def _change(self, entry: Entry) -> Change:
        return self._changes[entry.noun](entry.target)

    def _clock(self) -> float:
        return self._real_clock() + self._behaviour.clock_is_ahead()

    def _count_call(self, request: Request) -> None:
        if self._behaviour.calls:
            with Path(self._behaviour.calls).open("a", encoding="utf-8") as log:
                log.write(f"{self._root.name} {' '.join(_names(request))}\n")


def _answer(content: Content, _shown: Content) -> Content:
    return content


def _to_keep(change: Change, known: Content, shown: Content) -> Content:
    return change.to_keep(shown, known)


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
