"""What policy has against things on nodes, and what is legal but unwise: the same of several nodes together."""

from dataclasses import dataclass

from keydeploy.report.model import FarmReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that must not be used, or should not, and where."""

    farm: str
    address: str
    text: str
    nodes: tuple[str, ...]
    fails: bool
    """Whether it must not be used; otherwise it is only told."""


def findings(farm: FarmReport) -> tuple[Finding, ...]:
    """Answer the findings on the nodes of *farm*, those first that fail a run."""
    found: dict[tuple[bool, str, str], list[str]] = {}
    for node in farm.nodes:
        for operation in node.plan.operations if node.plan else ():
            for fails, texts in ((True, operation.violations), (False, operation.warnings)):
                for text in texts:
                    found.setdefault((fails, operation.address, text), []).append(node.node)
    return tuple(
        Finding(farm=farm.farm, address=address, text=text, nodes=tuple(nodes), fails=fails)
        for (fails, address, text), nodes in sorted(found.items(), key=lambda each: not each[0][0])
    )
