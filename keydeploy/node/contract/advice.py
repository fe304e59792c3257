"""What to do next where a node answers an error: by its code, the same for every implementation of a node.

A node tells what is wrong and why; it does not know what the person at the controller can do.
"""

from collections.abc import Mapping

_AGAIN = "run it again: it is planned anew from what is there then"
_BUG = "report it as a bug of keydeploy, with what keydeploy doctor tells of the node"

ADVICE: Mapping[str, str] = {
    "request": _BUG,
    "contract": "let the collection keydeploy.core and the Python package keydeploy be of one version",
    "answer": "run it again; if it stays so, keydeploy doctor examines the connection",
    "not_done": "what failed before it is told as well; mend that",
    "locked": "keydeploy status shows whose run it is; wait until that has ended",
    "unfinished": "keydeploy apply brings that run to its end first",
    "generation": "another run has taken the node over; keydeploy status shows which",
    "no_run": "keydeploy status shows the runs that the node knows",
    "ended": "keydeploy status shows how that run ended",
    "no_backup": "keydeploy status shows the runs that can be taken back",
    "changed": _AGAIN,
    "late": "raise rollout.margin, so that every node is ready in time, or rollout.grace",
    "access_denied": "connect as an administrator of the node, and check the access list; keydeploy doctor helps",
    "in_use": "run it again when the other program has let go of it",
    "disk_full": "make room on the node, and run it again",
    "io": "look at the node's disk and event log, and run it again",
    "path": "correct the path where it is declared",
    "malformed": "mend it on the node; what cannot be read is left alone",
    "folder": r"look who made %ProgramData%\keydeploy; if nothing in it is needed, remove it and run it again",
    "no_iis": "install IIS, or declare web_config instead of a site",
    "key": "compare what is declared with the store and the container on the node, and generate or export the key anew",
    "unsupported": "docs/windows-nodes.md tells what is needed of a node",
    "irreversible": "roll forward with keydeploy apply, which puts the declared key in place",
    "recorded": "turn the recording off for the time of the run; docs/windows-nodes.md tells how",
    "internal": _BUG,
}
"""By the error codes of `schemas/node.schema.json`, and `answer` for an answer that is none."""
