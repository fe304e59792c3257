"""What most nodes have, and the notes of what they differ in; pure."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from keydeploy.adoption.proposal import Camp, Disagreement

T = TypeVar("T", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Majority(Generic[T]):
    """What most nodes have, and who has what."""

    value: T
    camps: tuple[tuple[T, tuple[str, ...]], ...]
    """The values with their nodes, the proposed one first, the others by how many have them."""
    is_tied: bool

    @property
    def nodes(self) -> tuple[str, ...]:
        """Answer the nodes that have what is proposed."""
        return self.camps[0][1]

    @property
    def is_unanimous(self) -> bool:
        """Tell whether all nodes agree."""
        return len(self.camps) == 1


def majority(values: Mapping[str, T], is_nothing: Callable[[T], bool] = lambda value: not value) -> Majority[T]:
    """Answer what most of the nodes have, of whose *values* there is at least one.

    Of two that as many have, the one of the node that comes first counts; but what *is_nothing*, on which nodes
    cannot be brought to agree, comes last.
    """
    nodes: dict[T, list[str]] = {}
    for node, value in values.items():
        nodes.setdefault(value, []).append(node)
    order = sorted(nodes, key=lambda value: (-len(nodes[value]), is_nothing(value)))
    tied = len(order) > 1 and len(nodes[order[0]]) == len(nodes[order[1]])
    return Majority(order[0], tuple((value, tuple(nodes[value])) for value in order), tied)


@dataclass(slots=True)
class Notes:
    """What nodes were found to differ in."""

    disagreements: list[Disagreement] = field(default_factory=list)

    def note(self, about: str, found: Majority[T], label: Callable[[T], str], why_not: str | None = None) -> None:
        """Remember what was *found* of the address *about*, where nodes differ."""
        if not found.is_unanimous:
            camps = tuple(Camp(nodes=nodes, label=label(value)) for value, nodes in found.camps)
            told = Disagreement(about=about, camps=camps, is_tied=found.is_tied, why_not=why_not)
            self.disagreements.append(told)


def by_line(lines: Mapping[str, Iterable[str]], everybody: Iterable[str]) -> list[str]:
    """Answer all *lines* of nodes, each once, with its nodes in front where these are not *everybody*."""
    told: dict[str, list[str]] = {}
    for node, own in lines.items():
        for line in own:
            told.setdefault(line, []).append(node)
    count = len([*everybody])
    return [line if len(where) == count else f"{', '.join(where)}: {line}" for line, where in told.items()]
