"""Ansible's vault encrypts what it is given, byte for byte, and says why where it does not."""

import subprocess
import sys
from pathlib import Path

import pytest

from keydeploy.errors import EngineError
from keydeploy.secret import Secret
from keydeploy.vault import encrypt

CLEAR = Secret("a: Schlüssel ✓\r\n".encode() + b"\xff\x00\n")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("ANSIBLE_VAULT_PASSWORD_FILE", "ANSIBLE_VAULT_IDENTITY_LIST", "ANSIBLE_VAULT_ENCRYPT_IDENTITY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "ansible.cfg"))
    (tmp_path / "ansible.cfg").touch()
    (tmp_path / "password").write_text("of the vault", "utf-8")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho Marked-Passw0rd was not found >&2\nexit 3\n", "utf-8")
    program.chmod(0o755)
    return tmp_path


def test_what_it_is_given_comes_out_byte_for_byte(folder: Path) -> None:
    password = ["--vault-password-file", str(folder / "password")]
    (folder / "vault.yml").write_text(encrypt(CLEAR, password), "ascii")

    command = [
        sys.executable,
        "-m",
        "ansible",
        "vault",
        "decrypt",
        *password,
        "--output",
        "-",
        str(folder / "vault.yml"),
    ]
    assert subprocess.run(command, capture_output=True, check=True).stdout == CLEAR.reveal()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--vault-id a@password --vault-id b@password", "several vault passwords are named, and one encrypts"),
        ("--vault-password-file nowhere", "the file with the vault password is not there: nowhere"),
        ("--vault-id a@some/where", "the file with the vault password is not there: some/where"),
        ("--vault-password-file folder", "what is named as the file with the vault password is a folder: folder"),
        ("--vault-password-file empty", "the vault password is empty"),
        ("--vault-password-file program", "the program that tells the vault password fails"),
        (
            "--vault-id a@password --encrypt-vault-id b",
            "the vault identity that is to encrypt is not among those that are named",
        ),
    ],
)
def test_why_it_does_not_encrypt_is_told_in_our_own_words(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, message: str
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(EngineError) as error:
        encrypt(CLEAR, arguments.split())

    assert error.value.message == f"ansible-vault did not encrypt: {message}"
    assert error.value.hint
    assert "Marked" not in error.value.told


def test_a_file_that_ansibles_own_settings_name_is_told_without_its_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(folder / "nowhere"))
    with pytest.raises(EngineError, match=r"the file with the vault password is not there$"):
        encrypt(CLEAR, [])
