"""keydeploy's own folder on a sandbox node: lock, journal, staged data and backups.

The journal is written before each step (write, rename), so what it says has at least begun. A sandbox outlives
the death of a process, not of the machine: nothing waits for the disk.
A run keeps, for each change, what was there before and what shall be there after, until it ends: then
`journal.json` goes first, and whatever else a crash leaves behind is removed by the next run that ends.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from keydeploy.errors import NodeError
from keydeploy.node.contract import JournalState, from_instant, to_instant
from keydeploy.node.sandbox.backups import Backups
from keydeploy.node.sandbox.change import Change, Content
from keydeploy.node.sandbox.files import create_folder
from keydeploy.node.sandbox.json_file import read_json, write_json
from keydeploy.node.sandbox.record import Entry, Lock, Phase, Record

_PATIENCE = 10.0
_PAUSE = 0.05
"""Seconds to wait for another process that is changing the node, and between two looks."""


class Journal:
    """The folder `%ProgramData%\\keydeploy` of one node; *clock* is the node's, in seconds since 1970."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock

    def read(self) -> JournalState:
        """Answer what the journal holds; nothing is created by looking."""
        lock, record, backups = self._lock(), self._record(), self._backups().all()
        return JournalState(
            run=record.run if record else None,
            phase=record.phase if record else None,
            confirmed=backups[-1].run if backups else None,
            lock=lock.run,
            holder=lock.holder,
            since=lock.since,
            expires=lock.expires,
            generation=lock.generation,
            last=self._backups().last(),
            backups=backups,
        )

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other processes from changing anything here meanwhile; raises `NodeError` when one does not end."""
        create_folder(self._folder)
        descriptor = os.open(self._folder, os.O_RDONLY)
        end = time.monotonic() + _PATIENCE
        try:
            while not _is_ours(descriptor):
                if time.monotonic() > end:
                    raise NodeError("in_use", "another process is changing this node")
                time.sleep(_PAUSE)
            yield
        finally:
            os.close(descriptor)

    def acquire(self, run: str, holder: str, lease: float) -> int:
        """Take or renew the lock and answer its generation.

        Raises `NodeError` while another run holds it, and when *run* has ended here: then the request comes late.
        """
        lock, record = self._lock(), self._record()
        if self._is_over(run):
            raise NodeError("ended", "this run has ended on the node already")
        if lock.run == run:
            self._write("lock", replace(lock, expires=to_instant(self._clock() + lease), lease=lease))
            return lock.generation
        if record is not None and record.run != run and self._is_free():
            raise NodeError("unfinished", f"run {record.run} is unfinished on this node")
        return self._take(run, holder, lease, None)

    def resume(self, run: str, holder: str, lease: float, request: str | None) -> int:
        """Take the lock over to end *run*, which left its record here, and answer the new generation.

        Raises `NodeError` while a lease lasts, and when that run left nothing here.
        """
        if self._record_of(run) is None:
            raise NodeError("no_run", "this run left nothing unfinished on the node")
        lock = self._lock()
        if request is not None and lock.request == request:
            return lock.generation
        return self._take(run, holder, lease, request)

    def _take(self, run: str, holder: str, lease: float, request: str | None) -> int:
        lock, now = self._lock(), self._clock()
        if not self._is_free():
            raise NodeError("locked", f"{lock.holder} has held the node's lock since {lock.since}")
        taken = Lock(
            run=run,
            holder=holder,
            since=to_instant(now),
            expires=to_instant(now + lease),
            lease=lease,
            generation=lock.generation + 1,
            request=request,
        )
        self._write("lock", taken)
        return taken.generation

    def _is_free(self) -> bool:
        lock = self._lock()
        if lock.run is None or lock.expires is None or from_instant(lock.expires) <= self._clock():
            return True
        return self._is_over(lock.run)  # a crash came between its end and the release

    def renew(self, run: str, generation: int | None, now: float) -> None:
        """Let the lease of *run* begin anew at *now*, which may lie ahead; raises `NodeError` when it lost the lock."""
        self._require_lock(run, generation)
        lock = self._lock()
        self._write("lock", replace(lock, expires=to_instant(now + lock.lease)))

    def begin(self, run: str, generation: int | None, request: str | None) -> None:
        """Begin the record of *run*; raises `NodeError` when it has begun to switch already."""
        self._require_lock(run, generation)
        record = self._record()
        if record is not None:
            _require_staged(record)
        self._write("journal", Record(run=run, phase="staged", folder=self._folder_of(run), request=request))

    def is_begun_by(self, request: str | None, run: str, generation: int | None) -> bool:
        """Tell whether *request* has begun the record of *run* already; raises `NodeError` when that lost the lock."""
        self._require_lock(run, generation)
        record = self._record_of(run)
        return request is not None and record is not None and record.request == request

    def stage(  # noqa: PLR0913 - what there is to keep
        self, run: str, generation: int | None, change: Change, before: Content, after: Content, *, early: bool
    ) -> None:
        """Keep what a change replaces and what it shall bring; staging a place again replaces what was staged."""
        record = self.record(run, generation)
        _require_staged(record)
        same = (entry.number for entry in record.entries if entry.place == change.place())
        entry = Entry(
            noun=change.noun,
            place=change.place(),
            target=change.target(),
            number=next(same, len(record.entries)),
            existed=before is not None,
            exists=after is not None,
            early=early,
        )
        record.keep(entry, before, after)
        others = (other for other in record.entries if other.number != entry.number)
        self._write("journal", replace(record, entries=(*others, entry)))

    def enter(self, run: str, generation: int | None, phase: Phase, committed: str | None = None) -> None:
        """Note that *run* goes into *phase*."""
        self._write("journal", replace(self.record(run, generation), phase=phase, committed=committed))

    def record(self, run: str, generation: int | None) -> Record:
        """Answer the record of *run*; raises `NodeError` when it has none or lost the lock."""
        self._require_lock(run, generation)
        record = self._record_of(run)
        if record is None:
            raise NodeError("no_run", "this run has staged nothing on the node")
        return record

    def staged(self, run: str, generation: int | None) -> Record | None:
        """Answer the record of *run* while nothing of it has switched; raises `NodeError` when it lost the lock."""
        self._require_lock(run, generation)
        record = self._record_of(run)
        return record if record is not None and record.phase == "staged" else None

    def record_to_undo(self, run: str, generation: int | None) -> Record | None:
        """Answer the record of *run*, None when it left nothing on the node.

        Raises `NodeError` when it lost the lock, or was confirmed.
        """
        if self._is_confirmed(run):
            self._end(run)
            raise NodeError("no_run", "this run was confirmed on the node; what it switched stays")
        return self.record(run, generation) if self._record_of(run) else None

    def backup(self, run: str | None) -> Record | None:
        """Answer what *run* (None: the one confirmed last) replaced; None where that is not kept."""
        return self._backups().of(run)

    def confirm(self, run: str, generation: int | None, keep: int, expire: float) -> None:
        """End *run*, keep what it replaced as a backup and release the lock; done before, it is done again."""
        if not self._is_confirmed(run):
            record, lock = self.record(run, generation), self._lock()
            if record.phase != "committed":
                raise NodeError("unfinished", "this run has not switched on the node and cannot be confirmed")
            self._backups().add(_to_json(record), generation=lock.generation, keep=keep, expire=expire)
            self._backups().note_end(run, "confirmed", lock.holder, self._clock())
        self._end(run)

    def forget(self, run: str) -> None:
        """End *run*, remove all that it kept and release the lock; what comes of it from now on comes late."""
        lock = self._lock()
        self._backups().remove(run)
        if self._record_of(run) is not None or not self._backups().has_ended(run):
            self._backups().note_end(run, "rolled_back", lock.holder if lock.run == run else None, self._clock())
        self._end(run)

    def _end(self, run: str) -> None:
        if self._record_of(run) is not None:
            (self._folder / "journal.json").unlink()
        self._backups().tidy(self._clock())
        lock = self._lock()
        if lock.run == run:
            self._write("lock", Lock(generation=lock.generation))

    def _is_over(self, run: str) -> bool:
        return self._record_of(run) is None and self._backups().has_ended(run)

    def _is_confirmed(self, run: str) -> bool:
        return self._record_of(run) is None and self._backups().knows(run)

    def _require_lock(self, run: str, generation: int | None) -> None:
        lock = self._lock()
        if lock.run != run or (generation is not None and generation != lock.generation):
            raise NodeError("generation", "this run does not hold the node's lock, or no longer")

    def _lock(self) -> Lock:
        return Lock(**(read_json(self._folder / "lock.json") or {}))

    def _record_of(self, run: str) -> Record | None:
        record = self._record()
        return record if record is not None and record.run == run else None

    def _record(self) -> Record | None:
        value = read_json(self._folder / "journal.json")
        return None if value is None else Record.from_json(value, self._folder_of(value["run"]))

    def _folder_of(self, run: str) -> Path:
        return self._folder / "runs" / run

    def _backups(self) -> Backups:
        record = self._record()
        return Backups(self._folder, record.run if record else None)

    def _write(self, name: str, value: Lock | Record) -> None:
        write_json(self._folder / f"{name}.json", _to_json(value) if isinstance(value, Record) else asdict(value))


def _to_json(record: Record) -> dict[str, Any]:
    return {name: value for name, value in asdict(record).items() if name != "folder"}


def _is_ours(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _require_staged(record: Record) -> None:
    if record.phase != "staged":
        raise NodeError("unfinished", "this run has begun to switch on the node and cannot stage any more")
