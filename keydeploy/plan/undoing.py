"""Plans the way back: all that an earlier run changed becomes what it was before that run, on all nodes.

A run that takes another back is a run like any other; its name tells what it is, so that to roll back twice
does not bring back what the first time took away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from keydeploy.edit import Difference
from keydeploy.node.contract import BackedUp, BackupState
from keydeploy.observation import Observation, Undo
from keydeploy.plan.model import Action, Cause, Farm, NodePlan, Operation, Plan, Reason
from keydeploy.plan.planning import plan

SUFFIX = "-rollback"
"""Ends the name of a run that takes another one back."""

_NO_BACKUP_HINT = (
    "keydeploy status shows the backups; they expire by number and by age, and --compromised removes them;"
    " --force leaves this node as it is"
)
_OTHERS_HINT = "look at what has changed there; --force takes that back, too"


def plan_undo(farm: Farm, observations: Sequence[Observation], undo: Undo, not_looked_at: Sequence[str] = ()) -> Plan:
    """Answer what takes *undo* back on *farm*; the order of *observations* does not matter."""
    found = plan(farm, observations, not_looked_at)
    seen = {observation.node: observation for observation in observations if observation.backup}
    took_part = _took_part(list(seen.values()), undo)
    against = [] if found.finishes else list(_against(took_part, undo))
    nodes = [replace(node, operations=(), to_stage=(), undoes=Undo(None)) for node in found.nodes]
    for place, node in enumerate(nodes):
        if node.node in took_part:
            nodes[place] = _node_plan(node.node, took_part[node.node], undo)
    return replace(found, nodes=tuple(nodes), reasons=(*found.reasons, *against))


def _took_part(seen: Sequence[Observation], undo: Undo) -> dict[str, BackupState]:
    """Answer the nodes that the run to take back has changed, or may have, with their backups.

    Without a name it is the one that switched last on any node. A node whose last run is an older one took no part
    in it, such as one whose wave did not come; nor did a node on which nothing was ever confirmed.
    """
    backups = {each.node: each.backup for each in seen if each.backup is not None}
    newest = max((backup for backup in backups.values()), key=lambda each: each.committed or 0.0, default=None)
    if newest is None or newest.run is None:
        return backups
    never = {each.node for each in seen if each.ended != "confirmed"}
    return {
        node: backup
        for node, backup in backups.items()
        if backup.run == newest.run or (backup.run is None and node not in never and not undo.force)
    }


def _against(seen: Mapping[str, BackupState], undo: Undo) -> Iterator[Reason]:
    for node, backup in sorted(seen.items()):
        if backup.run is None:
            what = f"of run {undo.run}" if undo.run else "to go back to"
            yield Reason(cause=Cause.REFUSED, node=node, text=f"there is no backup {what}", hint=_NO_BACKUP_HINT)
        elif not _is_undone(backup, undo):
            yield from _stands_against(node, backup, undo)


def _stands_against(node: str, backup: BackupState, undo: Undo) -> Iterator[Reason]:
    for place in backup.places:
        what = f"{place.noun} {place.place}"
        if place.state == "irreversible":
            text = f"{what} held a key that could not be kept, and cannot go back"
            yield Reason(cause=Cause.REFUSED, node=node, text=text, hint="declare the old key and apply it")
        elif place.state == "changed" and not undo.force:
            text = f"{what} has changed since run {backup.run}"
            yield Reason(cause=Cause.REFUSED, node=node, text=text, hint=_OTHERS_HINT)


def _is_undone(backup: BackupState, undo: Undo) -> bool:
    """Tell whether the last run was a way back itself, so that there is nothing more to take back."""
    return undo.run is None and backup.run is not None and backup.run.endswith(SUFFIX)


def _node_plan(node: str, backup: BackupState, undo: Undo) -> NodePlan:
    undone = _is_undone(backup, undo)
    operations = tuple(_operation(place, backup, undone=undone) for place in backup.places)
    return NodePlan(node=node, operations=operations, to_stage=(), undoes=Undo(backup.run, undo.force))


def _operation(place: BackedUp, backup: BackupState, *, undone: bool) -> Operation:
    differs = place.state != "as_before" and not undone
    found = f"as run {backup.run} left it" if place.state == "as_left" else "changed since"
    return Operation(
        address=place.noun,
        action=Action.UPDATE if differs else Action.NO_OP,
        target=place.place,
        differences=(Difference("state", found, "as before that run"),) if differs else (),
    )
