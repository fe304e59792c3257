"""Whether the command line was told to stop."""

from __future__ import annotations

import os
import select


def is_asked_to_stop() -> bool:
    """Look, without waiting, at the pipe that `KEYDEPLOY_STOP` names; what is written there stays for the next look."""
    descriptor = int(os.environ.get("KEYDEPLOY_STOP", "-1"))
    return descriptor >= 0 and bool(select.select([descriptor], [], [], 0)[0])
