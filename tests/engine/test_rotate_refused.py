"""`keydeploy rotate` changes nothing where keys are not kept encrypted, or nodes are not fit for it; it tells why."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from tests.engine.farm import (
    DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    OTHER_KEYS,
    VALIDATION_KEY,
    fault,
)
from tests.engine.vaults import (
    KEYS,
    PLAIN,
    VaultStand,
    farm_in_vault,
    nodes,
    on_nodes,
    outcome,
    told,
    variables,
)

CLEAR = f"vault_portal: {{validation_key: {VALIDATION_KEY}, decryption_key: {DECRYPTION_KEY}}}\n"
COMPUTED = """\
vault_portal:
  validation_key: "{{ lookup('ansible.builtin.file', inventory_dir ~ '/one.password') }}"
  decryption_key: "{{ from_vault.key | upper }}"
"""


@pytest.fixture
def stand(tmp_path: Path) -> VaultStand:
    return farm_in_vault(tmp_path)


def test_only_told_it_changes_nothing(stand: VaultStand) -> None:
    before = variables(stand), nodes(stand)

    ran = stand.keydeploy("rotate", "portal", "--check", *PLAIN)

    assert ran.code == 2
    assert "application portal on 2 nodes: forms tickets" in ran.out
    assert "group_vars/all/vault.yml: gets the new key, encrypted\n" in ran.out
    assert (variables(stand), nodes(stand)) == before


def test_what_is_pending_is_not_rolled_out_unasked(stand: VaultStand) -> None:
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    before = stand.file("all/vault.yml").read_bytes()

    refused = stand.keydeploy("rotate", "portal", "--yes", *PLAIN)
    left = stand.file("all/vault.yml").read_bytes()
    together = stand.rotate("portal", "--with-pending")

    assert (refused.code, left) == (2, before)
    assert "farm portal is not as declared" in refused.err
    assert "web2" in refused.out
    assert outcome(together) == (0, "applied"), together.text
    assert not any(on_nodes(stand, OLD_VALIDATION_KEY))
    assert stand.agrees()


def test_a_public_key_on_a_farm_that_differs_is_rotated_by_the_way_that_is_told(stand: VaultStand) -> None:
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    row = hashlib.sha256(VALIDATION_KEY.encode()).hexdigest()
    (stand.folder / "list.csv").write_text(f"validationKey, decryptionKey\n{row},{row}\n", "utf-8")
    listed = ("--disclosed-keys", "list.csv")

    refused = stand.keydeploy("rotate", "portal", "--yes", *PLAIN, *listed)
    applied = stand.keydeploy("apply", *PLAIN, *listed)
    together = stand.keydeploy("rotate", "portal", "--yes", "--with-pending", *PLAIN, *listed)

    assert (refused.code, applied.code) == (2, 6)
    assert "--with-pending" in refused.err
    assert "keydeploy apply" not in refused.err
    assert together.code == 0, together.text
    assert stand.agrees()


def test_what_is_pending_is_shown_before_it_goes_along(stand: VaultStand) -> None:
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    ran = stand.keydeploy("rotate", "portal", "--check", "--with-pending", *PLAIN)
    assert ran.code == 2
    assert "~ applications.portal.machine_key: update" in ran.out


def test_disclosed_keys_leave_no_way_back_and_that_is_told_before(stand: VaultStand) -> None:
    ran = stand.keydeploy("rotate", "portal", "--check", "--compromised", *PLAIN)
    assert ran.code == 2
    assert "every node removes all backups that keydeploy keeps there" in ran.out
    assert "keydeploy rollback can take back neither this run nor an earlier one" in ran.out


def test_a_name_is_quoted_as_it_was_typed(stand: VaultStand) -> None:
    ran = stand.keydeploy("rotate", "west/machine_keys.shop", "--yes", *PLAIN)
    assert "no key, container or certificate is called west/machine_keys.shop\n" in ran.err


def test_a_node_that_cannot_be_reached_stands_against_it(stand: VaultStand) -> None:
    stand.behave("web2", fault("file.read", "unreachable"))
    before = stand.file("all/vault.yml").read_bytes()

    ran = stand.rotate("portal")

    assert outcome(ran) == (4, "refused"), ran.text
    assert stand.file("all/vault.yml").read_bytes() == before


def test_a_key_in_clear_is_refused_with_its_place(stand: VaultStand) -> None:
    stand.file("all/vault.yml").write_text(CLEAR, "utf-8")

    ran = stand.keydeploy("rotate", "portal", "--yes")

    assert ran.code == 1
    assert "group_vars/all/vault.yml:1:32: portal/machine_keys.portal.validation_key: kept in clear" in ran.out
    assert "encrypt_string" in ran.out
    assert "2 values cannot be replaced where they are kept; nothing was changed" in ran.err
    assert "--print" in ran.err
    assert stand.file("all/vault.yml").read_text("utf-8") == CLEAR
    assert on_nodes(stand, VALIDATION_KEY) == [True, True]


def test_a_key_that_is_computed_is_refused_with_the_place_of_the_expression(stand: VaultStand) -> None:
    (stand.folder / "one.password").write_text(VALIDATION_KEY, "utf-8")
    stand.keep(f"from_vault: {{key: {DECRYPTION_KEY.lower()}}}\n", label="prod")
    stand.file("all/names.yml").write_text(COMPUTED, "utf-8")

    ran = stand.rotate("portal")

    assert outcome(ran) == (1, "refused"), ran.text
    places = {problem["place"]: problem["text"] for problem in told(ran)["problems"]}
    assert places.keys() == {"group_vars/all/names.yml:2:19", "group_vars/all/names.yml:3:19"}
    assert all("comes out of an expression that stands here" in text for text in places.values())
    assert stand.leaks(ran, keys=(VALIDATION_KEY,)) == []


@pytest.mark.parametrize("how", ["-e", "environment", "script"])
def test_a_key_that_is_kept_in_no_file_is_refused(stand: VaultStand, how: str) -> None:
    value = {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}
    stand.file("all/vault.yml").unlink()
    given: tuple[str, ...] = ()
    env: dict[str, str] = {}
    if how == "-e":
        given = ("-e", json.dumps({"vault_portal": value}))
    elif how == "environment":
        env = {"KEY_ONE": VALIDATION_KEY, "KEY_TWO": DECRYPTION_KEY}
        names = {"validation_key": "KEY_ONE", "decryption_key": "KEY_TWO"}
        stand.variables["vault_portal"] = {
            name: f"{{{{ lookup('ansible.builtin.env', '{variable}') }}}}" for name, variable in names.items()
        }
        stand.write_inventory()
    else:
        script = stand.folder / "script.py"
        groups = {"all": {"vars": {"vault_portal": value}}, "_meta": {"hostvars": {}}}
        script.write_text(f"#!/bin/sh\ncat <<'E'\n{json.dumps(groups)}\nE\n", "utf-8")
        script.chmod(0o755)
        given = ("-i", str(script))

    ran = stand.rotate("portal", *given, env=env)

    assert outcome(ran) == (1, "refused"), ran.text
    assert len(told(ran)["problems"]) == 2
    assert "--print" in ran.err
    assert on_nodes(stand, VALIDATION_KEY) == [True, True]


def test_new_keys_are_printed_for_another_store_and_nothing_is_contacted(stand: VaultStand) -> None:
    stand.file("all/vault.yml").write_text(CLEAR, "utf-8")
    stand.behave("web1", fault("file.read", "unreachable"))
    stand.calls("web1")

    as_yaml, as_json = stand.keydeploy("rotate", "portal", "--print"), stand.tell("rotate", "portal", "--print")

    new = yaml.safe_load(as_yaml.out)["portal/machine_keys.portal"]
    other = json.loads(as_json.out)["portal/machine_keys.portal"]
    assert (as_yaml.code, as_json.code) == (0, 0)
    assert (len(new["validation_key"]), len(new["decryption_key"])) == (128, 64)
    assert new["validation_key"] not in (VALIDATION_KEY, other["validation_key"])
    assert f"then keydeploy apply {stand.inventory}" in as_yaml.err
    assert stand.calls("web1") == []
    assert stand.file("all/vault.yml").read_text("utf-8") == CLEAR


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("nothing", "--yes"), "no key, container or certificate is called nothing"),
        (("portal",), "rotate asks before it changes anything, and there is no terminal"),
        (("portal", "--yes", "--pfx", "a.pfx", "--pem", "b.pem"), "--pfx and --pem both name the certificate"),
        (("portal", "--yes", "--pfx", "a.pfx"), "a.pfx cannot be read"),
        (("portal", "--yes", "--pfx-password-file", "a"), "--pfx-password-file opens nothing"),
        (("portal", "--print", "--pfx", "a"), "--print makes keys, and a certificate is given"),
    ],
)
def test_what_cannot_be_is_told_with_the_next_step(stand: VaultStand, arguments: tuple[str, ...], error: str) -> None:
    ran = stand.keydeploy("rotate", *arguments, *PLAIN)
    assert ran.code == 1
    assert error in ran.err
    assert "keydeploy: hint: " in ran.err
    assert stand.opened(stand.file("all/vault.yml")) == KEYS


def test_a_wrong_password_of_the_vault_changes_nothing(stand: VaultStand) -> None:
    ran = stand.keydeploy("rotate", "portal", "--yes", "--vault-password-file", "dev.password")
    assert ran.code == 1
    assert stand.opened(stand.file("all/vault.yml")) == KEYS


def test_a_spec_with_mistakes_is_told_as_elsewhere(stand: VaultStand) -> None:
    stand.groups["portal"]["vars"]["keydeploy"]["machine_keys"]["portal"]["decryption"] = "ROT13"
    stand.write_inventory()

    ran, as_json = stand.keydeploy("rotate", "portal", "--yes", *PLAIN), stand.rotate("portal")

    assert (ran.code, outcome(as_json)) == (3, (3, "refused"))
    assert "machine_keys.portal.decryption: unknown decryption" in ran.out
    assert "the spec has 1 problem; no node was contacted" in ran.err
    assert stand.opened(stand.file("all/vault.yml")) == KEYS
