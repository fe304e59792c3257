"""What is wrong with an inventory is told with its place and without what stands there, before any contact."""

import subprocess
from pathlib import Path

import pytest
import yaml

from keydeploy.inventory_files import first_mistake
from tests.engine.farm import COMMANDS, PASSWORD, VALIDATION_KEY, Ran, Stand

VAULT_PASSWORD = "the vault's own"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path).add_farm("portal", "web1", "web2")


def is_refused(stand: Stand, ran: Ran, code: int, *told: str) -> None:
    """Check that *ran* ended with *code* and told what is wrong, and that no node was asked anything."""
    assert ran.code == code, ran.text
    for text in told:
        assert text in ran.text
    assert ran.err.startswith("keydeploy: error: ")
    assert "Traceback" not in ran.text
    assert PASSWORD not in ran.text
    assert VALIDATION_KEY not in ran.text
    assert stand.calls("web1") == stand.calls("web2") == []


def test_inventories_can_be_named_as_for_ansible(stand: Stand) -> None:
    ran = stand._run(["keydeploy", "validate", "-i", str(stand.inventory)], {})

    assert ran.code == 0, ran.text


def test_an_inventory_that_is_not_there(stand: Stand) -> None:
    stand.inventory.unlink()

    is_refused(
        stand, stand.keydeploy("plan"), 1, f"there is no inventory {stand.inventory}\n", "keydeploy: hint: name a file"
    )
    assert stand.tell("drift").report["failure"] == f"there is no inventory {stand.inventory}"


@pytest.mark.parametrize(
    "value", ["*Passw0rd", "&Passw0rd a: *b", "!Passw0rd!x y", "{Passw0rd", "[Passw0rd}", "'Passw0rd"]
)
def test_a_mistake_is_told_without_what_stands_there(tmp_path: Path, value: str) -> None:
    (tmp_path / "inventory.yml").write_text(f"all:\n  vars:\n    password: {value}\n", "utf-8")

    mistake = first_mistake([tmp_path / "inventory.yml"])

    assert mistake is not None
    assert mistake.startswith(f"{tmp_path}/inventory.yml:")
    assert "Passw0rd" not in mistake


def test_a_day_that_no_calendar_has_is_told_at_its_place(stand: Stand) -> None:
    with stand.inventory.open("a", encoding="utf-8") as file:
        file.write("made:\n  hosts:\n    web1: {made: [2026-02-28, {on: 2026-02-30}]}\n")

    line = len(stand.inventory.read_text("utf-8").splitlines())
    told = f"{stand.inventory}:{line}:36: no calendar has this day; put it in quotes if it is none"
    is_refused(stand, stand.keydeploy("validate"), 1, told)


def test_an_inventory_that_is_no_yaml(stand: Stand) -> None:
    stand.inventory.write_text(f"all:\n  vars:\n    password: '{PASSWORD}'\n   hosts: [web1\n", "utf-8")

    ran = stand.tell("drift")

    is_refused(stand, ran, 1, f"keydeploy: error: {stand.inventory}:4:4: not YAML: ")
    assert ran.report["failure"].startswith(f"{stand.inventory}:4:4: ")


def test_a_name_that_stands_twice_in_one_mapping(stand: Stand) -> None:
    with stand.inventory.open("a", encoding="utf-8") as file:
        file.write(f"  vars:\n    other: {VALIDATION_KEY}\n")

    line = len(stand.inventory.read_text("utf-8").splitlines()) - 1
    is_refused(stand, stand.keydeploy("apply"), 1, f"{stand.inventory}:{line}:3: this name stands twice in one mapping")


def test_variables_that_are_no_yaml(stand: Stand) -> None:
    variables = stand.folder / "group_vars/portal.yml"
    variables.parent.mkdir()
    variables.write_text(f"a: 1\nb: '{PASSWORD}\n", "utf-8")

    is_refused(stand, stand.keydeploy("apply"), 1, f"{variables}:3:1: not YAML: ")


def test_an_inventory_that_declares_nothing(stand: Stand) -> None:
    for group in stand.groups.values():
        group["vars"] = {}
    stand.write_inventory()

    is_refused(
        stand,
        stand.keydeploy("apply"),
        3,
        "no host of the inventory declares anything",
        "declare the variable keydeploy",
    )


@pytest.mark.parametrize("text", ["", "all: {}", "all: {hosts: {}}", "all: {children: {portal: {hosts: {}}}}"])
def test_an_inventory_without_hosts_declares_nothing(stand: Stand, text: str) -> None:
    stand.inventory.write_text(text, "utf-8")

    for verb in ("validate", "drift"):
        is_refused(stand, stand.keydeploy(verb), 3, "no host of the inventory declares anything\n")


def test_a_vault_password_cannot_be_asked_for_without_a_terminal(stand: Stand) -> None:
    ran = stand.keydeploy("drift", "-J")  # Python itself warns that the password might be shown

    assert ran.code == 1
    assert "keydeploy: error: there is no terminal to ask for the vault password\nkeydeploy: hint: name a" in ran.err


def test_a_spec_with_mistakes_tells_all_of_them_at_their_places(stand: Stand) -> None:
    spec = stand.groups["portal"]["vars"]["keydeploy"]
    spec["machine_keys"]["portal"]["decryption_key"] = VALIDATION_KEY
    spec["applications"]["portal"]["machine_key"] = "porta"
    stand.write_inventory()

    ran = stand.keydeploy("apply")

    is_refused(stand, ran, 3, "the spec has 2 problems; no node was contacted")
    lines = stand.inventory.read_text("utf-8").splitlines()
    for line in ran.out.splitlines():
        file, row, column, rest = line.split(":", 3)
        assert file == stand.inventory.name
        assert lines[int(row) - 1][int(column) - 1 :].startswith((VALIDATION_KEY, "porta"))
        assert rest.split(":")[0] in (" machine_keys.portal.decryption_key", " applications.portal.machine_key")


def test_a_limit_that_matches_no_host(stand: Stand) -> None:
    is_refused(stand, stand.keydeploy("plan", "-l", "web9"), 1, "the limit matches no host", "check -l")


def test_a_vaulted_file_is_read_with_its_password_and_with_no_other(stand: Stand) -> None:
    password, wrong = stand.folder / "password", stand.folder / "wrong"
    password.write_text(VAULT_PASSWORD, "utf-8")
    wrong.write_text("another", "utf-8")
    variables = stand.folder / "group_vars/portal/vault.yml"
    variables.parent.mkdir(parents=True)
    variables.write_text(yaml.safe_dump({"vault_portal": stand.variables.pop("vault_portal")}), "utf-8")
    stand.write_inventory()
    encrypt: list[str | Path] = [COMMANDS / "ansible-vault", "encrypt", "--vault-password-file", password, variables]
    subprocess.run(encrypt, check=True, capture_output=True)

    right = stand.keydeploy("validate", "--vault-password-file", str(password))
    assert (right.code, right.out) == (0, "the spec is valid for 2 nodes\n")
    is_refused(
        stand,
        stand.keydeploy("apply", "--vault-password-file", str(wrong)),
        1,
        "the vault password is not the one",
        f"check --vault-password-file {wrong}; values of several passwords",
    )
    is_refused(stand, stand.keydeploy("apply"), 1, "no vault password was given", "--ask-vault-pass")
