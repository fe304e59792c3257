"""What hosts declare, in stand-ins: no secret of theirs, and members that agreed still agree."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.keys.rsa_key import take_over, to_pem, to_xml
from keydeploy.rehearsal import Copyist, Folder, write_inventory
from keydeploy.rehearsal.declaration import left_out
from keydeploy.spec import Declaration, Spec, check, load
from tests.engine.declaring import PASSWORD_OF_KEY, container, issued, pem, pfx, with_chain
from tests.engine.farm import DECRYPTION_KEY, VALIDATION_KEY
from tests.engine.hunting import find, forms, forms_of_private
from tests.node.contract.material import rsa_key
from tests.rehearsal.copying import folder_in

ROLLOUT = {
    "margin": "100ms",
    "commit": "waves",
    "health": {"url": "http://web1/health"},
    "drain": {"url": "http://balancer/out"},
    "undrain": {"url": "http://balancer/in"},
}
PORTAL = {"site": "Default Web Site", "path": "/portal", "machine_key": "portal"}


def value(**others: Any) -> dict[str, Any]:
    """Answer what a host declares: something of everything that is secret."""
    return {
        "farm": "portal",
        "machine_keys": {
            "portal": {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY, "validation": "SHA1"}
        },
        "key_containers": {
            "Sections": container("portal", previous_key=pem("previous")),
            "Locked": {"private_key": pem("locked", PASSWORD_OF_KEY), "password": PASSWORD_OF_KEY},
        },
        "certificates": {"session": with_chain(issued("session")), "tls": pfx(issued("tls"))},
        "applications": {"portal": PORTAL},
        "rollout": ROLLOUT,
        **others,
    }


def declared(folder: Folder, host: str, its: dict[str, Any]) -> Spec:
    spec = load(Declaration(host=host, value=its))
    Copyist(folder, spec).declare(its)
    return spec


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return folder_in(tmp_path)


def inventory(folder: Folder, *hosts: str) -> dict[str, Any]:
    write_inventory(folder, hosts, ["lonely"])
    found: dict[str, Any] = yaml.safe_load(folder.inventory.read_text("utf-8"))["all"]["hosts"]
    return found


def test_nothing_of_a_secret_is_in_the_folder(folder: Folder) -> None:
    declared(folder, "web1", value())
    inventory(folder, "web1")
    keys = [rsa_key(which) for which in ("portal", "previous", "locked")]
    wanted = forms((VALIDATION_KEY, DECRYPTION_KEY), (PASSWORD_OF_KEY,))
    wanted |= {form: f"key {number}" for number, key in enumerate(keys) for form in forms_of_private(key)}

    files = [file for file in folder.root.rglob("*") if file.is_file()]
    assert [(file.name, secrets) for file in files if (secrets := find(file.read_bytes(), wanted))] == []
    assert {file.stat().st_mode & 0o077 for file in [*files, folder.root]} == {0}


def test_the_rest_stays_but_for_what_would_reach_outside(folder: Folder) -> None:
    declared(folder, "web1", value(smart_cards={"transaction_timeout": "100ms"}))
    found = inventory(folder, "web1")["web1"]["keydeploy"]

    assert found["rollout"] == {"margin": "100ms", "commit": "waves"}
    assert found["applications"] == {"portal": PORTAL}
    assert found["smart_cards"] == {"transaction_timeout": "100ms"}
    assert found["machine_keys"]["portal"]["validation"] == "SHA1"
    assert found["key_containers"]["Sections"]["readers"] == ["IIS AppPool\\Portal"]
    assert {*found["key_containers"]["Locked"]} == {"private_key"}
    assert {*found["certificates"]["tls"]} == {"certificate", "private_key", "readers"}
    assert left_out(value()) == ("rollout.health", "rollout.drain", "rollout.undrain")
    assert left_out({}) == ()


def test_members_that_agree_in_other_words_agree_in_stand_ins(folder: Folder) -> None:
    other_words = value()
    other_words["machine_keys"]["portal"]["validation_key"] = VALIDATION_KEY.lower()
    other_words["key_containers"]["Sections"]["private_key"] = to_xml(take_over(rsa_key("portal"))).reveal().decode()
    other_words["certificates"]["session"] = pfx(issued("session"))
    declared(folder, "web1", value())
    declared(folder, "web2", other_words)

    found = inventory(folder, "web1", "web2")
    specs = [Declaration(host=host, value=found[host]["keydeploy"]) for host in ("web1", "web2")]
    assert check(specs).problems == ()
    assert len({load(each).digest() for each in specs}) == 1


def test_a_key_that_stands_in_two_places_is_one_stand_in(folder: Folder) -> None:
    declared(folder, "web1", value(key_containers={"Same": {"private_key": pem("portal")}}))
    found = inventory(folder, "web1")["web1"]["keydeploy"]

    assert found["key_containers"]["Same"]["private_key"] == found["certificates"]["session"]["private_key"]
    assert found["key_containers"]["Same"]["private_key"] != to_pem(take_over(rsa_key("portal"))).reveal().decode()


def test_hosts_that_declare_nothing_are_there_and_copies_are_sandboxes(folder: Folder) -> None:
    declared(folder, "web1", value())
    found = inventory(folder, "web1")

    assert found["lonely"] == {}
    assert found["web1"]["keydeploy_sandbox"] == str(folder.node("web1"))


def test_what_looks_like_an_expression_is_none(folder: Folder) -> None:
    application = {"web_config": "C:\\{{ nowhere }}\\web.config", "machine_key": "portal"}
    declared(folder, "web1", value(applications={"portal": application}))
    write_inventory(folder, ["web1"], [])

    (line,) = (line for line in folder.inventory.read_text("utf-8").splitlines() if "web_config" in line)
    assert line.strip().startswith("web_config: !unsafe ")
    assert json.loads(folder.declared("web1").read_text("utf-8"))["applications"]["portal"] == application


@pytest.mark.parametrize("host", ["web1", "web/1", "..", "fe80::1", "größe", "a b"])
def test_a_host_may_be_called_anything(host: str, folder: Folder) -> None:
    declared(folder, host, value(rollout={}))

    assert inventory(folder, host)[host]["keydeploy"]["applications"] == {"portal": PORTAL}
    assert folder.node(host).parent == folder.root / "nodes"
    assert folder.node(host).name not in ("..", ".")
