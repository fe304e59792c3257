"""Facts about machine keys: which algorithms, lengths and spellings are taken, and which are refused."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.machine_key import (
    COMPATIBILITY_MODES,
    DECRYPTIONS,
    LEGACY_VALIDATIONS,
    OMIT,
    MachineKey,
    check_decryption,
    check_decryption_key,
    check_digits,
    check_mode,
    check_runtime,
    check_validation,
    check_validation_key,
    decryption_key_lengths,
    fingerprint,
    generate,
    is_automatic,
    key_bytes,
)
from keydeploy.secret import Secret

MARK = "5EC2E7"
"""Stands in every refused value and must stand in no message."""
MODES = (*COMPATIBILITY_MODES, OMIT)
LEGACY_MODES = ("Framework20SP1", "Framework20SP2", OMIT)
ALGORITHMS = [
    (validation, decryption, mode)
    for mode in MODES
    for validation in LEGACY_VALIDATIONS
    for decryption in DECRYPTIONS
    if mode != "Framework45" or validation not in ("MD5", "3DES", "AES")
]


def digits(length: int) -> str:
    return (MARK * (length // len(MARK) + 1))[:length]


def refusal(check: Callable[[], object]) -> KeyMaterialError:
    """Answer how *check* refuses; the refused value is marked and must not be quoted."""
    with pytest.raises(KeyMaterialError) as caught:
        check()
    assert MARK.lower() not in f"{caught.value} {caught.value.message} {caught.value.hint}".lower()
    assert caught.value.__context__ is None
    return caught.value


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("validation", ["SHA1", "HMACSHA256", "HMACSHA384", "HMACSHA512"])
def test_every_mode_knows_the_keyed_hashes(validation: str, mode: str) -> None:
    check_validation(validation, mode)


@pytest.mark.parametrize("mode", LEGACY_MODES)
@pytest.mark.parametrize("validation", ["MD5", "3DES", "AES"])
def test_the_old_modes_know_the_old_validations(validation: str, mode: str) -> None:
    check_validation(validation, mode)


@pytest.mark.parametrize("validation", ["MD5", "3DES", "AES"])
def test_framework45_does_not_know_the_old_validations(validation: str) -> None:
    error = refusal(lambda: check_validation(validation, "Framework45"))
    assert error.message == "Framework45 does not know this algorithm and fails at the first ticket"
    assert error.hint == "use one of SHA1, HMACSHA256, HMACSHA384, HMACSHA512"


@pytest.mark.parametrize("decryption", ["AES", "3DES", "DES", "Auto"])
def test_every_decryption_of_aspnet_is_known(decryption: str) -> None:
    check_decryption(decryption)


@pytest.mark.parametrize("mode", ["Framework20SP1", "Framework20SP2", "Framework45", "omit"])
def test_every_mode_of_aspnet_is_known_and_so_is_its_omission(mode: str) -> None:
    check_mode(mode)


@pytest.mark.parametrize(
    ("check", "text", "spelled"),
    [
        (lambda text: check_validation(text, "Framework45"), "hmacsha256", "HMACSHA256"),
        (lambda text: check_validation(text, "Framework45"), " SHA1 ", "SHA1"),
        (lambda text: check_validation(text, OMIT), "md5", "MD5"),
        (check_decryption, "aes", "AES"),
        (check_decryption, "auto", "Auto"),
        (check_mode, "framework45", "Framework45"),
        (check_mode, "Omit", "omit"),
    ],
)
def test_a_name_in_another_case_is_refused_with_the_right_spelling(
    check: Callable[[str], None], text: str, spelled: str
) -> None:
    error = refusal(lambda: check(text))
    assert error.message.endswith("is case-sensitive")
    assert error.hint == f"write {spelled}"


@pytest.mark.parametrize("name", [MARK, f"HMAC{MARK}", "SHA1," + MARK])
@pytest.mark.parametrize(
    ("check", "attribute"),
    [
        (lambda name: check_validation(name, "Framework45"), "validation"),
        (lambda name: check_validation(name, "Framework20SP1"), "validation"),
        (check_decryption, "decryption"),
        (check_mode, "compatibility_mode"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    check: Callable[[str], None], attribute: str, name: str
) -> None:
    error = refusal(lambda: check(name))
    assert error.message == f"unknown {attribute}"
    assert error.hint
    assert error.hint.startswith("use one of ")


def test_an_empty_name_is_unknown() -> None:
    assert refusal(lambda: check_decryption("")).message == "unknown decryption"


@pytest.mark.parametrize("name", [f"alg:{MARK}", f"ALG:{MARK}", "alg:"])
def test_a_custom_algorithm_is_refused_as_not_provable(name: str) -> None:
    for check in (lambda: check_validation(name, OMIT), lambda: check_decryption(name)):
        assert "agreement cannot be proved" in refusal(check).message


@pytest.mark.parametrize("length", [40, 42, 64, 126, 128])
@pytest.mark.parametrize("validation", [*LEGACY_VALIDATIONS, None])
def test_a_validation_key_of_40_to_128_digits_suits_all(validation: str | None, length: int) -> None:
    check_validation_key(digits(length), validation)


@pytest.mark.parametrize("length", [2, 32, 38])
@pytest.mark.parametrize("validation", [*LEGACY_VALIDATIONS, None])
def test_a_shorter_validation_key_suits_none(validation: str | None, length: int) -> None:
    error = refusal(lambda: check_validation_key(digits(length), validation))
    assert error.message.startswith(f"{length} hex digits; {validation or 'every algorithm'} takes 40 to ")


@pytest.mark.parametrize("validation", ["HMACSHA384", "HMACSHA512", None])
def test_a_wide_hash_takes_a_validation_key_of_up_to_256_digits(validation: str | None) -> None:
    check_validation_key(digits(130), validation)
    check_validation_key(digits(256), validation)
    error = refusal(lambda: check_validation_key(digits(258), validation))
    assert error.message.endswith("takes 40 to 256")


@pytest.mark.parametrize("validation", ["SHA1", "HMACSHA256", "MD5", "3DES", "AES"])
@pytest.mark.parametrize("length", [130, 256])
def test_a_validation_key_above_128_digits_breaks_the_other_algorithms(validation: str, length: int) -> None:
    error = refusal(lambda: check_validation_key(digits(length), validation))
    assert error.message == f"{length} hex digits; {validation} takes 40 to 128"


@pytest.mark.parametrize(
    ("decryption", "mode", "lengths"),
    [
        ("DES", "Framework45", {16}),
        ("DES", "Framework20SP1", {16}),
        ("DES", None, {16}),
        ("3DES", "Framework45", {32, 48}),
        ("3DES", "Framework20SP2", {32, 48}),
        ("3DES", None, {32, 48}),
        ("AES", "Framework45", {32, 48, 64}),
        ("AES", OMIT, {32, 48, 64}),
        ("AES", None, {32, 48, 64}),
        ("Auto", "Framework45", {32, 48, 64}),
        ("Auto", "Framework20SP1", {16, 32, 48, 64}),
        ("Auto", "Framework20SP2", {16, 32, 48, 64}),
        ("Auto", OMIT, {16, 32, 48, 64}),
    ],
)
def test_each_decryption_has_its_lengths(decryption: str, mode: str | None, lengths: set[int]) -> None:
    assert set(decryption_key_lengths(decryption, mode)) == lengths
    for length in range(2, 132, 2):
        if length in lengths:
            check_decryption_key(digits(length), decryption, mode)
        else:
            error = refusal(partial(check_decryption_key, digits(length), decryption, mode))
            assert error.message.startswith(f"{length} hex digits; {decryption} takes ")


@pytest.mark.parametrize(
    ("decryption", "mode", "told"),
    [
        ("DES", None, "30 hex digits; DES takes 16"),
        ("3DES", None, "30 hex digits; 3DES takes 32 or 48"),
        ("AES", None, "30 hex digits; AES takes 32, 48 or 64"),
        ("Auto", OMIT, "30 hex digits; Auto takes 16, 32, 48 or 64"),
    ],
)
def test_a_wrong_length_is_told_with_the_right_ones(decryption: str, mode: str | None, told: str) -> None:
    assert refusal(lambda: check_decryption_key(digits(30), decryption, mode)).message == told


@pytest.mark.parametrize(("decryption", "mode"), [(None, None), (None, "Framework45"), ("Auto", None)])
def test_an_unknown_decryption_takes_any_length(decryption: str | None, mode: str | None) -> None:
    check_decryption_key(digits(30), decryption, mode)
    refusal(lambda: check_decryption_key(digits(31), decryption, mode))


UNTRUE_KEYS = [
    ("", "the key is empty"),
    (digits(40) + "G", "the key holds characters other than"),
    ("0x" + digits(40), "the key holds characters other than"),
    (digits(20) + " " + digits(20), "the key holds characters other than"),
    (digits(20) + "-" + digits(20), "the key holds characters other than"),
    (digits(40) + "\N{FULLWIDTH DIGIT ONE}" * 2, "the key holds characters other than"),
    (digits(40) + ",", "the key holds characters other than"),
    (digits(40) + ",Other", "the key holds characters other than"),
    (digits(41), "41 hex digits, an odd number"),
    ("A", "1 hex digits, an odd number"),
    (" " + digits(40), "white space around the key"),
    (digits(40) + "\n", "white space around the key"),
    (digits(40) + "\r\n", "white space around the key"),
    (digits(40) + "\N{NO-BREAK SPACE}", "white space around the key"),
    (" ", "white space around the key"),
    (digits(40) + ",IsolateApps", "an Isolate modifier replaces key bits"),
    (digits(40) + ",isolateapps", "an Isolate modifier replaces key bits"),
    (digits(40) + ", IsolateApps ", "an Isolate modifier replaces key bits"),
    (digits(40) + ",IsolateByAppId", "an Isolate modifier replaces key bits"),
    (digits(40) + ",IsolateApps,IsolateByAppId", "an Isolate modifier replaces key bits"),
    ("AutoGenerate", "AutoGenerate gives every node"),
    ("autogenerate", "AutoGenerate gives every node"),
    (" AutoGenerate ", "AutoGenerate gives every node"),
    ("AutoGenerate,IsolateApps", "AutoGenerate gives every node"),
    ("AutoGenerate, IsolateApps, IsolateByAppId", "AutoGenerate gives every node"),
]


@pytest.mark.parametrize(("text", "reason"), UNTRUE_KEYS)
@pytest.mark.parametrize(
    "check",
    [
        check_digits,
        lambda text: check_validation_key(text, "HMACSHA256"),
        lambda text: check_validation_key(text, None),
        lambda text: check_decryption_key(text, "AES", "Framework45"),
        lambda text: check_decryption_key(text, None, None),
    ],
    ids=["digits", "validation", "any validation", "decryption", "any decryption"],
)
def test_what_is_no_explicit_key_is_refused_with_the_reason(
    check: Callable[[str], None], text: str, reason: str
) -> None:
    error = refusal(lambda: check(text))
    assert error.message.startswith(reason)
    assert error.hint


@pytest.mark.parametrize(
    ("text", "automatic"),
    [
        ("AutoGenerate", True),
        (" autogenerate,isolateapps", True),
        (digits(40), False),
        (digits(40) + ",IsolateApps", False),
        ("", False),
    ],
)
def test_an_automatic_key_is_recognised(text: str, automatic: bool) -> None:
    assert is_automatic(text) is automatic


def test_key_bytes_reads_both_cases() -> None:
    assert key_bytes("00fF") == b"\x00\xff"


@pytest.mark.parametrize("text", ["", digits(7), f"{MARK} {MARK}", MARK + "G0", MARK + "\n", "AutoGenerate"])
def test_key_bytes_refuses_what_is_not_hexadecimal(text: str) -> None:
    refusal(lambda: key_bytes(text))


PAIR = ("HMACSHA256", "AES", "ab" * 20, "cd" * 16)


def test_a_fingerprint_covers_the_framed_keys_under_their_algorithms() -> None:
    framed = b"\0\0\0\x14" + b"\xab" * 20 + b"\0\0\0\x10" + b"\xcd" * 16
    expected = hashlib.sha256(b"keydeploy machine key\nHMACSHA256\nAES\n" + framed).hexdigest()
    assert fingerprint(*PAIR) == f"sha256:{expected}"


def test_a_fingerprint_ignores_the_case_of_the_digits() -> None:
    assert fingerprint(*PAIR) == fingerprint("HMACSHA256", "AES", "AB" * 20, "Cd" * 16)


@pytest.mark.parametrize(
    "other",
    [
        ("SHA1", "AES", "ab" * 20, "cd" * 16),
        ("HMACSHA256", "Auto", "ab" * 20, "cd" * 16),
        ("HMACSHA256", "AES", "ab" * 19 + "ac", "cd" * 16),
        ("HMACSHA256", "AES", "ab" * 20, "cd" * 15 + "ce"),
        ("HMACSHA256", "AES", "cd" * 16, "ab" * 20),
        ("HMACSHA256", "AES", "ab" * 20 + "cd", "cd" * 15),
    ],
    ids=["validation", "decryption", "validation key", "decryption key", "exchanged", "border moved"],
)
def test_a_fingerprint_changes_with_each_part(other: tuple[str, str, str, str]) -> None:
    assert fingerprint(*PAIR) != fingerprint(*other)


def machine_key(validation_key: bytes = b"ab" * 20, mode: str | None = "Framework45") -> MachineKey:
    return MachineKey(
        validation="HMACSHA256",
        decryption="AES",
        compatibility_mode=mode,
        validation_key=Secret(validation_key),
        decryption_key=Secret.of("cd" * 16),
    )


def older_key(**values: str | None) -> MachineKey:
    return replace(machine_key(mode="Framework20SP2"), **{"validation": "SHA1", **values})  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["Framework20SP1", "Framework20SP2", None])
@pytest.mark.parametrize("validation", ["SHA1", "MD5", "3DES", "AES"])
def test_an_older_runtime_takes_what_it_knows(validation: str, mode: str | None) -> None:
    check_runtime(older_key(validation=validation, compatibility_mode=mode), "v2.0")


@pytest.mark.parametrize(
    "values",
    [
        {"validation": "HMACSHA256"},
        {"validation": "HMACSHA384"},
        {"validation": "HMACSHA512"},
        {"compatibility_mode": "Framework45"},
        {"data_protector_type": f"My.Protector{MARK}", "application_name": "portal"},
    ],
    ids=lambda values: next(iter(values)),
)
def test_an_older_runtime_refuses_what_came_after_it(values: dict[str, str | None]) -> None:
    error = refusal(lambda: check_runtime(older_key(**values), "v2.0"))
    assert error.message.startswith("the application's pool loads .NET 2.0")
    assert error.hint
    check_runtime(older_key(**values), "v4.0")


def test_a_machine_key_has_the_fingerprint_of_its_parts_whatever_its_mode() -> None:
    assert machine_key().fingerprint == machine_key(mode=None).fingerprint == fingerprint(*PAIR)


def test_a_key_that_is_not_even_text_has_no_fingerprint() -> None:
    refusal(lambda: machine_key(MARK.encode() + b"\xff\xfe").fingerprint)


def test_a_machine_key_does_not_show_its_keys() -> None:
    shown = repr(machine_key(digits(40).encode()))
    assert MARK not in shown
    assert "cdcd" not in shown
    assert shown.count("<secret>") == 2


@pytest.mark.parametrize(
    ("decryption", "mode", "decryption_bytes"),
    [
        ("AES", "Framework45", 32),
        ("Auto", "Framework45", 32),
        ("Auto", "Framework20SP1", 32),
        ("3DES", "Framework45", 24),
        ("DES", "Framework45", 8),
    ],
)
def test_a_new_pair_has_64_bytes_for_validation_and_the_longest_decryption_key(
    decryption: str, mode: str, decryption_bytes: int
) -> None:
    asked: list[int] = []

    def random_bytes(count: int) -> bytes:
        asked.append(count)
        return bytes([0xA0 + len(asked)] * count)

    key = generate(random_bytes, decryption=decryption, mode=mode)
    assert asked == [64, decryption_bytes]
    assert key.validation_key.reveal() == b"A1" * 64
    assert key.decryption_key.reveal() == b"A2" * decryption_bytes


def test_a_new_pair_is_made_for_framework45_unless_asked_otherwise() -> None:
    key = generate(bytes)
    assert (key.validation, key.decryption, key.compatibility_mode) == ("HMACSHA256", "AES", "Framework45")
    assert (key.data_protector_type, key.application_name) == (None, None)


@pytest.mark.parametrize(("validation", "decryption", "mode"), ALGORITHMS)
def test_a_new_pair_passes_its_own_checks(validation: str, decryption: str, mode: str) -> None:
    key = generate(bytes, validation=validation, decryption=decryption, mode=mode)
    assert (key.validation, key.decryption) == (validation, decryption)
    assert key.compatibility_mode == (None if mode == OMIT else mode)
    check_validation_key(key.validation_key.reveal().decode(), key.validation)
    check_decryption_key(key.decryption_key.reveal().decode(), key.decryption, mode)
    assert key.fingerprint.startswith("sha256:")


@pytest.mark.parametrize(
    ("validation", "decryption", "mode"),
    [
        ("MD5", "AES", "Framework45"),
        ("HMACSHA256", "aes", "Framework45"),
        ("HMACSHA256", "AES", "Framework46"),
        ("alg:X", "AES", OMIT),
    ],
)
def test_no_pair_is_made_for_algorithms_that_the_mode_does_not_know(
    validation: str, decryption: str, mode: str
) -> None:
    def no_random_bytes(count: int) -> bytes:
        raise AssertionError(count)

    refusal(lambda: generate(no_random_bytes, validation=validation, decryption=decryption, mode=mode))
