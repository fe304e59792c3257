"""What policy has to say of declared keys is told by every verb that reads the spec, as text and as JSON."""

import dataclasses

import pytest

from keydeploy.plan import Cause, Reason
from keydeploy.report import data, text
from keydeploy.report.model import FarmReport, Made, Report, Verb, Verdict
from keydeploy.report.recorder import Recorder
from keydeploy.schema import validator
from keydeploy.spec import Kind, Notice

NOTICE = Notice(
    kind=Kind.ACCEPTED,
    farm="portal",
    address="machine_keys.portal",
    text="publicly disclosed, and accepted: the vendor ships it",
    hint="keydeploy rotate INVENTORY machine_keys.portal replaces it on all nodes at one instant",
)


def report(verb: Verb, *notices: Notice, verdict: Verdict = Verdict.IN_ORDER) -> Report:
    farm = FarmReport(farm="portal", spec="", verdict=verdict, nodes=())
    return Report(verb=verb, declared=("web1",), farms=(farm,), policy=notices)


def lines(found: Report) -> list[str]:
    return [line.plain for line in text.lines(found)]


def styles(notice: Notice) -> set[str]:
    return {str(line.style) for line in text.lines(report(Verb.DRIFT, notice)) if "! policy" in line.plain}


@pytest.mark.parametrize("verb", Verb)
def test_every_verb_tells_it_with_the_next_step(verb: Verb) -> None:
    told = lines(report(verb, NOTICE))
    assert told[-2:] == [f"! policy: portal/machine_keys.portal: {NOTICE.text}", f"  hint: {NOTICE.hint}"]


def test_what_is_about_a_value_begins_with_its_place() -> None:
    public = dataclasses.replace(NOTICE, kind=Kind.DISCLOSED, place="inventory.yml:7:23", hint=None)
    assert lines(report(Verb.DRIFT, public))[-1].startswith(
        "! policy: inventory.yml:7:23: portal/machine_keys.portal: "
    )


def test_what_fails_a_look_stands_out() -> None:
    by_kind = {kind: styles(dataclasses.replace(NOTICE, kind=kind)) for kind in Kind}
    assert {kind for kind, found in by_kind.items() if found == {"red"}} == {
        Kind.OVERDUE,
        Kind.DISCLOSED,
        Kind.NOT_CHECKED,
    }


def test_a_farm_that_was_left_out_is_not_spoken_of() -> None:
    assert "policy" not in "\n".join(lines(report(Verb.DRIFT, NOTICE, verdict=Verdict.NOT_LOOKED_AT)))


@pytest.mark.parametrize("kind", Kind)
def test_the_schema_knows_each_kind(kind: Kind) -> None:
    notice = dataclasses.replace(NOTICE, kind=kind, place="inventory.yml:7:23")
    value = data.to_json(report(Verb.DRIFT, notice), Made("2026-11-21T00:00:00Z"))
    validator("report").validate(value)
    assert value["policy"] == [notice.to_json()]


def test_a_run_without_an_answer_has_nothing_to_say() -> None:
    assert Recorder(Verb.DRIFT).report().policy == ()


def test_a_reason_that_is_the_same_on_many_nodes_is_told_once_with_all_of_them() -> None:
    full = [
        Reason(cause=Cause.FAILED, node=f"web{number}", text="the disk is full", hint="make room") for number in (1, 2)
    ]
    other = Reason(cause=Cause.FAILED, node="web3", text="it gave no answer")
    farm = FarmReport(farm="portal", spec="", verdict=Verdict.ROLLED_BACK, nodes=(), reasons=(full[0], other, full[1]))
    told = lines(Report(verb=Verb.APPLY, declared=("web1",), farms=(farm,)))
    assert told[1:] == ["  ! web1, web2: the disk is full", "    hint: make room", "  ! web3: it gave no answer"]
