"""What is printed for a person at the end of a run: lines, sentences, and how long it took where that matters."""

import argparse
from typing import Any

import pytest

from keydeploy.cli.text import print_text
from keydeploy.report.model import FarmReport, NodeReport, Report, Verb, Verdict
from keydeploy.report.timings import StepTime


def report(verb: Verb, verdict: Verdict, seconds: float = 0.1) -> Report:
    node = NodeReport(node="web1", plan=None, outcome=None)
    farm = FarmReport(farm="portal", spec="", verdict=verdict, nodes=(node,))
    timings = (StepTime(step="stage", seconds=seconds),)
    return Report(verb=verb, declared=("web1",), farms=(farm,), timings=timings)


def printed(capsys: pytest.CaptureFixture[str], found: Report, **options: Any) -> list[str]:
    given = {"no_color": False, "quiet": False, "verbose": 0, "timings": False} | options
    print_text(found, argparse.Namespace(**given))
    return capsys.readouterr().out.splitlines()


def test_the_sentence_is_the_last_line_of_a_look(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, report(Verb.DRIFT, Verdict.IN_ORDER, 60.0))
    assert lines[0] == "farm portal: 1 node as declared, nothing to do"
    assert lines[-1] == "The only node of farm portal, web1, is as declared."


def test_a_change_that_took_long_says_what_took_so_long(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, report(Verb.APPLY, Verdict.APPLIED, 12.3))[-1] == "took 12.3 s"
    assert not printed(capsys, report(Verb.APPLY, Verdict.APPLIED, 1.3))[-1].startswith("took")


@pytest.mark.parametrize("asked", [{"timings": True}, {"verbose": 1}])
def test_timings_are_told_where_they_are_asked_for(capsys: pytest.CaptureFixture[str], asked: dict[str, Any]) -> None:
    lines = printed(capsys, report(Verb.DRIFT, Verdict.IN_ORDER, 0.25), **asked)
    assert lines[-3:] == ["timings", "  staging: 0.2 s", "  all together: 0.2 s"]


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.NOT_LOOKED_AT])
def test_quiet_is_silent_where_all_is_well_and_nowhere_else(
    capsys: pytest.CaptureFixture[str], verdict: Verdict
) -> None:
    well = (Verdict.IN_ORDER, Verdict.APPLIED, Verdict.TAKEN_BACK)
    assert bool(printed(capsys, report(Verb.APPLY, verdict), quiet=True)) == (verdict not in well)


def test_a_spec_without_a_fault_is_said_to_be_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, Report(verb=Verb.VALIDATE, declared=("web1", "web2"))) == ["the spec is valid for 2 nodes"]


def test_what_is_told_as_an_error_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed(capsys, Report(verb=Verb.PLAN, failure="the inventory cannot be read")) == []
