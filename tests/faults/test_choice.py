"""The choice of cells: every pair of values is there, and whatever is not there has its reason."""

from collections.abc import Sequence
from itertools import combinations, product

from tests.faults.matrix import (
    Absent,
    Cell,
    Injection,
    Kind,
    Phase,
    Place,
    When,
    applicable,
    cells,
    injection,
    pairwise,
)

DIMENSIONS = (Kind, When, Phase, Place)


def pairs(among: Sequence[Cell]) -> set[tuple[object, object]]:
    return {pair for cell in among for pair in combinations(cell.values, 2)}


def test_the_matrix_has_every_combination() -> None:
    assert len(cells()) == len(Kind) * len(When) * len(Phase) * len(Place) == len(set(cells()))


def test_a_choice_has_every_pair_that_there_is_and_is_much_smaller() -> None:
    few = list(pairwise(applicable()))

    assert pairs(few) == pairs(applicable())
    assert len(few) * 5 < len(applicable())


def test_the_same_seed_chooses_the_same_cells() -> None:
    assert list(pairwise(applicable())) == list(pairwise(applicable()))


def test_nearly_every_pair_of_values_is_there() -> None:
    """What goes wrong on a node has no moment at the gate that is not before or after it; nothing else is missing."""
    every = {pair for one, other in combinations(DIMENSIONS, 2) for pair in product(one, other)}
    of_the_gate = {(kind, Phase.GATE) for kind in (Kind.NODE_KILLED, Kind.ANSWER_LOST, Kind.DELIVERED_TWICE)}
    never_before = {(kind, When.BEFORE) for kind in (Kind.ANSWER_LOST, Kind.DELIVERED_TWICE)}

    assert every - pairs(applicable()) == of_the_gate | never_before


def test_whatever_there_is_not_has_a_reason() -> None:
    found = [injection(cell) for cell in cells()]

    assert all(isinstance(each, Injection | Absent) for each in found)
    assert all(each.reason for each in found if isinstance(each, Absent))
