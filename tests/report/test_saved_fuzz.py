"""Whatever somebody has made of a saved report, it is refused in words or can be told in every form of a page."""

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.report import data
from keydeploy.report.comparison import compare
from keydeploy.report.html import render, render_comparison
from keydeploy.report.saved import SavedReportError, read
from tests.report.runs import MADE, SHAPES

REPORTS = [data.to_json(report, MADE) for report in SHAPES.values()]
OTHERS: list[Any] = [
    None, True, -1, 10**400, 1e999, float("nan"), "", "x", "2026-02-30", "0001-01-01", "9999-12-31", [], {}, [None],
    "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "<b>", "\ud800", {"x": 1},
]  # fmt: skip


def places(value: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to everything in *value*."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        yield (*before, name)
        yield from places(inner, (*before, name))


PLACES = [(number, place) for number, report in enumerate(REPORTS) for place in places(report)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PLACES), st.sampled_from(OTHERS))
def test_a_report_with_another_value_anywhere_is_refused_or_told(place: tuple[int, Any], other: Any) -> None:
    number, path = place
    changed = json.loads(json.dumps(REPORTS[number]))
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = other
    try:
        found = read("old.json", json.dumps(changed).encode())
    except SavedReportError:
        return
    render(found.report, found.made).encode()
    render_comparison(compare(found, found)).encode()
