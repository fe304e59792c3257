"""Where the certificates that a rotation supersedes are left when it has ended, as far as its looks at the nodes tell.

Such a certificate has its private key with it, so that it matters where a key was disclosed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from keydeploy.observation import left_over_address
from keydeploy.plan import Action, NodePlan, Operation
from keydeploy.report.model import Report, Verdict
from keydeploy.rotation.proposal import Replaced
from keydeploy.rotation.remains import Remains


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A superseded certificate and its key, on the nodes that still hold it."""

    address: str
    """Where the spec declared it, such as `certificates.session`."""
    remains: Remains
    nodes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Answer it as JSON values."""
        return {"address": self.address, "thumbprint": self.remains.thumbprint, "nodes": list(self.nodes)}


def left(keys: Sequence[Replaced], before: Report, removal: Report | None) -> Iterator[Left]:
    """Yield what of the certificates that *keys* supersede is left on nodes that stood as *before* says.

    *removal* is the run that was to take them away. A node of which nothing is known counts as one that holds them.
    """
    gone = set(_removed(removal)) if removal is not None else set[tuple[str, str]]()
    for key in keys:
        if key.remains is None:
            continue
        address = key.target.address
        holders = [
            node.node
            for farm in before.farms
            if farm.farm == key.farm
            for node in farm.nodes
            if node.plan is None or _holds(node.plan, address)
        ]
        nodes = tuple(node for node in holders if (node, left_over_address(key.remains.thumbprint)) not in gone)
        if nodes:
            yield Left(address=address, remains=key.remains, nodes=nodes)


def _holds(plan: NodePlan, address: str) -> bool:
    """Tell whether a node has the certificate that *address* declares, or its key alone."""
    return not any(
        operation.address == address and operation.action is Action.CREATE and _lacks_certificate(operation)
        for operation in plan.operations
    )


def _lacks_certificate(operation: Operation) -> bool:
    return any((each.name, each.found) == ("certificate", "absent") for each in operation.differences)


def _removed(report: Report) -> Iterator[tuple[str, str]]:
    """Yield the nodes that a run has taken something from, each with its address."""
    for farm in report.farms:
        for node in farm.nodes if farm.verdict is Verdict.APPLIED else ():
            for operation in node.plan.operations if node.plan is not None else ():
                if operation.action is Action.DELETE:
                    yield node.node, operation.address
