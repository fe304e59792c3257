"""Who may use each private key, as the nodes showed it, and what is wanted where that differs."""

from dataclasses import dataclass

from keydeploy.plan import Operation
from keydeploy.report.model import FarmReport

_READERS = "key readers"
"""How a difference in the access list is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One key on the nodes that show the same for it."""

    address: str
    nodes: tuple[str, ...]
    readers: tuple[str, ...]
    """As found before the run did anything."""
    wanted: str | None
    """What is to be changed, or who shall use a key that is not there; None where it is as declared."""
    is_mended: bool
    """The run has changed it, and has seen it as declared."""


def accesses(farm: FarmReport) -> tuple[Access, ...]:
    """Answer the access to every private key of *farm*, nodes that are alike together."""
    found: dict[str, dict[tuple[tuple[str, ...], str | None, bool], list[str]]] = {}
    for node in farm.nodes:
        for operation in node.plan.operations if node.plan else ():
            wanted = _wanted(operation)
            if operation.readers or wanted:
                key = (operation.readers, wanted, wanted is not None and node.outcome == "applied")
                found.setdefault(operation.address, {}).setdefault(key, []).append(node.node)
    return tuple(
        Access(address=address, nodes=tuple(nodes), readers=readers, wanted=wanted, is_mended=mended)
        for address, alike in found.items()
        for (readers, wanted, mended), nodes in alike.items()
    )


def _wanted(operation: Operation) -> str | None:
    return next((each.wanted for each in operation.differences if each.name == _READERS), None)
