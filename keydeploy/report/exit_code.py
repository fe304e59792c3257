"""The exit code of a run: the most telling of what holds, in the order that an operator needs it."""

from collections.abc import Collection
from enum import IntEnum

from keydeploy.plan import Cause
from keydeploy.report.model import FarmReport, Report, Verdict


class ExitCode(IntEnum):
    """What a run ends with."""

    FINE = 0
    """Nothing to do, or applied and verified."""
    ERROR = 1
    """An error, wrong usage, or a change that was rolled back and verified."""
    CHANGES = 2
    """Changes are pending, or a node has drifted."""
    SPEC = 3
    """The spec is invalid, or no node is declared; nothing was contacted."""
    UNREACHABLE = 4
    INCOMPLETE = 5
    """The farm may be split, or an unfinished run was seen."""
    POLICY = 6
    """Something must not be used, such as a certificate that has expired, or a key that is overdue or public."""
    INTERRUPTED = 130


_ORDER = (
    ExitCode.SPEC,
    ExitCode.INCOMPLETE,
    ExitCode.INTERRUPTED,
    ExitCode.UNREACHABLE,
    ExitCode.ERROR,
    ExitCode.POLICY,
    ExitCode.CHANGES,
    ExitCode.FINE,
)


def exit_code(report: Report) -> ExitCode:
    """Answer the exit code of *report*."""
    if report.problems:
        return ExitCode.POLICY if report.is_refused_by_policy else ExitCode.SPEC
    codes = {ExitCode.INTERRUPTED} if report.interrupted else set()
    if report.failure is not None:
        return ExitCode.INTERRUPTED if codes else ExitCode.ERROR
    if report.looks_at_nothing and not report.interrupted:
        return ExitCode.SPEC
    for farm in report.farms:
        codes |= _codes(farm)
    if report.is_against_policy:
        codes.add(ExitCode.POLICY)
    if report.not_checked:
        codes.add(ExitCode.ERROR)
    return most_telling(codes)


def most_telling(codes: Collection[ExitCode]) -> ExitCode:
    """Answer which of *codes* counts when several hold; 0 where there is none."""
    return next((code for code in _ORDER if code in codes), ExitCode.FINE)


def _codes(farm: FarmReport) -> set[ExitCode]:
    by_verdict = {
        Verdict.IN_ORDER: ExitCode.FINE,
        Verdict.PENDING: ExitCode.CHANGES,
        Verdict.APPLIED: ExitCode.FINE,
        Verdict.ROLLED_BACK: ExitCode.ERROR,
        Verdict.PARTLY: ExitCode.ERROR,
        Verdict.TAKEN_BACK: ExitCode.FINE,
        Verdict.REFUSED: ExitCode.ERROR,
        Verdict.INCOMPLETE: ExitCode.INCOMPLETE,
        Verdict.FINISHED: ExitCode.INCOMPLETE,
        Verdict.NOT_LOOKED_AT: ExitCode.FINE,
    }
    against = {reason.cause for reason in farm.reasons}
    codes = {ExitCode.POLICY if against == {Cause.POLICY} else by_verdict[farm.verdict]}
    if any(node.plan is not None and node.plan.violations for node in farm.nodes):
        codes.add(ExitCode.POLICY)
    if farm.missing or any(reason.cause is Cause.UNREACHABLE for reason in farm.reasons):
        codes.add(ExitCode.UNREACHABLE)
    return codes
