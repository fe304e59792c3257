"""`keydeploy generate` makes keys that its own rules accept, in clear or for Ansible's vault."""

import json
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.cli import main
from keydeploy.keys import machine_key, rsa_key
from keydeploy.keys.machine_key import MachineKey
from keydeploy.secret import Secret
from tests.engine.farm import COMMANDS

KINDS = ("machine-key", "container-key", "certificate")


def generated(capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    assert main(["generate", "machine-key", *options]) == 0
    value: dict[str, Any] = yaml.safe_load(capsys.readouterr().out)
    return value


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["generate", "container-key", *options]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


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


def is_of_today(text: object) -> bool:
    """Tell whether *text* is the day in UTC, also where midnight passes meanwhile."""
    assert isinstance(text, str)  # in quotes, so that YAML does not make a date of it
    return 0 <= (datetime.now(UTC).date() - date.fromisoformat(text)).days <= 1


def test_a_key_tells_the_day_on_which_it_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert is_of_today(generated(capsys)["created"])
    assert is_of_today(yaml.safe_load(printed(capsys, "--name", "vault_key"))["vault_key_created"])
    assert is_of_today(yaml.safe_load(printed(capsys, "--format", "yaml"))["created"])


def test_json_holds_what_yaml_holds(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ([], ["--name", "vault_portal"]):
        assert main(["generate", "machine-key", "--format", "json", *name]) == 0
        value = json.loads(capsys.readouterr().out)
        inner = value["vault_portal"] if name else value
        assert inner.keys() == generated(capsys).keys()
        assert as_key(inner).fingerprint

    alone = json.loads(printed(capsys, "--format", "json"))
    assert alone.keys() == {"private_key", "created"}
    named = json.loads(printed(capsys, "--format", "json", "--name", "vault_key"))
    assert named.keys() == {"vault_key", "vault_key_created"}
    assert rsa_key.load(alone["private_key"]) != rsa_key.load(named["vault_key"])


@pytest.mark.parametrize(
    "options", ["--validation MD4", "--validation AES", "--decryption ROT13", "--compatibility-mode Framework1"]
)
def test_an_algorithm_that_cannot_be_is_refused(capsys: pytest.CaptureFixture[str], options: str) -> None:
    assert main(["generate", "machine-key", *options.split()]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("keydeploy: error: ")


@pytest.fixture
def vault(tmp_path: Path) -> list[str]:
    """Answer the options that name the password of a vault."""
    (tmp_path / "password").write_text("the vault's own", "utf-8")
    return ["--vault-password-file", str(tmp_path / "password")]


def through_vault(tmp_path: Path, vault: list[str], *options: str) -> str:
    """Answer what Ansible's vault reads from the file that the command wrote."""
    with (tmp_path / "vault.yml").open("w") as file:
        subprocess.run([COMMANDS / "keydeploy", "generate", *options, *vault], stdout=file, check=True)
    assert (tmp_path / "vault.yml").read_text("utf-8").startswith("$ANSIBLE_VAULT;1.")
    view: list[str | Path] = [COMMANDS / "ansible-vault", "view", *vault, tmp_path / "vault.yml"]
    return subprocess.run(view, capture_output=True, text=True, check=True).stdout


def test_ansible_vault_reads_what_was_made_for_it(tmp_path: Path, vault: list[str]) -> None:
    clear = through_vault(tmp_path, vault, "machine-key", "--format", "vault", "--name", "vault_portal")

    assert as_key(yaml.safe_load(clear)["vault_portal"]).fingerprint


def test_a_container_key_is_printed_as_pem(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)

    assert text.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert text.endswith("-----END PRIVATE KEY-----\n")
    assert printed(capsys, "--format", "pem") != text
    assert rsa_key.load(text).bits == rsa_key.DEFAULT_BITS


def test_a_name_puts_the_container_key_under_a_variable(capsys: pytest.CaptureFixture[str]) -> None:
    for options in ((), ("--format", "yaml")):
        text = printed(capsys, "--name", "vault_portal_key", *options)
        value = yaml.safe_load(text)

        assert text.startswith("vault_portal_key: |\n  -----BEGIN PRIVATE KEY-----\n  ")
        assert value.keys() == {"vault_portal_key", "vault_portal_key_created"}
        assert rsa_key.load(value["vault_portal_key"]).bits == rsa_key.DEFAULT_BITS


def test_a_container_key_is_printed_as_aspnet_regiis_imports_it(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--format", "xml")

    assert text.startswith("<RSAKeyValue><Modulus>")
    assert text.endswith("</D></RSAKeyValue>\n")
    assert rsa_key.load(text).bits == rsa_key.DEFAULT_BITS


@pytest.mark.parametrize("bits", [2056, 3072])
def test_a_container_key_is_as_long_as_wanted(capsys: pytest.CaptureFixture[str], bits: int) -> None:
    assert rsa_key.load(printed(capsys, "--bits", str(bits))).bits == bits


def test_a_container_key_goes_into_a_vault_with_its_name_or_alone(tmp_path: Path, vault: list[str]) -> None:
    named = through_vault(tmp_path, vault, "container-key", "--name", "vault_portal_key")
    alone = through_vault(tmp_path, vault, "container-key", "--format", "vault")

    assert rsa_key.load(yaml.safe_load(named)["vault_portal_key"]) != rsa_key.load(alone)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("container-key --bits 1024", "1024 bits, which is weak"),
        ("container-key --bits 2050", "2050 bits; containers of CryptoAPI take a multiple of 8"),
        ("container-key --bits 16392", "16392 bits; containers of CryptoAPI hold at most 16384"),
        ("container-key --format xml --name vault_portal", "--name has no place in xml"),
        ("container-key --format pem --name vault_portal", "--name has no place in pem"),
        ("certificate", "the certificate has no name"),
        ("certificate --dns portal.example.com --days 0", "0 days; a certificate lasts from 1 to 3650 days"),
        ("certificate --dns portal.example.com --days 3651", "3651 days; a certificate lasts from 1 to 3650 days"),
        ("certificate --dns 10.0.0.1", "10.0.0.1 is an address"),
        ("certificate --dns portal_.example..com", "'portal_.example..com' is no DNS name"),
        ("certificate --subject O=", "the subject is no name of a certificate"),
        ("certificate --subject portal --format pem --name vault_portal", "--name has no place in pem"),
        ("certificate --subject portal --format pfx --name vault_portal", "--name has no place in pfx"),
        ("certificate --subject portal --format pfx", "a PFX alone needs a password that you know"),
        ("certificate --subject portal --password-file nowhere", "nowhere cannot be read"),
        ("certificate --subject portal --password-file /dev/null", "/dev/null holds no password"),
        ("certificate --subject portal --password-file a --format pem", "--password-file has no place in pem"),
        ("container-key --format pem -J", "a vault option, and --format pem, which is in clear"),
        ("container-key --format xml --vault-id me@file", "a vault option, and --format xml, which is in clear"),
        ("container-key --name a_key --format yaml -J", "a vault option, and --format yaml, which is in clear"),
        ("machine-key --format yaml --vault-password-file file", "a vault option, and --format yaml"),
        *(
            (f"{kind} --name {name}", "--name is not the name")
            for kind in KINDS
            for name in ("1st", "a-key", "a:", "ä")
        ),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_next_step(
    capsys: pytest.CaptureFixture[str], options: str, told: str
) -> None:
    assert main(["generate", *options.split()]) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"keydeploy: error: {told}")
    assert "keydeploy: hint: " in err


@pytest.mark.parametrize(
    "options",
    [
        "container-key --validation SHA1",
        "container-key --decryption AES",
        "container-key --compatibility-mode omit",
        "container-key --bits many",
        "container-key --format pfx",
        "container-key --dns portal.example.com",
        "certificate --bits 2056",
        "certificate --bits 1024",
        "certificate --format xml",
        "machine-key --bits 2048",
        "machine-key --format pem",
        "machine-key --format xml",
        "password",
        "",
    ],
)
def test_an_option_that_the_kind_does_not_have_is_wrong_usage(capsys: pytest.CaptureFixture[str], options: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(["generate", *options.split()])

    out, err = capsys.readouterr()
    assert (end.value.code, out) == (1, "")
    assert err.startswith("keydeploy: error: ")
    assert "--help shows what it takes" in err


def test_help_shows_an_example_of_each_kind(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("generate", *(f"generate {kind}" for kind in KINDS)):
        with pytest.raises(SystemExit):
            main([*command.split(), "--help"])
        shown = capsys.readouterr().out
        wanted = [kind for kind in KINDS if kind in command] or KINDS
        assert all(f"\n  keydeploy generate {kind} " in shown for kind in wanted)


def test_help_explains_sizes_and_algorithms(capsys: pytest.CaptureFixture[str]) -> None:
    told = {
        "machine-key": (*machine_key.LEGACY_VALIDATIONS, *machine_key.DECRYPTIONS, *machine_key.COMPATIBILITY_MODES),
        "container-key": ("2048", "3072", "4096", "16384"),
        "certificate": ("2048", "3072", "4096", "SHA-256", "serverAuth", "3650"),
    }
    for kind, words in told.items():
        with pytest.raises(SystemExit):
            main(["generate", kind, "--help"])
        shown = capsys.readouterr().out
        assert [word for word in words if word not in shown] == []
