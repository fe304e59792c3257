"""The runs that have ended on a sandbox node: how, and what the confirmed ones replaced."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from keydeploy.node.contract import Backup, EndedRun, from_instant, to_instant
from keydeploy.node.sandbox.json_file import read_json, write_json
from keydeploy.node.sandbox.record import Record

_REMEMBERED = 50
"""Runs of which the node knows that they have ended, so that what comes late of them is refused."""


@dataclass(frozen=True, slots=True)
class _Confirmed:
    record: Record
    generation: int
    keep: int
    expire: float

    @property
    def committed(self) -> float:
        """Answer when the run switched, on the node's clock."""
        return from_instant(self.record.committed or "")


class Backups:
    """The folders below `runs`, but for that of the run that is *unfinished*."""

    def __init__(self, folder: Path, unfinished: str | None) -> None:
        self._folder = folder
        self._unfinished = unfinished

    def all(self) -> tuple[Backup, ...]:
        """Answer the backups, the latest last."""
        return tuple(
            Backup(run=each.record.run, committed=each.committed, kept=each.record.can_go_back)
            for each in self._confirmed()
        )

    def of(self, run: str | None) -> Record | None:
        """Answer what *run* (None: the latest) replaced; None where that is not kept."""
        found = [each.record for each in self._confirmed() if run in (None, each.record.run)]
        return found[-1] if found and found[-1].can_go_back else None

    def knows(self, run: str) -> bool:
        """Tell whether *run* was confirmed, whether or not its backup is still there."""
        noted = (ended["how"] for ended in self._ended_runs() if ended["run"] == run)
        return run != self._unfinished and ("confirmed" in noted or self._file(run).exists())

    def add(self, value: dict[str, Any], *, generation: int, keep: int, expire: float) -> None:
        """Keep what the run of the record *value* replaced; *keep* and *expire* say for how long backups stay."""
        write_json(self._file(value["run"]), {**value, "generation": generation, "keep": keep, "expire": expire})

    def remove(self, run: str) -> None:
        """Let *run* not be confirmed."""
        self._file(run).unlink(missing_ok=True)

    def tidy(self, now: float) -> None:
        """Remove what ended runs staged, and what is older than the latest one wants to keep."""
        confirmed = {each.record.folder: each for each in self._confirmed()}
        latest = next(reversed(confirmed.values()), None)
        kept = self._kept(tuple(confirmed.values()), now)
        for folder in self._ended():
            if folder in kept:
                confirmed[folder].record.forget_contents("after")
            elif latest is not None and folder == latest.record.folder:  # its record tells that it was confirmed
                latest.record.forget_contents("after", "before", "left")
            else:
                shutil.rmtree(folder)

    def _kept(self, confirmed: tuple[_Confirmed, ...], now: float) -> set[Path]:
        """Answer the folders of the backups that stay *now*, by what the latest one wants."""
        if not confirmed:
            return set()
        latest = confirmed[-1]
        among_the_last = confirmed[max(0, len(confirmed) - latest.keep) :]
        return {each.record.folder for each in among_the_last if now < each.committed + latest.expire}

    def note_end(self, run: str, how: Literal["confirmed", "rolled_back"], holder: str | None, now: float) -> None:
        """Remember that and how *run* has ended."""
        others = [ended for ended in self._ended_runs() if ended["run"] != run]
        ended = {"run": run, "how": how, "at": to_instant(now), "holder": holder}
        write_json(self._folder / "ended.json", [*others[-_REMEMBERED + 1 :], ended])

    def has_ended(self, run: str) -> bool:
        """Tell whether *run* has ended here."""
        return any(ended["run"] == run for ended in self._ended_runs())

    def last(self) -> EndedRun | None:
        """Answer the run that ended last."""
        ended = self._ended_runs()
        return EndedRun(**{**ended[-1], "at": from_instant(ended[-1]["at"])}) if ended else None

    def _ended_runs(self) -> list[dict[str, Any]]:
        return read_json(self._folder / "ended.json") or []

    def _confirmed(self) -> list[_Confirmed]:
        found = []
        for folder in self._ended():
            value = read_json(self._file(folder.name))
            if value is not None:
                generation, keep, expire = (value.pop(name) for name in ("generation", "keep", "expire"))
                found.append(_Confirmed(Record.from_json(value, folder), generation, keep, expire))
        return sorted(found, key=lambda each: each.generation)

    def _ended(self) -> list[Path]:
        return [folder for folder in (self._folder / "runs").glob("*") if folder.name != self._unfinished]

    def _file(self, run: str) -> Path:
        return self._folder / "runs" / run / "record.json"
