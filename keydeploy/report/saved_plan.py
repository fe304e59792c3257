"""What a saved plan says, as a report."""

from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.saved_plan import SavedPlan


def of_saved_plan(saved: SavedPlan) -> Report:
    """Answer what a saved plan says, as the run that made it reported it."""
    farms = tuple(
        FarmReport(
            farm=plan.farm,
            spec=plan.spec,
            verdict=Verdict.PENDING if plan.changes else Verdict.IN_ORDER,
            nodes=tuple(NodeReport(node=node.node, plan=node, outcome=None) for node in plan.nodes),
            not_looked_at=plan.not_looked_at,
        )
        for plan in saved.farms
    )
    return Report(verb=Verb.PLAN, farms=farms)
