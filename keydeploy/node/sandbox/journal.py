"""keydeploy's own folder on a sandbox node: lock, journal, staged data and backups.

The journal is written before each step (write, rename), so what it says has at least begun. A sandbox outlives
the death of a process, not of the machine: nothing waits for the disk.
A run keeps, for each change, what was there before and what shall be there after, until it ends: then
`journal.json` goes first, and whatever else a crash leaves behind is removed by the next run that ends.
"""

import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from keydeploy.errors import NodeError
from keydeploy.node.contract import JournalState, from_instant, to_instant
from keydeploy.node.sandbox.change import Change, Content
from keydeploy.node.sandbox.files import write_file
from keydeploy.node.sandbox.json_file import read_json, write_json

_KEPT_BACKUPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who may change the node."""

    run: str | None = None
    holder: str | None = None
    since: str | None = None
    expires: str | None = None
    lease: float = 0.0
    """In seconds, from each renewal."""
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One change of a run, and the number under which its contents lie in the run's folder."""

    noun: str
    place: str
    target: dict[str, Any]
    number: int
    existed: bool
    """Whether something was there before."""
    exists: bool
    """Whether something shall be there after."""
    early: bool
    """Whether it is put when it is staged."""
    backed_up: bool
    """Whether what was there before is kept when the run is confirmed."""


Phase = Literal["staged", "committing", "committed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run that has begun and not ended."""

    run: str
    phase: Phase
    entries: tuple[Entry, ...] = ()
    committed: str | None = None
    """The instant of the switch, on the node's clock."""


class Journal:
    """The folder `%ProgramData%\\keydeploy` of one node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> JournalState:
        """Answer what the journal holds; nothing is created by looking."""
        lock, record, backups = self._lock(), self._record(), self._backups()
        return JournalState(
            run=record.run if record else None,
            phase=record.phase if record else None,
            confirmed=backups[-1].name if backups else None,
            holder=lock.holder,
            since=lock.since,
            generation=lock.generation,
        )

    def acquire(self, run: str, holder: str, lease: float, now: float) -> int:
        """Take or renew the lock and answer its generation; raises `NodeError` while another run holds it."""
        lock = self._lock()
        if lock.run == run:
            self._write("lock", replace(lock, expires=to_instant(now + lease), lease=lease))
            return lock.generation
        record = self._record()
        if record is not None and record.run != run and self._is_free(now):
            raise NodeError("unfinished", f"run {record.run} is unfinished on this node")
        return self._take(run, holder, lease, now)

    def resume(self, run: str, holder: str, lease: float, now: float) -> int:
        """Take the lock over to end *run*, which left its record here, and answer the new generation.

        Raises `NodeError` while a lease lasts, and when that run left nothing here.
        """
        if self._record_of(run) is None:
            raise NodeError("no_run", "this run left nothing unfinished on the node")
        return self._take(run, holder, lease, now)

    def _take(self, run: str, holder: str, lease: float, now: float) -> int:
        lock = self._lock()
        if not self._is_free(now):
            raise NodeError("locked", f"{lock.holder} has held the node's lock since {lock.since}")
        taken = Lock(
            run=run,
            holder=holder,
            since=to_instant(now),
            expires=to_instant(now + lease),
            lease=lease,
            generation=lock.generation + 1,
        )
        self._write("lock", taken)
        return taken.generation

    def _is_free(self, now: float) -> bool:
        lock = self._lock()
        return lock.run is None or lock.expires is None or from_instant(lock.expires) <= now

    def renew(self, run: str, generation: int | None, now: float) -> None:
        """Let the lease of *run* begin anew at *now*, which may lie ahead; raises `NodeError` when it lost the lock."""
        self._require_lock(run, generation)
        lock = self._lock()
        self._write("lock", replace(lock, expires=to_instant(now + lock.lease)))

    def begin(self, run: str, generation: int | None) -> None:
        """Begin the record of *run*; raises `NodeError` when it has begun to switch already."""
        self._require_lock(run, generation)
        record = self._record()
        if record is not None:
            _require_staged(record)
        self._write("journal", Record(run=run, phase="staged"))

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
            backed_up=change.backed_up,
        )
        for which, content in (("before", before), ("after", after)):
            if content is not None:
                write_file(self._content(record.run, entry, which), content)
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

    def before(self, record: Record, entry: Entry) -> Content:
        """Answer what was there before the run."""
        return self._content(record.run, entry, "before").read_bytes() if entry.existed else None

    def after(self, record: Record, entry: Entry) -> Content:
        """Answer what the run puts there."""
        return self._content(record.run, entry, "after").read_bytes() if entry.exists else None

    def confirm(self, run: str, generation: int | None) -> None:
        """End *run*, keep what it replaced as a backup and release the lock; done before, it is done again."""
        if not self._is_confirmed(run):
            record = self.record(run, generation)
            if record.phase != "committed":
                raise NodeError("unfinished", "this run has not switched on the node and cannot be confirmed")
            write_json(self._backup(run), {"generation": self._lock().generation, **asdict(record)})
        self._end(run)

    def forget(self, run: str) -> None:
        """End *run*, remove all that it kept and release the lock."""
        self._backup(run).unlink(missing_ok=True)
        self._end(run)

    def _end(self, run: str) -> None:
        if self._record_of(run) is not None:
            (self._folder / "journal.json").unlink()
        self._tidy()
        lock = self._lock()
        if lock.run == run:
            self._write("lock", Lock(generation=lock.generation))

    def _tidy(self) -> None:
        """Remove what ended runs staged, all backups but the latest, and of these what is none."""
        backups = self._backups()
        for folder in self._ended_runs():
            if folder not in backups[-_KEPT_BACKUPS:]:
                shutil.rmtree(folder)
                continue
            for entry in read_json(self._backup(folder.name))["entries"]:
                for which in ("after",) if entry["backed_up"] else ("before", "after"):
                    _content(folder, entry["number"], which).unlink(missing_ok=True)

    def _ended_runs(self) -> list[Path]:
        unfinished = self._record()
        folders = (self._folder / "runs").glob("*")
        return [folder for folder in folders if unfinished is None or folder.name != unfinished.run]

    def _backups(self) -> list[Path]:
        """Answer the folders of the runs that were confirmed, the latest last."""
        confirmed = [folder for folder in self._ended_runs() if self._backup(folder.name).exists()]
        return sorted(confirmed, key=self._generation)

    def _generation(self, folder: Path) -> int:
        return int(read_json(self._backup(folder.name))["generation"])

    def _is_confirmed(self, run: str) -> bool:
        return self._record_of(run) is None and self._backup(run).exists()

    def _require_lock(self, run: str, generation: int | None) -> None:
        lock = self._lock()
        if lock.run != run or (generation is not None and generation != lock.generation):
            raise NodeError("generation", "this run does not hold the node's lock, or no longer")

    def _content(self, run: str, entry: Entry, which: str) -> Path:
        return _content(self._folder / "runs" / run, entry.number, which)

    def _backup(self, run: str) -> Path:
        return self._folder / "runs" / run / "record.json"

    def _lock(self) -> Lock:
        return Lock(**(read_json(self._folder / "lock.json") or {}))

    def _record_of(self, run: str) -> Record | None:
        record = self._record()
        return record if record is not None and record.run == run else None

    def _record(self) -> Record | None:
        value = read_json(self._folder / "journal.json")
        if value is None:
            return None
        entries = tuple(Entry(**entry) for entry in value.pop("entries"))
        return Record(entries=entries, **value)

    def _write(self, name: str, value: Lock | Record) -> None:
        write_json(self._folder / f"{name}.json", asdict(value))


def _content(folder: Path, number: int, which: str) -> Path:
    return folder / f"{number}.{which}"


def _require_staged(record: Record) -> None:
    if record.phase != "staged":
        raise NodeError("unfinished", "this run has begun to switch on the node and cannot stage any more")
