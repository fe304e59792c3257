"""Which key each node of a farm shows under each address when a run is over: whether all of them show the same.

Pure; keys are told by their fingerprints. A node of which it cannot be told never counts as one that agrees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keydeploy.plan import Action
from keydeploy.report.model import FarmReport
from keydeploy.report.standing import Cell, Standing, standings


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One key, and who shows it."""

    fingerprint: str
    nodes: tuple[str, ...]
    is_declared: bool
    """Whether it is the key that the spec wants there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equality:
    """One address under which nodes have a key."""

    address: str
    shown: tuple[Shown, ...]
    """The key that most nodes show comes first."""
    without: tuple[str, ...] = ()
    """Nodes that show no key there, or none that is explicit."""
    unknown: tuple[str, ...] = ()
    """Nodes of which it cannot be told."""
    elsewhere: tuple[str, ...] = ()
    """Nodes for which nothing is declared at that address."""

    @property
    def asked(self) -> int:
        """Answer how many nodes should show a key there."""
        return sum(len(each.nodes) for each in self.shown) + len(self.without) + len(self.unknown)

    @property
    def holds(self) -> bool:
        """Tell whether it is known of every node, and all show the same key."""
        return len(self.shown) == 1 and not self.without and not self.unknown


def equalities(farm: FarmReport) -> tuple[Equality, ...]:
    """Answer every address of *farm* under which some node has a key, or shall have one, in the order of the report."""
    found = standings(farm)
    cells = [(standing, cell) for standing in found for cell in standing.cells]
    keyed = {cell.name for _, cell in cells if cell.operation and (cell.operation.found or cell.operation.wanted)}
    names = dict.fromkeys(cell.name for _, cell in cells if cell.name in keyed)
    return tuple(_equality(name, found) for name in names)


def shown_key(cell: Cell, outcome: str | None) -> str | None:
    """Answer the fingerprint that *cell* shows at the end of a run with this *outcome* on its node, None for no key."""
    operation = cell.operation
    if operation is None or not cell.state.is_told:
        return None
    replaced = outcome == "applied" and operation.action is not Action.NO_OP
    return operation.wanted if replaced else operation.found


def _equality(name: str, found: Sequence[Standing]) -> Equality:
    by_key: dict[str, list[str]] = {}
    without, unknown, elsewhere = [], [], []
    for standing in found:
        cell = next((each for each in standing.cells if each.name == name), None)
        key = shown_key(cell, standing.report.outcome if standing.report else None) if cell else None
        if key is not None:
            by_key.setdefault(key, []).append(standing.node)
        elif cell is not None and cell.state.is_told:
            without.append(standing.node)
        elif cell is not None or not (standing.cells or standing.state.is_told):
            unknown.append(standing.node)
        else:
            elsewhere.append(standing.node)
    wanted = set(_wanted(name, found))
    shown = [
        Shown(fingerprint=key, nodes=tuple(nodes), is_declared=key in wanted)
        for key, nodes in sorted(by_key.items(), key=lambda each: (-len(each[1]), each[0]))
    ]
    return Equality(
        address=name,
        shown=tuple(shown),
        without=tuple(without),
        unknown=tuple(unknown),
        elsewhere=tuple(elsewhere),
    )


def _wanted(name: str, found: Sequence[Standing]) -> Iterator[str]:
    operations = (cell.operation for standing in found for cell in standing.cells if cell.name == name)
    return (each.wanted for each in operations if each is not None and each.wanted is not None)
