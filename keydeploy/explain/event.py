"""One event of Windows' log, whatever it was exported as."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Event:
    """What is known of an event; its text may hold a secret and is never shown."""

    id: int | None = None
    source: str | None = None
    time: datetime | None = None
    """With a time zone where the export tells one; otherwise as the exporting computer's clock showed it."""
    computer: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a log that could not be read."""

    reason: str
