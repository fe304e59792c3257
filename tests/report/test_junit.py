"""JUnit as CI servers read it: what passes is in order, and nothing else passes."""

from dataclasses import replace

import pytest

from keydeploy.errors import Problem
from keydeploy.report import junit
from keydeploy.report.exit_code import exit_code
from keydeploy.report.model import Report, Verb, Verdict
from tests.report import reading
from tests.report.runs import HOSTILE, KEY, MADE, MISSING, SAME, SHAPES, farm, hostile, node, of, run


def results(shape: str) -> dict[tuple[str, str], str]:
    return reading.results(junit.render(SHAPES[shape], MADE))


def cases(report: Report) -> dict[tuple[str, str], str]:
    """Answer what each case says in its message, or on its standard output."""
    found = reading.junit(junit.render(report, MADE))
    return {
        name: "\n".join(f"{each.message}\n{each.text}" for each in case.result) or case.system_out or ""
        for name, case in found.items()
    }


@pytest.mark.parametrize("shape", SHAPES)
def test_it_passes_exactly_where_the_exit_code_is_0(shape: str) -> None:
    is_fine = set(results(shape).values()) <= {"passed", "skipped"}
    assert is_fine == (exit_code(SHAPES[shape]) == 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_counts_are_those_of_the_cases(shape: str) -> None:
    found = list(results(shape).values())
    document = reading.suites(junit.render(SHAPES[shape], MADE))

    assert sum(suite.tests for suite in document) == len(found)
    assert sum(suite.failures for suite in document) == found.count("failure")
    assert sum(suite.errors for suite in document) == found.count("error")
    assert sum(suite.skipped for suite in document) == found.count("skipped")


def test_each_thing_on_each_node_is_a_case() -> None:
    assert results("drifted") == {
        ("keydeploy", "run"): "passed",
        ("keydeploy", "spec"): "passed",
        ("portal", "farm"): "failure",
        ("portal", f"web1 {KEY}"): "failure",
        ("portal", "web1 certificates.session"): "failure",
        ("portal", "web1 certificates.(A1)"): "failure",
        ("portal", f"web2 {KEY}"): "passed",
    }


def test_a_failure_names_what_differs() -> None:
    told = cases(SHAPES["drifted"])
    assert told["portal", f"web1 {KEY}"] == (
        "not as declared: validationKey: another key → machine_keys.portal.validation_key\n"
        "validationKey: another key → machine_keys.portal.validation_key\n"
        "impact: restarts the application\n"
        "in C:\\inetpub\\portal\\web.config"
    )
    assert told["portal", "web1 certificates.session"].startswith("missing: certificate: absent → present\n")
    assert told["portal", "farm"].startswith("drift on web1\n")


@pytest.mark.parametrize(
    ("shape", "case", "result"),
    [
        ("unreachable", f"web2 {KEY}", "error"),
        ("unreachable", "farm", "error"),
        ("all unreachable", "web2", "error"),
        ("cannot tell", "web1 certificates.session", "error"),
        ("cannot tell", f"web1 {KEY}", "passed"),
        ("without one", "farm", "error"),
        ("expired", "web1 certificates.session", "failure"),
        ("limited", "web2", "skipped"),
        ("nothing asked", "farm", "skipped"),
        ("nothing to hold", "web1", "passed"),
        ("rolled back", "farm", "error"),
        ("split", f"web1 {KEY}", "passed"),
        ("split", f"web3 {KEY}", "error"),
        ("unfinished", f"web1 {KEY}", "error"),
        ("checked", "farm", "failure"),
    ],
)
def test_only_what_was_seen_to_be_in_order_passes(shape: str, case: str, result: str) -> None:
    assert results(shape)["portal", case] == result


@pytest.mark.parametrize(
    ("shape", "case", "result"),
    [
        ("failed", "run", "error"),
        ("interrupted", "run", "error"),
        ("nothing declared", "run", "error"),
        ("nothing asked", "run", "error"),
        ("invalid", "run", "skipped"),
        ("invalid", "spec machine_keys.portal.decryption_key at inventory.yml:5:17", "error"),
        ("invalid", "spec machine_keys.portal.decryption_key at inventory.yml:5:17 (2)", "error"),
        ("invalid", "spec machine_keys.portal.validation_key", "failure"),
        ("valid", "web1 not looked at", "skipped"),
        ("interrupted", "web1 not looked at", "skipped"),
        ("overdue", "policy overdue portal/machine_keys.portal", "failure"),
        ("overdue", "policy disclosed portal/machine_keys.portal at group_vars/all.yml:7:9", "failure"),
        ("overdue", "policy not_checked portal/machine_keys.portal", "error"),
        ("overdue", "policy due portal/machine_keys.portal", "passed"),
        ("overdue and applied", "policy overdue portal/machine_keys.portal", "passed"),
    ],
)
def test_the_run_itself_has_cases(shape: str, case: str, result: str) -> None:
    assert results(shape)["keydeploy", case] == result


def test_a_farm_without_a_member_is_not_an_error_of_being_in_order() -> None:
    found = reading.junit(junit.render(SHAPES["without one"], MADE))
    assert found["portal", "farm"].result[0].type == "unreachable"


def test_names_that_look_numbered_already_stay_apart() -> None:
    mistakes = tuple(Problem(None, name, "wrong") for name in ("x", "x (2)", "x", "x"))
    found = reading.results(junit.render(replace(SHAPES["invalid"], problems=mistakes), MADE))
    assert {name for _, name in found} == {"run", "spec x", "spec x (2)", "spec x (3)", "spec x (4)"}


def test_an_error_tells_why_and_what_to_do_next() -> None:
    told = cases(SHAPES["unreachable"])["portal", f"web2 {KEY}"]
    assert told.startswith("the node could not be reached: no answer\n")
    assert "hint: keydeploy doctor" in told


def test_a_failure_of_the_run_tells_the_next_step() -> None:
    told = cases(SHAPES["failed"])["keydeploy", "run"]
    assert told.startswith("Ansible ended with code 1 before the first step\n")
    assert told.endswith("\nhint: see it")


def test_it_says_when_it_was_made_and_of_what() -> None:
    first, second = reading.suites(junit.render(SHAPES["checked"], MADE))

    common = {"keydeploy": "1.2.3", "verb": "apply", "run": "5c2d", "time": MADE.time, "check": "true"}
    assert reading.properties(first) == {**common, "exit_code": "2"}
    assert reading.properties(second) == {**common, "spec": "d1", "verdict": "pending"}
    assert first.timestamp == "2026-11-21T23:00:00"
    assert first.time == pytest.approx(1.75)


def test_the_time_stamp_is_in_utc() -> None:
    text = junit.render(SHAPES["in order"], replace(MADE, time="2026-11-22T01:00:00+02:00"))
    assert 'timestamp="2026-11-21T23:00:00"' in text


def test_nothing_breaks_out_of_the_document() -> None:
    found = cases(hostile())

    shown = 'a"b\\c\nd<e>&␛[31m␀��'
    assert ("portal", "farm") not in found
    told = next(text for (_, name), text in found.items() if name.startswith("silent"))
    assert "it gave no answer" in told
    assert any(shown in text for text in found.values())
    assert not any(character in text for text in found.values() for character in "\x00\x1b\ud800\u202e")


def test_farms_have_suites_of_their_own() -> None:
    both = run(
        Verb.DRIFT,
        farm(Verdict.IN_ORDER, node("web1", SAME)),
        farm(Verdict.PENDING, node("web1", MISSING), name="shop"),
    )
    found = reading.results(junit.render(both, MADE))
    assert (found["portal", "farm"], found["shop", "farm"]) == ("passed", "failure")


def test_a_problem_in_odd_words_is_told_whole() -> None:
    problem = Problem(HOSTILE, HOSTILE, HOSTILE)
    found = cases(replace(of(Verb.DRIFT, Verdict.IN_ORDER), farms=(), problems=(problem,)))
    assert len(found) == 2
