"""What would have to be done so that every node of a farm is as declared, or as it was before an earlier run.

Pure. A plan holds no secret: edits name secrets by their address.
"""

from keydeploy.plan.model import Action, Cause, Farm, Finish, NodePlan, Operation, Plan, Reason
from keydeploy.plan.planning import node_plan, plan
from keydeploy.plan.undoing import plan_undo

__all__ = [
    "Action",
    "Cause",
    "Farm",
    "Finish",
    "NodePlan",
    "Operation",
    "Plan",
    "Reason",
    "node_plan",
    "plan",
    "plan_undo",
]
