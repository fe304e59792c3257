"""Long lines break between words for a person at a terminal, and nowhere else."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from keydeploy.cli.screen import broken, write

LINE = "        impact: forms tickets, session cookies and view state of before are refused"


def console(width: int) -> Console:
    return Console(width=width, soft_wrap=True, highlight=False, file=io.StringIO())


def parts(line: str, width: int) -> list[str]:
    return [part.plain for part in broken(Text(line), console(width))]


def test_a_line_goes_on_further_in_than_it_began() -> None:
    assert parts(LINE, 40) == [
        "        impact: forms tickets, session",
        "          cookies and view state of",
        "          before are refused",
    ]


def test_what_fits_stays_as_it_is() -> None:
    assert parts(LINE, len(LINE)) == [LINE]


def test_a_word_that_is_too_long_stays_whole() -> None:
    path = "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Config\\web.config"
    assert parts(f"    see {path} there", 30) == ["    see", f"      {path}", "      there"]


def test_wide_characters_count_as_they_are_shown() -> None:
    assert all(Text(part).cell_len <= 12 for part in parts("鍵鍵鍵 鍵鍵鍵 鍵鍵鍵 鍵", 12))


def test_a_style_goes_on_over_the_break() -> None:
    line = Text("one two three four five", style="red")
    line.stylize("bold", 4, 18)
    found = list(broken(line, console(10)))
    assert [part.plain for part in found] == ["one two", "  three", "  four", "  five"]
    assert {str(part.style) for part in found} == {"red"}
    bold = [part.plain[span.start : span.end] for part in found for span in part.spans if span.style == "bold"]
    assert [text.strip() for text in bold] == ["two", "three", "four"]


@given(
    st.lists(st.text(st.characters(categories=["Ll", "Lo"]), min_size=1, max_size=12), min_size=1),
    st.integers(0, 12),
    st.integers(10, 80),
)
def test_no_word_is_lost_and_no_line_is_too_long(words: list[str], blanks: int, width: int) -> None:
    line = " " * blanks + " ".join(words)
    found = parts(line, width)
    assert " ".join(found).split() == line.split()
    for part in found:
        assert Text(part).cell_len <= width or " " not in part.strip()


@pytest.mark.parametrize("colours", [True, False])
def test_what_is_no_screen_gets_lines_whole(colours: bool) -> None:
    file = io.StringIO()
    write(Console(width=20, file=file, force_terminal=colours, soft_wrap=True, highlight=False), [Text(LINE)])
    assert file.getvalue() == LINE + "\n"
