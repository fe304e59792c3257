"""Every form of every report: made of the report alone, and fit to be written and shown."""

import json

import pytest

from keydeploy.cli.options import RECORDS
from keydeploy.report import records, run_sarif
from keydeploy.report.records import KINDS, Earlier
from keydeploy.report.summary import sentences
from tests.report.runs import HOSTILE, MADE, SHAPES, hostile


def test_the_command_line_offers_the_forms_that_there_are() -> None:
    assert KINDS == RECORDS


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_report_makes_the_same_record(kind: str, shape: str) -> None:
    text = records.render(kind, SHAPES[shape], MADE)

    assert text == records.render(kind, SHAPES[shape], MADE)
    assert text.endswith("\n")
    assert text.strip()


@pytest.mark.parametrize("kind", KINDS)
def test_odd_names_control_no_screen(kind: str) -> None:
    text = records.render(kind, hostile(), MADE, Earlier(HOSTILE))
    assert not {"\x1b", "\x00"} & set(text)
    text.encode("utf-8", "replace")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_record_is_known_by_its_beginning(kind: str, shape: str) -> None:
    text = records.render(kind, SHAPES[shape], MADE, Earlier("name"))
    assert records.is_record(text.encode()[: records.BEGINNING])


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"secret",
        b"keydeploy:\n  farm: portal\n",
        b"all:\n  hosts: {}\n",
        b'{"report": "of the year"}',
        b'{\n  "plan": 1,\n  "keydeploy": "1"',
        b"<?xml version='1.0'?><configuration/>",
        b"<!DOCTYPE html><title>keydeploy</title>",
        b"$ANSIBLE_VAULT;1.1;AES256\n",
        b"# HELP node_load1\n",
    ],
)
def test_what_is_no_record_is_not_taken_for_one(other: bytes) -> None:
    assert not records.is_record(other)


def test_text_begins_with_what_was_run_and_when() -> None:
    first = records.render("text", SHAPES["checked"], MADE).splitlines()[0]
    assert first == "keydeploy apply --check of 2026-11-21T23:00:00+00:00, version 1.2.3, run 5c2d"


def test_text_ends_with_what_came_of_it() -> None:
    for report in SHAPES.values():
        last = f"{' '.join(sentences(report))}\n" + (f"hint: {report.hint}\n" if report.hint else "")
        assert records.render("text", report, MADE).endswith(last)


def test_what_is_json_is_what_its_module_makes() -> None:
    report = SHAPES["drifted"]
    assert json.loads(records.render("sarif", report, MADE)) == run_sarif.to_sarif(report, MADE)
