"""Pages in a real browser: they fit, stay by themselves, can be read in every scheme, by keyboard, and on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Open, Scheme
from tests.browser.pages import PAGES

PHONE, DESK = 390, 1280

every_page = pytest.mark.parametrize("name", PAGES)
every_width = pytest.mark.parametrize("width", [PHONE, DESK])
every_scheme = pytest.mark.parametrize("scheme", ["light", "dark"])


@every_page
@every_width
def test_a_page_fits_its_window_and_asks_for_nothing_but_itself(show: Open, name: str, width: int) -> None:
    opened = show(PAGES[name], width)

    assert opened.overflow == 0
    assert opened.requests == [opened.address]
    assert opened.complaints == []


@pytest.mark.parametrize("name", [name for name in PAGES if name != "large"])
@every_scheme
def test_a_page_is_accessible(show: Open, name: str, scheme: Scheme) -> None:
    opened = show(PAGES[name], DESK if scheme == "light" else PHONE, scheme)
    found = Axe().run(opened.page).response

    assert len(found["passes"]) > 10
    assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]] == []


@pytest.mark.parametrize(("script", "told"), [("document.body.style.color = '#bbb'", "color-contrast")])
def test_the_check_of_accessibility_finds_what_is_wrong(show: Open, script: str, told: str) -> None:
    opened = show(PAGES["drifted"])
    opened.page.evaluate(script)
    assert told in {each["id"] for each in Axe().run(opened.page).response["violations"]}


def test_the_policy_keeps_a_planted_script_and_picture_out(show: Open) -> None:
    planted = (
        '<script>document.title = "taken"</script><img src="https://example.com/x.png" onerror="document.title=1">'
    )
    opened = show(PAGES["drifted"].replace("</main>", f"{planted}</main>"))

    assert opened.page.title().startswith("Drift was found")
    assert [each for each in opened.requests if each not in opened.blocked] == [opened.address]
    assert opened.blocked == ["https://example.com/x.png"]
    assert any("Content Security Policy" in each for each in opened.complaints)


def test_dark_is_dark(show: Open) -> None:
    light, dark = (
        show(PAGES["drifted"], DESK, scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    )
    assert light == "rgb(255, 255, 255)"
    assert max(int(part) for part in re.findall(r"\d+", dark)) < 40


@every_width
def test_the_heads_of_a_large_picture_stay_in_sight(show: Open, width: int) -> None:
    page = show(PAGES["large"], width).page
    region = page.locator(".scroll").first
    region.evaluate("each => each.scrollTo(600, 900)")
    moved = region.evaluate("each => each.scrollTop")
    box, corner, head, node = (
        each.bounding_box()
        for each in (
            region,
            region.locator("thead th").first,
            region.locator("thead th").last,
            region.locator("tbody th").nth(40),
        )
    )

    assert box
    assert corner
    assert head
    assert node
    assert moved > 300
    assert abs(corner["y"] - box["y"]) <= 2
    assert abs(head["y"] - box["y"]) <= 2
    assert abs(corner["x"] - box["x"]) <= 2
    assert abs(node["x"] - box["x"]) <= 2
    assert page.evaluate("scrollX") == 0


def test_the_keyboard_reaches_the_content_the_picture_and_what_differs(show: Open) -> None:
    page = show(PAGES["large"]).page
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.inner_text() == "Skip to the content"
    place = skip.bounding_box()
    assert place
    assert place["y"] >= 0

    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.keyboard.press("Tab")
    region = page.locator(":focus")
    assert region.get_attribute("class") == "scroll"
    assert region.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "applications.application11.machine_key"
    page.keyboard.press("Enter")
    target = page.evaluate("location.hash")
    assert page.locator(target).locator("h4").inner_text() == "applications.application11.machine_key"


def test_what_a_screen_reader_is_told(show: Open) -> None:
    page = show(PAGES["drifted"]).page
    told = page.locator("body").aria_snapshot()

    assert '- heading "Drift was found" [level=1]' in told
    assert '- navigation "Contents"' in told
    assert '- columnheader "certificates.session"' in told
    assert '- rowheader "web1"' in told
    assert '- cell "differs"' in told
    assert '- cell "as declared"' in told
    assert "≠" not in told.partition("What differs")[0].partition("Farm portal")[2]


def test_on_paper_everything_is_there(show: Open) -> None:
    page = show(PAGES["drifted"], scheme="dark").page
    seen = "each => each.checkVisibility({contentVisibilityAuto: true, visibilityProperty: true})"
    edits = page.locator("details pre").first
    hidden = edits.evaluate(seen)
    page.emulate_media(media="print")

    assert (hidden, edits.evaluate(seen)) == (False, True)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    assert page.locator(".scroll").first.evaluate("each => getComputedStyle(each).overflowX") == "visible"


@pytest.mark.parametrize(("name", "most"), [("drifted", 4), ("large", 14)])
def test_a_page_prints(show: Open, name: str, most: int) -> None:
    printed = show(PAGES[name]).page.pdf(format="A4", print_background=True, prefer_css_page_size=True)

    assert printed.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= most


def test_signs_do_not_hang_on_colour(show: Open) -> None:
    page = show(PAGES["large"]).page
    looks = page.evaluate(
        """() => Array.from(document.querySelectorAll('.matrix td > *'),
             each => [each.className, each.firstElementChild.textContent])"""
    )
    by_tone: dict[str, set[str]] = {}
    for tone, symbol in looks:
        by_tone.setdefault(tone, set()).add(symbol)
    assert len(by_tone) >= 4
    assert len(set().union(*by_tone.values())) == sum(len(symbols) for symbols in by_tone.values())
