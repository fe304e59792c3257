"""Law 1 for private keys and certificates, and for what is encrypted with them, whatever goes wrong."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import HOSTILE
from tests.engine.declaring import PASSWORD_OF_KEY, certificate, container, issued, pem, pfx
from tests.engine.farm import PASSWORD, Stand, fault, machine_key
from tests.engine.hunting import leaks
from tests.engine.test_secrets import EVERYTHING


def spec() -> dict[str, Any]:
    """Declare every kind of private key, and sections that are encrypted with one of them."""
    protected = {"container": "Portal", "sections": ["connectionStrings", "machineKey"]}
    application = {"site": "Default Web Site", "path": "/portal", "machine_key": "portal"}
    return {
        "machine_keys": {"portal": machine_key()},
        "applications": {"portal": {**application, "protected_sections": protected}},
        "key_containers": {
            "Portal": container("portal", previous_key=pem("previous")),
            "Encrypted": {"private_key": pem("others", PASSWORD_OF_KEY), "password": PASSWORD_OF_KEY},
        },
        "certificates": {
            "packed": pfx(issued("packed", "previous"), "previous"),
            "plain": certificate(issued("plain")),
        },
        "bindings": [{"site": "Default Web Site", "certificate": "plain"}],
    }


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    stand = Stand(tmp_path).add_farm("well", "well1", "well2", **spec()).add_farm("cut", "cut1", "cut2", **spec())
    stand.configure(**HOSTILE)
    stand.behave("cut1", fault("journal.commit", "cut"))
    return stand


def test_nothing_leaks_from_the_command_line(stand: Stand) -> None:
    apply = stand.keydeploy("apply", "-vvvvv", "--diff", env=EVERYTHING)
    plan = stand.keydeploy("plan", "--out", "plan.json", "--diff", env=EVERYTHING)
    again = stand.tell("drift", "--diff", env=EVERYTHING)

    assert (apply.code, plan.code, again.code) == (1, 2, 2), apply.text
    assert "+    (encrypted connectionStrings)" in plan.out
    assert PASSWORD.encode() not in stand.own_config("well1").read_bytes()
    assert leaks(stand, apply, plan, again) == []


def test_nothing_leaks_from_plain_ansible_under_a_hostile_configuration(stand: Stand) -> None:
    ran = stand.playbook("keydeploy.core.apply", "-vvvvv", "--diff", env=EVERYTHING)
    assert {result["state"] for result in ran.results("conclude").values()} == {"applied", "rolled_back"}
    assert leaks(stand, ran) == []


def test_keys_that_are_wrong_are_refused_without_a_part_of_them(tmp_path: Path) -> None:
    right = {"Portal": container("portal"), "Previous": container("previous"), "Others": container("others")}
    stand = Stand(tmp_path).add_farm("portal", "web1").add_farm("right", "right1", key_containers=right)
    key, leaf = pem("portal"), issued("plain", "previous")
    wrong: dict[str, Any] = {
        "key_containers": {
            "Cut": {"private_key": "{{ cut }}"},
            "Mixed": {"private_key": "{{ mixed }}"},
            "Locked": {"private_key": "{{ locked }}", "password": PASSWORD},
            "Template": {"private_key": "{{ whole ~ nothing }}"},
            "List": {"private_key": "{{ [whole] }}"},
        },
        "certificates": {
            "another": {"certificate": certificate(leaf)["certificate"], "private_key": "{{ whole }}"},
            "inside": {"certificate": "{{ whole }}", "private_key": "{{ whole }}"},
            "packed": {"pfx": "{{ packed }}", "password": PASSWORD},
        },
    }
    stand.groups["portal"]["vars"]["keydeploy"] |= wrong
    lines = key.splitlines(keepends=True)
    variables = {
        "whole": key,
        "cut": key[:1200],
        "mixed": "".join([*lines[:12], *pem("others").splitlines(keepends=True)[12:]]),
        "locked": pem("portal", PASSWORD_OF_KEY),
        "packed": pfx(leaf, "previous")["pfx"],
    }
    stand.set("web1", **variables)

    ran = stand.tell("apply", "-vvvvv", env=EVERYTHING)

    assert ran.code == 3
    assert len(ran.report["problems"]) == 8, ran.text
    assert leaks(stand, ran) == []
