"""Every command of the documentation runs as it stands there, and prints what the page shows."""

import re
import shlex
from pathlib import Path

import pytest

from tests.docs import cannot
from tests.docs.pages import PAGES, ROOT, Block, commands_of, name_of, parts_of
from tests.docs.running import AS, Skip, Step, events_of, faults_of, prints, run
from tests.docs.states import Shelf

HERE = [page for page in PAGES if name_of(page) not in cannot.ELSEWHERE]
RUN = [page for page in HERE if any(isinstance(event, Step) for event in events_of(page))]
COMMAND = re.compile(r"^(\$ |keydeploy |ansible-(playbook|vault|runner|navigator) )", re.MULTILINE)


def plain(command: str) -> str:
    """Answer *command* without its comment, with single blanks."""
    return " ".join(shlex.split(command, comments=True))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    return Shelf(tmp_path_factory.mktemp("states"))


@pytest.mark.parametrize("page", RUN, ids=name_of)
def test_the_commands_of_a_page_run_and_print_what_it_shows(page: Path, shelf: Shelf, tmp_path: Path) -> None:
    told = run(list(events_of(page)), shelf, tmp_path)
    faults = list(faults_of(page, told))
    assert not faults, "\n\n".join(faults)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_command_stands_in_a_block_that_is_not_run(page: Path) -> None:
    blocks = [part for part in parts_of(page) if isinstance(part, Block) and not commands_of(part)]
    assert [block.line for block in blocks if COMMAND.search(block.text)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_fence_names_its_language(page: Path) -> None:
    assert [part.line for part in parts_of(page) if isinstance(part, Block) and not part.language] == []


def test_what_is_not_run_has_a_reason_that_is_needed() -> None:
    skipped = [event for page in HERE for event in events_of(page) if isinstance(event, Skip)]
    assert all(len(event.reason.split()) > 2 for event in skipped)
    unused = [
        pattern for pattern in cannot.REASONS if not any(re.match(pattern, event.shown.command) for event in skipped)
    ]
    assert unused == []


def test_what_runs_with_another_page_stands_there() -> None:
    there = {
        (name_of(page), plain(event.shown.command))
        for page in HERE
        for event in events_of(page)
        if isinstance(event, Step)
    }
    referred = {
        (event.reason.removeprefix(AS), plain(event.shown.command))
        for page in HERE
        for event in events_of(page)
        if isinstance(event, Skip) and event.reason.startswith(AS)
    }
    assert referred <= there


@pytest.mark.parametrize(("page", "test"), cannot.ELSEWHERE.items())
def test_a_page_that_is_tested_elsewhere_is_named_there(page: str, test: str) -> None:
    assert (ROOT / page).is_file()
    assert Path(page).name in (ROOT / test).read_text("utf-8")


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("run 9baa1e46c0fc4a259d69fc76bcc5c9b0, 5 s ago", "run 92a922e25eb24882bf817c97ea68ba43, 0.7 s ago\n", True),
        ("All 3 nodes are in order.", "keydeploy: observing: 2 of 3 nodes, 2.1 s\nAll 3 nodes are in order.\n", True),
        ("web1\n...\nweb3", "web1\nweb2\nweb3\n", True),
        ("web1\n...\nweb3", "web1\nweb3\n", True),
        ("...", "", True),
        ("web1 ... web2", "web1 is not web3\n", False),
        ("3 nodes as declared", "2 nodes as declared\n", False),
        ("made nodes/web1", "made nodes/web1\nmade nodes/web2\n", False),
    ],
)  # fmt: skip
def test_what_is_printed_is_compared_apart_from_what_differs_from_run_to_run(
    shown: str, printed: str, same: bool
) -> None:
    assert prints(shown, printed) is same
