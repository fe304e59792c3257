"""A rotation as text and as JSON: which keys, what that ends, where they are kept, and how it went."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.errors import Problem
from keydeploy.report import data, text
from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Report, Verdict
from keydeploy.rotation.proposal import Replaced

VERSION = 1
_UNTOUCHED = {Verdict.ROLLED_BACK, Verdict.REFUSED, Verdict.NOT_LOOKED_AT}
"""The verdicts with which every node of a farm shows what it did before."""


class Outcome(Enum):
    """How a rotation ended."""

    REFUSED = "refused"
    """Nothing was written and nothing was rolled out."""
    TOLD = "told"
    """It was asked only what would be."""
    APPLIED = "applied"
    """The files and all nodes hold the new keys."""
    PUT_BACK = "put_back"
    """No node holds a new key, and the files are as before."""
    KEPT = "kept"
    """The files hold the new keys, and nodes may not yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A whole rotation."""

    outcome: Outcome
    keys: tuple[Replaced, ...] = ()
    members: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Where the keys are kept."""
    problems: tuple[Problem, ...] = ()
    """Why a value cannot be replaced where it is kept."""
    notes: tuple[str, ...] = ()
    before: Report | None = None
    """How the farms stood."""
    report: Report | None = None
    """The roll-out."""
    code: ExitCode = ExitCode.ERROR
    """What to end with where nothing was rolled out."""

    @property
    def exit_code(self) -> ExitCode:
        """Answer the exit code: that of the roll-out where there was one."""
        if self.report is None:
            return self.code
        code = exit_code(self.report)
        return ExitCode.ERROR if code is ExitCode.FINE and self.outcome is not Outcome.APPLIED else code

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer it as JSON values, see schemas/rotation.schema.json; *time* is when it was made (RFC 3339)."""
        return {
            "rotation": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "outcome": self.outcome.value,
            "keys": [
                {"farm": key.farm, "address": key.target.address, "invalidates": list(key.invalidates)}
                for key in self.keys
            ],
            "nodes": list(self.members),
            "files": list(self.files),
            "problems": [{"place": each.place, "address": each.address, "text": each.text} for each in self.problems],
            "notes": list(self.notes),
            "before": data.to_json(self.before, time) if self.before else None,
            "report": data.to_json(self.report, time) if self.report else None,
        }

    def plan(self) -> Iterator[Text]:
        """Yield what is to be done and what that ends, line by line."""
        for problem in self.problems:
            yield Text(str(problem))
        for key in self.keys if not self.problems else ():
            yield Text.assemble(("rotate ", ""), (str(key.target), "bold"))
            yield from (Text(f"    {line}", style="yellow") for line in key.invalidates)
        yield from (Text(f"  {file}: gets the new key, encrypted as it is") for file in self.files)
        yield from (Text(f"  note: {note}", style="yellow") for note in self.notes)

    def end(self) -> Iterator[Text]:
        """Yield how it went, line by line."""
        if self.report is not None:
            yield from text.lines(self.report)
        match self.outcome:
            case Outcome.APPLIED:
                yield Text(
                    f"commit {_listed(self.files)}: the new keys are there and on the nodes alone", style="green"
                )
            case Outcome.PUT_BACK:
                yield Text(f"put back byte for byte, as the nodes hold the keys of before: {_listed(self.files)}")
            case Outcome.KEPT:
                yield Text(f"the new keys stay in {_listed(self.files)}", style="red")
            case _:
                pass


def of_farms(report: Report, farms: Collection[str]) -> Report:
    """Answer what *report* tells of *farms*; the others were not looked at."""
    return replace(report, farms=tuple(farm for farm in report.farms if farm.farm in farms))


def outcome_of(report: Report) -> Outcome:
    """Answer how a rotation ended of which *report* is the roll-out."""
    verdicts = {farm.verdict for farm in report.farms}
    if verdicts <= _UNTOUCHED:
        return Outcome.PUT_BACK
    return Outcome.APPLIED if verdicts <= {Verdict.APPLIED, Verdict.IN_ORDER} else Outcome.KEPT


def against(report: Report, *, pending_too: bool) -> tuple[str, str] | None:
    """Tell why no key can be rotated on nodes that stand as *report* says, and the next step; None where it can be.

    *pending_too* lets pass what is pending already, and members without which the farm may change.
    """
    for farm in report.farms:
        if farm.verdict is Verdict.IN_ORDER and (pending_too or not farm.missing):
            continue
        if farm.verdict is Verdict.PENDING and pending_too:
            continue
        if farm.verdict is Verdict.PENDING:
            return (
                f"farm {farm.farm} is not as declared, and what is pending would be rolled out with the new key",
                "run keydeploy apply first, or add --with-pending",
            )
        if farm.missing:
            return f"farm {farm.farm}: {farm.missing[0]}", "add --with-pending to leave such nodes out"
        if farm.verdict is Verdict.INCOMPLETE:
            return f"farm {farm.farm} holds an unfinished run", "run keydeploy apply first; it brings that to its end"
        return f"farm {farm.farm} is not fit for a change", "mend what stands above; keydeploy doctor examines nodes"
    return None


def _listed(files: Collection[str]) -> str:
    return ", ".join(files) or "no file"
