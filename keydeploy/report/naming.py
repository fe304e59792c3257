"""Names the inventory that was given in the commands that policy advises, so that they can be typed as they stand.

Where the spec is checked nobody knows yet how the inventory is called; the command line does.
"""

import shlex
from collections.abc import Sequence
from dataclasses import replace

from keydeploy.report.model import Report

_UNNAMED = "keydeploy rotate INVENTORY"


def named(report: Report, inventories: Sequence[str]) -> Report:
    """Answer *report* with the commands for *inventories*, which are named as the user did."""
    if not inventories:
        return report
    first, *more = inventories
    command = shlex.join(["keydeploy", "rotate", first, *(part for name in more for part in ("-i", name))])
    return replace(
        report,
        problems=tuple(replace(each, text=each.text.replace(_UNNAMED, command)) for each in report.problems),
        policy=tuple(
            replace(each, hint=each.hint.replace(_UNNAMED, command)) if each.hint else each for each in report.policy
        ),
    )
