"""A rotation as text and as JSON: which keys, what that ends, where they are kept, and how it went."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from rich.text import Text

from keydeploy import __version__
from keydeploy.errors import Problem
from keydeploy.report import data, text
from keydeploy.report.exit_code import ExitCode, exit_code, most_telling
from keydeploy.report.left import Left, left
from keydeploy.report.model import Made, Report, Verdict
from keydeploy.rotation.contents import Content, holds_new_key
from keydeploy.rotation.proposal import Replaced

VERSION = 1
_UNTOUCHED = {Verdict.ROLLED_BACK, Verdict.REFUSED, Verdict.NOT_LOOKED_AT}
"""The verdicts with which every node of a farm shows what it did before."""
_NO_WAY_BACK = (
    "--compromised: once the change is confirmed, every node removes all backups that keydeploy keeps there,"
    " so that keydeploy rollback can take back neither this run nor an earlier one"
)


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
class Commands:
    """What a person may type next, for the same inventory."""

    apply: str = "keydeploy apply INVENTORY"
    rollback: str = "keydeploy rollback INVENTORY"
    checkout: str = "git checkout -- FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file and what it gets."""

    file: str
    contents: tuple[Content, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """A whole rotation."""

    outcome: Outcome
    keys: tuple[Replaced, ...] = ()
    members: tuple[str, ...] = ()
    files: tuple[Written, ...] = ()
    """Where the keys are kept."""
    problems: tuple[Problem, ...] = ()
    """Why a value cannot be replaced where it is kept."""
    notes: tuple[str, ...] = ()
    before: Report | None = None
    """How the farms stood."""
    report: Report | None = None
    """The roll-out."""
    removal: Report | None = None
    """The run behind it, which takes away the certificates that it has superseded."""
    accepted: bool = False
    """What cannot be put back may be taken away."""
    compromised: bool = False
    """The keys of before are known to others."""
    commands: Commands = Commands()
    code: ExitCode = ExitCode.ERROR
    """What to end with where nothing was rolled out."""

    @property
    def exit_code(self) -> ExitCode:
        """Answer the exit code: that of the roll-out where there was one, and of what was to follow it."""
        if self.report is None:
            return self.code
        code = exit_code(self.report)
        if self.outcome is not Outcome.APPLIED:
            return ExitCode.ERROR if code is ExitCode.FINE else code
        removal = exit_code(self.removal) if self.removal is not None else ExitCode.FINE
        known = ExitCode.POLICY if self.compromised and self.left else ExitCode.FINE
        return most_telling({code, removal, known})

    @property
    def left(self) -> tuple[Left, ...]:
        """Answer the superseded certificates that the nodes still hold; none where nothing superseded them."""
        if self.outcome is not Outcome.APPLIED or self.before is None:
            return ()
        return tuple(left(self.keys, self.before, self.removal))

    def to_json(self, time: str) -> dict[str, Any]:
        """Answer it as JSON values, see schemas/rotation.schema.json; *time* is when it was made (RFC 3339)."""
        return {
            "rotation": VERSION,
            "keydeploy": __version__,
            "time": time,
            "exit_code": int(self.exit_code),
            "outcome": self.outcome.value,
            "keys": [_key(key) for key in self.keys],
            "nodes": list(self.members),
            "files": [
                {"file": each.file, "gets": [content.name.lower() for content in each.contents]} for each in self.files
            ],
            "left": [each.to_json() for each in self.left],
            "problems": [{"place": each.place, "address": each.address, "text": each.text} for each in self.problems],
            "notes": list(self.notes),
            "before": data.to_json(self.before, Made(time)) if self.before else None,
            "report": data.to_json(self.report, Made(time)) if self.report else None,
            "removal": data.to_json(self.removal, Made(time)) if self.removal else None,
        }

    def plan(self) -> Iterator[Text]:
        """Yield what is to be done and what that ends, line by line."""
        for problem in self.problems:
            yield Text(str(problem))
        for key in self.keys if not self.problems else ():
            yield Text.assemble(("rotate ", ""), (str(key.target), "bold"))
            yield from (Text(f"    {line}", style="yellow") for line in (*key.invalidates, *self._remaining(key)))
        for each in self.files:
            yield Text(f"  {each.file}: gets {'; '.join(content.value for content in each.contents)}")
        notes = (*self.notes, *([_NO_WAY_BACK] if self.compromised and not self.problems else []))
        yield from (Text(f"  note: {note}", style="yellow") for note in notes)

    def end(self) -> Iterator[Text]:
        """Yield how it went, line by line."""
        for report in (self.report, self.removal):
            if report is not None:
                yield from text.lines(report)
        match self.outcome:
            case Outcome.APPLIED:
                yield from self._applied()
            case Outcome.PUT_BACK:
                yield Text(f"put back byte for byte, as the nodes hold the keys of before: {_listed(self._names)}")
            case Outcome.KEPT:
                yield Text(f"the new keys stay in {_listed(self._with_keys)}", style="red")
            case _:
                pass

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(each.file for each in self.files)

    @property
    def _with_keys(self) -> tuple[str, ...]:
        return tuple(each.file for each in self.files if holds_new_key(each.contents))

    def _remaining(self, key: Replaced) -> Iterator[str]:
        """Yield what becomes of the certificate that *key* supersedes."""
        if key.remains is None:
            return
        if self.accepted and key.remains.is_replaced:
            yield (
                f"the present {key.remains} and its private key are removed in a second run, where nothing that is"
                " looked at refers to them; that cannot be undone"
            )
            return
        yield f"the present {key.remains} and its private key stay installed"
        yield from (f"    {line}" for line in key.remains.removal(self._apply))

    @property
    def _apply(self) -> str:
        return f"{self.commands.apply} --compromised" if self.compromised else self.commands.apply

    def _applied(self) -> Iterator[Text]:
        there = "there" if self._names == self._with_keys else f"in {_listed(self._with_keys)}"
        yield Text(f"commit {_listed(self._names)}: the new keys are {there} and on the nodes alone", style="green")
        if self._way_back is not None:
            yield Text(f"the way back: {self._way_back} takes the nodes back, and {self.commands.checkout} the files,")
            yield Text("    where git has them; with the new keys in them the next apply brings those again")
        elif self.compromised:
            yield Text("there is no way back: no backup of before is left on these nodes")
        for each in self.left:
            yield Text(f"{each.remains} and its private key are still on {_listed(each.nodes)}", style="yellow")
            yield from (Text(f"    {line}") for line in each.remains.removal(self._apply))

    @property
    def _way_back(self) -> str | None:
        """Answer the command that takes the run back on the nodes, None where nothing can."""
        changed = self.report is not None and any(farm.verdict is Verdict.APPLIED for farm in self.report.farms)
        if self.report is None or not changed or self.removal is not None or self.compromised:
            return None
        return f"{self.commands.rollback} --to {self.report.run}"


def of_farms(report: Report, farms: Collection[str]) -> Report:
    """Answer what *report* tells of *farms*; the others were not looked at."""
    return replace(report, farms=tuple(farm for farm in report.farms if farm.farm in farms))


def outcome_of(report: Report) -> Outcome:
    """Answer how a rotation ended of which *report* is the roll-out."""
    verdicts = {farm.verdict for farm in report.farms}
    if verdicts <= _UNTOUCHED:
        return Outcome.PUT_BACK
    return Outcome.APPLIED if verdicts <= {Verdict.APPLIED, Verdict.IN_ORDER} else Outcome.KEPT


def _key(key: Replaced) -> dict[str, Any]:
    leaves = None
    if key.remains is not None:
        declare = None if key.remains.is_replaced else key.remains.to_declare
        leaves = {"thumbprint": key.remains.thumbprint, "subject": key.remains.subject, "declare": declare}
    return {
        "farm": key.farm,
        "address": key.target.address,
        "invalidates": list(key.invalidates),
        "leaves": leaves,
    }


def _listed(names: Collection[str]) -> str:
    return ", ".join(names) or "no file"
