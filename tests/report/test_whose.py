"""Of many nodes, those that need somebody are all named; of those that do not, some."""

from keydeploy.plan import Action, NodePlan, Operation
from keydeploy.report import text
from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict

NODES = tuple(f"web{number:02}" for number in range(1, 13))
ALL = f"  {', '.join(NODES)}"


def lines(verb: Verb, verdict: Verdict, action: Action, *, outcome: str | None = None) -> list[str]:
    """Answer the text of a farm on whose nodes the same is to be done."""
    operations = (Operation(address="applications.portal.machine_key", action=action, target=None),)
    nodes = tuple(
        NodeReport(node=name, plan=NodePlan(node=name, operations=operations, to_stage=()), outcome=outcome)
        for name in NODES
    )
    farm = FarmReport(farm="portal", spec="", verdict=verdict, nodes=nodes)
    return [line.plain for line in text.lines(Report(verb=verb, declared=NODES, farms=(farm,)))]


def test_every_node_that_has_drifted_is_named() -> None:
    assert ALL in lines(Verb.DRIFT, Verdict.PENDING, Action.UPDATE)


def test_every_node_to_look_at_after_a_split_is_named() -> None:
    told = lines(Verb.APPLY, Verdict.INCOMPLETE, Action.UPDATE, outcome="unreachable")
    assert told[0] == f"farm portal: INCOMPLETE; look at {', '.join(NODES)}"


def test_of_nodes_that_are_as_declared_some_are_named() -> None:
    told = lines(Verb.DRIFT, Verdict.IN_ORDER, Action.NO_OP)
    assert f"  {', '.join(NODES[:6])} and 6 more" in told
