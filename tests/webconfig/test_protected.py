"""Sections in the form of RsaProtectedConfigurationProvider: what is read, what is written, and what is refused."""

import secrets
import traceback
from typing import get_args

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from hypothesis import given, settings
from hypothesis import strategies as st

from keydeploy.errors import DocumentError
from keydeploy.secret import Secret
from keydeploy.webconfig.document import parse
from keydeploy.webconfig.protected import Algorithms, Cipher, check_encryptable, encrypt, forbidden, protected
from keydeploy.webconfig.sections import ProtectedSection
from tests.webconfig.protecting import (
    ALGORITHMS,
    CONNECTION_STRINGS,
    PASSWORD,
    TAG_KEY,
    document_of,
    encrypted,
    in_clear,
    key,
    section,
    with_value,
)

DPAPI = "<EncryptedData><CipherData><CipherValue>AQAAANCMnd8BFdERjHoAwE</CipherValue></CipherData></EncryptedData>"
OLDER = Algorithms("3des", "rsa1_5")


def refusal(content: str, provider: str = "Portal") -> DocumentError:
    document = document_of(content, provider=provider)
    with pytest.raises(ProtectedSection) as caught:
        protected(document, document.root.children[0])
    return caught.value


@pytest.mark.parametrize("algorithms", ALGORITHMS)
def test_what_was_encrypted_is_decrypted(algorithms: Algorithms) -> None:
    document = document_of(encrypted(CONNECTION_STRINGS, algorithms=algorithms).text)
    assert in_clear(document) == CONNECTION_STRINGS
    how = protected(document, document.root.children[0])
    assert how is not None
    assert (how.name, how.provider, how.algorithms) == ("connectionStrings", "Portal", algorithms)


@settings(derandomize=True, deadline=None, max_examples=60)
@given(
    st.text(st.characters(codec="utf-8", exclude_characters="<>&\r\ufffe\uffff", min_codepoint=0x20)),
    st.sampled_from(get_args(Cipher)),
)
def test_texts_of_every_length_come_back(text: str, cipher: Cipher) -> None:
    whole = f"<connectionStrings>{text}</connectionStrings>"
    assert in_clear(document_of(encrypted(whole, algorithms=Algorithms(cipher, "rsa1_5")).text)) == whole


def test_the_form_is_the_one_that_aspnet_regiis_writes() -> None:
    content = encrypted(CONNECTION_STRINGS, algorithms=OLDER).text
    empty = with_value(with_value(content, 0, lambda _: b""), 1, lambda _: b"")
    assert empty.replace("\t", " ") == (
        '<EncryptedData Type="http://www.w3.org/2001/04/xmlenc#Element" xmlns="http://www.w3.org/2001/04/xmlenc#">\n'
        ' <EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#tripledes-cbc" />\n'
        ' <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">\n'
        '  <EncryptedKey xmlns="http://www.w3.org/2001/04/xmlenc#">\n'
        '   <EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#rsa-1_5" />\n'
        '   <KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#">\n'
        "    <KeyName>Rsa Key</KeyName>\n"
        "   </KeyInfo>\n"
        "   <CipherData>\n"
        "    <CipherValue></CipherValue>\n"
        "   </CipherData>\n"
        "  </EncryptedKey>\n"
        " </KeyInfo>\n"
        " <CipherData>\n"
        "  <CipherValue></CipherValue>\n"
        " </CipherData>\n"
        "</EncryptedData>"
    )


def test_a_section_in_clear_is_told_from_an_encrypted_one() -> None:
    document = parse(f"<configuration>{CONNECTION_STRINGS}</configuration>".encode())
    assert protected(document, document.root.children[0]) is None


def test_white_space_does_not_matter_to_a_reader() -> None:
    content = encrypted(CONNECTION_STRINGS).text.replace("\n", "").replace("\t", "")
    folded = content.replace("<CipherValue>", "<CipherValue>\r\n  ").replace("</CipherValue>", "\r\n</CipherValue>")
    assert in_clear(document_of(f"<!-- by hand -->{folded}\n")) == CONNECTION_STRINGS


@pytest.mark.parametrize("algorithms", ALGORITHMS)
def test_another_key_opens_nothing(algorithms: Algorithms) -> None:
    document = document_of(encrypted(CONNECTION_STRINGS, algorithms=algorithms).text)
    assert in_clear(document, by="another") is None


def sealed(symmetric: bytes, padded: bytes, algorithms: Algorithms) -> str:
    """Answer a section whose blocks hold *padded* under *symmetric*, whatever that is; RSA 1.5 alone."""
    block = 16 if algorithms.cipher == "aes256" else 8
    vector = secrets.token_bytes(block)
    cipher = AES(symmetric) if algorithms.cipher == "aes256" else TripleDES(symmetric)
    encryptor = BlockCipher(cipher, CBC(vector)).encryptor()
    blocks = vector + encryptor.update(padded) + encryptor.finalize()
    wrapped = key("declared").private().public_key().encrypt(symmetric, PKCS1v15())
    template = encrypted(CONNECTION_STRINGS, algorithms=algorithms).text
    return with_value(with_value(template, 0, lambda _: wrapped), 1, lambda _: blocks)


def padded(text: str, fill: bytes, block: int) -> bytes:
    """Answer *text* with ISO 10126 padding: *fill* and the length."""
    content = text.encode()
    length = block - len(content) % block
    return content + (fill * block)[: length - 1] + bytes([length])


@pytest.mark.parametrize(("cipher", "block", "length"), [("aes256", 16, 32), ("3des", 8, 24)])
@pytest.mark.parametrize("fill", [b"\0", b"\xa5", b"\x01\x02"])
def test_of_the_padding_only_the_length_counts(cipher: Cipher, block: int, length: int, fill: bytes) -> None:
    text = sealed(secrets.token_bytes(length), padded(CONNECTION_STRINGS, fill, block), Algorithms(cipher, "rsa1_5"))
    assert in_clear(document_of(text)) == CONNECTION_STRINGS


@pytest.mark.parametrize("length", [0, 9, 17, 255])
def test_a_padding_that_is_none_opens_nothing(length: int) -> None:
    whole = CONNECTION_STRINGS.encode() + b" " * (-len(CONNECTION_STRINGS) % 8 + 7) + bytes([length])
    assert in_clear(document_of(sealed(secrets.token_bytes(24), whole, OLDER))) is None


def test_what_decrypts_to_another_element_opens_nothing() -> None:
    for text in ("<appSettings/>", "connectionStrings", "<connectionStrings>", "\ufeff\ufeff<connectionStrings/>"):
        content = sealed(secrets.token_bytes(24), padded(text, b"\0", 8), OLDER)
        assert in_clear(document_of(content)) is None


def test_a_symmetric_key_of_another_length_opens_nothing() -> None:
    content = encrypted(CONNECTION_STRINGS, algorithms=Algorithms("aes256", "rsa1_5")).text
    short = key("declared").private().public_key().encrypt(secrets.token_bytes(24), PKCS1v15())
    assert in_clear(document_of(with_value(content, 0, lambda _: short))) is None


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("change", [lambda _: b"", lambda old: old[:-1], lambda old: old[1:], lambda old: old + b"\0"])
def test_values_of_another_length_open_nothing(number: int, change: object) -> None:
    content = with_value(encrypted(CONNECTION_STRINGS).text, number, change)  # type: ignore[arg-type]
    assert in_clear(document_of(content)) is None


@settings(derandomize=True, deadline=None, max_examples=60)
@given(st.data(), st.sampled_from([param.values[0] for param in ALGORITHMS]))
def test_a_bit_that_is_flipped_is_noticed_and_no_error_of_another_kind(
    data: st.DataObject, algorithms: Algorithms
) -> None:
    def flip(old: bytes) -> bytes:
        at, bit = data.draw(st.integers(0, len(old) - 1)), data.draw(st.integers(0, 7))
        return old[:at] + bytes([old[at] ^ 1 << bit]) + old[at + 1 :]

    content = encrypted(CONNECTION_STRINGS, algorithms=algorithms).text
    assert in_clear(document_of(with_value(content, data.draw(st.integers(0, 1)), flip))) != CONNECTION_STRINGS


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("aes256-cbc", "aes256-gcm"),
        ("rsa-oaep-mgf1p", "rsa-oaep"),
        ("Rsa Key", "Another Key"),
        ("<KeyName>Rsa Key</KeyName>", ""),
        ("</EncryptedData>", "</EncryptedData><EncryptedData/>"),
        ("<CipherValue>", "<CipherValue>*"),
        ("<EncryptionMethod", "<Method"),
        ("<EncryptedData ", "<x:EncryptedData xmlns:x='http://www.w3.org/2001/04/xmlenc#' "),
    ],
    ids=["cipher", "key wrap", "key name", "no key name", "twice", "base64", "no method", "prefix"],
)
def test_another_form_is_refused(old: str, new: str) -> None:
    content = encrypted(CONNECTION_STRINGS).text.replace(old, new)
    if "x:" in new:
        content = content.replace("</EncryptedData>", "</x:EncryptedData>")
    assert "not as RsaProtectedConfigurationProvider" in refusal(content).message


@pytest.mark.parametrize("content", [DPAPI, "", "<a/>"])
def test_what_another_provider_encrypted_is_refused_with_the_next_step(content: str) -> None:
    found = refusal(content, provider="DataProtectionConfigurationProvider")
    assert found.message.startswith("1:16: connectionStrings is encrypted, and not as")
    assert "aspnet_regiis -pd" in (found.hint or "")


def test_encrypted_data_without_a_provider_is_refused() -> None:
    document = parse(f"<configuration><a>{encrypted('<a/>').text}</a></configuration>".encode())
    with pytest.raises(ProtectedSection):
        protected(document, document.root.children[0])


def test_a_text_that_cannot_stand_alone_is_refused_without_a_part_of_it() -> None:
    text = Secret.of(f'<connectionStrings xdt:Transform="{PASSWORD}"/>')
    with pytest.raises(DocumentError, match="connectionStrings cannot stand alone") as caught:
        encrypt(text, "connectionStrings", key("declared"), Algorithms(), TAG_KEY)
    assert PASSWORD not in "".join(traceback.format_exception(caught.value))


def test_two_ciphertexts_are_equal_when_they_mean_the_same() -> None:
    first, second = encrypted(CONNECTION_STRINGS), encrypted(CONNECTION_STRINGS)
    assert (first, hash(first)) == (second, hash(second))
    assert first.text != second.text


def test_a_tag_tells_nothing_but_that_text_key_and_algorithms_are_equal() -> None:
    tags = {
        each.tag
        for each in (
            encrypted("<a/>"),
            encrypted("<b/>"),
            encrypted("<a/>", name="another"),
            encrypted("<a/>", algorithms=OLDER),
            encrypted("<a/>", section="appSettings"),
            encrypt(Secret(b"<a/>"), "connectionStrings", key("declared"), Algorithms(), Secret(b"another farm")),
        )
    }
    assert len(tags) == 6
    assert all(len(tag) == 64 for tag in tags)


def test_nothing_of_the_text_is_in_a_ciphertext() -> None:
    found = encrypted(CONNECTION_STRINGS)
    assert PASSWORD not in found.text + repr(found)
    assert PASSWORD not in repr(protected(document_of(found.text), document_of(found.text).root.children[0]))


@pytest.mark.parametrize(
    "name",
    ["configProtectedData", "system.web/processModel", "RUNTIME", "runtime/assemblyBinding", "system.webServer/x"],
)
def test_some_sections_cannot_be_encrypted(name: str) -> None:
    assert forbidden(name)
    with pytest.raises(DocumentError, match=f"{name} cannot be encrypted: "):
        check_encryptable(name, [])


@pytest.mark.parametrize("name", ["connectionStrings", "appSettings", "system.web/machineKey", "x/runtime", "custom"])
def test_other_sections_can_be_encrypted(name: str) -> None:
    assert forbidden(name) is None
    check_encryptable(name, [])


def test_what_is_registered_for_native_code_cannot_be_encrypted() -> None:
    registered = (
        '<configuration><configSections><sectionGroup name="own"><section name="x" allowLocation="false"/>'
        '<section name="y"/></sectionGroup></configSections></configuration>'
    )
    documents = [parse(b"<configuration/>"), parse(registered.encode())]
    with pytest.raises(DocumentError, match="own/x cannot be encrypted: it is registered for native code"):
        check_encryptable("own/x", documents)
    check_encryptable("own/y", documents)
    check_encryptable("x", documents)


def test_a_section_of_another_name_space_is_compared_as_it_is_written() -> None:
    text = '<custom xmlns="urn:x"/>'
    document = document_of(encrypted(text, section="custom").text, name="custom")
    assert in_clear(document, name="custom") == text
    assert section("", name="custom") == '<custom configProtectionProvider="Portal"></custom>'
