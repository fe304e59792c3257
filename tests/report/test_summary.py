"""The sentences at the end of a run can be read aloud, and never call something in order that is not."""

from dataclasses import replace

import pytest

from keydeploy.edit import Difference
from keydeploy.errors import Problem
from keydeploy.observation import Undo
from keydeploy.plan import Action, Cause, NodePlan, Operation, Reason
from keydeploy.report import text
from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.report.summary import sentences
from keydeploy.spec import Kind, Notice

AS_DECLARED = Operation(address="machine_keys.portal", action=Action.NO_OP, target=None)
DIFFERS = replace(
    AS_DECLARED, action=Action.UPDATE, differences=(Difference("validationKey", "another key", "portal"),)
)
SILENT = Reason(cause=Cause.UNREACHABLE, node="web3", text="the connection failed")
FULL = Reason(cause=Cause.FAILED, node="web2", text="there is not enough space on the disk")


def node(name: str, *operations: Operation, outcome: str | None = None) -> NodeReport:
    plan = NodePlan(node=name, operations=operations, to_stage=()) if operations else None
    return NodeReport(node=name, plan=plan, outcome=outcome)


def farm(verdict: Verdict, *nodes: NodeReport, name: str = "portal", reasons: tuple[Reason, ...] = ()) -> FarmReport:
    return FarmReport(farm=name, spec="", verdict=verdict, nodes=nodes, reasons=reasons)


def report(*farms: FarmReport, verb: Verb = Verb.DRIFT, check: bool = False) -> Report:
    declared = tuple(node.node for farm in farms for node in farm.nodes)
    return Report(verb=verb, check=check, declared=declared, farms=farms)


def three(*drifted: str, outcome: str | None = None) -> tuple[NodeReport, ...]:
    names = ("web1", "web2", "web3")
    return tuple(node(name, DIFFERS if name in drifted else AS_DECLARED, outcome=outcome) for name in names)


IN_ORDER = farm(Verdict.IN_ORDER, *three())


def test_what_is_in_order_is_said_in_one_sentence() -> None:
    assert sentences(report(IN_ORDER)) == ("All 3 nodes of farm portal are as declared.",)


def test_a_single_node_is_named() -> None:
    assert sentences(report(farm(Verdict.IN_ORDER, node("web1", AS_DECLARED)))) == (
        "The only node of farm portal, web1, is as declared.",
    )


def test_farms_in_order_are_counted_together() -> None:
    assert sentences(report(IN_ORDER, replace(IN_ORDER, farm="shop"))) == ("All 6 nodes of 2 farms are as declared.",)


def test_drift_is_told_first_and_by_name() -> None:
    drifted = farm(Verdict.PENDING, *three("web1", "web2"), name="shop")
    assert sentences(report(IN_ORDER, drifted)) == (
        "Farm shop: 2 of 3 nodes have drifted: web1, web2. Nothing was changed.",
        "All 3 nodes of farm portal are as declared.",
    )


@pytest.mark.parametrize(
    ("verb", "check", "told"),
    [
        (Verb.PLAN, False, "apply would change 1 of 3 nodes: web2."),
        (Verb.APPLY, True, "apply would change 1 of 3 nodes: web2."),
        (Verb.ROLLBACK, True, "rollback would change 1 of 3 nodes: web2."),
        (Verb.DRIFT, False, "1 of 3 nodes has drifted: web2."),
    ],
)
def test_a_look_says_what_would_be_done(verb: Verb, check: bool, told: str) -> None:
    found = report(farm(Verdict.PENDING, *three("web2")), verb=verb, check=check)
    assert sentences(found) == (f"Farm portal: {told} Nothing was changed.",)


def test_a_node_that_gave_no_answer_is_never_in_order() -> None:
    cut = farm(Verdict.REFUSED, *three("web1")[:2], node("web3"), reasons=(SILENT,))
    assert sentences(report(cut)) == (
        "Could not tell how farm portal stands, because web3 could not be reached. In any case, web1 has drifted.",
    )


@pytest.mark.parametrize(
    ("verb", "told"),
    [
        (Verb.APPLY, "Farm portal: 2 of 3 nodes have been changed at one instant, and all 3 nodes are verified."),
        (Verb.ROLLBACK, "Farm portal: 2 of 3 nodes have been taken back at one instant, and all 3 nodes are verified."),
    ],
)
def test_a_change_says_that_it_is_proved(verb: Verb, told: str) -> None:
    assert sentences(report(farm(Verdict.APPLIED, *three("web1", "web2")), verb=verb)) == (told,)


def test_a_change_in_waves_says_so() -> None:
    in_waves = replace(farm(Verdict.APPLIED, *three("web1", "web2")), waves=(("web1",), ("web2",)))
    assert "have been changed in 2 waves" in sentences(report(in_waves, verb=Verb.APPLY))[0]


@pytest.mark.parametrize(
    ("verdict", "told"),
    [
        (Verdict.REFUSED, "Farm portal was not changed, because of this: {reason}."),
        (Verdict.ROLLED_BACK, "Farm portal was not changed, and every node is as before, because of this: {reason}."),
        (Verdict.PARTLY, "Farm portal was changed only in part, on 1 of 3 nodes, because of this: {reason}."),
    ],
)
def test_what_was_not_changed_says_why(verdict: Verdict, told: str) -> None:
    nodes = (node("web1", DIFFERS, outcome="applied"), node("web2", DIFFERS), node("web3", DIFFERS))
    found = report(farm(verdict, *nodes, reasons=(FULL,)), verb=Verb.APPLY)
    assert sentences(found) == (told.format(reason=FULL),)


def test_a_split_farm_names_the_nodes_to_look_at() -> None:
    nodes = (node("web1", DIFFERS, outcome="applied"), node("web2", DIFFERS, outcome="unreachable"))
    assert sentences(report(farm(Verdict.INCOMPLETE, *nodes), verb=Verb.APPLY)) == (
        "Farm portal may be split, or holds an unfinished run: look at web2.",
    )


def test_what_was_left_out_is_not_passed_over() -> None:
    cut = replace(farm(Verdict.IN_ORDER, *three()[:2]), not_looked_at=("web3",))
    assert sentences(report(cut)) == ("2 nodes of farm portal are as declared.", "Not looked at: web3.")

    without = replace(IN_ORDER, missing=(SILENT,))
    assert sentences(report(without)) == (
        "2 of 3 nodes of farm portal are as declared.",
        "Left out, because it could not be reached: web3.",
    )
    two = replace(IN_ORDER, farm="shop")
    assert sentences(report(without, two))[0] == "5 of 6 nodes of 2 farms are as declared."


def test_a_change_without_a_member_counts_that_member_and_does_not_call_it_verified() -> None:
    nodes = (*three("web1", outcome="applied")[:2], node("web3", outcome="missing"))
    found = replace(farm(Verdict.APPLIED, *nodes), missing=(SILENT,))
    assert sentences(report(found, verb=Verb.APPLY)) == (
        "Farm portal: 1 of 3 nodes has been changed at one instant, and 2 nodes are verified.",
        "Left out, because it could not be reached: web3.",
    )
    assert "1 of 2" not in told(found)[0]
    assert told(found)[0] == "farm portal: applied to 1 of 3 nodes at one instant, and verified on 2"


def test_a_change_in_waves_tells_apart_what_was_verified_and_what_was_seen_before_it() -> None:
    nodes = (node("web1", DIFFERS, outcome="applied"), node("web2", AS_DECLARED, outcome="in_order"))
    found = replace(farm(Verdict.APPLIED, *nodes), waves=(("web1",),))
    assert sentences(report(found, verb=Verb.APPLY)) == (
        "Farm portal: 1 of 2 nodes has been changed in 1 wave, and 1 node is verified; 1 node was seen as declared at"
        " the beginning.",
    )
    assert told(found)[0] == (
        "farm portal: applied to 1 of 2 nodes in 1 wave, and verified on 1; 1 seen as declared at the beginning"
    )


def test_what_had_nothing_to_do_is_not_counted_as_changed() -> None:
    outcomes = {"web1": "applied", "web2": "left_out", "web3": "in_order"}
    nodes = [node(name, DIFFERS if name != "web3" else AS_DECLARED, outcome=each) for name, each in outcomes.items()]
    (sentence,) = sentences(report(farm(Verdict.PARTLY, *nodes), verb=Verb.APPLY))
    assert sentence.startswith("Farm portal was changed only in part, on 1 of 3 nodes")


# Line by line.


def told(of: FarmReport, verb: Verb = Verb.APPLY) -> list[str]:
    return [line.plain for line in text.lines(report(of, verb=verb))]


def test_nothing_is_as_declared_where_the_run_ended_without_saying_so() -> None:
    lines = told(farm(Verdict.INCOMPLETE, *three("web1")))
    assert "    = gave no answer at the end" in lines
    assert "    ? machine_keys.portal: as declared when it was looked at; cannot tell how it stands now" in lines
    assert "    ? machine_keys.portal: update; cannot tell how it stands now" in lines
    assert not any(line.endswith(": as declared") for line in lines)


def test_a_node_out_of_reach_at_the_end_is_not_told_to_be_as_declared() -> None:
    lines = told(farm(Verdict.INCOMPLETE, node("web1", AS_DECLARED, outcome="unreachable")))
    assert lines[2:] == [
        "    ? machine_keys.portal: as declared when it was looked at; cannot tell how it stands now",
        "    = could not be reached at the end",
    ]


def test_a_node_with_an_unfinished_run_is_told_apart_from_a_healthy_one() -> None:
    unfinished = Reason(cause=Cause.UNFINISHED, node="web1", text="run 5c2d is unfinished here")
    lines = told(farm(Verdict.REFUSED, *three()[:2], reasons=(unfinished,)), Verb.DRIFT)
    assert lines[2:] == [
        "  web1",
        "    ? machine_keys.portal: as declared when it was looked at; cannot tell how it stands now",
        "  web2",
        "      machine_keys.portal: as declared",
    ]


def test_an_unfinished_run_that_was_taken_back_has_changed_something() -> None:
    plan = NodePlan(node="web1", operations=(), to_stage=(), undoes=Undo(None))
    back = farm(Verdict.TAKEN_BACK, NodeReport(node="web1", plan=plan, outcome="finished"))
    assert told(back, Verb.ROLLBACK)[1:] == ["  web1", "    = the unfinished run is brought to its end"]


def test_policy_has_a_word_also_where_nodes_are_as_declared() -> None:
    overdue = Notice(kind=Kind.OVERDUE, farm="portal", address="machine_keys.portal", text="too old")
    assert sentences(replace(report(IN_ORDER), policy=(overdue,))) == (
        "All 3 nodes of farm portal are as declared.",
        "To be replaced, because policy says so: portal/machine_keys.portal.",
    )
    expired = replace(AS_DECLARED, address="certificates.session", violations=("it has expired",))
    assert sentences(report(farm(Verdict.IN_ORDER, node("web1", expired))))[1:] == (
        "Must not be used, because policy says so: certificates.session on web1.",
    )


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (
            replace(report(), problems=(Problem(None, "machine_keys.portal", "not there"),)),
            "The spec has 1 problem; no node was contacted.",
        ),
        (
            replace(report(), problems=(Problem(None, "machine_keys.portal", "public", policy=True),)),
            "The spec declares what must not be used; no node was contacted.",
        ),
        (replace(report(), failure="the inventory cannot be read"), "Could not tell: the inventory cannot be read."),
        (report(), "No node was looked at, because none declares anything."),
        (
            replace(report(), declared=("web1",), farms=(farm(Verdict.NOT_LOOKED_AT),)),
            "No node was looked at, because the limit leaves out every node that declares something.",
        ),
        (replace(report(IN_ORDER, verb=Verb.VALIDATE), farms=()), "The spec is valid for 3 nodes."),
    ],
)
def test_a_run_that_came_to_nothing_says_why(found: Report, told: str) -> None:
    assert sentences(found) == (told,)


def test_of_many_farms_the_first_are_told_and_the_others_named() -> None:
    farms = [farm(Verdict.PENDING, *three("web1"), name=f"farm{number}") for number in range(9)]
    told = sentences(report(*farms))
    assert len(told) == 7
    assert told[-1] == "The same or the like is true of farms farm6, farm7, farm8."


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("verb", Verb)
def test_there_is_something_to_say_of_every_end(verb: Verb, verdict: Verdict) -> None:
    told = sentences(report(farm(verdict, *three("web1")), verb=verb))
    assert told
    assert all(sentence.endswith(".") and sentence[0].isupper() for sentence in told)
