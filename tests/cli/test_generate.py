"""`keydeploy generate` makes keys that its own rules accept, in clear or for Ansible's vault."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.cli import main
from keydeploy.keys.machine_key import MachineKey
from keydeploy.secret import Secret
from tests.engine.farm import COMMANDS


def generated(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main(["generate", "machine-key", *options]) == 0
    value: dict[str, Any] = yaml.safe_load(capsys.readouterr().out)
    return value


def as_key(value: dict[str, Any]) -> MachineKey:
    mode = value["compatibility_mode"]
    return MachineKey(
        validation=value["validation"],
        decryption=value["decryption"],
        compatibility_mode=None if mode == "omit" else mode,
        validation_key=Secret.of(value["validation_key"]),
        decryption_key=Secret.of(value["decryption_key"]),
    )


@pytest.mark.parametrize(
    ("options", "validation", "decryption"),
    [
        ("", 64, 32),
        ("--validation HMACSHA512", 128, 32),
        ("--validation SHA1 --decryption 3DES", 64, 24),
        ("--validation AES --compatibility-mode omit", 64, 32),
    ],
)
def test_the_key_is_as_long_as_its_algorithms_want(
    capsys: pytest.CaptureFixture[str], options: str, validation: int, decryption: int
) -> None:
    value = generated(capsys, *options.split())
    other = generated(capsys, *options.split())

    assert value["validation_key"] != other["validation_key"]
    assert len(bytes.fromhex(value["validation_key"])) <= validation
    assert len(bytes.fromhex(value["decryption_key"])) == decryption
    assert as_key(value).fingerprint != as_key(other).fingerprint


def test_a_name_puts_the_key_under_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    value = generated(capsys, "--name", "vault_portal")

    assert value.keys() == {"vault_portal"}
    assert value["vault_portal"]["compatibility_mode"] == "Framework45"


@pytest.mark.parametrize(
    "options", ["--validation MD4", "--validation AES", "--decryption ROT13", "--compatibility-mode Framework1"]
)
def test_an_algorithm_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], options: str) -> None:
    assert main(["generate", "machine-key", *options.split()]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("keydeploy: error: ")


def test_ansible_vault_reads_what_was_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("the vault's own", "utf-8")
    vault = ["--vault-password-file", str(tmp_path / "password")]
    make = ["generate", "machine-key", "--format", "vault", "--name", "vault_portal", *vault]
    with (tmp_path / "vault.yml").open("w") as file:
        subprocess.run([COMMANDS / "keydeploy", *make], stdout=file, check=True)

    view: list[str | Path] = [COMMANDS / "ansible-vault", "view", *vault, tmp_path / "vault.yml"]
    clear = subprocess.run(view, capture_output=True, text=True, check=True).stdout

    assert (tmp_path / "vault.yml").read_text("utf-8").startswith("$ANSIBLE_VAULT;1.")
    assert as_key(yaml.safe_load(clear)["vault_portal"]).fingerprint


def test_without_a_vault_password_nothing_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ANSIBLE_VAULT_PASSWORD_FILE", raising=False)

    assert main(["generate", "machine-key", "--format", "vault"]) == 1

    out, err = capfd.readouterr()
    assert out == ""
    assert "keydeploy: hint: name the password with --vault-password-file" in err
