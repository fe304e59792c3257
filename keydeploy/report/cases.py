"""A run as cases that pass or fail: those of the run itself, and of each farm one for every thing on every node.

Pure. Only what was looked at and is as declared passes; what cannot be told, and a node out of reach, are errors. A
run ends with exit code 0 exactly where every case passes or is skipped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from keydeploy.errors import Problem
from keydeploy.plan import Cause
from keydeploy.report.model import FarmReport, Report, Verb, Verdict
from keydeploy.report.standing import Cell, Standing, State, not_reached, standings
from keydeploy.report.summary import sentences
from keydeploy.spec import Kind, Notice


class Result(Enum):
    """How a case ended, the most telling last."""

    PASSED = "passed"
    SKIPPED = "skipped"
    """It was not looked at."""
    FAILURE = "failure"
    """It is certain that something is not as it must be."""
    ERROR = "error"
    """It cannot be told, or the run has failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case."""

    name: str
    result: Result = Result.PASSED
    kind: str = ""
    """Why it does not pass, in one word such as `missing`."""
    message: str = ""
    """Why, in one line."""
    text: str = ""
    """All that there is to tell, in lines."""
    warnings: tuple[str, ...] = ()
    """What is told of it although it passes, or beside why it does not."""
    node: str | None = None
    address: str | None = None
    """Of the spec, or on the node."""
    target: str | None = None
    """Where it stands on the node."""
    place: str | None = None
    """Where it is declared: `FILE:LINE:COLUMN`."""
    of_node: bool = False
    """It is so because of the node as a whole, and for every other thing on it as well."""


def cases_of_run(report: Report) -> Iterator[Case]:
    """Yield the case of the run as a whole, of the spec, of what policy says, and of nodes that were never come to."""
    yield _run(report)
    if not report.problems and report.failure is None and not report.interrupted:
        yield Case(name="spec")
    yield from (_problem(problem) for problem in report.problems)
    yield from (_notice(notice, report) for notice in report.shown_policy)
    for node in not_reached(report):
        message = "the run did not look at it"
        yield Case(
            name=f"{node} not looked at", result=Result.SKIPPED, kind="not_looked_at", message=message, node=node
        )


def cases_of_farm(farm: FarmReport, verb: Verb) -> Iterator[Case]:
    """Yield the case of *farm* as a whole, and of each thing on each of its nodes."""
    yield _farm(farm, verb)
    for standing in standings(farm):
        yield from (_cell(standing, cell) for cell in standing.cells)
        if not standing.cells:
            yield _node(standing)


def details(cell: Cell) -> Iterator[str]:
    """Yield what there is to tell of one thing on one node, line by line."""
    operation = cell.operation
    if operation is None:
        return
    if operation.refusal:
        yield f"cannot tell: {operation.refusal}"
    yield from (f"{each.name}: {each.found} → {each.wanted}" for each in operation.differences)
    yield from (f"policy: {each}" for each in operation.violations)
    yield from (f"impact: {each}" for each in operation.impact)
    if operation.irreversible:
        yield f"cannot be undone: {operation.irreversible}"
    yield from (f"warning: {each}" for each in operation.warnings)
    if operation.target:
        yield f"in {operation.target}"


_WORDS = {
    State.IN_ORDER: "as declared",
    State.NOT_LOOKED_AT: "not looked at",
    State.EXTRA: "there, and must not be",
    State.CHANGED: "not as declared",
    State.MISSING: "missing",
    State.UNKNOWN: "cannot tell",
    State.UNREACHABLE: "the node could not be reached",
}
_OF_VERDICTS = {
    Verdict.IN_ORDER: Result.PASSED,
    Verdict.APPLIED: Result.PASSED,
    Verdict.TAKEN_BACK: Result.PASSED,
    Verdict.PENDING: Result.FAILURE,
    Verdict.NOT_LOOKED_AT: Result.SKIPPED,
}
"""How a farm's case ends by its verdict alone; by all others it is an error."""
_AGAINST = (Kind.OVERDUE, Kind.DISCLOSED)


def _run(report: Report) -> Case:
    lines = [*_with_hint("\n".join(sentences(report)), report.hint), *(f"note: {note}" for note in report.notes)]
    text = "\n".join(lines)
    if report.problems:
        message = "no node was contacted"
        return Case(name="run", result=Result.SKIPPED, kind="not_begun", message=message, text=text)
    kind, message = "", ""
    if report.interrupted:
        kind, message = "interrupted", "interrupted"
    elif report.failure is not None:
        kind, message = "failed", report.failure
    elif report.looks_at_nothing:
        kind, message = "nothing", "there was no node to look at"
    return Case(name="run", result=Result.ERROR if kind else Result.PASSED, kind=kind, message=message, text=text)


def _problem(problem: Problem) -> Case:
    place = f" at {problem.place}" if problem.place else ""
    return Case(
        name=f"spec {problem.address}{place}",
        result=Result.FAILURE if problem.policy else Result.ERROR,
        kind="policy" if problem.policy else "spec",
        message=problem.text,
        text=str(problem),
        address=problem.address,
        place=problem.place,
    )


def _notice(notice: Notice, report: Report) -> Case:
    result = Result.PASSED
    if notice.kind is Kind.NOT_CHECKED:
        result = Result.ERROR
    elif notice.kind in _AGAINST and report.is_against_policy:
        result = Result.FAILURE
    place = f" at {notice.place}" if notice.place else ""
    return Case(
        name=f"policy {notice.kind.value} {notice.farm}/{notice.address}{place}",
        result=result,
        kind=notice.kind.value,
        message=notice.text,
        text="\n".join(_with_hint(str(notice), notice.hint)),
        address=f"{notice.farm}/{notice.address}",
        place=notice.place,
    )


def _farm(farm: FarmReport, verb: Verb) -> Case:
    lines = [line for reason in (*farm.reasons, *farm.missing) for line in _with_hint(str(reason), reason.hint)]
    if farm.verdict is Verdict.PENDING:
        changing = [node.node for node in farm.nodes if node.plan is not None and node.plan.changes]
        lines.insert(0, f"{'drift' if verb is Verb.DRIFT else 'changes'} on {', '.join(changing)}")
    result = _result_of(farm)
    by_itself = _OF_VERDICTS.get(farm.verdict, Result.ERROR)
    return Case(
        name="farm",
        result=result,
        kind=State.UNREACHABLE.value if result is Result.ERROR is not by_itself else farm.verdict.value,
        message=lines[0] if lines else farm.verdict.value.replace("_", " "),
        text="\n".join(lines),
    )


def _result_of(farm: FarmReport) -> Result:
    causes = {reason.cause for reason in farm.reasons}
    if farm.missing or Cause.UNREACHABLE in causes:
        return Result.ERROR
    if causes == {Cause.POLICY}:
        return Result.FAILURE
    return _OF_VERDICTS.get(farm.verdict, Result.ERROR)


def _cell(standing: Standing, cell: Cell) -> Case:
    operation, result = cell.operation, _of_state(cell.state)
    own = list(details(cell))
    of_node = result is Result.ERROR and (operation is None or not operation.refusal)
    lines = [*_reasons(standing), *own] if of_node else own
    kind, message = cell.state.value, _message(cell.state, [*_reasons(standing)] if of_node else own)
    if result is Result.PASSED and operation is not None and operation.violations:
        result, kind, message = Result.FAILURE, "policy", operation.violations[0]
    return Case(
        name=f"{standing.node} {cell.name}",
        result=result,
        kind=kind,
        message=message,
        text="\n".join(lines),
        warnings=operation.warnings if operation is not None else (),
        node=standing.node,
        address=cell.name,
        target=operation.target if operation is not None else None,
        of_node=of_node,
    )


def _node(standing: Standing) -> Case:
    """Answer the case of a node of which nothing more is known, or that declares nothing."""
    lines = [*_reasons(standing)]
    return Case(
        name=standing.node,
        result=_of_state(standing.state),
        kind=standing.state.value,
        message=_message(standing.state, lines),
        text="\n".join(lines),
        node=standing.node,
        of_node=True,
    )


def _of_state(state: State) -> Result:
    if state.is_drift:
        return Result.FAILURE
    return {State.IN_ORDER: Result.PASSED, State.NOT_LOOKED_AT: Result.SKIPPED}.get(state, Result.ERROR)


def _message(state: State, lines: list[str]) -> str:
    word = _WORDS[state]
    if state in (State.IN_ORDER, State.NOT_LOOKED_AT) or not lines:
        return word
    return lines[0] if lines[0].startswith(word) else f"{word}: {lines[0]}"


def _reasons(standing: Standing) -> Iterator[str]:
    """Yield why a node stands as it does, each line once."""
    told = [line for reason in standing.reasons for line in _with_hint(reason.text, reason.hint)]
    if standing.report is not None:
        told += standing.report.reasons
        told += [f"hint: {standing.report.hint}"] if standing.report.hint else []
    yield from dict.fromkeys(told)


def _with_hint(text: str, hint: str | None) -> Iterator[str]:
    yield text
    if hint:
        yield f"hint: {hint}"
