"""What a node shows, seen against the spec: which respects differ, and the edits that would mend them.

`questions` tells what to ask a node; `observe` reduces its answer. Both run in the worker that talks
to the node. An `Observation` holds no secret and no content of a file, so it may leave the worker.
`undo` does the same for what an earlier run changed.
"""

from keydeploy.observation.model import (
    AppPoolChange,
    BindingChange,
    CertificateChange,
    Change,
    ContainerChange,
    FileChange,
    Observation,
    Recycling,
    RegistryChange,
    State,
    Subject,
    change_from_json,
    change_to_json,
)
from keydeploy.observation.observe import observe, questions
from keydeploy.observation.retirement import is_left_over, left_over_address
from keydeploy.observation.undo import Undo

__all__ = [
    "AppPoolChange",
    "BindingChange",
    "CertificateChange",
    "Change",
    "ContainerChange",
    "FileChange",
    "Observation",
    "Recycling",
    "RegistryChange",
    "State",
    "Subject",
    "Undo",
    "change_from_json",
    "change_to_json",
    "is_left_over",
    "left_over_address",
    "observe",
    "questions",
]
