"""What differs, thing by thing: which nodes, in which respect, what it does to others; and the redacted edits."""

from collections.abc import Iterator
from dataclasses import dataclass

from keydeploy.edit import Difference
from keydeploy.plan import Action, Operation
from keydeploy.report.diff import redacted_diff
from keydeploy.report.model import FarmReport, NodeReport, Verb
from keydeploy.report.signs import Sign, sign_of_cell
from keydeploy.report.standing import Cell, standings


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The same on several nodes."""

    nodes: tuple[str, ...]
    sign: Sign
    target: str | None
    differences: tuple[Difference, ...]
    refusal: str | None
    irreversible: str | None
    impact: tuple[str, ...]
    violations: tuple[str, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """One address under which something is to be told."""

    address: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits that are the same on several nodes."""

    nodes: tuple[str, ...]
    lines: tuple[str, ...]


def topics(farm: FarmReport, verb: Verb) -> tuple[Topic, ...]:
    """Answer what differs on *farm*, what could not be compared, and what is to be said beside."""
    found: dict[str, dict[tuple[Sign, Operation], list[str]]] = {}
    for node, cell, sign in _told(farm, verb):
        if cell.operation is not None:
            found.setdefault(cell.name, {}).setdefault((sign, _alike(cell.operation)), []).append(node)
    return tuple(
        Topic(name, tuple(_variant(tuple(nodes), *key) for key, nodes in alike.items()))
        for name, alike in found.items()
    )


def edits(farm: FarmReport) -> tuple[Edits, ...]:
    """Answer the edits of *farm* as diffs without secrets, those that are alike once."""
    found: dict[str, list[str]] = {}
    for node in farm.nodes:
        if node.plan is not None and node.plan.changes:
            found.setdefault(redacted_diff(node.plan), []).append(node.node)
    return tuple(Edits(tuple(nodes), tuple(text.splitlines())) for text, nodes in found.items())


def ends(farm: FarmReport) -> tuple[NodeReport, ...]:
    """Answer the nodes of which there is more to say than what was planned for them."""
    return tuple(node for node in farm.nodes if node.reasons or node.hint)


def _told(farm: FarmReport, verb: Verb) -> Iterator[tuple[str, Cell, Sign]]:
    """Yield the cells of which there is something to tell."""
    for standing in standings(farm):
        outcome = standing.report.outcome if standing.report else None
        for cell in standing.cells:
            each = cell.operation
            if each and (each.action is not Action.NO_OP or each.refusal or each.warnings or each.violations):
                yield standing.node, cell, sign_of_cell(cell, verb, outcome)


def _alike(operation: Operation) -> Operation:
    """Answer *operation* without what is told elsewhere and may differ between nodes that are alike in all else."""
    return Operation(
        address=operation.address,
        action=operation.action,
        target=operation.target,
        differences=operation.differences,
        refusal=operation.refusal,
        irreversible=operation.irreversible,
        impact=operation.impact,
        warnings=operation.warnings,
        violations=operation.violations,
    )


def _variant(nodes: tuple[str, ...], sign: Sign, operation: Operation) -> Variant:
    return Variant(
        nodes=nodes,
        sign=sign,
        target=operation.target,
        differences=operation.differences,
        refusal=operation.refusal,
        irreversible=operation.irreversible,
        impact=operation.impact,
        violations=operation.violations,
        warnings=operation.warnings,
    )
