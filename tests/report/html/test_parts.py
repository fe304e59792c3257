"""The parts of a page as values: the picture, ages, access, and what is said of changes."""

import dataclasses
from datetime import date

import pytest

from keydeploy.edit import Difference
from keydeploy.plan import Action, Operation
from keydeploy.report.equality import equalities
from keydeploy.report.html.access import accesses
from keydeploy.report.html.ageing import WIDTH, ages
from keydeploy.report.html.differences import edits, topics
from keydeploy.report.html.matrix import Matrix, matrix
from keydeploy.report.model import Verb, Verdict
from keydeploy.spec import Material
from tests.report.runs import CHANGED, EXPIRED, KEY, SAME, SHAPES, farm, node

TODAY = date(2026, 11, 21)
READERS = ("Administrators", "IIS AppPool\\Portal", "SYSTEM")


def picture(name: str) -> Matrix:
    report = SHAPES[name]
    return matrix(report.farms[0], report.verb, {})


def words(found: Matrix) -> dict[str, list[str]]:
    return {row.node: [sign.words for sign in row.cells] for row in found.rows}


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        ("in order", {"web1": ["as declared"], "web2": ["as declared"]}),
        ("unreachable", {"web1": ["differs"], "web2": ["not reached"]}),
        ("without one", {"web1": ["as declared"], "web2": ["not reached"]}),
        ("limited", {"web1": ["as declared"], "web2": ["not looked at"]}),
        ("cannot tell", {"web1": ["as declared", "cannot be told"]}),
        ("expired", {"web1": ["as declared", "must not be used"]}),
        ("applied", {"web1": ["changed and verified"], "web2": ["as declared"]}),
        ("rolled back", {"web1": ["differs"]}),
        ("split", {"web1": ["changed and verified"], "web2": ["not reached"], "web3": ["cannot be told"]}),
        ("taken back", {"web1": ["put back"]}),
        (
            "drifted",
            {
                "web1": ["differs", "missing", "there, and must not be"],
                "web2": ["as declared", "not declared here", "not declared here"],
            },
        ),
    ],
)
def test_the_picture_tells_each_cell_in_words(shape: str, told: dict[str, list[str]]) -> None:
    assert words(picture(shape)) == told


def test_a_node_for_which_nothing_is_declared_is_not_as_declared() -> None:
    found = farm(Verdict.IN_ORDER, node("web1", SAME), node("web2"))
    assert words(matrix(found, Verb.DRIFT, {}))["web2"] == ["not declared here"]
    assert equalities(found)[0].holds


def test_no_two_signs_share_a_symbol_or_words_within_a_tone() -> None:
    farms = [name for name, report in SHAPES.items() if report.farms]
    found = {sign for name in farms for row in picture(name).rows for sign in row.cells}
    assert len({(sign.tone, sign.symbol) for sign in found}) == len({(sign.tone, sign.words) for sign in found}) - 1
    assert {sign.words for sign in found if (sign.tone, sign.symbol) == ("new", "●")} == {
        "changed and verified",
        "put back",
    }


def test_the_legend_counts_every_cell() -> None:
    found = picture("drifted")
    assert sum(number for _, number in found.legend) == len(found.columns) * len(found.rows)


@pytest.mark.parametrize(("columns", "upright"), [(5, False), (6, True)])
def test_many_columns_have_upright_headings(columns: int, upright: bool) -> None:
    operations = [dataclasses.replace(SAME, address=f"applications.a{number}.machine_key") for number in range(columns)]
    found = matrix(farm(Verdict.IN_ORDER, node("web1", *operations)), Verb.DRIFT, {})
    assert found.is_upright is upright


def test_nodes_that_differ_alike_are_told_of_once() -> None:
    found = farm(Verdict.PENDING, *(node(name, CHANGED) for name in ("web1", "web2")), node("web3", SAME))
    (topic,) = topics(found, Verb.DRIFT)
    (variant,) = topic.variants
    (edit,) = edits(found)

    assert (topic.address, variant.nodes) == (KEY, ("web1", "web2"))
    assert edit.nodes == ("web1", "web2")


def test_warnings_and_violations_are_told_also_where_nothing_differs() -> None:
    (topic,) = topics(SHAPES["expired"].farms[0], Verb.DRIFT)
    assert (topic.variants[0].violations, topic.variants[0].warnings) == (EXPIRED.violations, EXPIRED.warnings)


@pytest.mark.parametrize(
    ("created", "due", "tone", "told"),
    [
        (None, None, "off", "no end is declared"),
        (date(2026, 1, 1), None, "off", "no end is declared"),
        (None, date(2026, 11, 20), "bad", "over for 1 day"),
        (None, TODAY, "warn", "ends today"),
        (None, date(2026, 12, 21), "warn", "30 days left"),
        (None, date(2026, 12, 22), "fine", "31 days left"),
    ],
)
def test_the_end_of_a_key_is_told_on_the_day_of_the_report(
    created: date | None, due: date | None, tone: str, told: str
) -> None:
    (life,) = ages([Material(address="machine_keys.portal", created=created, due=due)], TODAY).lives
    assert (life.sign.tone, life.sign.words) == (tone, told)
    assert (life.line is None) is (created is None and due is None)


def test_the_time_line_goes_from_left_to_right_within_its_picture() -> None:
    materials = [
        Material(address="old", created=date(1999, 12, 31), due=date(2001, 1, 1)),
        Material(address="now", created=TODAY, due=date(2041, 5, 6)),
    ]
    found = ages(materials, TODAY)
    places = [place for each in found.lives if each.line for place in (each.line.start, each.line.end)]
    ticks = [place for place, _ in found.ticks]

    assert places == sorted(places)
    assert all(0 < place < WIDTH for place in (*places, *ticks, found.now))
    assert ticks == sorted(ticks)
    assert 2 <= len(ticks) <= 6
    assert [each.line.is_over for each in found.lives if each.line] == [True, False]


@pytest.mark.parametrize("days", [(), (TODAY,), (date(2026, 11, 1),), (date(2026, 12, 24),)])
def test_a_short_time_line_has_marks_too(days: tuple[date, ...]) -> None:
    found = ages([Material(address="key", created=day) for day in days], TODAY)
    assert found.ticks
    assert all(0 < place < WIDTH for place, _ in found.ticks)


def held(*readers: str, wanted: str | None = None) -> Operation:
    differences = (Difference("key readers", ", ".join(readers), wanted),) if wanted else ()
    action = Action.UPDATE if wanted else Action.NO_OP
    return Operation(
        address="key_containers.Portal", action=action, target=None, readers=readers, differences=differences
    )


def test_who_may_use_a_key_is_told_of_alike_nodes_once_and_with_what_is_wanted() -> None:
    right, wrong = held(*READERS), held("Users", wanted="add IIS AppPool\\Portal, remove Users")
    found = accesses(farm(Verdict.PENDING, node("web1", right), node("web2", wrong), node("web3", right)))

    assert [(each.nodes, each.readers, each.wanted) for each in found] == [
        (("web1", "web3"), READERS, None),
        (("web2",), ("Users",), "add IIS AppPool\\Portal, remove Users"),
    ]


def test_access_that_a_run_has_mended_is_said_to_be() -> None:
    wrong = held("Users", wanted="remove Users")
    (applied,) = accesses(farm(Verdict.APPLIED, node("web1", wrong, outcome="applied")))
    (back,) = accesses(farm(Verdict.ROLLED_BACK, node("web1", wrong, outcome="unstaged")))
    assert (applied.is_mended, back.is_mended) == (True, False)
