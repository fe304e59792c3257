"""The Framework45 pipeline against vectors from outside, and what it refuses."""

import base64
import gzip
import hashlib
import hmac
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import KeyMaterialError
from keydeploy.keys.framework45 import FORMS_TICKET, OWIN_COOKIE, Purpose, protect, unprotect
from keydeploy.keys.machine_key import MachineKey
from keydeploy.secret import Secret

CANARY = Purpose.user("keydeploy", "canary")
CLEAR = b"keydeploy canary v1"
IV = bytes(range(0xC8, 0xD8))
VALIDATION_KEY = bytes(range(64)).hex()
DECRYPTION_KEY = bytes(range(0x64, 0x84)).hex()
DERIVED_VALIDATION_KEY = bytes.fromhex(
    "755ecdc31a96e3f0a460809eb7a1332cf775c12181234858d62306af30b9dc67"
    "63bb98d450a801c463dfa0a783883517961a89a4fbb565598b06b2be78520f16"
)
"""For CANARY. All literals of this kind were accepted by Microsoft's published source."""
DERIVED_FORMS_TICKET_KEY = bytes.fromhex("990c3ddcb552027450ed6dcf12cc426b559554f79f7bfeb7e1dd236c7f249a88")

VALIDATIONS = {"SHA1": 20, "HMACSHA256": 32, "HMACSHA384": 48, "HMACSHA512": 64}
DECRYPTIONS = [("AES", 16), ("AES", 24), ("AES", 32), ("Auto", 32), ("3DES", 16), ("3DES", 24), ("DES", 8)]

keys = st.builds(
    lambda validation, decryption: machine_key(validation, decryption[0], bytes(range(decryption[1])).hex()),
    st.sampled_from(sorted(VALIDATIONS)),
    st.sampled_from(DECRYPTIONS),
)
purposes = st.builds(
    Purpose, st.text(st.characters(codec="utf-8")), st.lists(st.text(st.characters(codec="utf-8"))).map(tuple)
)


def machine_key(
    validation: str = "SHA1",
    decryption: str = "AES",
    decryption_key: str = DECRYPTION_KEY,
    validation_key: str = VALIDATION_KEY,
    data_protector_type: str | None = None,
) -> MachineKey:
    return MachineKey(
        validation=validation,
        decryption=decryption,
        compatibility_mode=None,
        validation_key=Secret.of(validation_key),
        decryption_key=Secret.of(decryption_key),
        data_protector_type=data_protector_type,
    )


def key_of(vector: dict[str, Any]) -> MachineKey:
    names = ("validation", "decryption", "decryptionKey", "validationKey")
    return machine_key(*(vector[name] for name in names))


def iv_of(key: MachineKey) -> bytes:
    return IV if key.decryption in ("AES", "Auto") else IV[:8]


PUBLISHED = {
    CANARY: """
        458eef8bef4df69aa3a642e6200c5174ff8b8c3465b7a2ae0091076868b8d616
        97bc7fabb01e77f0eb81420c03572f40e343db78""",
    Purpose.user(): """
        daddb26ee07fb430dcd7127f13673fee011226a82fcf23524820487e93737d44
        8d97b4aa53d52ade7f9922144a2c68c519d75ac4""",
}


@pytest.mark.parametrize(("purpose", "protected"), PUBLISHED.items(), ids=["canary", "no purposes"])
def test_the_published_vectors_hold_both_ways(purpose: Purpose, protected: str) -> None:
    expected = IV + bytes.fromhex(protected)
    assert protect(machine_key(), CLEAR, purpose, iv=IV) == expected
    assert unprotect(machine_key(), expected, purpose) == CLEAR


def test_a_forms_ticket_is_encrypted_with_the_published_derived_key() -> None:
    ciphertext = protect(machine_key(), CLEAR, FORMS_TICKET, iv=IV)[16:-20]
    decryptor = Cipher(AES(DERIVED_FORMS_TICKET_KEY), CBC(IV)).decryptor()
    assert decryptor.update(ciphertext) + decryptor.finalize() == CLEAR + bytes([13] * 13)


def test_every_reference_vector_holds_both_ways(reference_data: Path) -> None:
    vectors = json.loads((reference_data / "machine_key_vectors.json").read_text("utf-8"))
    assert len(vectors) == 24
    for number, vector in enumerate(vectors):
        key, purpose = key_of(vector), Purpose.user(*vector["purposes"])
        clear, protected = bytes.fromhex(vector["plaintext"]), bytes.fromhex(vector["protected"])
        assert protect(key, clear, purpose, iv=bytes.fromhex(vector["iv"])) == protected, number
        assert unprotect(key, protected, purpose) == clear, number


def test_what_real_dotnet_wrote_can_be_read(reference_data: Path) -> None:
    vectors = json.loads((reference_data / "public_vectors.json").read_text("utf-8"))
    known = {p.primary: p for p in (FORMS_TICKET, OWIN_COOKIE, Purpose.view_state("/", "form_aspx"))}
    assert len(vectors) == 4
    assert {vector["primary"] for vector in vectors} == set(known)
    for vector in vectors:
        purpose = known[vector["primary"]]
        assert purpose.specific == tuple(vector["purposes"])
        clear = unprotect(key_of(vector), protected_of(vector), purpose)
        match vector["expect"].split():
            case ["ticket", *_] as words:
                assert summary_of_ticket(clear) == " ".join(words)
            case ["gzip;", "starts", start, name]:
                assert gzip.decompress(clear).startswith(bytes.fromhex(start) + name.strip('"').encode())
            case digits:
                assert clear.hex() == "".join(digits)


def protected_of(vector: dict[str, Any]) -> bytes:
    match vector:
        case {"hex": text}:
            return bytes.fromhex(text)
        case {"b64url": text}:
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        case _:
            return base64.b64decode(vector["b64"])


def summary_of_ticket(clear: bytes) -> str:
    """Read 01, version, issued, FE, expires, persistent, name: the head of a serialised forms ticket."""
    head = re.match(rb"\x01(.).{8}\xfe.{8}[\x00\x01](.)", clear, re.DOTALL)
    assert head
    name = clear[head.end() :][: 2 * head[2][0]].decode("utf-16-le")
    return f"ticket v{head[1][0]} {name}"


@settings(derandomize=True, deadline=None)
@given(keys, st.binary(max_size=100), purposes)
def test_what_is_protected_comes_back(key: MachineKey, clear: bytes, purpose: Purpose) -> None:
    protected = protect(key, clear, purpose, iv=iv_of(key))
    block = len(iv_of(key))
    assert protected.startswith(iv_of(key))
    assert len(protected) == block + (len(clear) // block + 1) * block + VALIDATIONS[key.validation]
    assert unprotect(key, protected, purpose) == clear


@settings(derandomize=True, deadline=None)
@given(keys, st.data(), st.integers(1, 255))
def test_a_change_of_any_byte_is_refused(key: MachineKey, data: st.DataObject, change: int) -> None:
    protected = bytearray(protect(key, CLEAR, CANARY, iv=iv_of(key)))
    protected[data.draw(st.integers(0, len(protected) - 1))] ^= change
    assert_refused(key, bytes(protected), CANARY)


@settings(derandomize=True, deadline=None)
@given(keys, st.data())
def test_anything_cut_off_or_added_is_refused(key: MachineKey, data: st.DataObject) -> None:
    protected = protect(key, CLEAR, CANARY, iv=iv_of(key))
    cut = data.draw(st.integers(1, len(protected)))
    added = data.draw(st.binary(min_size=1, max_size=40))
    for wrong in (protected[:-cut], protected[cut:], protected + added, added + protected):
        assert_refused(key, wrong, CANARY)


@settings(derandomize=True, deadline=None)
@given(keys, purposes, purposes)
def test_another_purpose_is_refused(key: MachineKey, purpose: Purpose, other: Purpose) -> None:
    if purpose != other:
        assert_refused(key, protect(key, CLEAR, purpose, iv=iv_of(key)), other)


@pytest.mark.parametrize(
    "other",
    [
        Purpose.user(),
        Purpose.user("keydeploy"),
        Purpose.user("canary", "keydeploy"),
        Purpose.user("keydeploycanary"),
        Purpose.user("Keydeploy", "canary"),
        FORMS_TICKET,
    ],
    ids=str,
)
def test_a_purpose_that_only_looks_like_it_is_refused(other: Purpose) -> None:
    assert_refused(machine_key(), protect(machine_key(), CLEAR, CANARY, iv=IV), other)


@pytest.mark.parametrize(
    "other",
    [
        machine_key(validation="HMACSHA256"),
        machine_key(decryption_key=DECRYPTION_KEY[:32]),
        machine_key(decryption_key=DECRYPTION_KEY[2:] + "00"),
        machine_key(validation_key=VALIDATION_KEY[2:] + "00"),
        machine_key(validation_key=VALIDATION_KEY[2:]),
    ],
)
def test_another_key_is_refused_or_reads_no_clear_text(other: MachineKey) -> None:
    protected = protect(machine_key(), CLEAR, CANARY, iv=IV)
    try:
        assert unprotect(other, protected, CANARY) != CLEAR
    except KeyMaterialError as error:
        assert_homogenised(error)


@pytest.mark.parametrize(
    "body",
    [b"", IV[:15], IV, IV + b"x", IV + bytes(15), IV + bytes(16), IV + bytes(32)],
    ids=["nothing", "short IV", "IV alone", "a byte", "15 bytes", "wrong padding", "two wrong blocks"],
)
def test_a_good_mac_over_a_bad_body_is_refused_in_the_same_words(body: bytes) -> None:
    mac = hmac.digest(DERIVED_VALIDATION_KEY, body, "sha1")
    assert_refused(machine_key(), body + mac, CANARY)


def assert_refused(key: MachineKey, protected: bytes, purpose: Purpose) -> None:
    with pytest.raises(KeyMaterialError) as caught:
        unprotect(key, protected, purpose)
    assert_homogenised(caught.value)


def assert_homogenised(error: KeyMaterialError) -> None:
    assert error.message == "the data was not protected with this machine key for this purpose"
    assert error.hint == "compare keys, algorithms and purposes of the two sides"
    assert error.__cause__ is None
    assert error.__suppress_context__


def test_auto_is_aes() -> None:
    auto, aes = machine_key(decryption="Auto"), machine_key(decryption="AES")
    assert protect(auto, CLEAR, CANARY, iv=IV) == protect(aes, CLEAR, CANARY, iv=IV)


def test_the_case_of_the_digits_does_not_count() -> None:
    upper = machine_key(decryption_key=DECRYPTION_KEY.upper(), validation_key=VALIDATION_KEY.upper())
    assert protect(upper, CLEAR, CANARY, iv=IV) == protect(machine_key(), CLEAR, CANARY, iv=IV)


@pytest.mark.parametrize("length", [1, 20, 63, 64, 65, 128, 129, 200])
def test_the_derived_key_is_as_long_as_the_master_key(length: int) -> None:
    master = bytes(range(length))
    key = machine_key(validation_key=master.hex())
    protected = protect(key, CLEAR, FORMS_TICKET, iv=IV)
    derived = sp800_108(master, b"FormsAuthentication.Ticket", b"")
    assert protected[-20:] == hmac.digest(derived, protected[:-20], "sha1")


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("", "00"),
        ("a" * 127, "7f"),
        ("a" * 128, "8001"),
        ("é" * 64, "8001"),
        ("a" * 300, "ac02"),
        ("a" * 16384, "808001"),
    ],
    ids=["empty", "127", "128", "counts bytes, not characters", "300", "16384"],
)
def test_a_specific_purpose_is_framed_by_its_length_in_seven_bit_groups(text: str, prefix: str) -> None:
    protected = protect(machine_key(), CLEAR, Purpose("label", (text,)), iv=IV)
    context = bytes.fromhex(prefix) + text.encode()
    derived = sp800_108(bytes.fromhex(VALIDATION_KEY), b"label", context)
    assert protected[-20:] == hmac.digest(derived, protected[:-20], "sha1")


def sp800_108(master: bytes, label: bytes, context: bytes) -> bytes:
    fixed = label + b"\0" + context + (8 * len(master)).to_bytes(4, "big")
    rounds = range(1, len(master) // 64 + 2)
    blocks = (hmac.digest(master, i.to_bytes(4, "big") + fixed, hashlib.sha512) for i in rounds)
    return b"".join(blocks)[: len(master)]


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (machine_key(data_protector_type="Contoso.Protector, Contoso"), "dataProtectorType replaces this"),
        (machine_key(validation="MD5"), "Framework45 does not know this algorithm"),
        (machine_key(validation="3DES"), "Framework45 does not know this algorithm"),
        (machine_key(validation="AES"), "Framework45 does not know this algorithm"),
        (machine_key(validation="sha1"), "validation is case-sensitive"),
        (machine_key(validation="alg:HMACRIPEMD160"), "a custom algorithm"),
        (machine_key(decryption="alg:Rijndael"), "a custom algorithm"),
        (machine_key(decryption="Blowfish"), "unknown decryption"),
        (machine_key(decryption="Auto", decryption_key=DECRYPTION_KEY[:16]), "16 hex digits; Auto takes"),
        (machine_key(decryption="DES"), "64 hex digits; DES takes 16"),
        (machine_key(decryption_key="AutoGenerate"), "AutoGenerate gives every node"),
        (machine_key(validation_key="AutoGenerate,IsolateApps"), "AutoGenerate gives every node"),
        (machine_key(validation_key=VALIDATION_KEY + ",IsolateApps"), "an Isolate modifier"),
        (machine_key(validation_key=VALIDATION_KEY[1:]), "an odd number"),
        (machine_key(validation_key=""), "the key is empty"),
    ],
)
def test_a_key_that_does_not_suit_is_refused_with_the_reason(key: MachineKey, reason: str) -> None:
    for attempt in (
        partial(protect, key, CLEAR, CANARY, iv=IV),
        partial(unprotect, key, bytes(100), CANARY),
    ):
        with pytest.raises(KeyMaterialError, match=reason) as caught:
            attempt()
        shown = f"{caught.value.message} {caught.value.hint}".lower()
        assert VALIDATION_KEY[:8] not in shown
        assert DECRYPTION_KEY[:8] not in shown


def test_an_empty_data_protector_type_is_no_data_protector() -> None:
    key = machine_key(data_protector_type="")
    assert unprotect(key, protect(key, CLEAR, CANARY, iv=IV), CANARY) == CLEAR


@pytest.mark.parametrize("length", [0, 8, 15, 17, 32])
def test_an_iv_that_is_not_one_block_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="IV"):
        protect(machine_key(), CLEAR, CANARY, iv=bytes(length))


@pytest.mark.parametrize("blank", ["", " ", "\t\n"])
def test_a_blank_user_purpose_is_refused(blank: str) -> None:
    with pytest.raises(ValueError, match="blank"):
        Purpose.user("keydeploy", blank)


def test_a_view_state_purpose_is_upper_case_but_for_the_user_key() -> None:
    purpose = Purpose.view_state("/Portal/straße", "admin_default_aspx", "Session-1")
    assert purpose.specific == (
        "TemplateSourceDirectory: /PORTAL/STRAßE",
        "Type: ADMIN_DEFAULT_ASPX",
        "ViewStateUserKey: Session-1",
    )


def test_an_empty_view_state_user_key_counts() -> None:
    assert Purpose.view_state("/", "p_aspx", "") != Purpose.view_state("/", "p_aspx")
