"""Whether all nodes of a farm show the same key: told of each place, and never where one node cannot be told of."""

import dataclasses

from keydeploy.plan import Action
from keydeploy.report.equality import Equality, Shown, equalities
from keydeploy.report.model import FarmReport, Report, Verb, Verdict
from tests.report.runs import CHANGED, KEY, SAME, SHAPES, farm, node, of, silent


def equality(report: Report) -> Equality:
    """Answer what is told of the only place with a key."""
    (found,) = equalities(report.farms[0])
    return found


def test_all_nodes_show_the_same_key() -> None:
    found = equality(SHAPES["in order"])

    assert found == Equality(
        address=KEY, shown=(Shown(fingerprint="sha256:1", nodes=("web1", "web2"), is_declared=True),)
    )
    assert found.holds


def test_one_node_shows_another_key() -> None:
    found = equality(of(Verb.DRIFT, Verdict.PENDING, node("web1", CHANGED), node("web2", SAME), node("web3", SAME)))

    assert [(each.fingerprint, each.nodes, each.is_declared) for each in found.shown] == [
        ("sha256:1", ("web2", "web3"), True),
        ("sha256:2", ("web1",), False),
    ]
    assert not found.holds


def test_all_nodes_show_the_same_key_and_it_is_not_the_declared_one() -> None:
    found = equality(of(Verb.DRIFT, Verdict.PENDING, node("web1", CHANGED), node("web2", CHANGED)))

    assert found.holds
    assert [each.is_declared for each in found.shown] == [False]


def test_after_a_run_nodes_show_what_it_has_put_there() -> None:
    assert equality(SHAPES["applied"]).shown == (
        Shown(fingerprint="sha256:1", nodes=("web1", "web2"), is_declared=True),
    )
    (taken_back,) = equality(SHAPES["rolled back"]).shown
    assert taken_back.fingerprint == "sha256:2"


def test_a_key_that_a_run_has_deleted_is_shown_no_more() -> None:
    gone = dataclasses.replace(CHANGED, action=Action.DELETE, wanted=None)
    found = equality(of(Verb.APPLY, Verdict.APPLIED, node("web1", gone, outcome="applied")))

    assert (found.shown, found.without) == ((), ("web1",))


def test_a_node_without_the_key_does_not_agree() -> None:
    missing = dataclasses.replace(CHANGED, action=Action.CREATE, found=None)
    found = equality(of(Verb.DRIFT, Verdict.PENDING, node("web1", SAME), node("web2", missing)))

    assert found.without == ("web2",)
    assert not found.holds


def test_a_node_of_which_it_cannot_be_told_does_not_agree() -> None:
    for report in (SHAPES["unreachable"], SHAPES["without one"], SHAPES["limited"]):
        found = equality(report)
        assert found.unknown == ("web2",)
        assert not found.holds
    assert equality(SHAPES["split"]).unknown == ("web2", "web3")


def test_a_place_that_is_declared_for_one_node_alone_is_not_asked_of_others() -> None:
    other = dataclasses.replace(SAME, address="applications.shop.machine_key")
    found = equalities(farm(Verdict.IN_ORDER, node("web1", SAME, other), node("web2", SAME)))

    assert [(each.address, each.holds, each.unknown) for each in found] == [
        (KEY, True, ()),
        ("applications.shop.machine_key", True, ()),
    ]
    assert [(each.asked, each.elsewhere) for each in found] == [(2, ()), (1, ("web2",))]


def test_where_nobody_has_a_key_there_is_nothing_to_tell() -> None:
    empty: FarmReport = farm(Verdict.REFUSED, silent("web1"))
    assert equalities(empty) == ()
