"""A report as text for a person: what is as declared, what differs and in which respect, what was done."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from rich.text import Text

from keydeploy.observation import FileChange, is_left_over
from keydeploy.plan import Action, Cause, NodePlan, Operation
from keydeploy.report.diff import redacted_diff
from keydeploy.report.model import TAKEN_BACK, FarmReport, Report, Verb, Verdict
from keydeploy.report.standing import Standing, State, standings
from keydeploy.report.wording import alike, count, names
from keydeploy.spec import Kind, Notice

_FINGERPRINT_SHOWN = len("sha256:") + 16
_STYLES = {Action.CREATE: "green", Action.UPDATE: "yellow", Action.DELETE: "red", Action.NO_OP: "dim"}
_DONE = {Action.CREATE: "created", Action.UPDATE: "updated", Action.DELETE: "deleted", Action.NO_OP: "as declared"}
_PUT_BACK = dict.fromkeys(Action, "put back") | {Action.NO_OP: "as before"}
_TO_PUT_BACK = dict.fromkeys(Action, "put back what was there before") | {Action.NO_OP: "as before"}
_NOTHING = "nothing is declared for it"
_NOTHING_CHANGED = "the run has changed nothing here"
_TO_DO = {Action.CREATE: "create", Action.UPDATE: "update", Action.DELETE: "delete", Action.NO_OP: "as declared"}


_CHANGED = (Verdict.ROLLED_BACK, Verdict.PARTLY, Verdict.INCOMPLETE, Verdict.FINISHED, Verdict.TAKEN_BACK)
"""The verdicts after which it matters how the run ended on each node."""

_OUTCOMES = {
    "applied": "applied",
    "rolled_back": "rolled back, and shows again what it showed before",
    "unstaged": "never went live",
    "finished": "the unfinished run is brought to its end",
    "waits": "left the run before its end, as when your tasks reach no host; is it out of the load balancer?",
    "ended": "the run that was in the way has ended by itself",
    "missing": "left out, as it cannot be reached",
    "not_begun": "its wave was not begun",
    "left_out": "still out of the load balancer",
    "failed": "not known to be as before",
    "unreachable": "could not be reached at the end",
    None: "gave no answer at the end",
}
_ENDED = ("finished", "ended")
_GOOD = ("applied", "rolled_back", "unstaged", "finished", "ended", "not_begun")


def lines(report: Report, *, with_diff: bool = False) -> Iterator[Text]:
    """Yield the report line by line; *with_diff* adds the redacted edits."""
    for problem in report.problems:
        yield Text(str(problem))
    for farm in report.farms:
        yield from _farm(farm, report.verb, with_diff=with_diff)
    for notice in report.shown_policy:
        yield from _notice(notice)
    if report.skipped:
        yield Text(f"skipped, they declare nothing: {names(report.skipped)}", style="dim")


def _notice(notice: Notice) -> Iterator[Text]:
    fails = notice.kind in (Kind.OVERDUE, Kind.DISCLOSED, Kind.NOT_CHECKED)
    yield Text(f"! policy: {notice}", style="red" if fails else "yellow")
    if notice.hint:
        yield Text(f"  hint: {notice.hint}")


def _farm(farm: FarmReport, verb: Verb, *, with_diff: bool) -> Iterator[Text]:
    yield Text.assemble((f"farm {farm.farm}", "bold"), f": {_summary(farm, verb)}", style=_verdict_style(farm.verdict))
    if not farm.reasons and any(node.plan is not None and node.plan.violations for node in farm.nodes):
        yield Text("  ! something below must not be used (policy)", style="red")
    for reason, where in alike(farm.reasons):
        yield Text(f"  ! {', '.join(where)}{': ' if where else ''}{reason.text}", style="red")
        if reason.hint:
            yield Text(f"    hint: {reason.hint}")
    for reason in farm.missing:
        yield Text(f"  ! {reason}; left out, because the farm may do without it", style="yellow")
    if farm.waves:
        yield Text(f"  in waves: {'; then '.join(names(wave) for wave in farm.waves)}")
    missing = {reason.node for reason in farm.missing}
    for alike_ones in _alike(each for each in standings(farm) if each.report is not None and each.node not in missing):
        yield Text(f"  {_whose(alike_ones)}", style="bold")
        yield from _node(alike_ones[0], farm.verdict, _words(verb, farm.verdict), with_diff=with_diff)
    if farm.not_looked_at:
        yield Text(f"  not looked at: {', '.join(farm.not_looked_at)}", style="yellow")


def _whose(alike_ones: Sequence[Standing]) -> str:
    """Answer whose the lines below are: of nodes that need somebody, each by name."""
    found = [each.node for each in alike_ones]
    return names(found) if alike_ones[0].state is State.IN_ORDER else ", ".join(found)


def _words(verb: Verb, verdict: Verdict) -> dict[Action, str]:
    """Answer what to say of each action."""
    if verb is Verb.ROLLBACK:
        return _PUT_BACK if verdict is Verdict.APPLIED else _TO_PUT_BACK
    return _DONE if verdict is Verdict.APPLIED else _TO_DO


def _node(standing: Standing, verdict: Verdict, words: dict[Action, str], *, with_diff: bool) -> Iterator[Text]:
    node = standing.report
    if node is None or node.plan is None:
        yield Text("    ? nothing is known of it", style="red")
        return
    for cell in standing.cells:
        if cell.operation is not None:
            yield from _operation(cell.operation, cell.state, words)
    if not node.plan.operations and not (node.plan.undoes and node.outcome in _ENDED):
        yield Text(f"      {_NOTHING_CHANGED if node.plan.undoes else _NOTHING}", style="dim")
    if verdict in _CHANGED and node.outcome in _OUTCOMES:
        yield Text(f"    = {_OUTCOMES[node.outcome]}", style="" if node.outcome in _GOOD else "red")
    for reason in node.reasons:
        yield Text(f"    ! {reason}", style="red")
    if node.hint:
        yield Text(f"    hint: {node.hint}")
    if with_diff and node.plan.changes:
        yield from (Text(f"      {line}", style="dim") for line in redacted_diff(node.plan).splitlines())


def _operation(operation: Operation, state: State, words: dict[Action, str]) -> Iterator[Text]:
    symbol, what = (operation.action.symbol, words[operation.action])
    style = _STYLES[operation.action]
    if is_left_over(operation.address) and operation.action is Action.NO_OP:
        what = "not declared, and left as it is"
    if operation.refusal:
        symbol, what, style = "?", f"cannot tell: {operation.refusal}", "red"
    elif not state.is_told:
        seen = f"{what} when it was looked at" if operation.action is Action.NO_OP else what
        symbol, what, style = "?", f"{seen}; cannot tell how it stands now", "red"
    key = f" (key {operation.found[:_FINGERPRINT_SHOWN]})" if operation.found and not operation.differences else ""
    yield Text(f"    {symbol} {operation.address}: {what}{key}", style=style)
    if operation.target:
        yield Text(f"        {operation.target}", style="dim")
    for difference in operation.differences:
        yield Text(f"        {difference.name}: {difference.found} → {difference.wanted}")
    yield from (Text(f"        impact: {impact}") for impact in operation.impact)
    if operation.irreversible:
        yield Text(f"        cannot be undone: {operation.irreversible}", style="red")
    yield from (Text(f"        ! policy: {violation}", style="red") for violation in operation.violations)
    yield from (Text(f"        ! {warning}", style="yellow") for warning in operation.warnings)


def _summary(farm: FarmReport, verb: Verb) -> str:
    nodes = count(len(farm.nodes))
    reached = f"{len(farm.nodes) - len(farm.missing)} of {nodes}" if farm.missing else nodes
    changed = sum(1 for node in farm.nodes if node.plan and node.plan.changes)
    return {
        Verdict.IN_ORDER: f"{reached} {_in_order(verb)}",
        Verdict.PENDING: f"{'drift' if verb is Verb.DRIFT else 'changes'} on {changed} of {nodes}",
        Verdict.APPLIED: f"{_applied(verb)} {changed} of {nodes} {_how(farm)}, and {_proof(farm)}",
        Verdict.ROLLED_BACK: f"not applied; {reached} as before",
        Verdict.PARTLY: f"PARTLY applied; not to {', '.join(_not_applied(farm))}",
        Verdict.TAKEN_BACK: "the unfinished run is taken back; every node is as before it",
        Verdict.REFUSED: "not applied; nothing was changed" if verb.changes else "cannot tell",
        Verdict.FINISHED: "a run that was left unfinished is brought to its end",
        Verdict.NOT_LOOKED_AT: "not looked at",
        Verdict.INCOMPLETE: f"INCOMPLETE; look at {', '.join(_unsure(farm))}",
    }[farm.verdict]


def _in_order(verb: Verb) -> str:
    return "as before it, nothing to take back" if verb is Verb.ROLLBACK else "as declared, nothing to do"


def _applied(verb: Verb) -> str:
    return "rolled back on" if verb is Verb.ROLLBACK else "applied to"


def _how(farm: FarmReport) -> str:
    return f"in {count(len(farm.waves), 'wave')}" if farm.waves else "at one instant"


def _proof(farm: FarmReport) -> str:
    seen_before = sum(1 for node in farm.nodes if node.outcome == "in_order")
    verified = len(farm.nodes) - len(farm.missing) - seen_before
    if not farm.missing and not seen_before:
        return "verified on all"
    return f"verified on {verified}" + (f"; {seen_before} seen as declared at the beginning" if seen_before else "")


def _not_applied(farm: FarmReport) -> list[str]:
    return [node.node for node in farm.nodes if node.outcome not in {"applied", "in_order"}]


def _unsure(farm: FarmReport) -> list[str]:
    unfinished = [reason.node for reason in farm.reasons if reason.cause is Cause.UNFINISHED and reason.node]
    return unfinished or [node.node for node in farm.nodes if node.outcome not in {"applied", *TAKEN_BACK}]


def _verdict_style(verdict: Verdict) -> str:
    return {Verdict.IN_ORDER: "green", Verdict.APPLIED: "green", Verdict.PENDING: "yellow"}.get(verdict, "red")


def _alike(nodes: Iterable[Standing]) -> Iterator[list[Standing]]:
    """Put nodes together of which the same is to be told; those with nothing to do come last."""
    ordered = sorted(nodes, key=lambda each: (_has_nothing_to_do(each), _told(each), each.node))
    return (list(group) for _, group in groupby(ordered, key=_told))


def _has_nothing_to_do(standing: Standing) -> bool:
    plan = standing.report.plan if standing.report else None
    return standing.state.is_told and plan is not None and not plan.changes


def _told(standing: Standing) -> str:
    node = standing.report
    plan = node.plan if node else None
    own = (node.outcome, node.reasons, node.hint) if node else None
    return repr((plan is None, standing.state, standing.cells, own, _edited(plan)))


def _edited(plan: NodePlan | None) -> tuple[str, ...]:
    files = (change for change in plan.to_stage if isinstance(change, FileChange)) if plan else ()
    return tuple(edit.redacted() for file in files for edit in file.edits)
