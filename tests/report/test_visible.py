"""What would control a screen is shown as a sign, and everything else stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.report.visible import visible, visible_line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("web1\x00", "web1␀"),
        ("\x7f\x9b", "\ufffd\ufffd"),
        ("C:\\\u202egnp.exe", "C:\\\ufffdgnp.exe"),
        ("\ud800", "\ufffd"),
        ("a\u061cb\u200bc\u2028d\u2029e\ufefff", "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf"),
    ],
)
def test_a_control_character_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_what_is_written_stays(text: str) -> None:
    assert visible(f"{text}\r\n\t") == f"{text}\r\n\t"


@given(st.text())
def test_what_is_shown_can_be_written_and_shown_again(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    visible(text).encode()


def test_on_one_line_a_line_end_is_a_sign() -> None:
    assert visible_line("a\r\nb\tc\x1b") == "a␍␊b\tc␛"
    assert len(visible_line("".join(map(chr, range(0x3000)))).splitlines()) == 1
