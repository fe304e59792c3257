"""What would control a screen is shown as a sign, and everything else stays as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.report.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "␛[2J"),
        ("web1\x00", "web1␀"),
        ("\x7f\x9b", "\ufffd\ufffd"),
        ("C:\\\u202egnp.exe", "C:\\\ufffdgnp.exe"),
        ("\ud800", "\ufffd"),
    ],
)
def test_a_control_character_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs"])))
def test_what_is_written_stays(text: str) -> None:
    assert visible(f"{text}\r\n\t") == f"{text}\r\n\t"


@given(st.text())
def test_what_is_shown_can_be_written_and_shown_again(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    visible(text).encode()
