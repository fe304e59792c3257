"""The machine key in effect is merged from all files above the application, place by place."""

import pytest

from keydeploy.errors import DocumentError
from keydeploy.webconfig.document import Document, empty_document, parse
from keydeploy.webconfig.effective import (
    DEFAULT,
    Level,
    MachineKeyState,
    ProtectedSection,
    Setting,
    effective_machine_key,
)
from keydeploy.webconfig.machine_key import fingerprint_of
from tests.webconfig.editing import DECRYPTION_KEY, KEY, VALIDATION_KEY

NAMES = ("machine.config", "root web.config", "Default Web Site", "/portal")
LOCATIONS = ("Default Web Site/portal", "Default Web Site/portal", "portal", "")


def web(attributes: str) -> str:
    return f"<system.web><machineKey {attributes}/></system.web>"


def located(path: str, content: str, more: str = "") -> str:
    return f'<location path="{path}" {more}>{content}</location>'


def levels(*contents: str, external: Document | None = None) -> list[Level]:
    """Answer machine.config, root, site and application with *contents* in their `<configuration>`."""
    documents = [parse(f"<configuration>{content}</configuration>".encode()) for content in contents]
    documents += [empty_document()] * (len(NAMES) - len(documents))
    return [
        Level(name=name, document=document, location=location, external=external)
        for name, document, location in zip(NAMES, documents, LOCATIONS, strict=True)
    ]


def merged(*contents: str) -> MachineKeyState:
    return effective_machine_key(levels(*contents))


def test_without_any_section_the_defaults_hold() -> None:
    state = merged()
    assert state.validation == Setting("HMACSHA256", DEFAULT)
    assert state.decryption == Setting("Auto", DEFAULT)
    assert state.compatibility_mode == Setting("Framework20SP1", DEFAULT)
    assert state.data_protector_type == state.application_name == Setting("", DEFAULT)
    assert state.validation_key.value.reveal() == state.decryption_key.value.reveal() == b"AutoGenerate,IsolateApps"
    assert state.locked_by is None


def test_each_attribute_comes_from_the_lowest_file_that_sets_it() -> None:
    state = merged(
        web('validation="SHA1" decryption="DES"'),
        web('decryption="3DES"'),
        web('compatibilityMode="Framework45"'),
        web('validation=" HMACSHA512 " decryption="AES" applicationName="x" dataProtectorType="y"'),
    )
    assert state.validation == Setting(" HMACSHA512 ", "/portal", ("machine.config",))
    assert state.decryption == Setting("AES", "/portal", ("machine.config", "root web.config"))
    assert state.compatibility_mode == Setting("Framework45", "Default Web Site")
    assert state.application_name == Setting("x", "/portal")
    assert state.data_protector_type == Setting("y", "/portal")


def test_a_state_shows_no_key() -> None:
    state = merged(web(f'validationKey="{VALIDATION_KEY}" decryptionKey="{DECRYPTION_KEY}"'))
    assert VALIDATION_KEY not in repr(state)
    assert DECRYPTION_KEY not in repr(state)


@pytest.mark.parametrize(
    "path",
    ["Default Web Site", "default web site/PORTAL", "/Default Web Site/portal/", "\\Default Web Site\\", ".", ""],
)
def test_a_location_applies_to_the_application_whatever_its_spelling(path: str) -> None:
    assert merged("", located(path, web('validation="SHA1"'))).validation.source == "root web.config"


@pytest.mark.parametrize("path", ["Default", "Default Web Site/portal/sub", "Other", "portal"])
def test_a_location_for_another_place_does_not_apply(path: str) -> None:
    assert merged("", located(path, web('validation="SHA1"'))).validation.source == DEFAULT


def test_in_its_own_file_a_location_applies_with_an_empty_path_only() -> None:
    own = "<location>" + web('validation="SHA1"') + "</location>" + located("sub", web('validation="MD5"'))
    assert merged("", "", "", own).validation == Setting("SHA1", "/portal")


def test_the_longer_path_wins_whatever_the_order_in_the_file() -> None:
    long = located("Default Web Site/portal", web('validation="SHA1"'))
    short = located("Default Web Site", web('validation="MD5"'))
    assert merged(long + short).validation.value == "SHA1"
    assert merged(short + long).validation == Setting("SHA1", "machine.config", ("machine.config",))


def test_a_location_above_for_the_application_comes_after_a_file_for_the_site() -> None:
    state = merged("", located("Default Web Site/portal", web('validation="SHA1"')), web('validation="MD5"'))
    assert state.validation == Setting("SHA1", "root web.config", ("Default Web Site",))


def test_what_child_applications_do_not_inherit_does_not_apply_to_them() -> None:
    alone = 'inheritInChildApplications="false"'
    assert merged("", "", located(".", web('validation="SHA1"'), alone)).validation.source == DEFAULT
    assert merged("", "", located("portal", web('validation="SHA1"'), alone)).validation.value == "SHA1"
    assert merged("", "", "", located(".", web('validation="SHA1"'), alone)).validation.value == "SHA1"


@pytest.mark.parametrize(
    "section",
    [
        located("Default Web Site", web(""), 'allowOverride="false"'),
        located("Default Web Site/portal", web(""), 'overrideMode="Deny"'),
        web('lockItem="true"'),
        web('lockAttributes="validationKey"'),
        web('lockAllAttributesExcept="validation"'),
    ],
)
def test_a_lock_above_the_application_is_told(section: str) -> None:
    assert merged("", section).locked_by == "root web.config"


def test_what_locks_something_else_does_not_lock_the_machine_key() -> None:
    deny = 'allowOverride="false"'
    assert merged("", located("Default Web Site", "<system.web/>", deny)).locked_by is None
    assert merged("", located("Other", web(""), deny)).locked_by is None
    assert merged("", "", "", located(".", web(""), deny)).locked_by is None
    assert merged("", located("Default Web Site", web(""), 'allowOverride="true"')).locked_by is None


@pytest.mark.parametrize(
    ("target", "mode", "source"),
    [("4.5", "Framework45", "/portal"), ("4.7.2", "Framework45", "/portal"), ("4.0", "Framework20SP1", DEFAULT)],
)
def test_the_target_framework_decides_the_default_mode(target: str, mode: str, source: str) -> None:
    own = f'<system.web><httpRuntime targetFramework="{target}"/></system.web>'
    assert merged("", "", "", own).compatibility_mode == Setting(mode, source)


@pytest.mark.parametrize(
    ("contents", "explicit"),
    [
        ((), False),
        ((web('validation="SHA1"'),), False),
        (("", "", "", '<system.web><httpRuntime targetFramework="4.8"/></system.web>'), False),
        ((web('compatibilityMode="Framework20SP1"'),), True),
        (("", located("Default Web Site/portal", web('compatibilityMode="Framework45"'))), True),
        (("", located("Other", web('compatibilityMode="Framework45"'))), False),
        (("", web('compatibilityMode="Framework45"'), "", "<system.web/>"), True),
    ],
    ids=["nothing", "another attribute", "targetFramework", "machine.config", "location", "other location", "root"],
)
def test_a_mode_is_explicit_only_where_a_machine_key_says_it(contents: tuple[str, ...], explicit: bool) -> None:
    assert merged(*contents).mode_is_explicit is explicit


def test_an_inherited_mode_beats_the_target_framework() -> None:
    own = '<system.web><httpRuntime targetFramework="4.8"/></system.web>'
    state = merged("", web('compatibilityMode="Framework20SP2"'), "", own)
    assert state.compatibility_mode == Setting("Framework20SP2", "root web.config")


def test_a_section_in_another_file_is_read_there() -> None:
    external = parse(b"<machineKey validation='SHA1'/>")
    placed = levels("", "", "", web('configSource="keys.config"'), external=external)
    assert effective_machine_key(placed).validation == Setting("SHA1", "/portal")


@pytest.mark.parametrize(
    ("external", "reason"), [(None, "/portal: 1:28: .* another file"), (b"<appSettings/>", "root element")]
)
def test_a_section_in_another_file_that_cannot_be_read_is_refused(external: bytes | None, reason: str) -> None:
    document = parse(external) if external else None
    with pytest.raises(DocumentError, match=reason):
        effective_machine_key(levels("", "", "", web('configSource="keys.config"'), external=document))


@pytest.mark.parametrize(
    "section",
    [
        web('configProtectionProvider="RsaProtectedConfigurationProvider"'),
        '<system.web><machineKey><EncryptedData xmlns="http://www.w3.org/2001/04/xmlenc#"/></machineKey></system.web>',
    ],
)
def test_an_encrypted_section_is_refused_with_its_level(section: str) -> None:
    with pytest.raises(ProtectedSection, match=r"root web\.config: 1:28: machineKey is encrypted"):
        merged("", section)


@pytest.mark.parametrize(
    "twice",
    [
        web("") + web(""),
        web("") + located(".", web("")),
        located("", web("")) + located(".", web("")),
    ],
)
def test_a_section_that_stands_twice_for_one_place_is_refused(twice: str) -> None:
    with pytest.raises(DocumentError, match=r"a second machineKey .* after that at 1:\d+"):
        merged("", "", "", twice)


def test_a_section_that_stands_twice_is_found_with_another_between() -> None:
    with pytest.raises(DocumentError, match="a second machineKey"):
        merged(web("") + located("Default Web Site", web("")) + located(".", web("")))


def test_a_file_that_is_no_configuration_is_refused() -> None:
    level = Level(name="/portal", document=parse(b"<web/>"), location="")
    with pytest.raises(DocumentError, match="root element"):
        effective_machine_key([level])


def test_the_fingerprint_is_that_of_the_declared_key() -> None:
    keys = f'validationKey=" {VALIDATION_KEY.lower()} " decryptionKey="{DECRYPTION_KEY}"'
    assert fingerprint_of(merged(web(f'{keys} decryption=" AES "'))) == KEY.fingerprint


@pytest.mark.parametrize(
    "keys",
    [
        'validationKey="AutoGenerate"',
        f'validationKey="{VALIDATION_KEY}"',
        f'validationKey="{VALIDATION_KEY},IsolateApps" decryptionKey="{DECRYPTION_KEY}"',
        f'validationKey="{VALIDATION_KEY}" decryptionKey="secret"',
    ],
)
def test_a_key_that_is_not_wholly_explicit_has_no_fingerprint(keys: str) -> None:
    assert fingerprint_of(merged(web(keys))) is None
