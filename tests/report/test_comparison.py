"""What has changed between two runs; what one of them could not tell is never called unchanged."""

import dataclasses
import itertools

import pytest

from keydeploy.edit import Difference
from keydeploy.report import comparison_data, comparison_text
from keydeploy.report.comparison import Comparison, FarmComparison, compare
from keydeploy.report.html import render_comparison
from keydeploy.report.model import Made, NodeReport, Report, Verb, Verdict
from keydeploy.report.moved import Change
from keydeploy.report.saved import Saved
from keydeploy.report.standing import State
from keydeploy.schema import validator
from keydeploy.spec import Kind, Material
from tests.report.html.reading import read
from tests.report.runs import (
    CHANGED,
    EXPIRED,
    KEY,
    MISSING,
    SAME,
    SHAPES,
    SILENT,
    farm,
    hostile,
    node,
    notice,
    of,
    run,
    silent,
)

EARLY, LATE = Made("2026-11-20T23:00:00+00:00", "1.2.3"), Made("2026-11-21T23:00:00+00:00", "1.2.3")
IN_ORDER = of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME), node("web2", SAME), spec="d1")
DRIFTED = of(Verb.DRIFT, Verdict.PENDING, node("web1", CHANGED), node("web2", SAME))
SHOP = run(Verb.DRIFT, farm(Verdict.IN_ORDER, node("b1", SAME), name="shop"))
VALID = dataclasses.replace(EXPIRED, violations=())
OTHERWISE = dataclasses.replace(CHANGED, differences=(Difference("validation", "SHA1", "HMACSHA256"),))


def compared(old: Report, new: Report) -> Comparison:
    """Compare two reports, each of a run of its own."""
    return compare(Saved(dataclasses.replace(old, run="1a"), EARLY), Saved(dataclasses.replace(new, run="2b"), LATE))


def only(old: Report, new: Report) -> FarmComparison:
    (found,) = compared(old, new).farms
    return found


def changes(old: Report, new: Report) -> list[tuple[str, Change]]:
    return [(each.node, each.change) for each in only(old, new).moved]


def lines(comparison: Comparison) -> list[str]:
    return [line.plain for line in comparison_text.lines(comparison)]


def looked(*nodes: str, of_node: object = SAME) -> Report:
    return of(Verb.DRIFT, Verdict.IN_ORDER, *(node(name, of_node) for name in nodes))  # type: ignore[arg-type]


def test_nothing_has_changed() -> None:
    found = compared(IN_ORDER, IN_ORDER)

    assert found.is_same
    assert found.farms[0].unchanged == 2
    assert lines(found)[-1] == "nothing has changed between the two runs"


@pytest.mark.parametrize(
    ("old", "new", "change"),
    [
        (IN_ORDER, DRIFTED, Change.DRIFTED),
        (DRIFTED, IN_ORDER, Change.MENDED),
        (DRIFTED, DRIFTED, Change.STILL),
        (DRIFTED, of(Verb.DRIFT, Verdict.PENDING, node("web1", OTHERWISE), node("web2", SAME)), Change.OTHERWISE),
        (IN_ORDER, of(Verb.DRIFT, Verdict.REFUSED, silent("web1"), node("web2", SAME)), Change.NOT_TOLD_NOW),
        (of(Verb.DRIFT, Verdict.REFUSED, silent("web1"), node("web2", SAME)), IN_ORDER, Change.TOLD_AGAIN),
        (of(Verb.DRIFT, Verdict.REFUSED, silent("web1"), node("web2", SAME)), DRIFTED, Change.FOUND),
        (IN_ORDER, of(Verb.DRIFT, Verdict.IN_ORDER, node("web2", SAME), not_looked_at=("web1",)), Change.NOT_TOLD_NOW),
        (looked("web2"), IN_ORDER, Change.NEW),
        (IN_ORDER, looked("web2"), Change.GONE),
    ],
    ids=lambda value: value.value if isinstance(value, Change) else "",
)
def test_a_change_of_one_node_is_told_as_what_it_is(old: Report, new: Report, change: Change) -> None:
    assert changes(old, new) == [("web1", change)]


def test_what_can_be_told_of_neither_run_is_not_called_unchanged() -> None:
    unknown = of(Verb.DRIFT, Verdict.REFUSED, silent("web1"), node("web2", SAME))
    found = compared(unknown, unknown)

    assert changes(unknown, unknown) == [("web1", Change.NEVER_TOLD)]
    assert not found.is_same


NOBODY = of(Verb.DRIFT, Verdict.REFUSED, silent("web1"), silent("web2"), reasons=(SILENT,))
LIMITED = of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME), not_looked_at=("web2", "web3"))
CUT_OFF = dataclasses.replace(IN_ORDER, interrupted=True)
PARTLY_TOLD = dataclasses.replace(IN_ORDER, declared=("web1", "web2", "web9"))
UNCHECKED = dataclasses.replace(IN_ORDER, policy=(notice(Kind.NOT_CHECKED),))


@pytest.mark.parametrize("report", [NOBODY, LIMITED, CUT_OFF, PARTLY_TOLD, UNCHECKED, SHAPES["refused"]])
def test_two_runs_of_which_a_part_cannot_be_told_are_not_the_same(report: Report) -> None:
    found = compared(report, report)

    assert not found.is_same
    assert not found.has_changed
    assert comparison_data.to_json(found)["same"] is False
    assert lines(found)[-1] == "no change is known between the two runs, but not everything can be told"
    head = read(render_comparison(found)).one("h1").text
    assert head == "No change is known, but not everything can be told"


def test_a_node_of_which_neither_run_knows_anything_is_told_of_as_a_whole() -> None:
    assert [(each.node, each.address, each.change, each.new) for each in only(NOBODY, NOBODY).moved] == [
        ("web1", None, Change.NEVER_TOLD, State.UNKNOWN),
        ("web2", None, Change.NEVER_TOLD, State.UNREACHABLE),
    ]
    assert changes(LIMITED, LIMITED) == [("web2", Change.NEVER_TOLD), ("web3", Change.NEVER_TOLD)]
    assert "  ? cannot be told, as before on web1, web2: the whole node" in lines(compared(NOBODY, NOBODY))


def test_a_node_for_which_nothing_is_declared_has_nothing_to_tell() -> None:
    empty = of(Verb.DRIFT, Verdict.IN_ORDER, node("web1"))
    assert only(empty, empty).moved == ()
    assert compared(empty, empty).is_same


@pytest.mark.parametrize(
    ("new", "change", "told"),
    [
        (node("web9", SAME), Change.NEW, "+ new"),
        (node("web9", CHANGED), Change.NEW_DIFFERS, "≠ new; differs"),
        (silent("web9"), Change.NEW_NOT_TOLD, "? new; cannot be told"),
    ],
)
def test_a_new_node_is_told_with_how_it_stands(new: NodeReport, change: Change, told: str) -> None:
    found = compared(looked("web1"), of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME), new))

    assert [each.change for each in found.farms[0].moved] == [change]
    assert f"  {told} on web9: {KEY}" in lines(found)
    assert found.is_worse is (change is not Change.NEW)


def test_a_worse_verdict_or_exit_code_is_worse_also_where_nothing_has_moved() -> None:
    applied = of(Verb.APPLY, Verdict.APPLIED, node("web1", SAME, outcome="applied"))
    refused = of(Verb.APPLY, Verdict.REFUSED, node("web1", SAME, outcome="refused"))
    found = compared(applied, refused)

    assert found.farms[0].moved == ()
    assert found.farms[0].is_worse
    assert read(render_comparison(found)).one("h1").text.startswith("Something has become worse")
    assert not compared(refused, applied).is_worse
    assert compared(IN_ORDER, CUT_OFF).is_worse


def test_a_node_that_was_unreachable_is_told_to_have_been() -> None:
    before = of(Verb.DRIFT, Verdict.REFUSED, silent("web1"), reasons=(dataclasses.replace(SILENT, node="web1"),))
    (moved,) = only(before, looked("web1")).moved
    assert (moved.address, moved.change, moved.old) == (KEY, Change.TOLD_AGAIN, State.UNREACHABLE)


def test_runs_with_another_spec_are_not_the_same() -> None:
    found = compared(IN_ORDER, run(Verb.DRIFT, dataclasses.replace(IN_ORDER.farms[0], spec="d2")))

    assert not found.is_same
    assert "  the spec is another one, or declares no secret" in lines(found)
    assert "nothing has changed between the two runs" not in lines(found)


def test_what_one_report_does_not_tell_of_is_not_compared() -> None:
    materials = dataclasses.replace(IN_ORDER.farms[0], materials=())
    old = Saved(dataclasses.replace(run(Verb.DRIFT, materials), run="1a"), EARLY, tells_materials=False)
    found = compare(old, Saved(dataclasses.replace(IN_ORDER, run="2b"), LATE))

    assert found.farms[0].declared == ()
    assert found.remarks == ("the first report does not tell which keys are declared, so that this is not compared",)


def test_a_text_with_a_line_break_stays_on_its_line() -> None:
    told = dataclasses.replace(notice(Kind.DUE), text="due\nnothing has changed between the two runs")
    found = lines(compared(IN_ORDER, dataclasses.replace(IN_ORDER, policy=(told,))))
    assert [line for line in found if "\n" in line] == []
    assert any("due␊nothing" in line for line in found)


def test_reports_without_a_farm_say_nothing_of_sameness() -> None:
    found = compared(SHAPES["valid"], SHAPES["valid"])

    assert not found.is_same
    assert found.remarks == (
        "the first report tells of no farm: only the spec was read",
        "the second report tells of no farm: only the spec was read",
    )


def test_a_thing_that_is_declared_anew_is_new() -> None:
    before, after = looked("web1"), of(Verb.DRIFT, Verdict.PENDING, node("web1", SAME, MISSING))
    (moved,) = only(before, after).moved

    assert (moved.address, moved.change, moved.old, moved.new) == (
        MISSING.address,
        Change.NEW_DIFFERS,
        None,
        State.MISSING,
    )
    assert [each.change for each in only(after, before).moved] == [Change.GONE]


def test_on_a_node_for_which_nothing_was_declared_a_thing_is_new() -> None:
    empty = of(Verb.DRIFT, Verdict.IN_ORDER, node("web1"))
    assert changes(empty, looked("web1")) == [("web1", Change.NEW)]
    assert changes(looked("web1"), empty) == [("web1", Change.GONE)]


def test_nodes_that_came_and_went_are_named() -> None:
    found = only(looked("web1", "web2"), looked("web2", "web3"))
    assert (found.new_nodes, found.gone_nodes) == (("web3",), ("web1",))


def test_a_key_that_was_replaced_is_told_by_its_fingerprints_and_nodes() -> None:
    other = dataclasses.replace(SAME, found="sha256:9", wanted="sha256:9")
    found = compared(looked("web1", "web2"), looked("web1", "web2", of_node=other))
    (key,) = found.farms[0].replaced

    assert (key.address, key.nodes, key.old, key.new) == (KEY, ("web1", "web2"), "sha256:1", "sha256:9")
    assert not found.is_same
    assert f"  another key, or the same with other algorithms: {KEY}: sha256:1 → sha256:9 on web1, web2" in lines(found)


def test_a_certificate_has_no_algorithms_beside_its_key() -> None:
    old, new = (
        looked("web1", of_node=dataclasses.replace(VALID, found=key, wanted=key)) for key in ("sha256:1", "sha256:2")
    )
    assert f"  key replaced: {VALID.address}: sha256:1 → sha256:2 on web1" in lines(compared(old, new))


def test_a_roll_out_is_told_by_the_key_that_it_left() -> None:
    applied = of(
        Verb.APPLY, Verdict.APPLIED, node("web1", CHANGED, outcome="applied"), node("web2", SAME, outcome="applied")
    )
    (key,) = only(DRIFTED, applied).replaced

    assert (key.old, key.new) == ("sha256:2", "sha256:1")
    assert changes(DRIFTED, applied) == [("web1", Change.MENDED)]


def test_what_is_declared_with_other_days_is_told() -> None:
    materials = (Material(address="machine_keys.portal"), Material(address="machine_keys.shop"))
    old, new = (of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME), materials=part) for part in (materials, ()))

    assert only(new, old).declared == materials
    assert only(old, new).undeclared == ("machine_keys.portal", "machine_keys.shop")
    assert "  not declared any more: machine_keys.shop" in lines(compared(old, new))


def test_policy_is_compared_by_what_it_is_about() -> None:
    due, later = notice(Kind.DUE), dataclasses.replace(notice(Kind.DUE), text="due in fewer days")
    old, new = (dataclasses.replace(IN_ORDER, policy=found) for found in ((due,), (later, notice(Kind.DISCLOSED))))
    found = compared(old, new)

    assert [each.kind for each in found.policy_new] == [Kind.DISCLOSED]
    assert found.policy_gone == ()
    assert [each.kind for each in compared(new, old).policy_gone] == [Kind.DISCLOSED]


def test_what_must_not_be_used_now_is_told_with_its_nodes() -> None:
    old, new = looked("web1", "web2", of_node=VALID), looked("web1", "web2", of_node=EXPIRED)
    found = compared(old, new)

    assert [(each.address, each.nodes) for each in found.farms[0].violated] == [(EXPIRED.address, ("web1", "web2"))]
    assert not found.is_same
    assert only(new, old).absolved == found.farms[0].violated
    assert only(new, new).violated == only(new, new).absolved == ()
    assert read(render_comparison(found)).one("h1").text.startswith("Something has become worse")
    assert f"  ! must not be used now: {EXPIRED.address}: it expired on 2026-11-01 on web1, web2" in lines(found)


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        (IN_ORDER, SHAPES["planned"], "the reports are of different verbs, drift and plan, which ask different things"),
        (IN_ORDER, SHAPES["taken back"], "rollback compares places with what they were before a run, not the spec"),
        (IN_ORDER, SHAPES["failed"], "the second report tells of no farm: that run came to no farm"),
        (IN_ORDER, SHOP, "the reports have no farm in common"),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_as_it_is_is_said(old: Report, new: Report, remark: str) -> None:
    found = compared(old, new)
    assert remark in found.remarks
    assert f"! {remark}" in lines(found)


def test_the_same_run_and_the_wrong_order_are_said() -> None:
    assert compare(Saved(IN_ORDER, EARLY), Saved(IN_ORDER, EARLY)).remarks == ("both reports are of the same run",)
    assert any("is newer" in remark for remark in compare(Saved(IN_ORDER, LATE), Saved(DRIFTED, EARLY)).remarks)
    other = Made(LATE.time, "2.0.0")
    assert any("different versions" in each for each in compare(Saved(IN_ORDER, EARLY), Saved(DRIFTED, other)).remarks)


def test_a_farm_of_one_report_alone_is_said_to_be() -> None:
    both = run(
        Verb.DRIFT, farm(Verdict.IN_ORDER, node("web1", SAME)), farm(Verdict.PENDING, node("b1", CHANGED), name="b")
    )
    found = compared(both, looked("web1"))

    assert [(each.farm, each.new) for each in found.farms] == [("portal", Verdict.IN_ORDER), ("b", None)]
    assert "farm b: only in the old report: drift" in lines(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *itertools.product(
            [*SHAPES.values(), hostile()], [SHAPES["in order"], SHAPES["drifted"], SHAPES["failed"], hostile()]
        )
    ],
)
def test_any_two_reports_can_be_compared_in_every_form(old: Report, new: Report) -> None:
    found = compared(old, new)
    value = comparison_data.to_json(found)

    validator("comparison").validate(value)
    assert value["same"] is found.is_same
    assert lines(found)
    assert len(list(read(render_comparison(found)).all("h1"))) == 1


@pytest.mark.parametrize(("old", "new"), [*itertools.combinations([IN_ORDER, DRIFTED, SHAPES["unreachable"]], 2)])
def test_the_way_back_undoes_every_change(old: Report, new: Report) -> None:
    back = {
        Change.DRIFTED: Change.MENDED, Change.MENDED: Change.DRIFTED, Change.NEW: Change.GONE,
        Change.GONE: Change.NEW, Change.STILL: Change.STILL, Change.NEVER_TOLD: Change.NEVER_TOLD,
        Change.NOT_TOLD_NOW: Change.TOLD_AGAIN,
    }  # fmt: skip
    forth = only(old, new).moved
    assert [(each.node, back[each.change]) for each in forth] == changes(new, old)


def test_a_page_says_what_has_changed_and_how_both_runs_ended() -> None:
    document = read(render_comparison(compared(IN_ORDER, DRIFTED)))

    assert document.one("h1").text == "Something has become worse, or cannot be told any more"
    text = document.one("main").text
    assert "Verdict: in order → drift." in text
    assert f"≠ drifted since web1 {KEY}" in text
    assert "Exit code 0:" in text
    assert "Exit code 2:" in text
