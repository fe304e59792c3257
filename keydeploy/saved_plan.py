"""Plans in files: to be reviewed, attached to a ticket, and applied only while they still hold.

The file is never an input. `apply` plans anew and compares; where anything has moved, it refuses and says what.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from keydeploy import __version__
from keydeploy.errors import KeydeployError
from keydeploy.plan import Cause, NodePlan, Plan, Reason
from keydeploy.schema import validator

VERSION = 1

_APPLIED = "somebody has applied this plan, or done the same; keydeploy drift tells whether all nodes are as declared"
_HINT = "look at the difference, then make a new plan: keydeploy plan INVENTORY --out FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """The plans of all farms of an inventory, as they were at one *time* (RFC 3339)."""

    time: str
    farms: tuple[Plan, ...]

    def write(self, file: Path) -> None:
        """Write the plan to *file*, which then is there whole or as it was; raises `KeydeployError`."""
        value = {
            "plan": VERSION,
            "keydeploy": __version__,
            "time": self.time,
            "farms": [plan.to_json() for plan in self.farms],
        }
        temporary = file.with_name(f".{file.name}.new")
        try:
            temporary.write_text(json.dumps(value, indent=2) + "\n", "utf-8")
            temporary.replace(file)
        except OSError as error:
            told = f"the plan cannot be written to {file}: {error.strerror}"
            raise KeydeployError(told, hint="name another file with --out") from None

    @classmethod
    def read(cls, file: Path) -> "SavedPlan":
        """Read what `write` wrote; raises `KeydeployError` when it is no plan or of another version."""
        try:
            value = json.loads(file.read_text("utf-8"))
        except OSError as error:
            told = f"the plan {file} cannot be read: {error.strerror}"
            raise KeydeployError(told, hint="name a file that keydeploy plan --out has saved") from None
        except ValueError:
            value = None
        if not isinstance(value, dict) or value.get("plan") != VERSION or not validator("plan").is_valid(value):
            hint = "keydeploy plan INVENTORY --out FILE makes one"
            raise KeydeployError(f"{file} is no plan of this version", hint=hint)
        return cls(time=value["time"], farms=tuple(Plan.from_json(plan) for plan in value["farms"]))


def held_to(saved: SavedPlan, plans: Sequence[Plan]) -> list[Plan]:
    """Answer *plans* with a reason against each that is not what was *saved*."""
    by_name = {plan.farm: plan for plan in saved.farms}
    known = {plan.farm for plan in plans}
    gone = [
        _reason(f"farm {name} is in the saved plan and no longer declared") for name in by_name if name not in known
    ]
    found = []
    for plan in plans:
        before = by_name.get(plan.farm)
        moved = tuple(_moved(before, plan)) if before else (_reason("the saved plan does not know this farm"),)
        found.append(replace(plan, reasons=(*plan.reasons, *moved, *gone)))
    return found


def _moved(saved: Plan, now: Plan) -> Iterator[Reason]:
    """Yield what is not as it was when the plan was saved."""
    if saved.spec != now.spec:
        yield _reason("the spec has changed since the plan was made")
    before, after = ({node.node: node for node in plan.nodes} for plan in (saved, now))
    for name in sorted(before.keys() ^ after.keys()):
        yield _reason("is not looked at now" if name in before else "is new since the plan was made", name)
    for name in sorted(before.keys() & after.keys()):
        yield from _changed(before[name], after[name])


def _changed(before: NodePlan, after: NodePlan) -> Iterator[Reason]:
    if before.is_as(after):
        return
    was, is_ = ({operation.address: operation for operation in node.operations} for node in (before, after))
    differing = [address for address in {**was, **is_} if was.get(address) != is_.get(address)]
    if differing:
        done = not after.changes and before.changes
        what = "is already as the plan would make it" if done else f"shows something else: {', '.join(differing)}"
        yield _reason(what, after.node, _APPLIED if done else _HINT)
        return
    places = sorted({change.place for change in {*before.to_stage} ^ {*after.to_stage}})
    yield _reason(f"has changed since the plan was made: {', '.join(places)}", after.node)


def _reason(text: str, node: str | None = None, hint: str = _HINT) -> Reason:
    return Reason(cause=Cause.MOVED, node=node, text=text, hint=hint)
