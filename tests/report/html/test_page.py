"""A page stands for itself, says what the report says, and everything in it that came from outside stays text."""

import base64
import dataclasses
import hashlib
import re
from collections import Counter
from itertools import pairwise

import pytest

from keydeploy.report.exit_code import ExitCode, exit_code
from keydeploy.report.html import render
from keydeploy.report.html.page import stylesheet
from keydeploy.report.model import Report, Verb, Verdict
from keydeploy.report.standing import State, standings
from keydeploy.report.summary import sentences
from tests.report.html.reading import cells, read, section
from tests.report.runs import CHANGED, KEY, MADE, SAME, SHAPES, STAGED, hostile, node, of, run

every_shape = pytest.mark.parametrize("report", [*SHAPES.values(), hostile()], ids=[*SHAPES, "hostile"])


@every_shape
def test_a_page_is_well_formed_and_its_headings_are_in_order(report: Report) -> None:
    document = read(render(report, MADE))
    levels = [int(each.tag[1]) for each in document.all("h1", "h2", "h3", "h4", "h5", "h6")]

    assert document.attributes == {"lang": "en"}
    assert document.one("title").text
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [len(list(document.all(tag))) for tag in ("header", "nav", "main", "footer")] == [1, 1, 1, 1]


@every_shape
def test_every_link_leads_to_a_place_of_the_page(report: Report) -> None:
    document = read(render(report, MADE))
    places = Counter(each.attributes["id"] for each in document.all() if "id" in each.attributes)
    links = [each.attributes["href"] for each in document.all() if "href" in each.attributes]
    referred = [name for each in document.all() for name in each.attributes.get("aria-labelledby", "").split()]

    assert set(places.values()) == {1}
    assert all(link.startswith("#") and link[1:] in places for link in links)
    assert all(name in places for name in referred)


@every_shape
def test_tables_tell_what_their_heads_are_for(report: Report) -> None:
    for table in read(render(report, MADE)).all("table"):
        assert table.one("caption").text
        assert all(each.attributes.get("scope") in ("col", "row") for each in table.all("th"))


@every_shape
def test_a_page_needs_nothing_beside_itself(report: Report) -> None:
    page = render(report, MADE)
    document = read(page)

    assert not list(
        document.all("script", "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video")
    )
    assert not [each for each in document.all() if {"style", "src", "srcset", "action"} & set(each.attributes)]
    assert not [name for each in document.all() for name in each.attributes if name.startswith("on")]
    assert not re.search(r"@import|url\(|https?:", stylesheet())


def test_the_policy_allows_the_style_of_the_page_and_nothing_else() -> None:
    page = render(SHAPES["in order"], MADE)
    style = page.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = (
        each.attributes["content"]
        for each in read(page).all("meta")
        if each.attributes.get("http-equiv") == "Content-Security-Policy"
    )

    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@every_shape
def test_the_same_report_gives_the_same_page(report: Report) -> None:
    assert render(report, MADE) == render(report, MADE)


@every_shape
def test_the_look_of_the_verdict_agrees_with_the_exit_code(report: Report) -> None:
    boxes = read(render(report, MADE)).all("div")
    (verdict,) = (each for each in boxes if "verdict" in each.attributes.get("class", "").split())
    tone = verdict.attributes["class"].split()[-1]

    assert (tone in ("tone-fine", "tone-new")) is (exit_code(report) is ExitCode.FINE)


@pytest.mark.parametrize("report", SHAPES.values(), ids=SHAPES)
def test_the_verdict_is_told_in_words_with_the_exit_code(report: Report) -> None:
    document = read(render(report, MADE))
    head = document.one("header").text

    assert all(sentence in head for sentence in sentences(report))
    assert f"Exit code {int(exit_code(report))}: " in head
    assert "2026-11-21 23:00:00 UTC by keydeploy 1.2.3" in head
    assert not report.run or report.run in head


@pytest.mark.parametrize("report", SHAPES.values(), ids=SHAPES)
def test_nothing_looks_in_order_that_is_not_known_to_be(report: Report) -> None:
    good = {"✓ as declared", "= as before", "● changed and verified", "● put back", "· not declared, left as it is"}
    for farm in report.farms[:1]:
        known = {
            (each.node, cell.name) for each in standings(farm) for cell in each.cells if cell.state is State.IN_ORDER
        }
        shown = cells(read(render(report, MADE))) if any(each.cells for each in standings(farm)) else {}
        looks_good = {place for place, words in shown.items() if words in good}
        assert looks_good <= known
        # What is in order and must not be used does not look good either.
        assert known - looks_good <= {place for place, words in shown.items() if words == "! must not be used"}


def test_what_is_not_looked_at_or_not_told_has_a_place_of_its_own() -> None:
    told = {name: section(read(render(report, MADE)), "What was not looked at").text for name, report in SHAPES.items()}

    assert "web2: no answer next step: keydeploy doctor" in told["unreachable"]
    assert "web2: the run was told to leave it out" in told["limited"]
    assert "web1: certificates.session: two of that subject" in told["cannot tell"]
    assert told["cannot tell"].count("two of that subject") == 1
    assert "web2: no answer; the farm may do without it" in told["without one"]
    assert "lonely: it declares nothing" in told["nothing declared"]
    assert "portal/machine_keys.portal: told next step: rotate it" in told["overdue"]
    assert "policy: there is no list" in told["noted"]
    assert "web1: the run ended before it was looked at" in told["interrupted"]
    assert "web3: it gave no answer at the end of the run" in told["split"]
    assert told["in order"].endswith("Everything that is declared was looked at and compared.")
    assert told["valid"].endswith("No node was looked at, so nothing is told of any.")


def test_a_difference_is_told_with_all_that_belongs_to_it() -> None:
    farm = section(read(render(SHAPES["drifted"], MADE)), "Farm portal")

    assert "validationKey: another key → wanted: machine_keys.portal.validation_key" in farm.text
    assert "restarts the application" in farm.text
    assert CHANGED.target is not None
    assert CHANGED.target in farm.text
    (edit,) = farm.all("pre")
    assert f"--- {STAGED.path}" in edit.text
    assert "+x(machine_keys.portal.x)" in edit.text


def test_the_picture_leads_to_what_there_is_to_say_of_a_thing() -> None:
    farm = section(read(render(SHAPES["drifted"], MADE)), "Farm portal")
    links = [each.attributes["href"][1:] for each in farm.all("a")]
    boxes = (each for each in farm.all("div") if each.attributes.get("class") == "topic")
    topics = {each.attributes["id"]: each.one("h4").text for each in boxes}

    assert [topics[link] for link in links] == [KEY, "certificates.session", "certificates.(A1)"]


def test_what_must_not_be_used_is_a_finding_of_policy_and_keeps_the_farm_from_looking_well() -> None:
    document = read(render(SHAPES["expired"], MADE))
    told = section(document, "Policy").text

    assert "portal/certificates.session: must not be used: it expired on 2026-11-01 on web1" in told
    assert "portal/certificates.session: SHA-1 on web1" in told
    assert section(document, "Farm portal").one("h2").text == ("Farm portal ! in order, but something must not be used")


@pytest.mark.parametrize("name", ["limited", "without one"])
def test_a_farm_of_which_a_part_was_not_looked_at_is_not_simply_in_order(name: str) -> None:
    farm = section(read(render(SHAPES[name], MADE)), "Farm portal")
    assert farm.one("h2").text == "Farm portal ? in order, as far as it was looked at"


def test_equal_keys_that_are_not_declared_do_not_look_well() -> None:
    told = section(read(render(SHAPES["checked"], MADE)), "Farm portal").text
    assert "≠ the only node shows a key, and not the declared one sha256:2 not the declared one: web1" in told


def test_problems_of_the_spec_stand_at_the_top_with_their_places() -> None:
    told = section(read(render(SHAPES["invalid"], MADE)), "Problems").text

    assert told.count("machine_keys.portal.decryption_key: 30 hex digits at inventory.yml:5:17") == 2
    assert "machine_keys.portal.validation_key: publicly known (policy)" in told


def test_how_it_was_proved_says_what_was_asked_and_what_was_looked_at_again() -> None:
    drifted, applied, silent, checked = (
        section(read(render(SHAPES[name], MADE)), "How it was proved").text
        for name in ("drifted", "applied", "unreachable", "checked")
    )

    assert "2 of 2 nodes answered. 4 things were compared" in re.sub(r"\s+", " ", drifted)
    assert "The run only looked: it has changed nothing on any node." in drifted
    assert "Digest of the spec: d1" in drifted
    assert "observing 1.500 2 web1 1.250" in drifted
    assert "After the commit every node was observed again" in applied
    assert "Where the spec names a health probe, each node has passed it." in applied
    assert "1 of 2 nodes answered." in silent
    assert "Nothing here is proved for 1 node" in silent
    assert "The run only looked" in checked


def test_in_waves_only_nodes_that_were_switched_were_observed_again() -> None:
    told = section(read(render(SHAPES["in waves"], MADE)), "How it was proved").text
    assert "After the commit every node that was switched was observed again" in told
    assert "1 other node was seen as wanted at the beginning, and not observed again." in told


CLEAN = "nothing on the nodes must not be used"


@pytest.mark.parametrize(
    ("shape", "unseen"),
    [
        ("in order", None),
        ("applied", None),
        ("all unreachable", "1 node uses"),
        ("unreachable", "1 node uses"),
        ("limited", "1 node uses"),
        ("interrupted", "1 node uses"),
        ("valid", "1 node uses"),
        ("taken back", "1 node uses"),
        ("overdue", None),
    ],
)
def test_policy_says_nothing_of_nodes_that_were_not_asked(shape: str, unseen: str | None) -> None:
    told = section(read(render(SHAPES[shape], MADE)), "Policy").text
    assert (CLEAN in told) is (unseen is None and shape != "overdue")
    assert (f"Nothing is known of what {unseen}." in told) is (unseen is not None)


def test_rollback_does_not_claim_to_have_compared_what_is_declared() -> None:
    page = read(render(SHAPES["taken back"], MADE))
    assert "Everything that is declared" not in page.one("main").text
    assert "Rollback compares what a run has changed" in section(page, "What was not looked at").text


def test_only_nodes_that_have_a_place_are_said_to_show_the_same_key() -> None:
    nodes = (node("web1", SAME), node("web2", SAME), node("web3"))
    told = section(read(render(of(Verb.DRIFT, Verdict.IN_ORDER, *nodes), MADE)), "Farm portal").text
    assert "all 2 nodes that have it show the same key" in told
    assert "not declared there: web3" in told


def test_a_run_that_says_nothing_of_a_declared_node_does_not_look_well() -> None:
    for report in (run(Verb.DRIFT, declared=("web1",)), dataclasses.replace(SHAPES["in order"], declared=("web9",))):
        page = read(render(report, MADE))
        assert page.one("h1").text == "Not everything that is declared was looked at"


def test_hostile_text_stays_text() -> None:
    page = render(hostile(), MADE)
    tame = render(SHAPES["drifted"], MADE) + render(SHAPES["overdue"], MADE) + render(SHAPES["noted"], MADE)

    assert {each.tag for each in read(page).all()} <= set(re.findall(r"<(\w+)", tame))
    assert 'a"b\\c d<e>&␛[31m␀�� ' in f"{section(read(page), 'Policy').text} "
    assert not {"\x1b", "\x00", "\ud800", "\u202e"} & set(page)
    page.encode()
