"""What was not looked at, and what cannot be told: whatever is missing from a verdict, with the reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy.report.model import FarmReport, Report, Verb
from keydeploy.report.standing import Standing, State, not_reached, standings


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """One gap."""

    who: str
    """A node, an address on a node, or what else is meant."""
    why: str
    hint: str | None = None
    counts: bool = True
    """Whether it should have been looked at: what declares nothing need not be."""


def untold(report: Report) -> tuple[Untold, ...]:
    """Answer every gap of *report*, the weighty ones first; the same gap of several nodes stands there for each."""
    found = dict.fromkeys(_gaps(report))
    return tuple(sorted(found, key=lambda each: not each.counts))


def _gaps(report: Report) -> Iterator[Untold]:
    for farm in report.farms:
        yield from _of_farm(farm)
    if report.verb is not Verb.VALIDATE:
        for node in not_reached(report):
            yield Untold(who=node, why="the run ended before it was looked at")
    for notice in report.not_checked:
        yield Untold(who=f"{notice.farm}/{notice.address}", why=notice.text, hint=notice.hint)
    for note in report.notes:
        yield Untold(who="policy", why=note, counts=False)
    for host in report.skipped:
        yield Untold(who=host, why="it declares nothing, so there is nothing to look at", counts=False)


def _of_farm(farm: FarmReport) -> Iterator[Untold]:
    for reason in farm.missing:
        yield Untold(who=reason.node or farm.farm, why=f"{reason.text}; the farm may do without it", hint=reason.hint)
    for reason in farm.reasons:
        if reason.node is None:
            yield Untold(who=f"farm {farm.farm}", why=reason.text, hint=reason.hint)
    for standing in standings(farm):
        if standing.state is State.NOT_LOOKED_AT:
            yield Untold(who=standing.node, why="the run was told to leave it out")
        elif standing.state in (State.UNKNOWN, State.UNREACHABLE):
            yield from _of_node(standing, farm)


def _of_node(standing: Standing, farm: FarmReport) -> Iterator[Untold]:
    """Yield why a node cannot be told of, and what of it: what is refused is a reason of the farm too."""
    refused = {
        cell.name: cell.operation.refusal for cell in standing.cells if cell.operation and cell.operation.refusal
    }
    for name, refusal in refused.items():
        yield Untold(who=f"{standing.node}: {name}", why=refusal)
    for reason in standing.reasons:
        if reason not in farm.missing and not any(reason.text == f"{name}: {why}" for name, why in refused.items()):
            yield Untold(who=standing.node, why=reason.text, hint=reason.hint)
    node = standing.report
    for text in node.reasons if node else ():
        yield Untold(who=standing.node, why=text, hint=node.hint if node else None)
    if not standing.reasons and not refused and not (node and node.reasons):
        yield Untold(who=standing.node, why="it gave no answer at the end of the run")
