"""The verdict on a whole run in a few words, with the look that goes with it."""

from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.model import Report, Verb, Verdict
from keydeploy.report.signs import CROSS, DASH, Sign
from keydeploy.report.standing import not_reached

_PARTIAL = "as far as it was looked at"


def headline(report: Report) -> Sign:
    """Answer what a reader has to know first; it agrees with the exit code."""
    code = exit_code(report)
    if code is ExitCode.FINE:
        return _fine(report)
    if code is ExitCode.ERROR:
        return _error(report)
    if code is ExitCode.SPEC:
        invalid = bool(report.problems)
        return Sign("bad", "!", "The spec is invalid") if invalid else Sign("bad", DASH, "No node was looked at")
    return {
        ExitCode.CHANGES: Sign("warn", "≠", "Drift was found" if report.verb is Verb.DRIFT else "Changes are pending"),
        ExitCode.UNREACHABLE: Sign("bad", CROSS, "Not every node was reached"),
        ExitCode.INCOMPLETE: Sign("bad", "!", "A farm may be split"),
        ExitCode.POLICY: Sign("bad", "!", "Something must not be used"),
        ExitCode.INTERRUPTED: Sign("bad", "!", "The run was interrupted"),
    }[code]


def _fine(report: Report) -> Sign:
    if report.verb is Verb.VALIDATE:
        return Sign("fine", "✓", "The spec is valid; no node was looked at")
    if not report.farms or not_reached(report):
        return Sign("doubt", "?", "Not everything that is declared was looked at")
    found = {farm.verdict for farm in report.farms}
    if found & {Verdict.APPLIED, Verdict.TAKEN_BACK}:
        return Sign("new", "●", "Taken back" if report.verb is Verb.ROLLBACK else "Applied and verified")
    if report.verb is Verb.ROLLBACK:
        return Sign("fine", "=", "Nothing to take back")
    gaps = any(farm.not_looked_at for farm in report.farms)
    return Sign("fine", "✓", f"In order, {_PARTIAL}" if gaps else "In order")


def _error(report: Report) -> Sign:
    if report.failure is not None:
        return Sign("bad", "!", "The run failed")
    found = {farm.verdict for farm in report.farms}
    if Verdict.PARTLY in found:
        return Sign("bad", "≠", "Applied in part")
    if Verdict.ROLLED_BACK in found:
        return Sign("bad", "=", "A change was not applied")
    if report.verb.changes and not report.check and Verdict.REFUSED in found:
        return Sign("bad", "!", "Refused; nothing was changed")
    return Sign("doubt", "?", "Cannot be told")
