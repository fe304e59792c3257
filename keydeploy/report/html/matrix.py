"""The farm as a picture: nodes by what is declared, each cell a sign with words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from keydeploy.report.model import FarmReport, Verb
from keydeploy.report.signs import NOT_ASKED, Sign, sign_of_cell, sign_of_state
from keydeploy.report.standing import Standing, standings

_UPRIGHT = 5
"""More columns than this get upright headings, and symbols alone."""


@dataclass(frozen=True, slots=True)
class Column:
    """One declared thing; *link* leads to what there is to say of it."""

    name: str
    link: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """One node."""

    node: str
    sign: Sign
    cells: tuple[Sign, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One farm."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    legend: tuple[tuple[Sign, int], ...]
    """Each sign that is in the picture, and how often."""

    @property
    def is_upright(self) -> bool:
        """Tell whether its headings stand upright."""
        return len(self.columns) > _UPRIGHT


def matrix(farm: FarmReport, verb: Verb, links: dict[str, str]) -> Matrix:
    """Answer the picture of *farm*; *links* tells where to read on about a thing."""
    found = standings(farm)
    names = tuple(dict.fromkeys(cell.name for standing in found for cell in standing.cells))
    rows = tuple(_row(standing, names, verb) for standing in found)
    counted = Counter(sign for row in rows for sign in row.cells)
    return Matrix(
        columns=tuple(Column(name, links.get(name)) for name in names),
        rows=rows,
        legend=tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0].words))),
    )


def _row(standing: Standing, names: Sequence[str], verb: Verb) -> Row:
    outcome = standing.report.outcome if standing.report else None
    signs = {cell.name: sign_of_cell(cell, verb, outcome) for cell in standing.cells}
    whole = sign_of_state(standing.state)
    empty = NOT_ASKED if standing.cells or standing.state.is_told else whole
    return Row(standing.node, whole, tuple(signs.get(name, empty) for name in names))
