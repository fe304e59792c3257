"""Codes in every spelling that logs, headers and people use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.explain.codes import CODES, Code, found_in, number, parse


def spellings(code: Code) -> list[str]:
    signed, digits = code.value - 2**32, f"{code.value:08x}"
    numbers = [
        f"0x{digits}",
        f"0x{digits.upper()}",
        f"0X{digits}",
        digits,
        digits.upper(),
        str(signed),
        str(code.value),
    ]
    return [*numbers, f"(0x{digits})", f"0x{digits}.", f"0x{digits}L", code.name, code.name.lower(), code.name.title()]


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_a_code_is_known_in_every_spelling(code: Code) -> None:
    for spelling in spellings(code):
        assert parse(spelling) is code, spelling


@pytest.mark.parametrize("code", CODES, ids=lambda code: code.name)
def test_a_code_is_found_within_a_text(code: Code) -> None:
    for spelling in (code.hex, code.hex.lower(), code.hex[2:], str(code.value - 2**32), str(code.value), code.name):
        assert found_in(f"it failed (hr={spelling}), twice: {spelling}!") == (code,), spelling


@pytest.mark.parametrize(("spelling", "name"), [
    ("0x520", "ERROR_NO_SUCH_LOGON_SESSION"),
    ("1312", "ERROR_NO_SUCH_LOGON_SESSION"),
    ("0x6", "ERROR_INVALID_HANDLE"),
    ("6", "ERROR_INVALID_HANDLE"),
    ("86", "ERROR_INVALID_PASSWORD"),
    ("E_ACCESSDENIED", "ERROR_ACCESS_DENIED"),
])  # fmt: skip
def test_errors_of_win32_are_known_by_their_own_number(spelling: str, name: str) -> None:
    code = parse(spelling)
    assert code is not None
    assert code.name == name


def test_the_values_are_windows_own() -> None:
    assert {
        code.name: code.value for code in CODES if code.name in ("NTE_BAD_KEYSET", "NTE_EXISTS", "NTE_BAD_DATA")
    } == {
        "NTE_BAD_KEYSET": 0x80090016,
        "NTE_EXISTS": 0x8009000F,
        "NTE_BAD_DATA": 0x80090005,
    }
    assert parse("-2146893802") is parse("2148073494") is parse("NTE_BAD_KEYSET")
    assert len({code.value for code in CODES}) == len({code.name for code in CODES}) == len(CODES)


@pytest.mark.parametrize(
    "text", ["80090016AB", "AB80090016", "1-80090016", "0x800900161", "A0x80090016", "NTE_BAD_KEYSETS"]
)
def test_a_part_of_something_longer_is_no_code(text: str) -> None:
    assert found_in(text) == ()


@given(st.integers(min_value=0x80000000, max_value=2**32 - 1))
def test_every_failure_is_the_same_number_in_every_spelling(value: int) -> None:
    assert (
        number(f"{value:08x}") == number(f"0x{value:08X}") == number(str(value - 2**32)) == number(str(value)) == value
    )


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    parse(text)
    found_in(text)
