"""Whether farms are fit for a rotation as they stand; if not, why, and a next step that is open to them.

What policy refuses, such as a key that is publicly known, may be just what is to be rotated: `apply` does nothing then.
"""

from keydeploy.report.model import Report, Verdict


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
                "look at what stands above; with --with-pending it is rolled out at the same instant as the new key",
            )
        if farm.missing:
            return f"farm {farm.farm}: {farm.missing[0]}", "add --with-pending to leave such nodes out"
        if farm.verdict is Verdict.INCOMPLETE:
            return (
                f"farm {farm.farm} holds an unfinished run",
                "keydeploy apply brings that to its end first; so does keydeploy rollback, also where policy refuses"
                " what is declared",
            )
        return f"farm {farm.farm} is not fit for a change", "mend what stands above; keydeploy doctor examines nodes"
    return None


def shows_pending(report: Report) -> bool:
    """Tell whether something is pending on a farm, or a member of it left out."""
    return any(farm.verdict is Verdict.PENDING or farm.missing for farm in report.farms)
