"""A rehearsal does on copies what apply would do, and nothing of it reaches the nodes, or is left."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.rehearsal import Folder
from keydeploy.schema import validator
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.conftest import HOSTILE
from tests.engine.declaring import PASSWORD_OF_KEY, container, issued, pem, pfx, with_chain
from tests.engine.farm import (
    CALLBACKS,
    COMMANDS,
    DECRYPTION_KEY,
    OTHER_KEYS,
    PASSWORD,
    QUICK,
    TIMEOUT,
    VALIDATION_KEY,
    Ran,
    Stand,
    fault,
    outcomes,
    reasons,
    tree,
)
from tests.engine.hunting import find, forms, forms_of_private, leaks
from tests.engine.kinds import KINDS, Kind
from tests.node.contract.material import rsa_key

NODES = ("web1", "web2")
WEB = (*NODES, "web3")
EVERYTHING = {
    "ANSIBLE_DISPLAY_TRACEBACK": "always",
    "ANSIBLE_LOG_PATH": "ansible.log",
    "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
    "ANSIBLE_CALLBACKS_ENABLED": "dump",
}


def told(ran: Ran) -> dict[str, Any]:
    """Answer the JSON of a rehearsal, checked against its schema."""
    found: dict[str, Any] = json.loads(ran.out)
    validator("rehearsal").validate(found)
    assert found["exit_code"] == ran.code
    return found


def of(rehearsal: Mapping[str, Any], farm: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in rehearsal["report"]["farms"] if each["farm"] == farm)
    return found


def shown(stand: Stand, *nodes: str) -> dict[str, Any]:
    """Answer all that can be told of *nodes* but for when somebody has looked into what makes them misbehave."""
    return {
        node: {name: state for name, state in tree(stand.node(node)).items() if name != "sandbox.json"}
        for node in nodes
    }


def left(stand: Stand) -> list[str]:
    """Answer what is left of rehearsals."""
    return [each.name for each in (stand.folder / "tmp").iterdir() if "rehearsal" in each.name]


def planned(farm: Mapping[str, Any]) -> list[list[Any]]:
    """Answer what is planned for each node, apart from thumbprints and fingerprints."""
    seen = [
        [node["node"], operation["address"], operation["action"], operation["target"], operation["differences"]]
        + [operation[each] for each in ("refusal", "irreversible", "impact", "warnings", "violations")]
        for node in farm["nodes"]
        for operation in node["operations"]
    ]
    text = re.sub(r"(?<![0-9A-Fa-f])[0-9A-F]{40}(?![0-9A-Fa-f])", "thumbprint", json.dumps(seen))
    found: list[list[Any]] = json.loads(re.sub("sha256:[0-9a-f]+", "fingerprint", text))
    return found


def host_of(kind: str) -> str:
    return kind.replace(" ", "-")


def stand_with_all_kinds(folder: Path) -> Stand:
    """Make a farm of two nodes for each kind of material, one prepared and one as it was laid out."""
    stand = Stand(folder)
    nothing: dict[str, Any] = {"machine_keys": {}, "applications": {}}
    for name, make in KINDS.items():
        kind: Kind = make()
        hosts = [f"{host_of(name)}{number}" for number in (1, 2)]
        stand.add_farm(host_of(name), *hosts, rollout={**QUICK, "grace": "60s"}, **(nothing | dict(kind.declares)))
        for host in hosts:
            kind.prepare(SandboxAtWork(stand.node(host)))
    return stand


def test_every_kind_of_material_is_rehearsed_as_it_is_planned(tmp_path: Path) -> None:
    stand = stand_with_all_kinds(tmp_path)
    hosts = [host for group in stand.groups.values() for host in group["hosts"]]
    plan = stand.tell("plan")
    for host in hosts:
        stand.calls(host)
    before = shown(stand, *hosts)

    ran = stand.tell("rehearse")

    rehearsal = told(ran)
    assert shown(stand, *hosts) == before
    assert {len(stand.calls(host)) for host in hosts} == {1}
    assert {copy["node"]: copy["unlike"] for copy in rehearsal["copies"]} == {host: [] for host in hosts}
    for name in KINDS:
        farm = of(rehearsal, host_of(name))
        assert (farm["verdict"], reasons(farm)) == ("applied", []), name
        assert planned(farm) == planned(plan.of(host_of(name)))
    assert ran.code == 0
    assert left(stand) == []
    assert leaks(stand, ran) == []


def rich(**others: Any) -> dict[str, Any]:
    """Answer a spec with all kinds of secrets."""
    return {
        "key_containers": {
            "Sections": container("portal", previous_key=pem("previous")),
            "Locked": {"private_key": pem("locked", PASSWORD_OF_KEY), "password": PASSWORD_OF_KEY},
        },
        "certificates": {"session": with_chain(issued("session")), "tls": pfx(issued("tls"))},
        "bindings": [{"site": "Default Web Site", "certificate": "tls"}],
        **others,
    }


def test_nothing_leaks_into_the_folder_or_anything_else(tmp_path: Path) -> None:
    """Under plain Ansible, which leaves the folder; the hunt goes through it too."""
    stand = Stand(tmp_path)
    stand.configure(**HOSTILE)
    protected = {"container": "Sections", "sections": ["connectionStrings", "machineKey"]}
    portal = {"site": "Default Web Site", "path": "/portal", "machine_key": "portal", "protected_sections": protected}
    stand.add_farm("portal", *WEB, **rich(applications={"portal": portal}))
    assert stand.keydeploy("apply").code == 0
    stand.own_config("web2").write_bytes(OTHER_KEYS)
    stand.own_config("web3").write_bytes(OTHER_KEYS[:-20])
    beside.hold(SandboxAtWork(stand.node("web2")), "Sections", "others", exportable=True)
    (tmp_path / "rehearsal").mkdir(mode=0o700)
    folder = Folder(tmp_path / "rehearsal")
    folder.begin()
    stand.inventory.with_name("more.yml").write_text(f"all: {{vars: {{keydeploy_rehearsal: {folder.root}}}}}", "utf-8")

    ran = stand.playbook("keydeploy.core.rehearse", "-vvvvv", "-i", str(tmp_path / "more.yml"), env=EVERYTHING)

    results = ran.results("imitate")
    assert {host: result["state"] for host, result in results.items()} == dict.fromkeys(WEB, "copied")
    assert {host: result["unlike"] for host, result in results.items()} == {host: [] for host in WEB}
    assert (tmp_path / "ansible.log").stat().st_size > 0
    assert leaks(stand, ran) == []
    wanted = forms() | {form: which for which in ("others", "portal") for form in forms_of_private(rsa_key(which))}
    copies = [file for file in folder.root.rglob("*") if file.is_file()]
    assert [(file.name, found) for file in copies if (found := find(file.read_bytes(), wanted))] == []
    assert PASSWORD.encode() in stand.own_config("web2").read_bytes()


def test_the_command_line_leaks_nothing_with_all_that_can_be_shown(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES, **rich())
    stand.configure(**HOSTILE)

    ran = stand.keydeploy("rehearse", "-vvvvv", "--diff", "--fault", "web2:journal.commit:cut", env=EVERYTHING)

    assert ran.code == 1
    assert "+(machine_keys.portal.validation_key)" in ran.out
    assert leaks(stand, ran) == []
    assert left(stand) == []


def test_a_person_is_told_that_it_was_a_rehearsal(tmp_path: Path) -> None:
    nobody = {"url": "http://127.0.0.1:9/"}
    closed = {**QUICK, "commit": "waves", "health": nobody, "drain": nobody, "undrain": nobody}
    stand = Stand(tmp_path).add_farm("portal", *NODES, rollout=closed)
    stand.add_hosts("lonely")
    before = shown(stand, *NODES)

    ran = stand.keydeploy("rehearse")

    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0].startswith("REHEARSAL on copies of 2 nodes: the nodes themselves do not change")
    assert lines[1] == "  left out, because it would reach outside: rollout.health, rollout.drain, rollout.undrain"
    assert lines[2] == "farm portal: applied to 2 of 2 nodes at one instant, and verified on all"
    assert "skipped, they declare nothing: lonely" in lines
    assert lines[-1] == "this was a rehearsal: nothing has changed on the nodes"
    (note,) = ran.err.splitlines()
    assert note.startswith("keydeploy: note: no list of disclosed keys was found")
    assert shown(stand, *NODES) == before


def test_faults_strike_the_copies_and_several_at_once(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES).add_farm("shop", "shop1", "shop2")
    wanted = [
        "web2:file.stage:fail,code=access_denied",
        "shop1:journal.commit:unreachable,when=after",
        "shop1:journal.roll_back:gone",
    ]

    rehearsal = told(stand.tell("rehearse", *(part for each in wanted for part in ("--fault", each))))

    assert rehearsal["faults"] == wanted
    assert of(rehearsal, "portal")["verdict"] == "rolled_back"
    assert outcomes(of(rehearsal, "portal")) == dict.fromkeys(NODES, "unstaged")
    assert of(rehearsal, "shop")["verdict"] == "incomplete"
    assert rehearsal["exit_code"] == 5


def test_a_farm_that_may_be_split_is_split_in_the_rehearsal_alone(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES)

    ran = stand.keydeploy("rehearse", "--fault", "web2:journal.commit:gone,when=after")

    assert ran.code == 5
    assert "keydeploy: error: in this rehearsal, farm portal may be split" in ran.err
    assert all(stand.is_at_rest(node) for node in NODES)


@pytest.mark.parametrize(
    ("given", "error", "calls"),
    [
        (("web2:journal.commit:explode", "web2"), "--fault web2:journal.commit:explode: ", 0),
        (("web9:journal.commit:fail",), "--fault names web9, of which there is no copy", 1),
    ],
)
def test_faults_that_there_cannot_be_are_refused(
    given: tuple[str, ...], error: str, calls: int, tmp_path: Path
) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES)

    ran = stand.keydeploy("rehearse", *(part for each in given for part in ("--fault", each)))

    assert ran.code == 1
    assert ran.err.startswith(f"keydeploy: error: {error}")
    assert "keydeploy: hint: " in ran.err
    assert ran.out == ""
    assert len(stand.calls("web1")) == calls
    assert left(stand) == []


def test_a_farm_with_a_node_that_cannot_be_reached_is_not_rehearsed(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES).add_farm("shop", "shop1")
    stand.behave("web2", fault("journal.read", "unreachable"))

    ran = stand.tell("rehearse")

    rehearsal = told(ran)
    assert rehearsal["not_rehearsed"] == ["portal"]
    assert {copy["node"]: copy["state"] for copy in rehearsal["copies"]} == {
        "web1": "copied",
        "web2": "unreachable",
        "shop1": "copied",
    }
    assert [farm["farm"] for farm in rehearsal["report"]["farms"]] == ["shop"]
    assert of(rehearsal, "shop")["verdict"] == "applied"
    assert ran.code == 4
    text = stand.keydeploy("rehearse").out
    assert "farm portal: not rehearsed; a roll-out needs a copy of every node\n  ! web2: " in text


def test_a_node_that_may_be_missing_is_missing_in_the_rehearsal(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm(
        "portal", "web1", "web2", "web9", rollout={**QUICK, "require": {"all_but": ["web9"]}}
    )
    stand.behave("web9", fault("journal.read", "unreachable"))

    ran = stand.tell("rehearse")

    farm = of(told(ran), "portal")
    assert (farm["verdict"], [each["node"] for each in farm["missing"]]) == ("applied", ["web9"])
    assert ran.code == 4


def test_a_limit_that_cuts_a_farm_leaves_it_out(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES).add_farm("shop", "shop1")

    cut = told(stand.tell("rehearse", "-l", "web1,shop1"))
    whole = told(stand.tell("rehearse", "-l", "shop1"))
    nothing = stand.keydeploy("rehearse", "-l", "localhost,")

    assert (cut["not_rehearsed"], cut["exit_code"]) == (["portal"], 1)
    assert [(copy["node"], copy["cause"]) for copy in cut["copies"] if copy["state"] != "copied"] == [
        ("web2", "the limit leaves it out")
    ]
    assert (whole["not_rehearsed"], whole["exit_code"]) == ([], 0)
    assert [copy["node"] for copy in whole["copies"]] == ["shop1"]
    assert nothing.code != 0


def test_what_is_wrong_with_the_spec_is_told_before_any_contact(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES)
    stand.set("web2", vault_portal={"validation_key": VALIDATION_KEY + "0", "decryption_key": "nowhere"})

    ran = stand.tell("rehearse")

    assert ran.code == 3
    assert told(ran)["report"]["problems"]
    assert stand.calls("web1") == []
    assert leaks(stand, ran) == []
    assert left(stand) == []


def test_nothing_to_rehearse_with_is_an_error(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.add_hosts("lonely")

    assert stand.keydeploy("rehearse").code == 3
    assert stand.keydeploy("rehearse", "-i", "nowhere.yml").code == 1
    assert left(stand) == []


def test_waves_are_rehearsed_without_the_load_balancer(tmp_path: Path) -> None:
    tasks = [{"name": "Never", "ansible.builtin.fail": {"msg": "this reaches the load balancer"}}]
    (tmp_path / "drain.yml").write_text(yaml.safe_dump(tasks), "utf-8")
    rollout = {**QUICK, "commit": "waves", "waves": {"canary": 1}, "drain": {"tasks": "drain.yml"}}
    nothing: dict[str, Any] = {"machine_keys": {}, "applications": {}}
    stand = Stand(tmp_path)
    stand.add_farm("cards", "web1", "web2", "web3", rollout=rollout, **nothing, **dict(KINDS["smart cards"]().declares))

    rehearsal = told(stand.tell("rehearse"))

    assert of(rehearsal, "cards")["verdict"] == "applied"
    assert len(of(rehearsal, "cards")["waves"]) > 1


def test_what_cannot_be_undone_needs_the_same_consent(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {"machine_keys": {}, "applications": {}}
    stand = Stand(tmp_path).add_farm("portal", "web1", key_containers={"Sections": container("portal")}, **nothing)
    beside.hold(SandboxAtWork(stand.node("web1")), "Sections", "others")

    assert of(told(stand.tell("rehearse")), "portal")["verdict"] == "refused"
    assert of(told(stand.tell("rehearse", "--accept-irreversible")), "portal")["verdict"] == "applied"


ADDING = """
import json
from pathlib import Path
from ansible.plugins.vars import BaseVarsPlugin

class VarsModule(BaseVarsPlugin):
    def get_vars(self, loader, path, entities, cache=True):
        return json.loads(Path(__file__).with_suffix(".json").read_text())
"""
"""A plugin that gives its variables to all hosts, whatever their inventory."""


def test_no_plugin_of_the_users_gives_secrets_to_the_copies(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    keys = {"validation_key": VALIDATION_KEY, "decryption_key": DECRYPTION_KEY}
    application = {"site": "Default Web Site", "path": "/portal", "machine_key": "portal"}
    real = {"machine_keys": {"portal": keys}, "applications": {"portal": application}, "rollout": QUICK}
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins/adding.py").write_text(ADDING, "utf-8")
    (tmp_path / "plugins/adding.json").write_text(json.dumps({"keydeploy": real}), "utf-8")
    env = {"ANSIBLE_VARS_PLUGINS": str(tmp_path / "plugins"), "ANSIBLE_INVENTORY_ENABLED": "yaml,ini"}

    plan = stand.tell("plan", env=env)
    rehearsal = told(stand.tell("rehearse", env=env))

    (there,), (here,) = (
        [operation["wanted"] for operation in farm["nodes"][0]["operations"]]
        for farm in (plan.of("default"), of(rehearsal, "default"))
    )
    assert of(rehearsal, "default")["verdict"] == "applied"
    assert there != here


@contextmanager
def rehearsing(stand: Stand, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [COMMANDS / "keydeploy", "rehearse", stand.inventory, "--format", "json", *arguments],
        env=stand.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def copies(stand: Stand) -> Path:
    """Answer the folder with the copies, once it is there."""
    end = time.monotonic() + TIMEOUT
    while not left(stand):
        assert time.monotonic() < end
        time.sleep(0.01)
    return stand.folder / "tmp" / left(stand)[0]


def wait_for(stand: Stand, pattern: str) -> None:
    end = time.monotonic() + TIMEOUT
    while not [*copies(stand).rglob(pattern)]:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_it_can_be_stopped_while_it_copies(number: signal.Signals, tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES)
    stand.behave("web2", fault("journal.read", "late", seconds=TIMEOUT))
    with rehearsing(stand) as child:
        wait_for(stand, "nodes/web1/sandbox.json")
        assert copies(stand).stat().st_mode & 0o077 == 0
        child.send_signal(number)
        out, err = child.communicate(timeout=TIMEOUT)

    assert child.returncode == 130
    assert json.loads(out)["report"]["interrupted"]
    assert "keydeploy: error: interrupted" in err
    assert left(stand) == []


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_it_can_be_stopped_while_it_rolls_out(number: signal.Signals, times: int, tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", *NODES)
    before = shown(stand, *NODES)
    seconds = 4.0 if times == 1 else TIMEOUT
    with rehearsing(stand, "--fault", f"web2:journal.begin:late,seconds={seconds}") as child:
        wait_for(stand, "nodes/web1/**/journal.json")
        for _ in range(times):
            child.send_signal(number)
            time.sleep(0.3)
        out, err = child.communicate(timeout=TIMEOUT)

    assert child.returncode == (130 if times == 1 else 5)
    assert json.loads(out)["report"]["interrupted"]
    assert "keydeploy: error: interrupted; this was a rehearsal" in err
    assert left(stand) == []
    assert shown(stand, *NODES) == before
    time.sleep(0.5)
    assert left(stand) == []


def test_a_folder_that_it_has_not_made_is_not_written_to(tmp_path: Path) -> None:
    stand = Stand(tmp_path).add_farm("portal", "web1")
    (tmp_path / "mine").mkdir()

    ran = stand.playbook("keydeploy.core.rehearse", "-e", f"keydeploy_rehearsal={tmp_path / 'mine'}")
    without = stand.playbook("keydeploy.core.rehearse")

    for each in (ran, without):
        assert each.code != 0
        assert each.results("imitate")["web1"]["state"] == "failed"
        assert "use keydeploy rehearse" in each.results("imitate")["web1"]["hint"]
    assert [*(tmp_path / "mine").iterdir()] == []
    assert stand.calls("web1") == []
