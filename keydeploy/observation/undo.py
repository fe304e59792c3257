"""What a node shows of an earlier run: whether all that the run changed is as it left it, as before, or otherwise."""

from dataclasses import dataclass, replace

from keydeploy.node.contract import BackupState, ReadBackup, ReadJournal, ReadSystem, Response
from keydeploy.observation.model import Observation
from keydeploy.observation.observe import standing
from keydeploy.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Undo:
    """What is to be taken back: *run*, or the one that was confirmed last (None).

    *force* takes back also what somebody has changed since.
    """

    run: str | None
    force: bool = False


def questions(undo: Undo) -> tuple[ReadJournal | ReadBackup | ReadSystem, ...]:
    """Answer all that a node must be asked before, and after, *undo*."""
    return (ReadJournal(), ReadBackup(undo.run), ReadSystem())


def observe(spec: Spec, response: Response) -> Observation:
    """Reduce a node's *response* to `questions`; raises `NodeError` when the node could not answer."""
    response.raise_for_error()
    (backup,) = response.all(BackupState)
    return replace(standing(spec, response), backup=backup)
