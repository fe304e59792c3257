"""Every link of the documentation leads somewhere, and every page can be reached."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors_of, links_of, name_of

ENTRY = ROOT / "README.md"
MAP = ROOT / "docs/README.md"


def target(page: Path, link: str) -> tuple[Path, str]:
    """Answer file and anchor to which the relative *link* of *page* leads."""
    path, _, anchor = link.partition("#")
    return (page.parent / path).resolve() if path else page, anchor


def local(page: Path) -> list[str]:
    return [link for link in links_of(page) if not re.match(r"https?:|mailto:", link)]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    broken = []
    for link in local(page):
        file, anchor = target(page, link)
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_to_other_sites_are_encrypted(page: Path) -> None:
    assert [link for link in links_of(page) if link.startswith("http:")] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [ENTRY]
    while left:
        page = left.pop()
        if page not in reached:
            reached.add(page)
            left += [file for file, _ in (target(page, link) for link in local(page)) if file in PAGES]
    assert [name_of(page) for page in PAGES if page not in reached] == []


def test_the_map_names_every_page_but_those_of_commands_and_rules() -> None:
    named = {target(MAP, link)[0] for link in local(MAP)}
    wanted = {*(ROOT / "docs").glob("*.md")} - {MAP}
    assert sorted(name_of(page) for page in wanted - named) == []


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [("## A key has leaked", "a-key-has-leaked"), ("# Rules of `keydeploy lint`", "rules-of-keydeploy-lint")],
)
def test_anchors_are_those_that_readers_get(heading: str, anchor: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{heading}\n\ntext\n", "utf-8")
    assert anchors_of(page) == {anchor}
