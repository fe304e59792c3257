"""What `keydeploy generate` prints is taken by the spec, in whatever format; a terminal is told about a secret."""

import base64
import json
import shlex
import shutil
from pathlib import Path

import pytest
import yaml

from tests.cli.starting import VAULT_PASSWORD, Desk, opened
from tests.keys.openssl import openssl

INVENTORY = """
all:
  hosts:
    web1:
      keydeploy:
        machine_keys:
          yaml: "{{ {'validation_key': in_yaml.validation_key, 'decryption_key': in_yaml.decryption_key} }}"
          json:
            validation: "{{ in_json.validation }}"
            decryption: "{{ in_json.decryption }}"
            compatibility_mode: "{{ in_json.compatibility_mode }}"
            validation_key: "{{ in_json.validation_key }}"
            decryption_key: "{{ in_json.decryption_key }}"
            created: "{{ in_json.created }}"
            max_age: 365d
          vault: "{{ in_vault }}"
        key_containers:
          Yaml: {private_key: "{{ key }}", created: "{{ key_created }}", max_age: 365d}
          Vault: {private_key: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/key.pem.vault') }}"}
          Xml: {private_key: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/key.xml') }}"}
        certificates:
          vault: {pfx: "{{ site.pfx }}", password: "{{ site.password }}"}
          json: {pfx: "{{ session.pfx }}", password: "{{ session.password }}"}
          pfx: {pfx: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/own.pfx.b64') }}", password: my own}
"""
MADE = {
    "group_vars/all/one.yml": ("machine-key", "--name", "in_yaml"),
    "group_vars/all/two.json": (
        "machine-key", "--name", "in_json", "--format", "json", "--compatibility-mode", "Framework20SP2",
        "--validation", "SHA1", "--decryption", "3DES",
    ),
    "group_vars/all/three.yml": ("machine-key", "--name", "in_vault", "--vault-password-file", "../vault-password"),
    "group_vars/all/key.yml": ("container-key", "--name", "key"),
    "key.pem.vault": ("container-key", "--vault-password-file", "../vault-password"),
    "key.xml": ("container-key", "--format", "xml"),
    "group_vars/all/site.yml": (
        "certificate", "--dns", "portal.example.com", "--name", "site", "--vault-password-file", "../vault-password",
    ),
    "group_vars/all/session.json": (
        "certificate", "--subject", "Portal session", "--name", "session", "--format", "json",
    ),
    "own.pfx.b64": ("certificate", "--subject", "CN=a, O=b", "--format", "pfx", "--password-file", "password"),
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_spec_takes_every_kind_in_every_format(desk: Desk) -> None:
    (desk.work / "group_vars/all").mkdir(parents=True)
    (desk.work / "password").write_text("my own\n", "utf-8")
    (desk.work / "inventory.yml").write_text(INVENTORY, "utf-8")
    for file, arguments in MADE.items():
        desk.run("sh", "-c", 'file=$1; shift; "$@" > "$file"', "sh", file, "keydeploy", "generate", *arguments)

    told = desk.run("keydeploy", "validate", "inventory.yml", *desk.vault)

    assert "the spec is valid for 1 node\n" in told


def test_the_inventory_to_start_from_on_windows_is_valid_with_a_key_made_as_it_says(desk: Desk) -> None:
    shutil.copytree(Path(__file__).parents[2] / "inventories/windows", desk.work / "windows")
    text = (desk.work / "windows/inventory.yml").read_text("utf-8")
    command = next(line[1:].strip() for line in text.splitlines() if "keydeploy generate machine-key" in line)
    desk.run("sh", "-c", command.replace("-J", shlex.join(desk.vault)), cwd=desk.work / "windows")

    assert "the spec is valid for 3 nodes\n" in desk.run("keydeploy", "validate", "windows/inventory.yml", *desk.vault)


def test_openssl_opens_what_was_printed(desk: Desk) -> None:
    printed = desk.run("sh", "-c", "keydeploy generate certificate --dns a.example.com --format json 2> told")
    value = json.loads(printed)
    (desk.work / "made.pfx").write_bytes(base64.b64decode(value["pfx"]))
    (desk.work / "password").write_text(value["password"], "utf-8")

    shown = openssl("pkcs12", "-in", desk.work / "made.pfx", "-passin", f"file:{desk.work}/password", "-noenc")

    assert b"BEGIN PRIVATE KEY" in shown
    fingerprint = openssl("x509", "-noout", "-fingerprint", given=shown).decode().strip().partition("=")[2]
    told = (desk.work / "told").read_text("utf-8")
    assert f"CN=a.example.com, thumbprint {fingerprint.replace(':', '')}, valid until " in told
    assert value["password"] not in told


def test_pem_is_the_certificate_and_its_key(desk: Desk) -> None:
    text = desk.run("sh", "-c", "keydeploy generate certificate --subject a --format pem 2> told").encode()

    of_certificate = openssl("x509", "-noout", "-pubkey", given=text)
    assert openssl("pkey", "-pubout", given=text) == of_certificate


@pytest.mark.parametrize(
    "kind", [("machine-key",), ("container-key",), ("certificate", "--subject", "a")], ids=lambda kind: kind[0]
)
def test_a_terminal_is_told_that_it_shows_a_secret_and_what_writes_it_encrypted(
    desk: Desk, kind: tuple[str, ...]
) -> None:
    code, shown = desk.at_a_terminal(["keydeploy", "generate", *kind], {})

    assert code == 0
    assert shown.count("this is a secret in clear; ") == 1
    assert f"keydeploy: note: this is a secret in clear; keydeploy generate {kind[0]} " in shown
    assert shown.index("in clear") < shown.index("key: " if kind[0] == "machine-key" else "MII")


def test_neither_a_pipe_nor_a_vault_is_told_so(desk: Desk) -> None:
    command = ["keydeploy", "generate", "machine-key", *desk.vault]

    assert "in clear" not in desk.run("keydeploy", "generate", "machine-key")
    assert "in clear" not in desk.at_a_terminal(command, {})[1]


def test_a_warning_about_a_certificate_is_told_at_once(desk: Desk) -> None:
    told = desk.run("keydeploy", "generate", "certificate", "--subject", "a", "--days", "20")

    assert "keydeploy: note: the certificate expires in 19 days, on " in told
    assert yaml.safe_load(told.partition("keydeploy: note")[0]).keys() == {"pfx", "password"}


@pytest.mark.parametrize(
    "arguments",
    [
        "machine-key --format vault",
        "machine-key -J",
        "machine-key --vault-id prod@prompt",
        "container-key --format vault",
        "certificate --subject a --format vault",
    ],
)
def test_without_a_vault_password_and_a_terminal_nothing_is_printed(desk: Desk, arguments: str) -> None:
    told = desk.run("keydeploy", "generate", *arguments.split(), code=1)

    assert told.startswith("keydeploy: error: there is no vault password to encrypt the new keys with")
    assert "keydeploy: hint: name a file that holds it: --vault-password-file FILE\n" in told


def test_at_a_terminal_the_vault_password_is_asked_for_twice(desk: Desk) -> None:
    answers = {"New Vault password: ": VAULT_PASSWORD, "Confirm New Vault password: ": VAULT_PASSWORD}
    code, shown = desk.at_a_terminal(
        ["sh", "-c", "keydeploy generate machine-key --name made --format vault > made.yml"], answers
    )

    assert code == 0, shown
    assert yaml.safe_load(opened(desk, desk.work / "made.yml")).keys() == {"made"}
