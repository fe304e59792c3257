"""WIF's configuration is made to name a certificate by its thumbprint, and nothing else is touched.

The shapes of files are in `cases/service_certificate`: `file` and `expected` as text, `upper` the files above, in
which `$wanted` and `$other` stand for two thumbprints, `$section`, `$services` and `$wif35` for the elements that
register the sections, `$default` and `$machine_key` for the types of two handlers. `differences` tells for each name
what was found and is wanted.
"""

from pathlib import Path
from string import Template
from typing import Any

import pytest

from keydeploy.edit import apply, fill_in
from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import Document, empty_document, parse
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.sections import ProtectedSection
from keydeploy.webconfig.service_certificate import (
    NEEDED_CODE,
    referenced_thumbprints,
    renews_reference,
    require_certificate,
    unreadable_sections,
    uses_wif_4_5,
)
from keydeploy.webconfig.session_tokens import require_machine_key_handler
from tests.webconfig.editing import applied, cases, editor_of, resolve, result
from tests.webconfig.test_session_tokens import TEXTS as OF_HANDLERS

WANTED = "3FA4" + "0123456789ABCDEF" * 2 + "BEEF"
OTHER = "0DD0" + "FEDCBA9876543210" * 2 + "CAFE"
TEXTS = {
    **OF_HANDLERS,
    "wanted": WANTED,
    "other": OTHER,
    "wif35": '<section name="microsoft.identityModel" type="Microsoft.IdentityModel.Configuration.'
    "MicrosoftIdentityModelSection, Microsoft.IdentityModel, Version=3.5.0.0, Culture=neutral, "
    'PublicKeyToken=31bf3856ad364e35" />',
}
INVISIBLE = "\u200e"
REGISTERED = "<configSections>$section$services$wif35</configSections>"


def filled(text: str) -> str:
    return Template(text).substitute(TEXTS)


def document(text: str) -> Document:
    return parse(filled(text).encode())


def services(content: str, start: str = "<system.identityModel.services>") -> str:
    return f"<configuration>{REGISTERED}\n{start}{content}</system.identityModel.services></configuration>"


def reference(attributes: str) -> str:
    return services(
        "<federationConfiguration><serviceCertificate>"
        f"<certificateReference {attributes}/></serviceCertificate></federationConfiguration>"
    )


def differing(editor: Editor, *upper: Document) -> dict[str, str]:
    """Answer the differences by name, those of one name in order of what was found."""
    found: dict[str, list[str]] = {}
    for each in require_certificate(editor, upper, WANTED):
        found.setdefault(each.name, []).append(f"{each.found} → {each.wanted}")
    return {name: ", ".join(texts) for name, texts in found.items()}


@pytest.mark.parametrize("case", cases("service_certificate"))
def test_a_file_becomes_what_is_expected_and_stays_so(case: dict[str, Any]) -> None:
    def on_disk(text: str) -> bytes:
        newline = {"lf": "\n", "crlf": "\r\n"}[case.get("newline", "lf")]
        return filled(text).replace("\n", newline).encode(case.get("encoding", "utf-8"))

    upper = [document(text) for text in case.get("upper", [])]
    data, expected = on_disk(case["file"]), on_disk(case["expected"])
    editor = Editor(parse(data))
    assert differing(editor, *upper) == {name: filled(text) for name, text in case["differences"].items()}, case["why"]
    assert applied(editor, data) == expected, case["why"]
    again = Editor(parse(expected))
    assert (differing(again, *upper), again.edits()) == ({}, ())


def test_an_absent_file_is_created() -> None:
    editor = Editor(empty_document())
    assert len(differing(editor)) == 3
    (edit,) = editor.edits()
    data = apply(b"", [fill_in(edit, editor.document.encoding, resolve)])
    assert data.startswith(b'<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <configSections>\r\n')
    assert differing(Editor(parse(data))) == {}


@pytest.mark.parametrize(
    "written", [WANTED.lower(), f" {WANTED} ", " ".join(WANTED[i : i + 2] for i in range(0, 40, 2))]
)
def test_case_and_white_space_of_a_thumbprint_are_no_difference(written: str) -> None:
    editor = Editor(document(reference(f'x509FindType="FindByThumbprint" findValue="{written}"')))
    assert (differing(editor), editor.edits()) == ({}, ())
    assert require_certificate(editor, [], written) == ()


def test_an_invisible_character_is_a_difference_because_net_finds_no_such_certificate() -> None:
    editor = Editor(document(reference(f'x509FindType="FindByThumbprint" findValue="{INVISIBLE}{WANTED.lower()}"')))
    text = f"{WANTED} with an invisible character → {WANTED}"
    assert differing(editor) == {"certificateReference findValue": text}
    assert INVISIBLE not in result(editor)


def test_a_value_that_may_be_a_secret_is_not_shown() -> None:
    password = "hunter2-MARKED"
    attributes = ("x509FindType", "findValue", "storeLocation", "storeName")
    editor = Editor(document(reference(" ".join(f'{name}="{password}"' for name in attributes))))
    found = differing(editor)
    assert all(text.startswith("another value → ") for text in found.values())
    assert list(found) == [f"certificateReference {name}" for name in attributes]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (services("<federationConfiguration/><federationConfiguration/>"), "a second federationConfiguration"),
        (
            services("<federationConfiguration><serviceCertificate/><serviceCertificate/></federationConfiguration>"),
            "a second serviceCertificate",
        ),
        (
            services(
                "<federationConfiguration><serviceCertificate><certificateReference/><certificateReference/>"
                "</serviceCertificate></federationConfiguration>"
            ),
            "a second certificateReference",
        ),
        (services('<federationConfiguration name="portal"/>'), "each <federationConfiguration> has a name"),
        (
            f'<configuration>{REGISTERED}<microsoft.identityModel><service name="portal"/></microsoft.identityModel>'
            "</configuration>",
            "each <service> has a name",
        ),
    ],
)
def test_what_wif_would_refuse_or_ignore_is_refused(text: str, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason):
        differing(Editor(document(text)))


@pytest.mark.parametrize(
    "above", [reference('x509FindType="FindByThumbprint" findValue="$other"'), services("<federationConfiguration/>")]
)
def test_a_second_configuration_beside_an_inherited_one_is_refused(above: str) -> None:
    with pytest.raises(DocumentError, match="a file above has a <federationConfiguration> without") as caught:
        differing(editor_of("<configuration/>"), document(above))
    assert "inheritInChildApplications" in (caught.value.hint or "")


def test_the_nearest_file_above_decides() -> None:
    right = reference('x509FindType="FindByThumbprint" findValue="$wanted"')
    wrong = reference('x509FindType="FindByThumbprint" findValue="$other"')
    assert differing(editor_of("<configuration/>"), document(wrong), document(right)) == {}
    with pytest.raises(DocumentError, match="a file above"):
        differing(editor_of("<configuration/>"), document(right), document(wrong))


def test_a_section_that_is_locked_above_is_refused_only_where_it_must_change() -> None:
    section = '<location allowOverride="false"><system.identityModel.services/></location>'
    lock = f"<configuration>{REGISTERED}{section}</configuration>"
    with pytest.raises(DocumentError, match=r"locks system\.identityModel\.services"):
        differing(Editor(document(services("<federationConfiguration/>"))), document(lock))
    right = reference('x509FindType="FindByThumbprint" findValue="$wanted"')
    assert differing(Editor(document(right)), document(lock)) == {}


def test_a_handler_that_a_file_above_registers_is_refused() -> None:
    above = document(
        f"<configuration>{REGISTERED}<system.identityModel><identityConfiguration><securityTokenHandlers>"
        '<clear/><add type="$machine_key"/></securityTokenHandlers></identityConfiguration></system.identityModel>'
        "</configuration>"
    )
    with pytest.raises(DocumentError, match="a file above registers MachineKeySessionSecurityTokenHandler"):
        differing(editor_of("<configuration/>"), above)


@pytest.mark.parametrize(
    ("text", "renews"),
    [
        (reference('x509FindType="FindByThumbprint" findValue="$other"'), True),
        (reference('x509FindType="FindBySubjectName" findValue="session" storeName="Root"'), True),
        (reference(""), False),
        (services("<federationConfiguration/>"), False),
        ("<configuration/>", False),
    ],
)
def test_an_application_that_refers_to_a_certificate_already_only_gets_another_one(text: str, renews: bool) -> None:
    differences = require_certificate(Editor(document(text)), [], WANTED)
    assert differences
    assert renews_reference(differences) is renews


def test_one_that_used_the_machine_key_beside_a_reference_needs_code_of_its_own() -> None:
    editor = Editor(document(reference('x509FindType="FindByThumbprint" findValue="$other"')))
    require_machine_key_handler(editor, [])
    differences = require_certificate(editor_of(result(editor)), [], WANTED)
    assert [each.name for each in differences][-1] == "MachineKeySessionSecurityTokenHandler"
    assert not renews_reference(differences)


def test_the_declared_way_may_change_there_and_back() -> None:
    by_machine_key = editor_of("<configuration>\n  <appSettings/>\n</configuration>\n")
    require_machine_key_handler(by_machine_key, [])
    editor = editor_of(result(by_machine_key))
    assert list(differing(editor)) == ["certificateReference findValue", "MachineKeySessionSecurityTokenHandler"]
    back = editor_of(result(editor))
    names = [each.name for each in require_machine_key_handler(back, [])]
    assert names == ["MachineKeySessionSecurityTokenHandler"]


@pytest.mark.parametrize(
    "section", ["system.identityModel", "system.identityModel.services", "microsoft.identityModel"]
)
@pytest.mark.parametrize(
    ("attribute", "error", "reason"),
    [
        ('configSource="identity.config"', DocumentError, "another file"),
        ('configProtectionProvider="RsaProtectedConfigurationProvider"', ProtectedSection, "encrypted"),
    ],
)
def test_a_section_that_cannot_be_read_is_refused_at_every_level(
    section: str, attribute: str, error: type[DocumentError], reason: str
) -> None:
    text = f"<configuration>\n<{section} {attribute}/></configuration>"
    with pytest.raises(error, match=f"2:1: .*{reason}"):
        differing(editor_of(text))
    with pytest.raises(error, match=reason):
        differing(editor_of("<configuration/>"), document(text))


@pytest.mark.parametrize(
    ("own", "upper", "new"),
    [
        ("<configuration/>", [], True),
        (f"<configuration>{REGISTERED}</configuration>", [], True),
        ("<configuration><configSections>$wif35</configSections></configuration>", [], False),
        ("<configuration><microsoft.identityModel/></configuration>", [services("")], False),
        (
            "<configuration/>",
            [services(""), "<configuration><configSections>$wif35</configSections></configuration>"],
            True,
        ),
        ("<configuration/>", ["<configuration><microsoft.identityModel/></configuration>"], False),
        ("<configuration><microsoft.identityModel/><system.identityModel/></configuration>", [], True),
    ],
)
def test_the_wif_in_use_is_that_of_the_nearest_sections(own: str, upper: list[str], new: bool) -> None:
    assert uses_wif_4_5(document(own), [document(text) for text in upper]) is new


@pytest.mark.parametrize(
    "content",
    [
        '<certificateReference x509FindType="FindByThumbprint" findValue="$wanted"/>',
        '<clientCertificate x509FindType="FindByThumbprint" findValue="$wanted"/>',
        '<serviceCredentials><serviceCertificate findValue="$wanted" storeName="My"/></serviceCredentials>',
        '<trustedIssuers><add name="sts" thumbprint="$wanted"/></trustedIssuers>',
        '<certificateReference findValue="' + INVISIBLE + ' 3f a4 $rest"/>',
        '<add key="Thumbprint" value="3f:a4:$rest"/>',
        '<add connectionString="AuthType=Certificate;Thumbprint=$wanted;Url=https://crm/"/>',
        '<add value="$other,$wanted"/>',
        "<setting><value>\n  $wanted<!-- of 2025 --></value></setting>",
    ],
)
def test_a_thumbprint_is_found_wherever_it_stands(content: str) -> None:
    rest = " ".join(WANTED[i : i + 2] for i in range(4, 40, 2)).lower()
    text = Template(f"<configuration>{content}</configuration>").substitute(TEXTS, rest=rest)
    assert WANTED in referenced_thumbprints(parse(text.encode()))


def test_what_is_longer_or_shorter_and_the_keys_of_a_machine_key_are_no_thumbprints() -> None:
    machine_key = f'<system.web><machineKey validationKey="{WANTED}"/></system.web>'
    content = f'{machine_key}<add value="{WANTED}0"/><add value="{WANTED[1:]}"/>'
    assert referenced_thumbprints(document(f"<configuration>{content}<!-- {OTHER} --></configuration>")) == frozenset()


@pytest.mark.parametrize(
    ("content", "unreadable"),
    [
        ("<connectionStrings/>", False),
        ('<system.web><machineKey configSource="keys.config"/></system.web>', False),
        (
            '<system.web><machineKey configProtectionProvider="x"><EncryptedData'
            ' xmlns="http://www.w3.org/2001/04/xmlenc#"/></machineKey></system.web>',
            False,
        ),
        ('<connectionStrings configProtectionProvider="x"/>', True),
        ('<appSettings><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"/></appSettings>', True),
        ('<location path="."><system.identityModel configSource="identity.config"/></location>', True),
        ('<appSettings file="local.config"/>', True),
        ('<system.web><trace file="local.config"/></system.web>', False),
    ],
)
def test_where_thumbprints_cannot_be_seen_is_told(content: str, unreadable: bool) -> None:
    found = document(f'<configuration>{content}<add thumbprint="$wanted"/></configuration>')
    assert any(unreadable_sections(found)) is unreadable
    assert referenced_thumbprints(found) == {WANTED}


def test_the_code_that_an_application_needs_is_told_for_both_versions() -> None:
    for name in ("FederationConfigurationCreated", "ServiceConfigurationCreated", "RsaSignatureCookieTransform"):
        assert name in NEEDED_CODE
    assert max(len(line) for line in NEEDED_CODE.splitlines()) <= 120
    page = Path(__file__).parents[2] / "docs/keys-and-certificates.md"
    assert NEEDED_CODE in page.read_text("utf-8")
