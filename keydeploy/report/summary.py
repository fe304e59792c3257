"""What came of a run, in sentences that a person can read aloud: to a colleague, in a ticket, in a notification.

Pure. What is in order is said of all farms together; of what is not, each farm gets a sentence of its own.
"""

from collections.abc import Iterator, Sequence

from keydeploy.plan import Cause
from keydeploy.report.model import TAKEN_BACK, FarmReport, Report, Verb, Verdict
from keydeploy.report.wording import alike, count, names
from keydeploy.spec import Kind, Notice

_FARMS_TOLD = 6
"""More farms than this nobody listens to; of the others only the names are said."""
_TO_BE_REPLACED = (Kind.OVERDUE, Kind.DISCLOSED)
"""What fails a look."""


def sentences(report: Report) -> tuple[str, ...]:
    """Answer what came of the run, the most important first; nothing in it is secret."""
    return tuple(_sentences(report))


def _sentences(report: Report) -> Iterator[str]:
    if report.problems:
        wrong = "declares what must not be used" if report.is_refused_by_policy else f"has {_problems(report)}"
        yield f"The spec {wrong}; no node was contacted."
    elif report.failure is not None:
        yield f"{'Interrupted' if report.interrupted else 'Could not tell'}: {report.failure}."
    elif report.looks_at_nothing and not report.interrupted:
        yield "No node was looked at, because " + (
            "the limit leaves out every node that declares something." if report.declared else "none declares anything."
        )
    elif report.verb is Verb.VALIDATE:
        yield f"The spec is valid for {count(len(report.declared))}."
    else:
        yield from _of_farms(report)
    yield from _of_policy(report)


def _of_farms(report: Report) -> Iterator[str]:
    if report.interrupted:
        yield "The run was interrupted."
    told = [farm for farm in report.farms if farm.verdict not in (Verdict.IN_ORDER, Verdict.NOT_LOOKED_AT)]
    for farm in told[:_FARMS_TOLD]:
        yield _sentence(farm, report)
    if len(told) > _FARMS_TOLD:
        yield f"The same or the like is true of farms {names(farm.farm for farm in told[_FARMS_TOLD:])}."
    in_order = [farm for farm in report.farms if farm.verdict is Verdict.IN_ORDER]
    if in_order:
        yield _in_order(in_order, report.verb, others=bool(told))
    left_out = [node for farm in report.farms for node in farm.not_looked_at]
    if left_out:
        yield f"Not looked at: {names(left_out)}."
    missing = [reason.node for farm in report.farms for reason in farm.missing if reason.node]
    if missing:
        yield f"Left out, because it could not be reached: {names(missing)}."


def _sentence(farm: FarmReport, report: Report) -> str:
    """Answer what there is to say of *farm*, which is not in order or was changed."""
    whole = count(len(farm.nodes))
    changed = [node.node for node in farm.nodes if node.outcome == "applied"]
    every = "every node that could be reached" if farm.missing else "every node"
    why = "" if report.interrupted else _why(farm)  # that it was interrupted has been said
    return {
        Verdict.PENDING: _pending(farm, report.verb, whole),
        Verdict.APPLIED: _applied(farm, report.verb, whole),
        Verdict.ROLLED_BACK: f"Farm {farm.farm} was not changed, and {every} is as before{why}.",
        Verdict.REFUSED: _refused(farm, report, why),
        Verdict.PARTLY: f"Farm {farm.farm} was changed only in part, on {len(changed)} of {whole}{why}.",
        Verdict.FINISHED: f"Farm {farm.farm}: a run that was left unfinished was brought to its end; nothing else was"
        " done.",
        Verdict.TAKEN_BACK: f"Farm {farm.farm}: the unfinished run was taken back, and {every} is as before it.",
        Verdict.INCOMPLETE: f"Farm {farm.farm} may be split, or holds an unfinished run: look at"
        f" {names(_unsure(farm))}.",
    }[farm.verdict]


def _pending(farm: FarmReport, verb: Verb, whole: str) -> str:
    nodes = _changing(farm)
    some = f"{len(nodes)} of {whole}"
    would = f"{'rollback' if verb is Verb.ROLLBACK else 'apply'} would change {some}"
    told = f"{some} {_have(nodes)} drifted" if verb is Verb.DRIFT else would
    return f"Farm {farm.farm}: {told}: {names(nodes)}. Nothing was changed."


def _applied(farm: FarmReport, verb: Verb, whole: str) -> str:
    nodes = _changing(farm)
    way = f"in {count(len(farm.waves), 'wave')}" if farm.waves else "at one instant"
    done = "taken back" if verb is Verb.ROLLBACK else "changed"
    proof = "it is verified" if whole == count(1) else f"all {whole} are verified"
    seen_before = sum(1 for node in farm.nodes if node.outcome == "in_order")
    if farm.missing or seen_before:
        verified = len(farm.nodes) - len(farm.missing) - seen_before
        proof = f"{count(verified)} {'is' if verified == 1 else 'are'} verified"
    if seen_before:
        proof += f"; {count(seen_before)} {'was' if seen_before == 1 else 'were'} seen as declared at the beginning"
    return f"Farm {farm.farm}: {len(nodes)} of {whole} {_have(nodes)} been {done} {way}, and {proof}."


def _refused(farm: FarmReport, report: Report, why: str) -> str:
    if report.verb.changes and not report.check:
        return f"Farm {farm.farm} was not changed{why}."
    nodes = _changing(farm)
    word = "drifted" if report.verb is Verb.DRIFT else "to be changed"
    seen = f" In any case, {names(nodes)} {_have(nodes)} {word}." if nodes else ""
    return f"Could not tell how farm {farm.farm} stands{why}.{seen}"


def _changing(farm: FarmReport) -> list[str]:
    return [node.node for node in farm.nodes if node.plan is not None and node.plan.changes]


def _have(nodes: Sequence[str]) -> str:
    return "has" if len(nodes) == 1 else "have"


def _in_order(farms: Sequence[FarmReport], verb: Verb, *, others: bool) -> str:
    """Answer that nothing is to be done on *farms*."""
    nodes = [
        node.node for farm in farms for node in farm.nodes if node.node not in {each.node for each in farm.missing}
    ]
    whose = f"farm {farms[0].farm}" if len(farms) == 1 else f"{len(farms)}{' other' if others else ''} farms"
    who = f"All {len(nodes)} nodes of {whose} are" if len(nodes) != 1 else f"The only node of {whose}, {nodes[0]}, is"
    if any(farm.not_looked_at for farm in farms):
        be = "is" if len(nodes) == 1 else "are"
        who = f"{count(len(nodes))} of {whose} {be}"
    missing = sum(len(farm.missing) for farm in farms)
    if missing:
        be = "is" if len(nodes) == 1 else "are"
        who = f"{len(nodes)} of {count(len(nodes) + missing)} of {whose} {be}"
    return f"{who} as before; there is nothing to take back." if verb is Verb.ROLLBACK else f"{who} as declared."


def _why(farm: FarmReport) -> str:
    """Answer why, beginning with a comma; empty where nobody knows."""
    silent = [reason.node for reason in farm.reasons if reason.cause is Cause.UNREACHABLE and reason.node]
    told = alike(reason for reason in farm.reasons if reason.cause is not Cause.UNREACHABLE or not reason.node)
    others = [f"{names(nodes)}: {reason.text}" if nodes else reason.text for reason, nodes in told]
    others += [f"{node.node}: {reason}" for node in farm.nodes for reason in node.reasons]
    if silent:
        more = f", and for {count(len(others), 'other reason')}" if others else ""
        return f", because {names(silent)} could not be reached{more}"
    if not others:
        return ""
    more = f" (and {count(len(others) - 1, 'other reason')})" if len(others) > 1 else ""
    return f", because of this: {others[0]}{more}"


def _unsure(farm: FarmReport) -> list[str]:
    unfinished = [reason.node for reason in farm.reasons if reason.cause is Cause.UNFINISHED and reason.node]
    return unfinished or [node.node for node in farm.nodes if node.outcome not in {"applied", *TAKEN_BACK}]


def _of_policy(report: Report) -> Iterator[str]:
    """Yield what must not go on as it is, although nodes may be as declared."""
    replaced = dict.fromkeys(_whole(each) for each in report.shown_policy if each.kind in _TO_BE_REPLACED)
    if replaced:
        yield f"To be replaced, because policy says so: {names(replaced)}."
    violations = [
        f"{each.address} on {node.node}"
        for farm in report.farms
        for node in farm.nodes
        for each in (node.plan.operations if node.plan else ())
        if each.violations
    ]
    if violations:
        yield f"Must not be used, because policy says so: {names(violations)}."
    if report.not_checked:
        yield "Could not tell whether a declared key is publicly known."


def _whole(notice: Notice) -> str:
    return f"{notice.farm}/{notice.address}"


def _problems(report: Report) -> str:
    return count(len(report.problems), "problem")
