"""Key containers and certificates are rotated as machine keys are: where they are kept, and on the nodes."""

import json
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from keydeploy.keys.certificate import load_pfx, thumbprint_of
from keydeploy.keys.rsa_key import load
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.declaring import PASSWORD_OF_KEY, POOL, intermediate, issued, pem, pfx, root
from tests.engine.farm import PASSWORD, QUICK, fault
from tests.engine.vaults import PLAIN, VaultStand, outcome, told
from tests.keys import authorities
from tests.node.contract.material import rsa_key

NODES = ("web1", "web2")
SECTIONS = {"container": "Portal", "sections": ["connectionStrings"]}
APPLICATION: dict[str, Any] = {"site": "Default Web Site", "path": "/portal"}
PROTECTED = APPLICATION | {"protected_sections": SECTIONS}


def block(name: str, text: str) -> str:
    return f"{name}: |\n{indent(text, '  ')}"


def farm(folder: Path, clear: str, **spec: Any) -> VaultStand:
    """Answer a farm that is as declared, with *clear* in an encrypted file."""
    stand = VaultStand(folder)
    stand.keep(clear, label="prod")
    declared = {"machine_keys": {}, "applications": {"portal": APPLICATION}, **spec}
    stand.add_farm("portal", *NODES, rollout={**QUICK, "lease": "2s"}, **declared)
    assert stand.keydeploy("apply", *PLAIN).code == 0
    return stand


def with_container(folder: Path, **more: Any) -> VaultStand:
    """Answer a farm whose sections are protected with a key that can be put back; any key stands for none before."""
    clear = f"# of the portal\n{block('vault_key', pem('portal'))}\n{block('vault_previous', pem('others'))}# the end\n"
    declared = {"private_key": "{{ vault_key }}", "previous_key": "{{ vault_previous }}", "readers": [POOL], **more}
    return farm(folder, clear, applications={"portal": PROTECTED}, key_containers={"Portal": declared})


def held(stand: VaultStand) -> list[Any]:
    return [beside.held(SandboxAtWork(stand.node(node)), "Portal") for node in NODES]


def digits(pem_text: str) -> tuple[str, ...]:
    """Answer what to hunt for of a private key: parts of its exponent, in hex."""
    key = load_pem_private_key(pem_text.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return (key.private_numbers().d.to_bytes(256).hex().upper(),)


def test_the_present_key_of_a_container_becomes_the_previous_one_and_its_sections_go_along(tmp_path: Path) -> None:
    stand = with_container(tmp_path)
    before = [stand.own_config(node).read_bytes() for node in NODES]

    ran = stand.rotate("Portal")

    clear = stand.opened(stand.file("all/vault.yml"))
    variables = yaml.safe_load(clear)
    assert outcome(ran) == (0, "applied"), ran.text
    assert variables["vault_previous"] == pem("portal")
    assert load(variables["vault_key"]) not in (load(pem("portal")), load(pem("others")))
    assert clear.startswith("# of the portal\nvault_key: |\n  -----BEGIN")
    assert clear.endswith("  -----END PRIVATE KEY-----\n# the end\n")
    assert [stand.own_config(node).read_bytes() == old for node, old in zip(NODES, before, strict=True)] == [False] * 2
    assert all(PASSWORD.encode() not in stand.own_config(node).read_bytes() for node in NODES)
    assert "encrypted anew at the same instant on 2 nodes: connectionStrings of portal" in json.dumps(told(ran))
    assert stand.agrees()
    assert stand.leaks(ran, keys=digits(variables["vault_key"])) == []
    assert outcome(stand.rotate("Portal")) == (0, "applied")


def test_it_is_told_of_each_file_what_it_really_gets(tmp_path: Path) -> None:
    (tmp_path / "group_vars/all").mkdir(parents=True)
    (tmp_path / "group_vars/all/day.yml").write_text("portal_created: 2024-02-29\n", "utf-8")
    stand = with_container(tmp_path, created="{{ portal_created }}")
    stand.keep(block("vault_key", pem("portal")))
    stand.keep(block("vault_previous", pem("others")), "all/previous.yml")

    before = stand.keydeploy("rotate", "Portal", "--check", *PLAIN)
    ran = stand.keydeploy("rotate", "Portal", "--yes", *PLAIN)

    assert ran.code == 0, ran.text
    assert [line for line in before.out.splitlines() if ": gets " in line] == [
        "  group_vars/all/day.yml: gets the day of this change, as created",
        "  group_vars/all/previous.yml: gets the key of before, encrypted, as previous_key",
        "  group_vars/all/vault.yml: gets the new key, encrypted",
    ]
    assert (
        "commit group_vars/all/day.yml, group_vars/all/previous.yml, group_vars/all/vault.yml:"
        " the new keys are in group_vars/all/vault.yml and on the nodes alone\n"
    ) in ran.out


def test_a_farm_that_fails_keeps_its_container_key_and_the_files_go_back(tmp_path: Path) -> None:
    stand = with_container(tmp_path)
    before = stand.file("all/vault.yml").read_bytes()
    stand.behave("web2", fault("journal.commit", "fail", when="after"))

    ran = stand.rotate("key_containers.Portal")

    assert outcome(ran) == (1, "put_back"), ran.text
    assert stand.file("all/vault.yml").read_bytes() == before
    assert [each.key for each in held(stand)] == ["portal"] * 2
    stand.behave("web2")
    assert stand.agrees()


def test_without_a_previous_key_sections_would_be_lost_so_it_is_refused(tmp_path: Path) -> None:
    stand = farm(
        tmp_path,
        block("vault_key", pem("portal")),
        applications={"portal": PROTECTED},
        key_containers={"Portal": {"private_key": "{{ vault_key }}", "readers": [POOL]}},
    )
    ran = stand.keydeploy("rotate", "Portal", "--yes", "--accept-irreversible", *PLAIN)
    assert ran.code == 1
    assert "previous_key is not declared, without which the sections of application portal" in ran.err
    assert 'previous_key: "{{ vault_portal_previous }}"' in ran.err
    command = "keydeploy generate container-key --name vault_portal_previous --format vault"
    assert f"({command} > group_vars/all/vault_portal_previous.yml)" in ran.err


def test_without_a_previous_key_nothing_can_be_put_back_and_that_must_be_accepted(tmp_path: Path) -> None:
    declared = {"private_key": "{{ vault_key }}", "readers": [POOL]}
    stand = farm(tmp_path, block("vault_key", pem("portal")), key_containers={"Portal": declared})

    refused = stand.keydeploy("rotate", "Portal", "--yes", *PLAIN)
    accepted = stand.rotate("Portal", "--accept-irreversible")

    assert refused.code == 1
    assert "or accept that with --accept-irreversible" in refused.err
    assert outcome(accepted) == (0, "applied"), accepted.text
    assert "it cannot be put back" in json.dumps(told(accepted))
    assert [each.key for each in held(stand)] != ["portal"] * 2
    assert stand.agrees()


def test_an_encrypted_key_is_followed_by_one_that_the_same_password_opens(tmp_path: Path) -> None:
    clear = f"vault_password: {PASSWORD_OF_KEY}\nvault_previous: {json.dumps(pem('others'))}\n"
    key = block("portal_key", pem("portal", PASSWORD_OF_KEY))  # in clear, as far as an encrypted key is
    declared = {
        "private_key": "{{ portal_key }}",
        "password": "{{ vault_password }}",
        "previous_key": "{{ vault_previous }}",
        "readers": [POOL],
    }
    stand = VaultStand(tmp_path)
    stand.file("all/key.yml").write_text(f"{key}other: 1  # stays\n", "utf-8")
    stand.keep(clear)
    stand.add_farm("portal", *NODES, machine_keys={}, applications={}, key_containers={"Portal": declared})
    assert stand.keydeploy("apply", *PLAIN).code == 0

    ran = stand.rotate("Portal")

    assert outcome(ran) == (0, "applied"), ran.text
    text = stand.file("all/key.yml").read_text("utf-8")
    assert text.endswith("-----END ENCRYPTED PRIVATE KEY-----\nother: 1  # stays\n")
    assert load(yaml.safe_load(text)["portal_key"], PASSWORD_OF_KEY) != load(pem("portal"))
    assert load(yaml.safe_load(stand.opened(stand.file("all/vault.yml")))["vault_previous"]) == load(pem("portal"))
    assert stand.agrees()
    assert stand.leaks(ran, keys=()) == []


def given_pfx(folder: Path, which: str = "others") -> tuple[Path, str]:
    """Write a new certificate with its chain as a PFX file; answer that and the thumbprint."""
    leaf = issued("renewed", which)
    sealed = BestAvailableEncryption(b"Marked-of-the-authority")
    content = serialize_key_and_certificates(None, rsa_key(which), leaf, [intermediate(), root()], sealed)
    (folder / "new.password").write_text("Marked-of-the-authority\n", "utf-8")
    (folder / "new.pfx").write_bytes(content)
    return folder / "new.pfx", thumbprint_of(leaf.public_bytes(Encoding.DER))


@pytest.mark.parametrize("is_base64_wrapped", [False, True])
def test_a_given_certificate_takes_the_place_of_the_declared_pfx_under_its_password(
    tmp_path: Path, is_base64_wrapped: bool
) -> None:
    present = pfx(issued("present"))
    text = "\n  ".join(present["pfx"][start : start + 76] for start in range(0, len(present["pfx"]), 76))
    written = f"|\n  {text}" if is_base64_wrapped else present["pfx"]
    stand = farm(
        tmp_path,
        f"vault_password: {PASSWORD_OF_KEY}\nvault_pfx: {written}\nlast: 1\n",
        certificates={"session": {"pfx": "{{ vault_pfx }}", "password": "{{ vault_password }}", "readers": [POOL]}},
        bindings=[{"site": "Default Web Site", "certificate": "session"}],
    )
    file, thumbprint = given_pfx(tmp_path)

    without = stand.keydeploy("rotate", "session", "--yes", *PLAIN)
    wrong = stand.keydeploy("rotate", "session", "--yes", "--pfx", str(file), *PLAIN)
    ran = stand.rotate("session", "--pfx", str(file), "--pfx-password-file", "new.password")
    again = stand.rotate("session", "--pfx", str(file), "--pfx-password-file", "new.password")

    assert "give the new one with --pfx FILE or --pem FILE" in without.err
    assert "the PFX does not open without a password" in wrong.err
    assert "hint: write its password into a file, and name that with --pfx-password-file FILE" in wrong.err
    assert outcome(ran) == (0, "applied"), ran.text
    variables = yaml.safe_load(stand.opened(stand.file("all/vault.yml")))
    new = load_pfx(variables["vault_pfx"], PASSWORD_OF_KEY)
    assert (new.thumbprint, len(new.chain), variables["last"]) == (thumbprint, 2, 1)
    assert "binding of Default Web Site, port 443: serves the new certificate on 2 nodes" in ran.out
    assert "the given certificate is the one that is declared" in again.err
    assert stand.agrees()
    file.unlink()
    assert stand.leaks(ran, wrong, keys=()) == []


def test_a_certificate_in_pem_replaces_one_in_pem_and_its_public_part_may_be_in_clear(tmp_path: Path) -> None:
    present = issued("present")
    stand = VaultStand(tmp_path)
    stand.file("all/public.yml").write_text(block("portal_certificate", authorities.pem(present)), "utf-8")
    stand.keep(block("vault_key", pem("portal")))
    declared = {"certificate": "{{ portal_certificate }}", "private_key": "{{ vault_key }}", "readers": [POOL]}
    stand.add_farm("portal", *NODES, machine_keys={}, applications={}, certificates={"session": declared})
    assert stand.keydeploy("apply", *PLAIN).code == 0
    renewed = issued("renewed", "others")
    (tmp_path / "new.pem").write_text(pem("others") + authorities.pem(renewed, intermediate()), "utf-8")

    ran = stand.rotate("certificates.session", "--pem", "new.pem")

    (tmp_path / "new.pem").unlink()
    assert outcome(ran) == (0, "applied"), ran.text
    assert told(ran)["files"] == [
        {"file": "group_vars/all/public.yml", "gets": ["certificate"]},
        {"file": "group_vars/all/vault.yml", "gets": ["certificate_key"]},
    ]
    public = yaml.safe_load(stand.file("all/public.yml").read_text("utf-8"))["portal_certificate"]
    assert public == authorities.pem(renewed, intermediate())
    assert load(yaml.safe_load(stand.opened(stand.file("all/vault.yml")))["vault_key"]) == load(pem("others"))
    assert stand.agrees()
    assert stand.leaks(ran, keys=digits(pem("others"))) == []


def test_keys_of_several_kinds_go_in_one_roll_out(tmp_path: Path) -> None:
    keys = "vault_portal: {validation_key: '" + "A1" * 64 + "', decryption_key: '" + "B2" * 32 + "'}\n"
    clear = keys + block("vault_key", pem("portal")) + block("vault_previous", pem("others"))
    declared = {"private_key": "{{ vault_key }}", "previous_key": "{{ vault_previous }}", "readers": [POOL]}
    machine_key = {name: f"{{{{ vault_portal.{name} }}}}" for name in ("validation_key", "decryption_key")}
    stand = farm(
        tmp_path,
        clear,
        machine_keys={"portal": machine_key},
        applications={"portal": PROTECTED | {"machine_key": "portal"}},
        key_containers={"Portal": declared},
    )

    unclear = stand.keydeploy("rotate", "PORTAL", "--yes", *PLAIN)
    ran = stand.rotate("portal", "Portal")

    assert "declared are portal/machine_keys.portal, portal/key_containers.Portal" in unclear.err
    assert outcome(ran) == (0, "applied"), ran.text
    assert [key["address"] for key in told(ran)["keys"]] == ["machine_keys.portal", "key_containers.Portal"]
    assert "A1A1" not in stand.opened(stand.file("all/vault.yml"))
    assert stand.agrees()


def test_printed_container_keys_are_as_long_as_before(tmp_path: Path) -> None:
    stand = with_container(tmp_path)
    ran = stand.keydeploy("rotate", "Portal", "--print", *PLAIN)
    printed = yaml.safe_load(ran.out)["portal/key_containers.Portal"]["private_key"]
    assert load(printed).bits == 2048
