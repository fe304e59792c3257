"""`keydeploy rotate` replaces keys where they are kept, encrypted, and on every node."""

import hashlib
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.engine.farm import (
    DECRYPTION_KEY,
    OLD_DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    OTHER_KEYS,
    VALIDATION_KEY,
    fault,
    machine_key,
)
from tests.engine.vaults import (
    KEYS,
    NODES,
    PLAIN,
    VaultStand,
    farm_in_vault,
    keys_of,
    on_nodes,
    outcome,
    told,
    two_farms,
)


@pytest.fixture
def stand(tmp_path: Path) -> VaultStand:
    return farm_in_vault(tmp_path)


def test_a_machine_key_is_replaced_in_its_vault_file_and_on_every_node(stand: VaultStand) -> None:
    file, mode = stand.file("all/vault.yml"), stand.file("all/vault.yml").stat().st_mode

    ran = stand.rotate("machine_keys.portal")

    assert outcome(ran) == (0, "applied"), ran.text
    clear = stand.opened(file)
    new = keys_of(yaml.safe_load(clear))
    assert clear == KEYS.replace(VALIDATION_KEY, new[0]).replace(DECRYPTION_KEY, new[1])
    assert [len(key) for key in new] == [128, 64]
    assert (file.read_text("utf-8").partition("\n")[0], file.stat().st_mode) == ("$ANSIBLE_VAULT;1.2;AES256;prod", mode)
    assert [on_nodes(stand, key) for key in new] == [[True, True]] * 2
    assert told(ran)["files"] == [{"file": "group_vars/all/vault.yml", "gets": ["key"]}]
    assert stand.agrees()
    assert stand.leaks(ran, keys=new) == []


def test_a_file_that_is_encrypted_under_another_label_than_its_password_keeps_that(stand: VaultStand) -> None:
    ran = stand.keydeploy("rotate", "portal", "--yes", *PLAIN)

    assert ran.code == 0, ran.text
    assert "commit group_vars/all/vault.yml" in ran.out
    assert stand.file("all/vault.yml").read_text("utf-8").startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert stand.agrees()


def test_values_that_are_encrypted_by_themselves_are_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    stand = VaultStand(tmp_path)
    first, second = stand.inline(VALIDATION_KEY, "prod", 8), stand.inline(DECRYPTION_KEY, "dev", 4)
    text = (
        "# in clear, but for two values\r\nport: 443   # stays\nvault_portal:\n  decryption_key: "
        f"{second}  # between them\n  validation_key: {first}\nlast: 'of all'\n"
    )
    stand.file("portal.yml").write_bytes(text.encode())
    stand.add_farm("portal", *NODES)

    ran = stand.rotate("portal")

    assert outcome(ran) == (0, "applied"), ran.text
    after = stand.file("portal.yml").read_bytes().decode()
    new = keys_of(stand.values(stand.file("portal.yml")))
    assert [line for line in after.split("\n") if "3" not in line] == [
        line for line in text.split("\n") if "3" not in line
    ]
    assert [line for line in after.splitlines() if "AES256" in line] == [
        "    $ANSIBLE_VAULT;1.2;AES256;dev",
        "        $ANSIBLE_VAULT;1.2;AES256;prod",
    ]
    assert set(new).isdisjoint({VALIDATION_KEY, DECRYPTION_KEY})
    assert [on_nodes(stand, key) for key in new] == [[True, True]] * 2
    assert stand.agrees()
    assert stand.leaks(ran, keys=new) == []


def test_a_pair_in_two_places_is_replaced_in_both(tmp_path: Path) -> None:
    stand = VaultStand(tmp_path)
    stand.keep(f"vault_validation: {VALIDATION_KEY}\n", "all/one.yml", "dev")
    stand.keep(f"vault_decryption: {DECRYPTION_KEY}\n", "all/two.yml", "prod")
    stand.variables["vault_portal"] = {
        "validation_key": "{{ vault_validation }}",
        "decryption_key": "{{ vault_decryption }}",
    }
    stand.add_farm("portal", *NODES)

    ran = stand.rotate("portal")

    assert outcome(ran) == (0, "applied"), ran.text
    assert VALIDATION_KEY not in stand.opened(stand.file("all/one.yml"))
    assert DECRYPTION_KEY not in stand.opened(stand.file("all/two.yml"))
    assert stand.agrees()


def test_each_host_may_keep_its_own_copy(tmp_path: Path) -> None:
    stand = VaultStand(tmp_path)
    (tmp_path / "host_vars").mkdir()
    for node in NODES:
        stand.keep(name=f"../host_vars/{node}.yml", label="dev")
    stand.add_farm("portal", *NODES)

    ran = stand.rotate("portal")

    assert outcome(ran) == (0, "applied"), ran.text
    copies = [stand.opened(tmp_path / f"host_vars/{node}.yml") for node in NODES]
    assert copies[0] == copies[1] != KEYS
    assert stand.agrees()


def test_a_link_stays_a_link(stand: VaultStand) -> None:
    file = stand.file("all/vault.yml")
    file.rename(stand.folder / "elsewhere.yml")
    file.symlink_to("../../elsewhere.yml")

    ran = stand.rotate("portal")

    assert outcome(ran) == (0, "applied"), ran.text
    assert file.is_symlink()
    assert stand.opened(stand.folder / "elsewhere.yml") != KEYS


@pytest.mark.parametrize("number", [1, 2], ids=["the day as a date", "the day as text"])
def test_the_day_of_the_key_becomes_today(stand: VaultStand, number: int) -> None:
    day = {1: "2024-02-29", 2: '"2024-02-29"'}[number]
    stand.file("all/day.yml").write_text(f"portal_created: {day}   # when it was made\n", "utf-8")
    declared = {"portal": {**machine_key(), "created": "{{ portal_created }}", "max_age": "90d"}}
    stand.groups["portal"]["vars"]["keydeploy"]["machine_keys"] = declared
    stand.write_inventory()
    assert stand.keydeploy("plan", *PLAIN).code == 6

    ran = stand.rotate("portal")

    today = datetime.now(UTC).date().isoformat()
    assert outcome(ran) == (0, "applied"), ran.text
    assert stand.file("all/day.yml").read_text("utf-8") == (
        f"portal_created: {day.replace('2024-02-29', today)}   # when it was made\n"
    )
    assert stand.keydeploy("plan", *PLAIN).code == 0


def test_a_value_that_two_farms_share_is_replaced_for_both_or_not_at_all(tmp_path: Path) -> None:
    stand = two_farms(tmp_path)

    for_one, unclear = stand.rotate("one/portal"), stand.rotate("portal")
    before = stand.opened(stand.file("all/vault.yml"))
    for_both = stand.rotate("one/portal", "two/machine_keys.portal")

    assert (outcome(for_one), unclear.code, before) == ((1, "refused"), 1, KEYS)
    (first, _) = told(for_one)["problems"]
    assert first["place"] == "group_vars/all/vault.yml:3:19"
    assert "also that of two/machine_keys.portal.validation_key; name both" in first["text"]
    assert "portal may stand for one/machine_keys.portal or two/machine_keys.portal" in unclear.err
    assert outcome(for_both) == (0, "applied"), for_both.text
    assert {farm["verdict"] for farm in told(for_both)["report"]["farms"]} == {"applied"}
    assert stand.agrees()


def test_other_farms_are_not_even_looked_at(tmp_path: Path) -> None:
    stand = two_farms(tmp_path)
    stand.keep(f"vault_two: {{validation_key: {VALIDATION_KEY}, decryption_key: {DECRYPTION_KEY}}}\n", "all/two.yml")
    stand.groups["two"]["vars"]["keydeploy"]["machine_keys"] = {"portal": machine_key("vault_two")}
    stand.write_inventory()
    stand.behave("web2", fault("file.read", "unreachable"))
    stand.calls("web2")

    ran = stand.rotate("one/portal")

    assert outcome(ran) == (0, "applied"), ran.text
    assert stand.calls("web2") == []


def test_a_file_that_is_named_with_the_run_is_a_place_like_others(stand: VaultStand) -> None:
    file = stand.file("all/vault.yml").rename(stand.folder / "of the run.yml")
    ran = stand.rotate("portal", "-e", f"@{file}")
    assert outcome(ran) == (0, "applied"), ran.text
    assert VALIDATION_KEY not in stand.opened(file)


def test_git_is_asked_and_told_of(stand: VaultStand) -> None:
    environment = stand.environment(GIT_CONFIG_GLOBAL=os.devnull)
    for command in ("init -q", "add group_vars", "-c user.name=a -c user.email=a@b commit -qm one"):
        subprocess.run(["git", *command.split()], cwd=stand.folder, env=environment, check=True)
    clean = stand.rotate("portal", "--check")
    stand.keep(KEYS + "# more\n", label="prod")
    dirty = stand.rotate("portal")

    assert told(clean)["notes"] == []
    assert told(dirty)["notes"] == ["group_vars/all/vault.yml has changes that are not committed to git; they stay"]
    assert outcome(dirty) == (0, "applied")
    assert "# more" in stand.opened(stand.file("all/vault.yml"))


def test_a_key_that_is_publicly_known_is_what_can_be_rotated(stand: VaultStand, tmp_path: Path) -> None:
    stand.keep(f"vault_portal: {{validation_key: {OLD_VALIDATION_KEY}, decryption_key: {OLD_DECRYPTION_KEY}}}\n")
    for node in NODES:
        stand.own_config(node).write_bytes(OTHER_KEYS)
    hashed = hashlib.sha256(OLD_VALIDATION_KEY.encode()).hexdigest()
    (tmp_path / "list.csv").write_text(f"validationKey, decryptionKey\n{hashed},{hashed}\n", "utf-8")

    refused = stand.keydeploy("plan", *PLAIN, "--disclosed-keys", "list.csv")
    ran = stand.rotate("portal", "--disclosed-keys", "list.csv")

    assert refused.code == 6, refused.text
    assert outcome(ran) == (0, "applied"), ran.text
    assert stand.keydeploy("plan", *PLAIN, "--disclosed-keys", "list.csv").code == 0
