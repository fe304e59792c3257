"""Stand-ins: of the shape of what they stand for, the same everywhere, and nothing of it."""

import base64
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.rehearsal.stand_in import StandIns
from keydeploy.secret import Secret
from tests.observation.farm import PASSWORD, VALIDATION_KEY
from tests.rehearsal.copying import MADE

THUMBPRINT = "3FA4B1C2D3E4F5061728394A5B6C7D8E9F0A1B2C"
OF_THUMBPRINT = "0123456789ABCDEF0123456789ABCDEF01234567"
KNOWING = StandIns(MADE.key, {THUMBPRINT: OF_THUMBPRINT})

law = settings(max_examples=200, deadline=None, derandomize=True, database=None)
TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
HEX = st.text(string.hexdigits, min_size=16, max_size=256)


def shape(text: str) -> str:
    """Answer *text* with one letter for each class of characters."""
    return "".join(
        each
        if each.isspace() or each in "=;,"
        else "9"
        if each.isdigit()
        else "A"
        if each.isupper()
        else "a"
        if each.isalnum()
        else "!"
        for each in text
    )


@law
@given(TEXTS)
def test_a_text_keeps_its_shape_and_none_of_its_words(text: str) -> None:
    made = MADE.text(text)

    assert shape(made) == shape(text) or re.search("[0-9A-Fa-f]{16}", text)
    assert len(made) == len(text)
    assert not {*re.split(r"[\s=;,]+", text)} & {*re.split(r"[\s=;,]+", made)} - {""}


@law
@given(HEX)
def test_the_case_of_a_key_does_not_count_and_is_kept(digits: str) -> None:
    made = MADE.hexadecimal(digits)

    assert MADE.hexadecimal(digits.upper()) == made.upper()
    assert MADE.hexadecimal(digits.lower()).upper() == made.upper()
    assert digits != digits.lower() or digits.isdigit() or made == made.lower()
    assert len(made) == len(digits)
    assert made.upper() != digits.upper()
    assert MADE.text(digits) == made


def test_another_key_has_another_stand_in_and_so_it_has_in_another_rehearsal() -> None:
    other = StandIns(Secret(b"the key of another rehearsal"))

    assert MADE.hexadecimal(VALIDATION_KEY) != MADE.hexadecimal(VALIDATION_KEY[:-1] + "0")
    assert MADE.hexadecimal(VALIDATION_KEY) != other.hexadecimal(VALIDATION_KEY)
    assert MADE.text(PASSWORD) != other.text(PASSWORD)


def test_a_connection_string_keeps_its_marks_and_equal_passwords_stay_equal() -> None:
    one = MADE.text(f"Server=db1;User Id=sa;Password={PASSWORD}")
    other = MADE.text(f"Password={PASSWORD};Server=db2")

    assert re.fullmatch(r"\w{6}=\w\w\d;\w{4} \w\w=\w\w;\w{8}=.{14}", one)
    assert one.split("=")[-1] == other.split(";")[0].split("=")[1]
    assert one.split("=")[-1] == MADE.text(PASSWORD)


@pytest.mark.parametrize("text", ["key:{}", "<{}>", "a {} b", "{}", '"{}",'])
def test_a_key_is_found_in_the_midst_of_a_text(text: str) -> None:
    assert MADE.hexadecimal(VALIDATION_KEY) in MADE.text(text.format(VALIDATION_KEY))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (THUMBPRINT, OF_THUMBPRINT),
        (THUMBPRINT.lower(), OF_THUMBPRINT.lower()),
        (f"\u200e{THUMBPRINT}", f"\u200e{OF_THUMBPRINT}"),
        (" ".join(re.findall("..", THUMBPRINT.lower())), " ".join(re.findall("..", OF_THUMBPRINT.lower()))),
        (":".join(re.findall("..", THUMBPRINT)), ":".join(re.findall("..", OF_THUMBPRINT))),
    ],
)
def test_a_thumbprint_becomes_the_one_of_the_stand_in_however_it_is_written(written: str, expected: str) -> None:
    assert KNOWING.text(written) == expected


def test_the_name_of_a_certificates_container_follows_its_thumbprint() -> None:
    assert KNOWING.container(f"keydeploy-{THUMBPRINT}") == f"keydeploy-{OF_THUMBPRINT}"
    assert KNOWING.container(f"KeyDeploy-{THUMBPRINT.lower()}") == f"KeyDeploy-{OF_THUMBPRINT.lower()}"
    assert KNOWING.container("PortalConfiguration") == "PortalConfiguration"


@law
@given(st.binary(min_size=20, max_size=90))
def test_what_is_base64_stays_base64_of_the_same_length(content: bytes) -> None:
    text = base64.encodebytes(content).decode()
    made = MADE.base64(text)

    assert [each.isspace() for each in made] == [each.isspace() for each in text]
    assert len(base64.b64decode(made)) == len(content)
    assert base64.b64decode(made) != content


def test_what_is_no_base64_does_not_become_it() -> None:
    with pytest.raises(ValueError, match="Only base64"):
        base64.b64decode(MADE.base64("ab-d"), validate=True)
