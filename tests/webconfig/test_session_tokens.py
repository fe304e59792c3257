"""WIF's session cookies are made to use the machine key, each part only where it is missing.

The shapes of files are in `cases/session_tokens`: `file` and `expected` as text, `upper` the files above, in
which `$default` and `$machine_key` stand for the two handlers' types, `$section` and `$services` for the
two elements that register the sections.
"""

from string import Template
from typing import Any

import pytest

from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import Document, parse
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.effective import ProtectedSection
from keydeploy.webconfig.machine_key import require
from keydeploy.webconfig.session_tokens import require_machine_key_handler
from tests.webconfig.editing import ADDRESS, KEY, cases, editor_of, result

VERSION = "Version=4.0.0.0, Culture=neutral, PublicKeyToken"
SERVICES = "System.IdentityModel.Services"
TEXTS = {
    "default": "System.IdentityModel.Tokens.SessionSecurityTokenHandler, System.IdentityModel, "
    f"{VERSION}=b77a5c561934e089",
    "machine_key": f"{SERVICES}.Tokens.MachineKeySessionSecurityTokenHandler, {SERVICES}, {VERSION}=b77a5c561934e089",
    "section": '<section name="system.identityModel" type="System.IdentityModel.Configuration.'
    f'SystemIdentityModelSection, System.IdentityModel, {VERSION}=B77A5C561934E089" />',
    "services": f'<section name="system.identityModel.services" type="{SERVICES}.Configuration.'
    f'SystemIdentityModelServicesSection, {SERVICES}, {VERSION}=B77A5C561934E089" />',
}
REGISTERED = Template("<configSections>$section$services</configSections>").substitute(TEXTS)


def document(text: str) -> Document:
    return parse(Template(text).substitute(TEXTS).encode())


def own(handlers: str) -> Editor:
    return Editor(document(f"<configuration>{REGISTERED}{collection(handlers)}</configuration>"))


def collection(handlers: str) -> str:
    return (
        "<system.identityModel><identityConfiguration><securityTokenHandlers>"
        f"{handlers}</securityTokenHandlers></identityConfiguration></system.identityModel>"
    )


def missing(editor: Editor, *upper: Document) -> list[str]:
    return [difference.name for difference in require_machine_key_handler(editor, upper)]


@pytest.mark.parametrize("case", cases("session_tokens"))
def test_a_file_becomes_what_is_expected_and_stays_so(case: dict[str, Any]) -> None:
    upper = [document(text) for text in case.get("upper", [])]
    editor, expected = Editor(document(case["file"])), Template(case["expected"]).substitute(TEXTS)
    assert missing(editor, *upper) == case["differences"], case["why"]
    assert result(editor) == expected, case["why"]
    again = editor_of(expected)
    assert (missing(again, *upper), again.edits()) == ([], ())


@pytest.mark.parametrize(
    "handlers",
    [
        '<remove type="$default"/><add type="$machine_key"/>',
        '<clear/><add type="$machine_key"/>',
        '<add type="$default"/><clear/><add type="Other, Other"/><add type="$machine_key"/>',
        "<remove type=' System.IdentityModel.Tokens.SessionSecurityTokenHandler ,\n system.identitymodel'/>"
        f'<add type="{SERVICES}.Tokens.MachineKeySessionSecurityTokenHandler,{SERVICES}, Version=9.9.9.9"/>',
    ],
)
def test_the_collection_is_evaluated_in_order_and_types_without_version(handlers: str) -> None:
    editor = own(handlers)
    assert [name for name in missing(editor) if not name.startswith("added")] == []


@pytest.mark.parametrize(
    ("handlers", "differences"),
    [
        ('<add type="$machine_key"/><clear/>', ["MachineKeySessionSecurityTokenHandler"]),
        ('<remove type="$default"/><add type="X.SessionSecurityTokenHandler, X"/>', ["MachineKeySession"]),
        (
            '<remove type="X.SessionSecurityTokenHandler, X"/><add type="$machine_key"/>',
            ["SessionSecurityTokenHandler"],
        ),
        ('<remove type="$default"/><add type="$machine_key"/><add type="$default"/>', ["added Session"]),
        ('<remove/><add type=""/>', ["SessionSecurityTokenHandler", "MachineKeySession"]),
    ],
)
def test_what_the_collection_does_not_say_in_effect_is_missing(handlers: str, differences: list[str]) -> None:
    editor = own(handlers)
    found = missing(editor)
    assert len(found) == len(differences)
    assert all(name.startswith(start) for name, start in zip(found, differences, strict=True))
    assert missing(editor_of(result(editor))) == []


@pytest.mark.parametrize("name", ["", ' name="farm"'])
def test_an_identity_configuration_of_a_file_above_is_not_written_a_second_time(name: str) -> None:
    above = document(
        f"<configuration>{REGISTERED}<system.identityModel><identityConfiguration{name}>"
        '<securityTokenHandlers><add type="$default"/></securityTokenHandlers></identityConfiguration>'
        f"</system.identityModel><system.identityModel.services><federationConfiguration"
        f"{' identityConfigurationName=' + name.partition('=')[2] if name else ''}/>"
        "</system.identityModel.services></configuration>"
    )
    with pytest.raises(DocumentError, match="ID7029"):
        missing(editor_of("<configuration/>"), above)


def test_the_machine_key_and_the_handler_are_declared_in_one_new_parent() -> None:
    editor = editor_of("<configuration/>")
    require(editor, KEY, address=ADDRESS, inherited=None)
    missing(editor)
    names = [element.name for element in parse(result(editor).encode()).root.children]
    assert names == ["configSections", "system.web", "system.identityModel"]


@pytest.mark.parametrize("section", ["system.identityModel", "system.identityModel.services"])
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
        missing(editor_of(text))
    with pytest.raises(error, match=reason):
        missing(editor_of("<configuration/>"), document(text))
