"""Publicly disclosed machine keys are recognised by their hashes, however they are spelled."""

import csv
import hashlib
import io
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydeploy.errors import DisclosedKeysError
from keydeploy.keys.disclosed import DisclosedKeys
from keydeploy.secret import Secret

EMPTY = hashlib.sha256(b"").hexdigest()
MODIFIERS = ["", ",IsolateApps", ", IsolateApps", ",IsolateByAppId", ",IsolateApps,IsolateByAppId", " , isolateapps"]

made = random.Random(7)
KEYS = [made.randbytes(size).hex().upper() for size in (64, 24, 32, 20)]


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def listed(*keys: str) -> DisclosedKeys:
    return DisclosedKeys.parse(written([[hashed(key), hashed("another" + key)] for key in keys]))


def written(rows: list[list[str]], header: str = "validationKey, decryptionKey") -> bytes:
    return "\n".join([header, *(", ".join(row) for row in rows)]).encode() + b"\n"


@pytest.fixture(scope="module")
def public(reference_data: Path) -> bytes:
    return (reference_data / "mstic-MachineKeys.csv").read_bytes()


def upper(content: bytes) -> bytes:
    return content.upper()


def with_spaces(content: bytes) -> bytes:
    return b"\n \n" + content.replace(b",", b"\t ,  ").replace(b"\n", b"  \n")


def with_a_mark(content: bytes) -> bytes:
    return b"\xef\xbb\xbf" + content


def in_utf_16(content: bytes) -> bytes:
    return content.decode().encode("utf-16")


def quoted(content: bytes) -> bytes:
    target = io.StringIO()
    csv.writer(target, quoting=csv.QUOTE_ALL).writerows(
        csv.reader(io.StringIO(content.decode()), skipinitialspace=True)
    )
    return target.getvalue().encode()


def with_crlf(content: bytes) -> bytes:
    return content.replace(b"\n", b"\r\n")


def in_other_columns(content: bytes) -> bytes:
    rows = [line.split(", ") for line in content.decode().splitlines()]
    return "\n".join(f"{i},{row[1]},https://example.org,{row[0]}" for i, row in enumerate(rows)).encode()


def without_a_header(content: bytes) -> bytes:
    return content.partition(b"\n")[2]


def with_remarks(content: bytes) -> bytes:
    return b"# CC-BY-4.0\n" + content + b"# end\n"


@pytest.mark.parametrize(
    "form",
    [
        bytes,
        upper,
        with_spaces,
        with_a_mark,
        in_utf_16,
        quoted,
        with_crlf,
        in_other_columns,
        without_a_header,
        with_remarks,
    ],
)
def test_every_hash_of_the_public_list_is_read_however_the_file_is_written(
    public: bytes, form: Callable[[bytes], bytes]
) -> None:
    rows = [line.split(", ") for line in public.decode().splitlines()[1:]]
    expected = {bytes.fromhex(cell) for row in rows for cell in row} - {bytes.fromhex(EMPTY)}
    assert len(expected) == 7336 - 1
    assert DisclosedKeys.parse(form(public)).hashes == expected


def test_no_key_of_a_generator_is_on_the_public_list(public: bytes) -> None:
    keys = DisclosedKeys.parse(public)
    assert not any(keys.holds(Secret.of(key)) for key in KEYS)


@pytest.mark.parametrize("modifiers", MODIFIERS)
@pytest.mark.parametrize("listed_with", MODIFIERS[:2] + MODIFIERS[3:5])
@pytest.mark.parametrize("spell", [str.upper, str.lower])
@pytest.mark.parametrize("declare", [str.upper, str.lower, str.swapcase, str.title])
def test_a_key_is_found_in_any_case_and_with_any_modifier(
    declare: Callable[[str], str], spell: Callable[[str], str], listed_with: str, modifiers: str
) -> None:
    for key in KEYS:
        disclosed = listed(spell(key) + listed_with)
        assert disclosed.holds(Secret.of(declare(key) + modifiers))
        assert not disclosed.holds(Secret.of(declare(key[:-2]) + modifiers))


def test_a_key_that_was_disclosed_in_mixed_case_is_found_as_it_is() -> None:
    assert listed("aB" * 32).holds(Secret.of(" " + "aB" * 32 + "\n"))


@pytest.mark.parametrize("column", [0, 1])
def test_each_key_counts_alone(column: int) -> None:
    row = ["", ""]
    row[column] = hashed(KEYS[0])
    assert DisclosedKeys.parse(written([row])).holds(Secret.of(KEYS[0].lower()))


@pytest.mark.parametrize("text", ["", "  ", ",IsolateApps", "AutoGenerate", "AutoGenerate,IsolateApps"])
def test_what_is_no_key_is_on_no_list(text: str) -> None:
    every = [[EMPTY, hashed(spelled)] for spelled in (text, text.upper(), text.lower(), text.strip())]
    disclosed = DisclosedKeys.parse(written([*every, [hashed(KEYS[0]), EMPTY]]))
    assert not disclosed.holds(Secret.of(text))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "it is empty"),
        (b" \r\n", "it is empty"),
        (b"<!DOCTYPE html>\n<html>", "web page"),
        (b'{"payload": {}}', "JSON"),
        (b"\xff\xfeab\x00", "not text"),
        (b"\x80\x81", "not text"),
        (b"validationKey, decryptionKey\n", "holds no hash"),
        (f"validationKey,decryptionKey\n{EMPTY},{EMPTY}\n".encode(), "holds no hash"),
        (b"404: Not Found", "line 1 "),
        (f"validationKey,decryptionKey\n{hashed('a')},{'A1' * 24}\n".encode(), "line 2 "),
        (f"{hashed('a')}\n\n{hashed('b')[:-1]}\n".encode(), "line 3 "),
        (b"a\x00,b\n", "line 1 "),
    ],
)
def test_what_is_no_list_is_refused_with_its_line_and_the_next_step(content: bytes, what: str) -> None:
    with pytest.raises(DisclosedKeysError, match=what) as refused:
        DisclosedKeys.parse(content)
    assert "CSV" in (refused.value.hint or "")
    assert "A1A1" not in refused.value.told


@pytest.mark.parametrize("line", ["{}  -", "{} *key.txt", "{}  a file.txt"])
def test_what_sha256sum_writes_is_a_list(line: str) -> None:
    content = line.format(hashlib.sha256(KEYS[0].encode()).hexdigest()).encode()
    assert DisclosedKeys.parse(content).holds(Secret.of(KEYS[0]))


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    with suppress(DisclosedKeysError):
        DisclosedKeys.parse(content)


def test_a_list_does_not_print_what_it_holds() -> None:
    assert repr(listed(KEYS[0])) == "DisclosedKeys()"
