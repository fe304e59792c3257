"""How what a report says was found out: what was asked of whom, what was compared, and what was looked at again."""

from collections.abc import Iterator

from keydeploy.report.model import FarmReport, Report, Verb, Verdict
from keydeploy.report.phases import PER_NODE, WORDS
from keydeploy.report.standing import standings
from keydeploy.report.timings import StepTime
from keydeploy.report.wording import count


def proof(farm: FarmReport, report: Report) -> tuple[str, ...]:
    """Answer how the verdict on *farm* came about, in sentences."""
    return tuple(_proof(farm, report))


def steps(report: Report) -> tuple[tuple[str, StepTime, bool], ...]:
    """Answer the steps of the run in words, and whether nodes were asked in each."""
    return tuple((WORDS.get(each.step, each.step), each, each.step in PER_NODE) for each in report.timings)


def _proof(farm: FarmReport, report: Report) -> Iterator[str]:
    answered = [node for node in farm.nodes if node.plan is not None]
    compared = sum(len(node.plan.operations) for node in answered if node.plan)
    refused = sum(1 for node in answered if node.plan for each in node.plan.operations if each.refusal)
    asked = len(farm.nodes)
    if not asked:
        yield "No node of this farm was asked."
        return
    what = "What the run to take back had changed" if report.verb is Verb.ROLLBACK else "Everything that is declared"
    yield (
        f"{what} was read from each node in one call that changes nothing; {len(answered)} of {count(asked)} answered."
    )
    if report.verb is Verb.ROLLBACK:
        yield f"{count(compared, 'place')} that the run to take back had changed {_were(compared)} compared."
    else:
        told = f"; {refused} of them could not be" if refused else ""
        yield (
            f"{count(compared, 'thing')} {_were(compared)} compared, node by node, with the values that the spec"
            f" resolves to{told}. All members resolved the spec to the digest below, unless a reason says otherwise."
        )
    yield from _afterwards(farm, report)
    unknown = [each.node for each in standings(farm) if not each.state.is_told]
    if unknown:
        yield f"Nothing here is proved for {count(len(unknown))} of which it cannot be told; see above."


def _afterwards(farm: FarmReport, report: Report) -> Iterator[str]:
    """Yield what was done to be sure of a change, or that there was none."""
    if not report.verb.changes or report.check:
        yield "The run only looked: it has changed nothing on any node."
    elif farm.verdict is Verdict.APPLIED:
        yield from _again(farm)
    elif farm.verdict is Verdict.IN_ORDER:
        yield "There was nothing to do, and nothing was done."
    elif farm.verdict is Verdict.ROLLED_BACK:
        yield "What had been staged or switched was taken back on every node, and each node has answered that it was."
    elif farm.verdict is Verdict.REFUSED:
        yield "The run was refused before anything was staged."
    else:
        yield "How the run ended on each node stands above; what that does not say is not proved."


def _again(farm: FarmReport) -> Iterator[str]:
    """Yield which nodes were observed again: those that were switched, which in waves are not all of them."""
    missing = {reason.node for reason in farm.missing}
    others = [each for each in farm.nodes if each.outcome != "applied" and each.node not in missing]
    every = "every node that was switched" if others else "every node"
    yield (
        f"After the commit {every} was observed again, and compared again in the same way: the plan was empty."
        " Where the spec names a health probe, each node has passed it. Only then was the run confirmed."
    )
    if others:
        number = count(len(others), "other node")
        yield f"{number} {_were(len(others))} seen as wanted at the beginning, and not observed again."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
