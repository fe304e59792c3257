"""Where a superseded certificate is left: on the nodes that held it, but for those that it was taken from."""

from keydeploy.edit import Difference
from keydeploy.observation import left_over_address
from keydeploy.plan import Action, NodePlan, Operation
from keydeploy.report.left import left
from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.rotation.proposal import Replaced
from keydeploy.rotation.remains import Remains

THUMBPRINT = "A1" * 20
ADDRESS = "certificates.session"
REMAINS = Remains(name="session", thumbprint=THUMBPRINT, subject="CN=session", is_replaced=True)
KEY = Replaced(farm="portal", kind="certificates", name="session", like={}, invalidates=(), remains=REMAINS)


def node(name: str, *operations: Operation) -> NodeReport:
    return NodeReport(node=name, plan=NodePlan(node=name, operations=operations, to_stage=()), outcome=None)


def report(verb: Verb, verdict: Verdict, *nodes: NodeReport) -> Report:
    return Report(verb=verb, farms=(FarmReport(farm="portal", spec="", verdict=verdict, nodes=nodes),))


def stood(*differences: Difference) -> Operation:
    action = Action.CREATE if differences else Action.NO_OP
    return Operation(address=ADDRESS, action=action, target=None, differences=differences)


BEFORE = report(
    Verb.PLAN,
    Verdict.PENDING,
    node("has it", stood()),
    node("lacks a chain", stood(Difference("chain A1 in CA", "absent", "present"))),
    node("is new", stood(Difference("certificate", "absent", "present"))),
    NodeReport(node="unknown", plan=None, outcome=None),
)


def test_it_is_left_where_it_was_and_where_nobody_knows() -> None:
    (found,) = left([KEY], BEFORE, None)
    assert (found.address, found.nodes) == (ADDRESS, ("has it", "lacks a chain", "unknown"))


def test_what_a_run_has_taken_away_is_not_left_and_what_it_was_to_take_away_is() -> None:
    going = Operation(address=left_over_address(THUMBPRINT), action=Action.DELETE, target=None)
    nodes = (node("has it", going), node("lacks a chain"))
    (done,) = left([KEY], BEFORE, report(Verb.APPLY, Verdict.APPLIED, *nodes))
    (failed,) = left([KEY], BEFORE, report(Verb.APPLY, Verdict.ROLLED_BACK, *nodes))
    assert done.nodes == ("lacks a chain", "unknown")
    assert failed.nodes == ("has it", "lacks a chain", "unknown")
