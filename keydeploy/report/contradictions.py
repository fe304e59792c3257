"""What a report says against itself: no run ends so, and whoever read it as it stands would be told what is not so.

Pure. A file that was cut, or that somebody has changed, must not read as in order.
"""

from collections.abc import Iterator

from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.report.standing import not_reached

_ENDS = {
    Verdict.APPLIED: {"applied", "in_order", "missing"},
    Verdict.TAKEN_BACK: {"finished"},
}
"""The only outcomes of nodes with which a change ends well."""


def contradictions(report: Report, code: int) -> Iterator[tuple[str, str]]:
    """Yield what contradicts itself in *report*, which says to have ended with the exit *code*: where, and what."""
    for number, farm in enumerate(report.farms):
        place = f"farms[{number}]"
        if farm.farm in [each.farm for each in report.farms[:number]]:
            yield f"{place}.farm", "this farm stands there already"
        members = [*(node.node for node in farm.nodes), *farm.not_looked_at]
        if len(set(members)) < len(members):
            yield place, "a node of this farm stands there twice"
        if not _is_borne_out(farm):
            yield f"{place}.verdict", "what it says of the nodes is another verdict"
    ended = report.failure is not None or report.interrupted or bool(report.problems)
    if report.verb is not Verb.VALIDATE and not ended and not_reached(report):
        yield "farms", "nothing is said of a node that is declared, nor why"
    if int(exit_code(report)) != code:
        yield "exit_code", "what the report says makes another exit code"


def _is_borne_out(farm: FarmReport) -> bool:
    """Tell whether the nodes of *farm* allow for its verdict, where that says that all is well or was left out."""
    without = {reason.node for reason in farm.missing}
    present = [node for node in farm.nodes if node.node not in without]
    if farm.verdict is Verdict.NOT_LOOKED_AT or not farm.nodes:
        return farm.verdict is Verdict.NOT_LOOKED_AT and not farm.nodes
    if farm.verdict is Verdict.IN_ORDER:
        return all(_is_in_order(node) for node in present)
    ends = _ENDS.get(farm.verdict)
    may_be_silent = {None} if farm.missing and farm.verdict is Verdict.TAKEN_BACK else set()
    return ends is None or all(node.outcome in {*ends, *may_be_silent} for node in present)


def _is_in_order(node: NodeReport) -> bool:
    plan = node.plan
    return plan is not None and not plan.changes and not any(each.refusal for each in plan.operations)
