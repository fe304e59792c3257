"""Tells what a person has to know behind the report of a rotation, so that it stands last on the screen."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from keydeploy.cli import complain, running
from keydeploy.cli.again import shown
from keydeploy.report.model import Report, Verdict
from keydeploy.report.rotation import Outcome, Rotation
from keydeploy.rotation import files


def settle(rotation: Rotation, left: Sequence[Path], hint: str | None, options: argparse.Namespace) -> None:
    """Complain of all that went wrong with *rotation*, whose roll-out has *hint*; *left* are files that others edit."""
    assert rotation.report is not None  # noqa: S101 - there was a roll-out
    running.conclude(rotation.report, hint)
    if rotation.removal is not None:
        running.conclude(rotation.removal, None)
    for file in left:
        complain(
            f"{shown(file)} was changed by somebody else meanwhile, and is left so",
            f"what it held is kept as {shown(files.kept(file))}",
        )
    if rotation.outcome is Outcome.KEPT:
        complain(
            "the files hold the new keys, and not every node does",
            f"{rotation.commands.apply} brings the nodes to them; what the files held is kept beside them, encrypted,"
            " until the next rotation",
        )
    if options.compromised and not _is_any_applied(rotation.report):
        complain(
            "no backup was removed, because no change was confirmed", "old keys may still be in backups on the nodes"
        )
    if options.compromised:
        for each in rotation.left:
            way = " ".join(line.strip() for line in each.remains.removal(f"{rotation.commands.apply} --compromised"))
            complain(f"the private key of {each.remains}, known to others, is still on {', '.join(each.nodes)}", way)


def _is_any_applied(report: Report) -> bool:
    return any(farm.verdict is Verdict.APPLIED for farm in report.farms)
