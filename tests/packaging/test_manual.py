"""The manual page is what the command line's parsers say today, and is a page by the rules of man(7)."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from keydeploy.cli import parser
from release import manual
from tests.conftest import missing


@pytest.fixture(scope="module")
def shown() -> str:
    """Answer the page as a terminal of 80 columns shows it."""
    if shutil.which("mandoc") is None:
        missing("mandoc (Debian: mandoc)")
    command = ["mandoc", "-Tutf8", "-Owidth=80", str(manual.PAGE)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8"})
    return re.sub(r".\x08", "", done.stdout)  # bold and underlined are struck over


def test_the_page_is_that_of_the_parsers_of_today() -> None:
    assert manual.PAGE.read_text("utf-8") == manual.page(), "python -m release.manual writes it anew"


def test_the_page_keeps_the_rules_of_man() -> None:
    if shutil.which("mandoc") is None:
        missing("mandoc (Debian: mandoc)")
    done = subprocess.run(["mandoc", "-Tlint", str(manual.PAGE)], capture_output=True, text=True, check=False)
    told = [line.partition(": ")[2].partition(": ")[2] for line in done.stdout.splitlines()]
    # A date would differ from day to day, and long lines of a source that nobody writes are in nobody's way.
    assert [line for line in told if "missing date" not in line and "longer than 80 bytes" not in line] == []


def test_groff_has_nothing_to_warn_of() -> None:
    if shutil.which("man") is None:
        missing("man (Debian: man-db)")
    command = ["man", "--warnings", "--local-file", "--encoding=UTF-8", str(manual.PAGE)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    )
    assert done.stderr == ""


@pytest.mark.parametrize("section", ["NAME", "SYNOPSIS", "COMMANDS", "COMMON OPTIONS", "EXIT STATUS", "SEE ALSO"])
def test_the_page_has_the_sections_that_people_look_for(section: str, shown: str) -> None:
    assert f"\n{section}\n" in shown


def test_every_option_of_every_command_is_in_it(shown: str) -> None:
    for name, command in manual._commands(parser()):
        part = shown.partition(f"\n   {name} ")[2].partition("\n   keydeploy ")[0]
        assert part, name
        for action in command._actions:
            for option in action.option_strings:
                if option.startswith("--") and option != "--help":
                    assert option in part, (name, option)


def test_what_roff_would_read_as_its_own_is_shown_as_it_is() -> None:
    assert manual._escaped(".so \\etc 'x' -v → é") == "\\&.so \\eetc 'x' \\-v \\[u2192] \\[u00E9]"


def test_the_wheel_installs_the_page_where_man_looks(installed: Path) -> None:
    assert (installed / "share/man/man1/keydeploy.1").read_text("utf-8") == manual.page()
