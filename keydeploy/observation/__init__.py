"""What a node shows, seen against the spec: which respects differ, and the edits that would mend them.

`questions` tells what to ask a node; `observe` reduces its answer. Both run in the worker that talks
to the node. An `Observation` holds no secret and no content of a file, so it may leave the worker.
"""

from keydeploy.observation.model import FileChange, Observation, State, Subject
from keydeploy.observation.observe import observe, questions

__all__ = ["FileChange", "Observation", "State", "Subject", "observe", "questions"]
