"""The application's own machineKey is made to say what is declared, and nothing else is touched.

The shapes of files are in `cases/machine_key`: `file` and `expected` as text in which `$validation_key` and
`$decryption_key` stand for the declared keys, `encoding` and `newline` as they are on disk.
"""

from dataclasses import replace
from string import Template
from typing import Any

import pytest

from keydeploy.edit import Difference, apply, fill_in
from keydeploy.errors import DocumentError
from keydeploy.keys.machine_key import MachineKey
from keydeploy.webconfig.document import empty_document, parse
from keydeploy.webconfig.editor import Editor
from keydeploy.webconfig.effective import Level, MachineKeyState, ProtectedSection, effective_machine_key
from keydeploy.webconfig.machine_key import config_source, require
from tests.webconfig.editing import (
    ADDRESS,
    DECRYPTION_KEY,
    KEY,
    VALIDATION_KEY,
    applied,
    cases,
    editor_of,
    resolve,
    result,
)

EQUAL = (
    f'validation="HMACSHA256" decryption="AES" compatibilityMode="Framework45" validationKey="{VALIDATION_KEY}"'
    f' decryptionKey="{DECRYPTION_KEY}"'
)
VALIDATION_ADDRESS = f"{ADDRESS}.validation_key"


def required(editor: Editor, wanted: MachineKey = KEY, inherited: MachineKeyState | None = None) -> list[Difference]:
    return list(require(editor, wanted, address=ADDRESS, inherited=inherited))


def inherited_from(machine_key: str) -> MachineKeyState:
    document = parse(f"<configuration><system.web><machineKey {machine_key}/></system.web></configuration>".encode())
    return effective_machine_key([Level(name="root web.config", document=document, location="Site/portal")])


def application(machine_key: str) -> str:
    return f"<configuration><system.web><machineKey {machine_key}/></system.web></configuration>"


def on_disk(text: str, case: dict[str, Any]) -> bytes:
    keys = {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}
    content = Template(text).substitute(keys, lower_validation_key=VALIDATION_KEY.lower())
    newline = {"lf": "\n", "crlf": "\r\n"}[case.get("newline", "lf")]
    return content.replace("\n", newline).encode(case.get("encoding", "utf-8"))


@pytest.mark.parametrize("case", cases("machine_key"))
def test_a_file_becomes_what_is_expected_and_stays_so(case: dict[str, Any]) -> None:
    data, expected = on_disk(case["file"], case), on_disk(case["expected"], case)
    editor = Editor(parse(data))
    assert [difference.name for difference in required(editor)] == case["differences"], case["why"]
    assert applied(editor, data) == expected, case["why"]
    again = Editor(parse(expected))
    assert (required(again), again.edits()) == ([], ())


def test_an_absent_file_is_created() -> None:
    editor = Editor(empty_document())
    required(editor)
    (edit,) = editor.edits()
    data = apply(b"", [fill_in(edit, editor.document.encoding, resolve)])
    assert data.startswith(b'<?xml version="1.0" encoding="utf-8"?>\r\n<configuration>\r\n  <system.web>\r\n')
    assert required(Editor(parse(data))) == []


@pytest.mark.parametrize(
    ("found", "difference"),
    [
        ("", Difference("validationKey", "absent", VALIDATION_ADDRESS)),
        ('validationKey="AutoGenerate,IsolateApps"', Difference("validationKey", "automatic", VALIDATION_ADDRESS)),
        ('validationKey="A1B2"', Difference("validationKey", "another key", VALIDATION_ADDRESS)),
        (
            f'validationKey="{VALIDATION_KEY},IsolateApps"',
            Difference("validationKey", "not a key", VALIDATION_ADDRESS),
        ),
        ('validationKey="hunter2"', Difference("validationKey", "not a key", VALIDATION_ADDRESS)),
        ('validation="SHA1"', Difference("validation", "SHA1", "HMACSHA256")),
        ('validation="hmacsha256"', Difference("validation", "another value", "HMACSHA256")),
        ('decryption="hunter2"', Difference("decryption", "another value", "AES")),
        ('compatibilityMode=" Framework45"', Difference("compatibilityMode", "another value", "Framework45")),
        ('compatibilityMode="Framework20SP1"', Difference("compatibilityMode", "Framework20SP1", "Framework45")),
        ('dataProtectorType="hunter2"', Difference("dataProtectorType", "another value", "absent")),
        ('applicationName="hunter2"', Difference("applicationName", "another value", "absent")),
        ('hunter2="hunter2"', Difference("unknown attribute", "at 1:40", "absent")),
    ],
)
def test_a_difference_tells_what_was_found_without_quoting_it(found: str, difference: Difference) -> None:
    differences = required(editor_of(application(found)))
    assert difference in differences
    assert "hunter2" not in repr(differences)


@pytest.mark.parametrize(
    "equal",
    [
        EQUAL,
        EQUAL.lower()
        .replace("hmacsha256", " HMACSHA256\t")
        .replace("aes", "\nAES")
        .replace("framework", "Framework")
        # The names of attributes are case-sensitive; digits of keys are not.
        .replace("compatibilitymode", "compatibilityMode")
        .replace("validationkey", "validationKey")
        .replace("decryptionkey", "decryptionKey"),
        EQUAL.replace(VALIDATION_KEY, f" {VALIDATION_KEY}\n"),
        EQUAL.replace("HMACSHA256", "&#72;MACSHA256"),
        f'{EQUAL} dataProtectorType="" applicationName=""',
        f'{EQUAL} lockAttributes="*" lockItem="false" xmlns:t="urn:t"',
    ],
)
def test_another_spelling_of_the_same_key_is_no_difference(equal: str) -> None:
    editor = editor_of(application(equal))
    assert (required(editor), editor.edits()) == ([], ())


def test_without_a_declared_mode_the_attribute_is_removed() -> None:
    editor = editor_of(application(EQUAL))
    wanted = replace(KEY, compatibility_mode=None)
    assert required(editor, wanted) == [Difference("compatibilityMode", "Framework45", "absent")]
    assert "compatibilityMode" not in result(editor)


@pytest.mark.parametrize("mode", ["Framework20SP1", "Framework45", ""])
def test_leaving_out_a_mode_that_a_file_above_sets_is_refused(mode: str) -> None:
    inherited = inherited_from(f'compatibilityMode="{mode}"')
    with pytest.raises(DocumentError, match=r"root web\.config sets compatibilityMode") as caught:
        required(editor_of(application(EQUAL)), replace(KEY, compatibility_mode=None), inherited)
    assert "instead of omit" in (caught.value.hint or "")
    assert required(editor_of(application(EQUAL)), KEY, inherited) == []


def test_a_mode_that_follows_from_the_target_framework_above_can_be_left_out() -> None:
    text = '<configuration><system.web><httpRuntime targetFramework="4.8"/></system.web></configuration>'
    level = Level(name="Default Web Site", document=parse(text.encode()), location="portal")
    inherited = effective_machine_key([level])
    assert inherited.compatibility_mode.value == "Framework45"
    without = EQUAL.replace('compatibilityMode="Framework45"', "")
    assert required(editor_of(application(without)), replace(KEY, compatibility_mode=None), inherited) == []


def test_a_declared_protector_is_written() -> None:
    editor = editor_of(application(f'{EQUAL} applicationName="old"'))
    wanted = replace(KEY, data_protector_type="A<B>, C", application_name="portal")
    assert required(editor, wanted) == [
        Difference("dataProtectorType", "absent", "A<B>, C"),
        Difference("applicationName", "another value", "portal"),
    ]
    assert result(editor) == application(f'{EQUAL} applicationName="portal" dataProtectorType="A&lt;B&gt;, C"')


@pytest.mark.parametrize("own", ["", ' dataProtectorType="Mine"'])
def test_an_inherited_protector_that_is_not_declared_is_emptied(own: str) -> None:
    inherited = inherited_from('dataProtectorType="Theirs"')
    editor = editor_of(application(EQUAL + own))
    assert [each.wanted for each in required(editor, inherited=inherited)] == ["empty"]
    assert result(editor) == application(f'{EQUAL} dataProtectorType=""')
    assert required(editor_of(result(editor)), inherited=inherited) == []


def test_a_lock_above_is_refused_with_its_level() -> None:
    with pytest.raises(DocumentError, match=r"locked by root web\.config"):
        required(editor_of("<configuration/>"), inherited=inherited_from('lockItem="true"'))


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        (application('configProtectionProvider="x"'), ProtectedSection, "encrypted"),
        (application('configSource="keys.config"'), DocumentError, "another file"),
        (
            f"<configuration><system.web><machineKey/></system.web>\n<location>{application('')[15:-16]}</location>"
            "</configuration>",
            DocumentError,
            "2:23: a second machineKey",
        ),
        ("<configuration xmlns='urn:other'/>", DocumentError, "root element"),
    ],
)
def test_a_section_that_cannot_be_edited_safely_is_refused(text: str, error: type[DocumentError], reason: str) -> None:
    with pytest.raises(error, match=reason):
        required(editor_of(text))


def test_an_external_file_is_edited_at_its_root() -> None:
    editor = editor_of('<?xml version="1.0"?>\n<machineKey validation="SHA1"\n            decryption="AES" />\n')
    required(editor)
    assert result(editor) == (
        '<?xml version="1.0"?>\n<machineKey validation="HMACSHA256"\n            decryption="AES"\n'
        '            compatibilityMode="Framework45"\n'
        f'            validationKey="{VALIDATION_KEY}"\n            decryptionKey="{DECRYPTION_KEY}" />\n'
    )


@pytest.mark.parametrize(
    ("machine_key", "path"),
    [('validation="SHA1"', None), ('configSource="keys.config"', "keys.config"), ("configSource='a\\b'", "a\\b")],
)
def test_the_file_that_holds_the_section_is_named(machine_key: str, path: str | None) -> None:
    assert config_source(parse(application(machine_key).encode())) == path
    assert config_source(parse(b"<configuration/>")) is None


@pytest.mark.parametrize(
    "path", ["", " ", "C:\\hunter2", "\\hunter2", "//hunter2/x", "..\\hunter2", "a/../../hunter2", "C:x"]
)
def test_a_file_outside_the_application_is_refused(path: str) -> None:
    with pytest.raises(DocumentError, match="configSource") as caught:
        config_source(parse(application(f'configSource="{path}"').encode()))
    assert "hunter2" not in caught.value.message
