"""Files and folders are looked at whatever lies in them, and nothing that they hold stops the rest."""

import json
import os
from pathlib import Path

import pytest

from keydeploy.errors import KeydeployError
from keydeploy.lint.files import look
from keydeploy.lint.model import Finding
from tests.lint.disclosing import listing
from tests.lint.keys import DECRYPTION_KEY, VALIDATION_KEY, digits
from tests.lint.private_keys import (
    CERTIFICATE_PEM,
    CLOSED_PFX,
    CLOSED_PFX_TEXT,
    ENCRYPTED_OPENSSH_PEM,
    ENCRYPTED_PEM,
    ENCRYPTED_TRADITIONAL_PEM,
    OPEN_PFX,
    OPEN_PFX_TEXT,
    OPENSSH_PEM,
    PEM,
    PUBLIC_RSA_KEY_VALUE,
    RSA_KEY_VALUE,
    TRADITIONAL_PEM,
)

FAULTY = '<configuration><system.web><pages enableViewStateMac="false" /></system.web></configuration>'
VAULT = "$ANSIBLE_VAULT;1.1;AES256\n3030\n"


def put(folder: Path, path: str, content: str | bytes) -> Path:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content.encode() if isinstance(content, str) else content)
    return target


def rules(folder: Path) -> list[str]:
    return [finding.rule.id for finding in look([folder], None).findings]


def findings(folder: Path) -> list[Finding]:
    return [*look([folder], None).findings]


def test_a_folder_is_searched_and_what_tools_put_there_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path, "src/Web/Web.config", FAULTY)
    for name in (".git", "node_modules", "bin", "obj", "packages", "Bin"):
        put(tmp_path, f"src/{name}/web.config", FAULTY)
    assert [finding.file for finding in findings(tmp_path)] == [f"{tmp_path.as_posix()}/src/Web/Web.config"]


def test_what_is_named_is_looked_at_wherever_it_lies(tmp_path: Path) -> None:
    file = put(tmp_path, "bin/web.config", FAULTY)
    assert [finding.rule.id for finding in look([file], None).findings] == ["view-state-mac-off"]
    assert [finding.rule.id for finding in look([file.parent], None).findings] == ["view-state-mac-off"]


def test_a_file_is_shown_as_it_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, "src/web.config", FAULTY)
    monkeypatch.chdir(tmp_path)
    assert [finding.file for finding in look([Path()], None).findings] == ["src/web.config"]
    assert [finding.file for finding in look([Path("src")], None).findings] == ["src/web.config"]


def test_a_name_that_cannot_be_printed_is_shown_all_the_same(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff\x1b[31m\n")).mkdir()
    put(tmp_path, os.fsdecode(b"a\xff\x1b[31m\n/web.config"), FAULTY)
    [finding] = findings(tmp_path)
    assert finding.file.endswith("/a\ufffd\ufffd[31m\ufffd/web.config")


def test_a_file_that_is_named_twice_is_looked_at_once(tmp_path: Path) -> None:
    file = put(tmp_path, "web.config", FAULTY)
    (tmp_path / "again.config").symlink_to(file)
    assert len(look([tmp_path, file, tmp_path], None).findings) == 1


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    put(tmp_path, "a/web.config", FAULTY)
    (tmp_path / "a/b").symlink_to(tmp_path)
    (tmp_path / "a/loop.config").symlink_to("loop.config")
    linted = look([tmp_path], None)
    assert len(linted.findings) == 1
    assert [Path(path).name for path in linted.unread] == ["loop.config"]


def test_what_is_no_file_of_bytes_is_told_and_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.config")
    assert [*look([tmp_path], None).unread.values()] == ["not an ordinary file"]


def test_a_folder_that_cannot_be_opened_is_told_and_counts_as_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "web.config", FAULTY)
    monkeypatch.chdir(tmp_path)
    name = "a" * 250
    for _ in range(20):  # Deeper than a path may be long, which keeps even an administrator out.
        os.mkdir(name)  # noqa: PTH102
        os.chdir(name)
    linted = look([tmp_path], None)
    assert [finding.rule.id for finding in linted.findings] == ["view-state-mac-off"]
    [(path, reason)] = linted.unread.items()
    assert (linted.broken, reason) == (frozenset((path,)), "cannot be read: File name too long")


def test_a_path_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeydeployError, match="no such file or folder"):
        look([tmp_path / "missing"], None)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<configuration>", "not well-formed"),
        (b"MZ\x90\x00\x03\x00", "without a byte order mark"),
        (b"\xff\xff\xff", "not utf-8"),
        (b"<!DOCTYPE a><configuration/>", "DTD"),
        (b"<web/>", "not <configuration>"),
    ],
)
def test_a_broken_file_is_told_and_the_others_are_looked_at(content: bytes, reason: str, tmp_path: Path) -> None:
    put(tmp_path, "a/web.config", content)
    put(tmp_path, "b/web.config", FAULTY)
    linted = look([tmp_path], None)
    assert [finding.rule.id for finding in linted.findings] == ["view-state-mac-off"]
    [(path, told)] = linted.unread.items()
    assert path.endswith("a/web.config")
    assert reason in told


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_the_encoding_does_not_matter(encoding: str, tmp_path: Path) -> None:
    put(tmp_path, "web.config", FAULTY.replace("><", ">\n<!-- Größe --><").encode(encoding))
    [finding] = findings(tmp_path)
    assert (finding.line, finding.column) == (3, 22)


def test_other_xml_that_ends_in_config_is_nobodys_business(tmp_path: Path) -> None:
    put(tmp_path, "packages.config", "<packages><package id='A' /></packages>")
    linted = look([tmp_path], None)
    assert (linted.findings, linted.unread) == ((), {})


def test_deeply_nested_files_are_looked_at(tmp_path: Path) -> None:
    depth = 20_000
    inside = "<a>" * depth + "</a>" * depth
    put(tmp_path, "web.config", f"<configuration>{inside}<system.web><machineKey/></system.web></configuration>")
    put(tmp_path, "inventory.yml", "validation_key: " + "[" * depth + "]" * depth)
    linted = look([tmp_path], None)
    assert [finding.rule.id for finding in linted.findings] == ["automatic-key-by-default"]
    assert [*linted.unread.values()] == ["nested too deeply"]


def test_a_disclosed_key_is_found_in_any_case_and_with_a_modifier(tmp_path: Path) -> None:
    for number, key in enumerate((VALIDATION_KEY, VALIDATION_KEY.lower(), f"{VALIDATION_KEY},IsolateApps")):
        text = f'<machineKey validationKey="{key}" decryptionKey="{DECRYPTION_KEY}" />'
        put(tmp_path, f"{number}.config", f"<configuration><system.web>{text}</system.web></configuration>")
    found = [each for each in look([tmp_path], listing(VALIDATION_KEY)).findings if each.rule.id == "disclosed-key"]
    assert [Path(each.file).name for each in found] == ["0.config", "1.config", "2.config"]
    assert {each.subject for each in found} == {"system.web/machineKey@validationKey"}


def test_a_disclosed_key_is_found_in_a_transform_and_in_a_part_of_a_file(tmp_path: Path) -> None:
    text = f'<machineKey validationKey="{VALIDATION_KEY}" />'
    put(tmp_path, "web.Release.config", f"<configuration><system.web>{text}</system.web></configuration>")
    put(tmp_path, "keys.config", text)
    found = [each for each in look([tmp_path], listing(VALIDATION_KEY)).findings if each.rule.id == "disclosed-key"]
    assert len(found) == 2


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        (
            "inventory.yml",
            f"vault:\n  validation_key: {VALIDATION_KEY}\n  decryption_key: '{DECRYPTION_KEY}'\n",
            [2, 3],
        ),
        ("a.yaml", f"x: [{{vault_validation_key: {VALIDATION_KEY.lower()}}}]\n", [1]),
        ("a.json", json.dumps({"all": {"vars": {"decryption_key": DECRYPTION_KEY}}}), [1]),
        ("a.json", '{\n\t"decryption_key": "' + DECRYPTION_KEY + '"\n}', [2]),
        ("group_vars/all", "pfx_password: Xk3-made-up\n", [1]),
        ("host_vars/web1/vault.yml", "---\nansible_password: '!Xk3-made-up'\n", [2]),
        ("inventory.yml", "all:\n  hosts: {web1: {}}\n  vars: {pfx_password: Xk3-made-up}\n", [3]),
        ("x.yml", "keydeploy: {certificates: {session: {password: Xk3-made-up}}}\n", [1]),
        ("x.yml", "key: |\n" + "".join(f"  {line}\n" for line in PEM.splitlines()), [1]),
        ("x.yml", f"previous_key: {RSA_KEY_VALUE}\n", [1]),
        ("x.yml", f"session: {{pfx: {OPEN_PFX_TEXT}}}\n", [1]),
        (
            "hosts.ini",
            f"[portal]\nweb1 ansible_password=Xk3-made-up\n[all:vars]\nvalidation_key={VALIDATION_KEY}\n",
            [2, 4],
        ),
        ("hosts.ini", "[portal:vars]\n; ansible_password=old\npfx_password = 'Xk3-made-up'\n", [3]),
        ("x.yml", f"? [a, {{b: c}}]\n: {{validation_key: {VALIDATION_KEY}}}\n", [2]),
        ("x.yml", "session:\n  pfx_file: session.pfx\n  pfx_password: Xk3-made-up\n", [3]),
        ("x.yml", "- certificate: files/session.p12\n  password: Xk3-made-up\n", [2]),
        ("x.yml", f"a: 1\n---\nvalidation_key: {VALIDATION_KEY}\n", [3]),
        ("x.yml", f"a: &a\n  validation_key: {VALIDATION_KEY}\nb: *a\nc: *a\n", [2]),
    ],
)
def test_key_material_in_clear_is_found_in_inventories(name: str, text: str, lines: list[int], tmp_path: Path) -> None:
    put(tmp_path, name, text)
    found = findings(tmp_path)
    assert [each.line for each in found] == lines
    assert {each.rule.id for each in found} == {"key-in-inventory"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("group_vars/all/vault.yml", VAULT + "validation_key"),
        ("x.yml", f"validation_key: !vault |\n  {VAULT.replace(chr(10), chr(10) + '  ')}\n"),
        ("x.yml", 'validation_key: "{{ vault_portal.validation_key }}"\n'),
        ("group_vars/all.yml", "pfx_password: \"{{ lookup('env', 'PFX') }}\"\n"),
        ("group_vars/all.yml", "pfx_password: ''\nansible_password:\nask_password: true\n"),
        ("group_vars/all.yml", "pfx_password: CHANGEME\n"),
        ("php.ini", "[mysql]\npassword = Xk3-made-up\n"),
        ("hosts.ini", "[all:vars]\npfx_password=\"{{ lookup('env', 'PFX') }}\"\n"),
        ("docker-compose.yml", "services:\n  db:\n    environment: {POSTGRES_PASSWORD: postgres}\n"),
        ("x.yml", "session:\n  pfx_file: session.pfx\n  pfx_password: '{{ vault_pfx_password }}'\n"),
        ("x.yml", "session: {pfx_file: session.pfx}\ndatabase: {password: Xk3-made-up}\n"),
        ("locale.yml", "de:\n  password: Passwort\n"),
        ("api.yml", "properties:\n  password: {type: string}\n  validation_key: {type: string}\n"),
        ("x.yml", "private_key: ~/.ssh/id_rsa\nansible_ssh_private_key_file: ~/.ssh/id_rsa\n"),
        ("x.yml", "validation_key: the-name-of-a-variable\n"),
        ("x.yml", f"session: {{pfx: {CLOSED_PFX_TEXT}}}\n"),
        ("x.yml", "key: |\n" + "".join(f"  {line}\n" for line in ENCRYPTED_PEM.splitlines())),
        ("x.yml", f"certificate: |\n{''.join(f'  {line}{chr(10)}' for line in CERTIFICATE_PEM.splitlines())}"),
    ],
)
def test_what_is_encrypted_or_stands_elsewhere_raises_nothing(name: str, text: str, tmp_path: Path) -> None:
    put(tmp_path, name, text)
    linted = look([tmp_path], None)
    assert (linted.findings, linted.unread) == ((), {})


INI = f"[portal]\nweb1\n\n[portal:vars]\nvalidation_key={VALIDATION_KEY}\n"
YAML = f"all:\n  vars:\n    validation_key: {VALIDATION_KEY}\n"
ONE_LINE = f"web1 ansible_host=10.0.0.1 validation_key={VALIDATION_KEY}\n"


@pytest.mark.parametrize(
    "name",
    ["hosts", "inventory", "inventories/prod/portal", "environments/Production", "prod/portal"],
)
@pytest.mark.parametrize(("text", "line"), [(INI, 5), (YAML, 3), (ONE_LINE, 1)], ids=["ini", "yaml", "one line"])
def test_an_inventory_needs_no_ending(name: str, text: str, line: int, tmp_path: Path) -> None:
    file = put(tmp_path, name, text)
    put(tmp_path, "prod/group_vars/all.yml", "a: 1\n")
    assert [(each.rule.id, each.line) for each in findings(tmp_path)] == [("key-in-inventory", line)]
    assert look([file], None).findings == look([tmp_path], None).findings


def test_an_inventory_without_an_ending_is_looked_at_wherever_it_lies_when_it_is_named(tmp_path: Path) -> None:
    file = put(tmp_path, "portal", INI)
    assert [each.line for each in look([file], None).findings] == [5]
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    "content",
    [b"#!/bin/sh\nvalidation_key=" + VALIDATION_KEY.encode(), b"\0" + INI.encode(), INI.encode() + b"#" * 2**20],
    ids=["program", "no text", "large"],
)
def test_what_lies_beside_inventories_and_is_none_is_passed_over(content: bytes, tmp_path: Path) -> None:
    put(tmp_path, "inventory/portal", content)
    put(tmp_path, "inventory/.vault", INI)
    linted = look([tmp_path], None)
    assert (linted.findings, linted.unread) == ((), {})


def test_an_inventory_without_an_ending_that_is_broken_is_told(tmp_path: Path) -> None:
    put(tmp_path, "hosts", f"all:\n  vars: {{validation_key: {VALIDATION_KEY}\n")
    [reason] = look([tmp_path], None).unread.values()
    assert reason.endswith("not YAML")


OTHER_NAMES = [
    f"vault_portal: {{validationKey: {VALIDATION_KEY}}}\n",
    f"portal_machine_key: {{validation: {VALIDATION_KEY}, decryption: {DECRYPTION_KEY}}}\n",
    f"portal_validationKey: {VALIDATION_KEY}\n",
    f"PORTAL-DECRYPTION-KEY: {DECRYPTION_KEY}\n",
    f"MachineKey:ValidationKey: {VALIDATION_KEY}\n",
    f"portal_machine_key_validation: {VALIDATION_KEY}\n",
    f"validation:\n  {VALIDATION_KEY}\n",
    f"validationKey: '{VALIDATION_KEY},IsolateApps'\n",
    "session: {pfxFile: session, pfxPassword: Xk3-made-up}\n",
]


@pytest.mark.parametrize("text", OTHER_NAMES)
def test_key_material_is_found_however_its_name_is_spelled(text: str, tmp_path: Path) -> None:
    put(tmp_path, "x.yml", text)
    assert {each.rule.id for each in findings(tmp_path)} == {"key-in-inventory"}


def test_the_settings_of_a_program_are_looked_at_too(tmp_path: Path) -> None:
    settings = {"MachineKey": {"ValidationKey": VALIDATION_KEY, "DecryptionKey": DECRYPTION_KEY}}
    put(tmp_path, "appsettings.json", json.dumps(settings))
    assert [each.text for each in findings(tmp_path)] == [
        "validation_key stands in clear",
        "decryption_key stands in clear",
    ]


@pytest.mark.parametrize("length", [96, 128, 256])
def test_what_is_as_long_as_a_key_counts_where_variables_are(length: int, tmp_path: Path) -> None:
    put(tmp_path, "group_vars/all.yml", f"portal:\n  shared: {digits('shared', length)}\n")
    put(tmp_path, "x.yml", f"portal: {{shared: {digits('shared', length)}}}\n")
    [finding] = findings(tmp_path)
    assert (finding.line, Path(finding.file).parent.name) == (2, "group_vars")
    assert finding.text == f"{length} hex digits, as many as a key may have, stand in clear"


@pytest.mark.parametrize(
    "text",
    [
        f"archive_sha512: {digits('hash', 128)}\n",
        f"checksums: {{amd64: {{v1: {digits('hash', 128)}}}}}\n",
        f"archive: {{SHA384: {digits('hash', 96)}}}\n",
        f"passwordHash: {digits('hash', 128)}\n",
        f"public_key: {digits('public', 130)}\n",
        f"data: {digits('data', 97)}\n",
        f"data: {digits('data', 258)}\n",
        "machine_key: {validation: HMACSHA256, decryption: AES}\n",
        f"site_validation: {digits('token', 40)}\n",
    ],
)
def test_hashes_and_what_is_public_raise_nothing(text: str, tmp_path: Path) -> None:
    put(tmp_path, "group_vars/all.yml", text)
    assert findings(tmp_path) == []


@pytest.mark.parametrize("name", ["portal", "key.txt", "hosts"])
def test_a_private_key_that_is_named_is_found_whatever_its_name(name: str, tmp_path: Path) -> None:
    file = put(tmp_path, name, CERTIFICATE_PEM + PEM)
    assert [each.rule.id for each in look([file], None).findings] == ["private-key-file"]


@pytest.mark.parametrize(
    ("name", "content", "is_known"),
    [
        ("notes.txt", b"hello\n", False),
        ("picture", b"\x89PNG\0", False),
        ("portal", b"[web]\nweb1\n", True),
        ("inventory.py", b"#!/usr/bin/env python3\n", True),
        ("vault.txt", VAULT.encode(), True),
        ("notes.txt", f"validation_key={VALIDATION_KEY}\n".encode(), True),
        ("configuration.txt", FAULTY.encode(), True),
    ],
)
def test_a_file_that_is_named_in_vain_is_told(name: str, content: bytes, is_known: bool, tmp_path: Path) -> None:
    file = put(tmp_path, name, content)
    assert [*look([file], None).unread.values()] == ([] if is_known else ["nothing that lint knows"])


def test_yaml_that_cannot_be_read_is_told_without_its_content(tmp_path: Path) -> None:
    put(tmp_path, "inventory.yml", f"validation_key: '{VALIDATION_KEY}\n")
    linted = look([tmp_path], None)
    [reason] = linted.unread.values()
    assert reason.endswith("not YAML")
    assert VALIDATION_KEY not in repr(linted)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pem", PEM),
        ("a.key", f"subject=portal\n{TRADITIONAL_PEM}"),
        ("a.pem", CERTIFICATE_PEM + PEM),
        ("a.pfx", OPEN_PFX),
        ("a.p12", OPEN_PFX),
        ("session.pfx.b64", OPEN_PFX_TEXT),
        ("key.xml", RSA_KEY_VALUE),
        ("id_ed25519", OPENSSH_PEM),
        ("deploy_id_rsa", TRADITIONAL_PEM),
        ("a.key", OPENSSH_PEM),
    ],
)
def test_a_private_key_in_clear_is_found(name: str, content: str | bytes, tmp_path: Path) -> None:
    put(tmp_path, name, content)
    assert rules(tmp_path) == ["private-key-file"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pem", ENCRYPTED_PEM),
        ("a.pem", ENCRYPTED_TRADITIONAL_PEM),
        ("a.crt", CERTIFICATE_PEM),
        ("a.pfx", CLOSED_PFX),
        ("a.pfx", b""),
        ("a.pfx", b"0\x82\x00\x02\x01\x03"),
        ("session.pfx.b64", CLOSED_PFX_TEXT),
        ("a.pem", VAULT),
        ("key.xml", PUBLIC_RSA_KEY_VALUE),
        ("id_rsa", ENCRYPTED_OPENSSH_PEM),
        ("id_rsa.pub", "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ== portal"),
        ("a.xml", "<a>-----BEGIN PRIVATE KEY----- is how a key begins</a>"),
    ],
)
def test_an_encrypted_or_public_key_raises_nothing(name: str, content: str | bytes, tmp_path: Path) -> None:
    put(tmp_path, name, content)
    assert rules(tmp_path) == []


def test_the_place_of_a_key_in_pem_is_where_it_begins(tmp_path: Path) -> None:
    put(tmp_path, "a.pem", CERTIFICATE_PEM + PEM)
    [finding] = findings(tmp_path)
    assert finding.line == CERTIFICATE_PEM.count("\n") + 1


def test_a_single_server_may_make_up_its_keys(tmp_path: Path) -> None:
    text = '<machineKey compatibilityMode="Framework45" validationKey="AutoGenerate" decryptionKey="AutoGenerate" />'
    put(tmp_path, "web.config", f"<configuration><system.web>{text}</system.web></configuration>")
    assert len(look([tmp_path], None).findings) == 2
    assert look([tmp_path], None, on_farm=False).findings == ()


def test_a_web_config_far_below_still_inherits(tmp_path: Path) -> None:
    key = f'<machineKey compatibilityMode="Framework45" validationKey="{digits("a", 128)}" />'
    put(tmp_path, "web.config", f"<configuration><system.web>{key}</system.web></configuration>")
    own = f'<machineKey decryptionKey="{DECRYPTION_KEY}" validationKey="{VALIDATION_KEY}" />'
    put(tmp_path, "a/b/web.config", f"<configuration><system.web>{own}</system.web></configuration>")
    put(tmp_path, "a2/web.config", f"<configuration><system.web>{own}</system.web></configuration>")
    found = [finding for finding in findings(tmp_path) if finding.rule.id == "hidden-key"]
    assert [finding.file.removeprefix(tmp_path.as_posix()) for finding in found] == [
        "/a/b/web.config",
        "/a2/web.config",
    ]
