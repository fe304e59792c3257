"""A rotated certificate leaves its predecessor and the key of that on the nodes: told, removed where accepted."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509

from tests.engine import beside
from tests.engine.beside import SandboxAtWork, container_of
from tests.engine.declaring import POOL, issued, pem
from tests.engine.farm import Ran
from tests.engine.test_rotate_keys import APPLICATION, NODES, block, farm
from tests.engine.vaults import PLAIN, VaultStand, outcome, told
from tests.keys import authorities
from tests.node.contract.material import thumbprint

IN_CODE = "until the application protects them by the certificate in its own code"
NAME = "session.contoso.com"
SUBJECT = f"CN={NAME}, O=Contoso"


def serving(folder: Path, **application: Any) -> VaultStand:
    """Answer a farm that has a certificate, in PEM in the vault."""
    clear = block("vault_certificate", authorities.pem(issued(NAME))) + block("vault_key", pem("portal"))
    declared = {"certificate": "{{ vault_certificate }}", "private_key": "{{ vault_key }}", "readers": [POOL]}
    return farm(
        folder, clear, certificates={"session": declared}, applications={"portal": {**APPLICATION, **application}}
    )


def give(stand: VaultStand, leaf: x509.Certificate) -> tuple[str, str]:
    """Write *leaf* with its key where the command line can read it; answer the options for that."""
    (stand.folder / "new.pem").write_text(pem("others") + authorities.pem(leaf), "utf-8")
    return "--pem", "new.pem"


def there(stand: VaultStand, leaf: x509.Certificate) -> list[tuple[bool, bool]]:
    """Answer of each node whether *leaf* is installed, and whether its key is."""
    nodes = [SandboxAtWork(stand.node(node)) for node in NODES]
    return [
        (beside.stored(node, leaf) is not None, beside.held(node, container_of(leaf)) is not None) for node in nodes
    ]


def typed(stand: VaultStand, command: str) -> Ran:
    """Run *command* as a person would who was shown it."""
    program, verb, inventory, *options = shlex.split(command)
    assert (program, inventory) == ("keydeploy", str(stand.inventory))
    return stand.keydeploy(verb, *options)


def test_a_disclosed_certificate_of_another_subject_stays_until_it_is_declared_absent_and_that_is_an_error(
    tmp_path: Path,
) -> None:
    old, new = issued(NAME), issued("sts.contoso.com", "others", ends=400)
    stand = serving(tmp_path)
    pem_file = give(stand, new)

    before = stand.keydeploy("rotate", "session", *pem_file, "--check", "--compromised", *PLAIN)
    ran = stand.keydeploy("rotate", "session", *pem_file, "--yes", "--compromised", *PLAIN)
    left = stand.keydeploy("plan", *PLAIN)
    (line, *_), (command, *_) = (
        re.findall(r"^ *(session_\w+: .*)$", ran.out, re.M),
        re.findall(r"and run (.*)", ran.out),
    )
    stand.groups["portal"]["vars"]["keydeploy"]["certificates"] |= yaml.safe_load(line)
    stand.write_inventory()
    removed = typed(stand, command)

    assert f"the present certificate {thumbprint(old)} ({SUBJECT}) and its private key stay installed" in before.out
    assert f"{{state: absent, thumbprint: {thumbprint(old)}}}" in before.out
    assert "group_vars/all/vault.yml: gets the new certificate; the key of the new certificate, encrypted\n" in ran.out
    assert "there is no way back: no backup of before is left on these nodes" in ran.out
    assert ran.code == 6, ran.text
    assert f"certificate {thumbprint(old)} ({SUBJECT}) and its private key are still on web1, web2" in ran.out
    assert ran.err.splitlines()[-2:] == [
        f"keydeploy: error: the private key of certificate {thumbprint(old)} ({SUBJECT}), known to others,"
        " is still on web1, web2",
        "keydeploy: hint: no certificate that stays declared has its subject; to remove both, declare beside session: "
        f"{line} and run {command}",
    ]
    assert f"certificates.({thumbprint(old)}): not declared, and left as it is" in left.out
    assert f"declare {{state: absent, thumbprint: {thumbprint(old)}}} to remove it" in left.out
    assert (removed.code, there(stand, old), there(stand, new)) == (0, [(False, False)] * 2, [(True, True)] * 2)
    (tmp_path / "new.pem").unlink()
    assert stand.leaks(before, ran, removed, keys=()) == []


def test_one_of_the_same_subject_goes_in_a_second_run_where_that_is_accepted(tmp_path: Path) -> None:
    old, new = issued(NAME), issued(NAME, "others", ends=400)
    stand = serving(tmp_path)
    pem_file = give(stand, new)
    accepting = ("session", *pem_file, "--compromised", "--accept-irreversible")

    before = stand.keydeploy("rotate", *accepting, "--check", *PLAIN)
    ran = stand.rotate(*accepting)

    assert "and its private key are removed in a second run, where nothing that is looked at" in before.out
    assert outcome(ran) == (0, "applied"), ran.text
    assert (told(ran)["left"], told(ran)["removal"]["farms"][0]["verdict"]) == ([], "applied")
    assert (there(stand, old), there(stand, new)) == ([(False, False)] * 2, [(True, True)] * 2)
    assert stand.agrees()


def test_one_of_the_same_subject_stays_where_nobody_accepts_that_and_the_command_removes_it(tmp_path: Path) -> None:
    old = issued(NAME)
    stand = serving(tmp_path)

    ran = stand.rotate("session", *give(stand, issued(NAME, "others", ends=400)), "--compromised")
    (command,) = re.findall(r"hint: (keydeploy apply .*) removes both", ran.err)
    kept = there(stand, old)
    removed = typed(stand, command)

    assert outcome(ran) == (6, "applied"), ran.text
    assert told(ran)["left"] == [
        {"address": "certificates.session", "thumbprint": thumbprint(old), "nodes": ["web1", "web2"]}
    ]
    assert told(ran)["keys"][0]["leaves"] == {"thumbprint": thumbprint(old), "subject": SUBJECT, "declare": None}
    assert (removed.code, kept, there(stand, old)) == (0, [(True, True)] * 2, [(False, False)] * 2), removed.text


def test_what_stays_of_a_key_that_is_not_disclosed_is_told_and_no_error(tmp_path: Path) -> None:
    stand = serving(tmp_path)
    ran = stand.keydeploy("rotate", "session", *give(stand, issued(NAME, "others", ends=400)), "--yes", *PLAIN)
    assert ran.code == 0, ran.text
    assert f"certificate {thumbprint(issued(NAME))} ({SUBJECT}) and its private key are still on web1, web2" in ran.out
    assert ran.err == ""


def test_from_one_certificate_to_another_the_application_needs_no_new_code(tmp_path: Path) -> None:
    stand = serving(tmp_path)
    stand.groups["portal"]["vars"]["keydeploy"]["applications"]["portal"]["session_tokens"] = {"certificate": "session"}
    stand.write_inventory()
    first = stand.tell("apply", *PLAIN)

    ran = stand.rotate("session", *give(stand, issued(NAME, "others", ends=400)))

    assert (first.code, outcome(ran)) == (0, (0, "applied")), ran.text
    assert IN_CODE in first.out
    assert IN_CODE not in json.dumps(told(ran)["report"])
    assert "people sign in again" in json.dumps(told(ran)["report"])
    (key,) = told(ran)["keys"]
    assert any("WIF session cookies from before are refused; users log in anew" in line for line in key["invalidates"])
