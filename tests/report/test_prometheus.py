"""Prometheus text: what its own tools read, and what an alert may rely on."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from keydeploy.disclosed import NO_LIST
from keydeploy.report import prometheus
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import Report, Verb, Verdict
from keydeploy.report.prometheus import HELP
from keydeploy.spec import Kind, Material
from tests.report import reading
from tests.report.reading import Samples, value
from tests.report.runs import CHANGED, EXTRA, MADE, SAME, SHAPES, UNTOLD, farm, hostile, node, notice, of, run

NOW = datetime.fromisoformat(MADE.time).timestamp()
VERIFIED = "keydeploy_farm_last_verified_timestamp_seconds"
STATES = ("in_order", "drift", "unreachable", "unknown", "not_looked_at")


def told(shape: str) -> Samples:
    return reading.prometheus(prometheus.render(SHAPES[shape], MADE))


def state(samples: Samples, name: str) -> str:
    """Answer the one state of a node that holds."""
    values = {each: value(samples, "keydeploy_node_state", node=name, state=each) for each in STATES}
    assert sorted(values.values(), key=str) == [0.0] * 4 + [1.0], values
    return next(each for each, holds in values.items() if holds)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_exit_code_and_the_time_are_there_in_every_case(shape: str) -> None:
    samples = told(shape)
    assert value(samples, "keydeploy_run_exit_code") == exit_code(SHAPES[shape])
    assert value(samples, "keydeploy_run_timestamp_seconds") == NOW
    assert value(samples, "keydeploy_run_info", verb=SHAPES[shape].verb.value, version="1.2.3") == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_drift_is_0_only_where_everything_was_seen_to_be_as_declared(shape: str) -> None:
    samples = told(shape)
    for each in SHAPES[shape].farms:
        drifts = {node.node: value(samples, "keydeploy_node_drift", node=node.node) for node in each.nodes}
        for name, drift in drifts.items():
            assert (drift == 0) == (state(samples, name) == "in_order"), name
        whole = value(samples, "keydeploy_farm_drift", farm=each.farm)
        if whole == 0:
            assert set(drifts.values()) == {0.0}
            assert not each.not_looked_at


def test_a_node_out_of_reach_has_no_drift_and_the_others_have() -> None:
    samples = told("unreachable")
    assert (state(samples, "web1"), state(samples, "web2")) == ("drift", "unreachable")
    assert value(samples, "keydeploy_node_drift", node="web1") == 1
    assert value(samples, "keydeploy_node_drift", node="web2") is None
    assert value(samples, "keydeploy_farm_drift", farm="portal") == 1
    assert value(told("all unreachable"), "keydeploy_farm_drift") is None
    assert value(told("cannot tell"), "keydeploy_farm_drift") is None
    assert value(told("limited"), "keydeploy_farm_drift") is None


def test_findings_are_counted_by_kind() -> None:
    samples = told("drifted")
    kinds = ("missing", "changed", "extra", "unknown", "unreachable")
    counts = [value(samples, "keydeploy_node_findings", node="web1", kind=kind) for kind in kinds]
    assert counts == [1, 1, 1, 0, 0]
    assert value(told("unreachable"), "keydeploy_node_findings", node="web2", kind="unreachable") == 1


KINDS_OF_DRIFT = ("missing", "changed", "extra")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_kind_of_drift_is_0_only_where_everything_on_the_node_is_told(shape: str) -> None:
    samples = told(shape)
    for each in SHAPES[shape].farms:
        for one in each.nodes:
            counts = [value(samples, "keydeploy_node_findings", node=one.node, kind=kind) for kind in KINDS_OF_DRIFT]
            assert 0 not in counts or state(samples, one.node) in ("in_order", "drift"), one.node


def test_where_nothing_was_asked_nothing_is_counted() -> None:
    assert "keydeploy_node_findings" not in told("all unreachable")
    assert value(told("unreachable"), "keydeploy_node_findings", node="web2", kind="unknown") == 0
    assert value(told("nothing to hold"), "keydeploy_node_findings", node="web1", kind="changed") == 0


def test_what_is_certain_is_counted_beside_what_is_not() -> None:
    samples = reading.prometheus(
        prometheus.render(of(Verb.DRIFT, Verdict.REFUSED, node("web1", CHANGED, UNTOLD)), MADE)
    )
    kinds = ("changed", "missing", "unknown")
    assert [value(samples, "keydeploy_node_findings", kind=kind) for kind in kinds] == [1, None, 1]


@pytest.mark.parametrize(
    "shape", ["all unreachable", "unreachable", "without one", "limited", "cannot tell", "split", "taken back"]
)
def test_what_must_not_be_used_is_absent_where_some_node_was_not_seen_or_not_compared(shape: str) -> None:
    assert value(told(shape), "keydeploy_policy_findings", kind="must_not_be_used") is None
    assert value(told(shape), "keydeploy_policy_findings", kind="overdue") == 0


def test_keys_are_not_said_to_be_undisclosed_where_nobody_knows() -> None:
    def disclosed(**more: Any) -> float | None:
        report = run(Verb.DRIFT, farm(Verdict.IN_ORDER, node("web1", SAME)), **more)
        samples = reading.prometheus(prometheus.render(report, MADE))
        assert value(samples, "keydeploy_policy_findings", kind="must_not_be_used") == 0
        return value(samples, "keydeploy_policy_findings", kind="disclosed")

    assert disclosed(notes=("the list of 2026-01-01 is old",)) == 0
    assert disclosed(notes=(f"{NO_LIST} /usr/share/keydeploy",)) is None
    assert disclosed(policy=(notice(Kind.NOT_CHECKED),)) is None
    assert disclosed(policy=(notice(Kind.NOT_CHECKED), notice(Kind.DISCLOSED))) == 1


@pytest.mark.parametrize("shape", ["failed", "interrupted", "invalid", "nothing declared", "refused by policy"])
def test_a_run_that_could_do_nothing_is_down_and_tells_of_no_node(shape: str) -> None:
    samples = told(shape)
    assert value(samples, "keydeploy_up") == 0
    assert not any(name.startswith(("keydeploy_node", "keydeploy_farm_drift")) for name in samples)


@pytest.mark.parametrize("shape", ["in order", "unreachable", "drifted", "valid", "split"])
def test_a_run_that_could_look_is_up_whatever_it_saw(shape: str) -> None:
    assert value(told(shape), "keydeploy_up") == 1


def test_problems_are_counted_and_absent_where_the_spec_was_not_checked() -> None:
    samples = told("invalid")
    assert [value(samples, "keydeploy_spec_problems", kind=kind) for kind in ("spec", "policy")] == [2, 1]
    assert value(told("in order"), "keydeploy_spec_problems", kind="spec") == 0
    assert "keydeploy_spec_problems" not in told("failed")


def test_policy_findings_are_counted_and_0_where_there_is_none() -> None:
    assert {value(told("overdue"), "keydeploy_policy_findings", kind=kind.value) for kind in Kind} == {1.0}
    assert {value(told("in order"), "keydeploy_policy_findings", kind=kind.value) for kind in Kind} == {0.0}
    assert value(told("expired"), "keydeploy_policy_findings", kind="must_not_be_used") == 1


def day(year: int, month: int, number: int) -> float:
    """Answer the instant at which a day begins."""
    return datetime(year, month, number, tzinfo=UTC).timestamp()


def test_ages_and_ends_are_days_in_seconds() -> None:
    samples = told("in order")
    key, certificate = "machine_keys.portal", "certificates.session"
    assert value(samples, "keydeploy_key_created_timestamp_seconds", address=key) == day(2026, 1, 2)
    assert value(samples, "keydeploy_key_due_timestamp_seconds", address=key) == day(2027, 1, 3)
    assert value(samples, "keydeploy_certificate_expiry_timestamp_seconds", address=certificate) == day(2026, 12, 1)
    assert value(samples, "keydeploy_key_due_timestamp_seconds", address=certificate) is None
    assert value(samples, "keydeploy_key_created_timestamp_seconds", address="key_containers.Portal") is None


def test_a_key_may_be_used_to_the_last_day_that_there_is() -> None:
    forever = Material(address="machine_keys.portal", due=date.max)
    report = of(Verb.DRIFT, Verdict.IN_ORDER, node("web1", SAME), materials=(forever,))
    samples = reading.prometheus(prometheus.render(report, MADE))
    assert value(samples, "keydeploy_key_due_timestamp_seconds") == day(9999, 12, 31) + 86400


def test_the_last_confirmed_run_and_the_steps_are_told() -> None:
    samples = told("unreachable")
    assert value(samples, "keydeploy_node_confirmed_run_info", node="web1", run="5c2d") == 1
    assert value(samples, "keydeploy_node_confirmed_run_info", node="web2") is None
    assert value(samples, "keydeploy_step_duration_seconds", step="observe") == 1.5


def test_one_verdict_holds() -> None:
    samples = told("split")
    values = {each.value: value(samples, "keydeploy_farm_verdict", verdict=each.value) for each in Verdict}
    assert {name for name, holds in values.items() if holds} == {"incomplete"}


def test_a_way_back_says_nothing_of_drift() -> None:
    samples = told("taken back")
    assert state(samples, "web1") == "unknown"
    assert {"keydeploy_node_drift", "keydeploy_farm_drift", VERIFIED}.isdisjoint(samples)


# When a farm was last proved.


def verified(report: Report, before: str = "") -> dict[str, float]:
    samples = reading.prometheus(prometheus.render(report, MADE, before=before)).get(VERIFIED, {})
    return {dict(labels)["farm"]: instant for labels, instant in samples.items()}


EARLIER = "".join(f'{VERIFIED}{{farm="{farm}"}} 1700000000\n' for farm in ("portal", "gone"))


@pytest.mark.parametrize("shape", ["unreachable", "drifted", "cannot tell", "limited", "without one", "rolled back"])
def test_a_run_that_does_not_prove_a_farm_keeps_the_old_instant(shape: str) -> None:
    assert verified(SHAPES[shape]) == {}
    assert verified(SHAPES[shape], EARLIER) == {"portal": 1700000000}


@pytest.mark.parametrize("shape", ["in order", "applied", "in waves"])
def test_a_proof_moves_the_instant(shape: str) -> None:
    assert verified(SHAPES[shape], EARLIER) == {"portal": NOW}


@pytest.mark.parametrize("shape", ["failed", "interrupted", "invalid", "valid", "nothing declared"])
def test_a_run_that_tells_of_no_farm_keeps_all_instants(shape: str) -> None:
    assert verified(SHAPES[shape], EARLIER) == {"portal": 1700000000, "gone": 1700000000}


def test_the_farm_that_is_named_oddly_is_known_again() -> None:
    proved = prometheus.render(run(Verb.DRIFT, farm(Verdict.IN_ORDER, node("a", SAME), name='a"b\\n\nc')), MADE)
    assert verified(SHAPES["failed"], proved) == {'a"b\\n\nc': NOW}


def test_an_old_report_that_is_told_again_does_not_turn_the_clock_back() -> None:
    assert verified(SHAPES["in order"], f'{VERIFIED}{{farm="portal"}} {int(NOW) + 9}\n') == {"portal": NOW + 9}


@pytest.mark.parametrize(
    "before",
    [
        f'{VERIFIED}{{farm="portal"}} {"9" * 5000}',
        "\x00",
        f"{VERIFIED} 1",
        f'{VERIFIED}{{farm="portal"}} -1',
        "# HELP",
        "<html>",
    ],
)
def test_what_is_no_earlier_record_is_passed_over(before: str) -> None:
    assert verified(SHAPES["failed"], before) == {}


# As a file among others.


def test_the_files_of_several_runs_have_no_sample_in_common() -> None:
    one = prometheus.render(SHAPES["in order"], MADE, record="portal")
    other = prometheus.render(
        run(Verb.DRIFT, farm(Verdict.IN_ORDER, node("b1", EXTRA), name="shop")), MADE, record="shop"
    )
    lines = [line.rsplit(" ", 1)[0] for text in (one, other) for line in text.splitlines() if not line.startswith("#")]
    assert len(set(lines)) == len(lines)
    assert {"record": "portal"}.items() <= dict(next(iter(reading.prometheus(one)["keydeploy_up"]))).items()


def test_nothing_breaks_out_of_a_label() -> None:
    samples = reading.prometheus(prometheus.render(hostile(), MADE, record='a"\n'))
    shown = {label for labels in samples["keydeploy_node_state"] for name, label in labels if name == "node"}
    assert any(label.startswith('a"b\\c\nd<e>') for label in shown)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_metric_is_one_that_is_documented_and_no_time_stamp_is_given(shape: str) -> None:
    text = prometheus.render(SHAPES[shape], MADE)
    assert set(reading.prometheus(text)) <= set(HELP)
    assert text.endswith("\n")
    assert all(len(line.rsplit("}", 1)[-1].split()) <= 2 for line in text.splitlines() if not line.startswith("#"))


def test_prometheus_own_tool_has_nothing_to_complain_of() -> None:
    for report in (*SHAPES.values(), replace(hostile(), run="x")):
        checked = reading.promtool("check", "metrics", text=prometheus.render(report, MADE, record="r"))
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
