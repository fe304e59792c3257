"""Times as Windows writes them in texts, by the habits of the exporting computer."""

from datetime import datetime

_FORMS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%d/%m/%Y %H:%M:%S",
    "%d.%m.%Y %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %I:%M:%S %p",
)
_LONGEST = 40


def local_time(text: str) -> datetime | None:
    """Read a time of day with its date; without AM or PM, the day stands before the month. None where it is neither.

    What has no time zone keeps none: it is the time of the exporting computer.
    """
    text = " ".join(text.split()).rstrip(".")
    if not text or len(text) > _LONGEST:
        return None
    for form in _FORMS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
