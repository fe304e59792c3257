"""What the journal of a sandbox node writes down: the lock, and a run with all that it changes."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from keydeploy.node.sandbox.change import Content
from keydeploy.node.sandbox.files import write_file

Phase = Literal["staged", "committing", "committed"]


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
    request: str | None = None
    """The request that took it."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A run that has begun, and whose contents lie in *folder*: what was there before, and what shall be there after.

    Besides, each place that has switched has a digest of what it showed then, so that a later change is noticed.
    """

    run: str
    phase: Phase
    folder: Path
    entries: tuple[Entry, ...] = ()
    committed: str | None = None
    """The instant of the switch, on the node's clock."""
    request: str | None = None
    """The request that began it."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any], folder: Path) -> "Record":
        """Read what `to_json` wrote."""
        entries = tuple(Entry(**entry) for entry in value["entries"])
        return cls(**{**value, "entries": entries, "folder": folder})

    def keep(self, entry: Entry, before: Content, after: Content) -> None:
        """Keep what the place of *entry* shows, and what it shall show."""
        for which, content in (("before", before), ("after", after)):
            if content is not None:
                write_file(self._content(entry, which), content)

    def before(self, entry: Entry) -> Content:
        """Answer what was there before the run."""
        return self._content(entry, "before").read_bytes() if entry.existed else None

    def after(self, entry: Entry) -> Content:
        """Answer what the run puts there."""
        return self._content(entry, "after").read_bytes() if entry.exists else None

    def note_left(self, entry: Entry, shown: Content) -> None:
        """Keep a digest of what the place of *entry* shows after the switch."""
        write_file(self._content(entry, "left"), _digest(shown))

    def is_as_left(self, entry: Entry, shown: Content) -> bool:
        """Tell whether *shown* is what the place showed after the switch."""
        return self._content(entry, "left").read_bytes() == _digest(shown)

    def forget_contents(self, *which: str) -> None:
        """Remove the contents of these kinds, also those of what was staged before the run began again."""
        for kind in which:
            for content in self.folder.glob(f"*.{kind}"):
                content.unlink()

    @property
    def can_go_back(self) -> bool:
        """Tell whether the contents that going back needs are still there."""
        before = [self._content(entry, "before") for entry in self.entries if entry.existed]
        left = [self._content(entry, "left") for entry in self.entries]
        return all(content.exists() for content in (*before, *left))

    def _content(self, entry: Entry, which: str) -> Path:
        return self.folder / f"{entry.number}.{which}"


def _digest(shown: Content) -> bytes:
    return b"" if shown is None else hashlib.sha256(shown).hexdigest().encode()
