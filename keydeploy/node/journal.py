"""keydeploy's own folder on a sandbox node: lock, journal, staged data and backups.

The journal is written before each step (write, flush, rename), so what it says has at least begun.
A run's entry holds, for each file, the content before and the content after, until the run ends.
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from keydeploy.errors import NodeError
from keydeploy.node.contract import JournalState, from_instant, to_instant

_KEPT_BACKUPS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Who may change the node."""

    run: str | None = None
    holder: str | None = None
    since: str | None = None
    expires: str | None = None
    generation: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a run: its Windows *path* and the numbers under which its contents lie in the run's folder."""

    path: str
    number: int
    existed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run that has begun and not ended."""

    run: str
    phase: str
    """`staged`, `committing` or `committed`."""
    entries: tuple[Entry, ...] = ()


class Journal:
    """The folder `%ProgramData%\\keydeploy` of one node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> JournalState:
        """Answer what the journal holds; nothing is created by looking."""
        lock, record = self._lock(), self._record()
        return JournalState(
            run=record.run if record else None,
            phase=record.phase if record else None,
            holder=lock.holder,
            since=lock.since,
            generation=lock.generation,
        )

    def acquire(self, run: str, holder: str, lease: float, now: float) -> int:
        """Take or renew the lock and answer its generation; raises `NodeError` while another run holds it."""
        lock = self._lock()
        if lock.run == run:
            self._write("lock", replace(lock, expires=to_instant(now + lease)))
            return lock.generation
        if lock.run is not None and lock.expires is not None and from_instant(lock.expires) > now:
            raise NodeError("locked", f"{lock.holder} has held the node's lock since {lock.since}")
        taken = Lock(
            run=run,
            holder=holder,
            since=to_instant(now),
            expires=to_instant(now + lease),
            generation=lock.generation + 1,
        )
        self._write("lock", taken)
        return taken.generation

    def begin(self, run: str, generation: int | None) -> None:
        """Begin the record of *run*; raises `NodeError` while another run is unfinished."""
        self._require_lock(run, generation)
        record = self._record()
        if record is not None and record.run != run:
            raise NodeError("unfinished", f"run {record.run} is unfinished on this node")
        self._write("journal", Record(run=run, phase="staged"))

    def stage(self, run: str, generation: int | None, path: str, before: bytes | None, after: bytes) -> None:
        """Keep what *path* holds now and what it shall hold."""
        record = self._require(run, generation)
        entry = Entry(path=path, number=len(record.entries), existed=before is not None)
        if before is not None:
            _write_file(self._content(record.run, entry, "before"), before)
        _write_file(self._content(record.run, entry, "after"), after)
        self._write("journal", replace(record, entries=(*record.entries, entry)))

    def enter(self, run: str, generation: int | None, phase: str) -> None:
        """Note that *run* goes into *phase*."""
        self._write("journal", replace(self._require(run, generation), phase=phase))

    def record(self, run: str, generation: int | None) -> Record:
        """Answer the record of *run*; raises `NodeError` when it has none or lost the lock."""
        return self._require(run, generation)

    def record_if_any(self, run: str, generation: int | None) -> Record | None:
        """Answer the record of *run*, None when it began nothing; raises `NodeError` when it lost the lock."""
        self._require_lock(run, generation)
        record = self._record()
        return record if record is not None and record.run == run else None

    def before(self, record: Record, entry: Entry) -> bytes | None:
        """Answer what the file held before the run; None means that there was no file."""
        return self._content(record.run, entry, "before").read_bytes() if entry.existed else None

    def after(self, record: Record, entry: Entry) -> bytes:
        """Answer what the run puts into the file."""
        return self._content(record.run, entry, "after").read_bytes()

    def end(self, run: str, *, keep: bool) -> None:
        """End *run*, remove what it staged and release the lock; *keep* leaves what it replaced as a backup."""
        record = self._record()
        if record is not None and record.run == run:
            folder = self._folder / "runs" / run
            if keep:
                for entry in record.entries:
                    self._content(run, entry, "after").unlink()
                _write_json(folder / "record.json", asdict(record))
            else:
                shutil.rmtree(folder, ignore_errors=True)
            (self._folder / "journal.json").unlink()
        lock = self._lock()
        if lock.run == run:
            self._write("lock", Lock(generation=lock.generation))
        self._expire_backups()

    def _expire_backups(self) -> None:
        backups = sorted((self._folder / "runs").glob("*/record.json"), key=lambda file: file.stat().st_mtime)
        for record in backups[:-_KEPT_BACKUPS]:
            shutil.rmtree(record.parent)

    def _require_lock(self, run: str, generation: int | None) -> None:
        lock = self._lock()
        if lock.run != run or (generation is not None and generation != lock.generation):
            raise NodeError("generation", "another run has taken the node's lock over")

    def _require(self, run: str, generation: int | None) -> Record:
        record = self.record_if_any(run, generation)
        if record is None:
            raise NodeError("no_run", "this run has staged nothing on the node")
        return record

    def _content(self, run: str, entry: Entry, which: str) -> Path:
        return self._folder / "runs" / run / f"{entry.number}.{which}"

    def _lock(self) -> Lock:
        file = self._folder / "lock.json"
        return Lock(**json.loads(file.read_text("utf-8"))) if file.exists() else Lock()

    def _record(self) -> Record | None:
        file = self._folder / "journal.json"
        if not file.exists():
            return None
        value = json.loads(file.read_text("utf-8"))
        entries = tuple(Entry(**entry) for entry in value.pop("entries"))
        return Record(entries=entries, **value)

    def _write(self, name: str, value: Lock | Record) -> None:
        _write_json(self._folder / f"{name}.json", asdict(value))


def replace_file(target: Path, content: bytes) -> None:
    """Put *content* into *target* in one step: mode and owner stay, and there is no moment without the file."""
    temporary = target.with_name(f"{target.name}.keydeploy.config")
    try:
        _write_file(temporary, content)
        if target.exists():
            shutil.copystat(target, temporary)
            status = target.stat()
            os.utime(temporary)
            if os.geteuid() == 0:
                os.chown(temporary, status.st_uid, status.st_gid)
        else:
            temporary.chmod(0o644)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _write_json(file: Path, value: object) -> None:
    temporary = file.with_suffix(".new")
    _write_file(temporary, (json.dumps(value, indent=2) + "\n").encode())
    temporary.replace(file)


def _write_file(file: Path, content: bytes) -> None:
    for folder in reversed(list(_missing_folders(file))):
        folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _missing_folders(file: Path) -> Iterator[Path]:
    return (folder for folder in file.parents if not folder.exists())
