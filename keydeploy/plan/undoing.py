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

_OTHERS_HINT = "look at what has changed there; --force takes that back, too"


def plan_undo(farm: Farm, observations: Sequence[Observation], undo: Undo, not_looked_at: Sequence[str] = ()) -> Plan:
    """Answer what takes *undo* back on *farm*; the order of *observations* does not matter."""
    found = plan(farm, observations, not_looked_at)
    seen = {observation.node: observation.backup for observation in observations if observation.backup}
    against = [] if found.finishes else list(_against(seen, undo))
    nodes = tuple(_node_plan(node.node, seen[node.node], undo) for node in found.nodes if node.node in seen)
    return replace(found, nodes=nodes, reasons=(*found.reasons, *against))


def _against(seen: Mapping[str, BackupState], undo: Undo) -> Iterator[Reason]:
    runs = {node: backup.run for node, backup in seen.items()}
    if undo.run is None and len(set(runs.values())) > 1:
        told = ", ".join(f"{node}: {run or 'none'}" for node, run in sorted(runs.items()))
        hint = "keydeploy status shows the runs; --to RUN names one"
        yield Reason(cause=Cause.REFUSED, text=f"the last run is not the same on all nodes ({told})", hint=hint)
        return
    for node, backup in sorted(seen.items()):
        if backup.run is None:
            what = f"of run {undo.run}" if undo.run else "to go back to"
            hint = "keydeploy status shows the backups; they expire by number and by age"
            yield Reason(cause=Cause.REFUSED, node=node, text=f"there is no backup {what}", hint=hint)
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
