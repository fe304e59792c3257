"""Parts of a farm as users write them: `25%`."""

import re
from typing import Any

_SHARE = re.compile(r"(?:100(?:\.0{1,9})?|[0-9]{1,2}(?:\.[0-9]{1,9})?)%")


def share(text: Any) -> float | None:
    """Read *text* as a number from 0 to 1, without 0; None where it is none."""
    if not isinstance(text, str) or not _SHARE.fullmatch(text):
        return None
    found = float(text.removesuffix("%")) / 100
    return found or None
