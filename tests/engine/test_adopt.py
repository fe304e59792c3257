"""A farm that was set up by hand is adopted by one command, and the command that it names then finds nothing to do."""

import hashlib
import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.adoption.sealing import Receiver
from keydeploy.node import layout
from keydeploy.schema import validator
from tests.adoption.farms import HANDLERS, MODERN, SECTIONS, V4, Node, key, machine_key, web_config
from tests.adoption.test_shapes import sealed
from tests.engine import beside
from tests.engine.beside import SandboxAtWork
from tests.engine.conftest import HOSTILE
from tests.engine.declaring import issued, pem
from tests.engine.farm import (
    CALLBACKS,
    COMMANDS,
    DECLARED_KEYS,
    OLD_VALIDATION_KEY,
    OTHER_KEYS,
    PASSWORD,
    TIMEOUT,
    VALIDATION_KEY,
    Ran,
    Stand,
    fault,
    reasons,
    tree,
)
from tests.engine.hunting import find, forms, forms_of_private, leaks, processes
from tests.engine.kinds import FOR_POOL
from tests.node.contract.material import rsa_key

NODES = ("web1", "web2", "web3")
EVERYTHING = {
    "ANSIBLE_DISPLAY_TRACEBACK": "always",
    "ANSIBLE_LOG_PATH": "ansible.log",
    "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
    "ANSIBLE_CALLBACKS_ENABLED": "dump",
}


def stand_of(folder: Path, *hosts: str, group: str = "web", web_config: bytes = OTHER_KEYS) -> Stand:
    """Make nodes that nobody has declared anything for."""
    stand = Stand(folder, web_config)
    del stand.variables["vault_portal"]
    for host in hosts:
        stand.create(host)
    stand.groups[group] = {"hosts": {host: {} for host in hosts}}
    stand.write_inventory()
    (folder / "password").write_text("of-the-vault", "utf-8")
    return stand


def adopt(stand: Stand, *more: str, env: dict[str, str] | None = None) -> Ran:
    return stand.keydeploy("adopt", "--vault-password-file", str(stand.folder / "password"), *more, env=env)


def told(ran: Ran) -> dict[str, Any]:
    """Answer the JSON of an adoption, checked against its schema."""
    found: dict[str, Any] = json.loads(ran.out)
    validator("adoption").validate(found)
    assert found["exit_code"] == ran.code
    return found


def follow(stand: Stand, command: str, *more: str) -> Ran:
    """Run the *command* that was printed."""
    words = shlex.split(command)
    done = subprocess.run(
        [COMMANDS / words[0], *words[1:], "--format", "json", *more],
        cwd=stand.folder,
        env=stand.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def written(stand: Stand) -> list[str]:
    """Answer the files beside the inventory, and in its group_vars."""
    found = (file for file in stand.folder.rglob("*.yml") if "nodes" not in file.parts and "home" not in file.parts)
    return sorted(str(file.relative_to(stand.folder)) for file in found)


def shown(stand: Stand) -> dict[str, Any]:
    """Answer all that can be told of the nodes, but for when somebody looked into what makes them misbehave."""
    return {name: state for name, state in tree(stand.folder / "nodes").items() if not name.endswith("sandbox.json")}


def set_up(node: Path) -> None:
    """Let the node have something of everything."""
    own = Node.__new__(Node)
    own.root = node
    worker = SandboxAtWork(node)
    beside.hold(worker, "Sections", "portal", sddl=FOR_POOL)
    beside.hold(worker, "Unknown", "others", exportable=True)
    beside.hold(worker, "session", "previous")
    beside.add(worker, issued("session", "previous"), "session")
    strings = sealed(
        '<connectionStrings><add name="a" connectionString="x" /></connectionStrings>', "connectionStrings"
    )
    provider = (
        '<configProtectedData><providers><add name="Portal" keyContainerName="Sections" useMachineContainer="true"'
        ' type="System.Configuration.RsaProtectedConfigurationProvider, System.Configuration" /></providers>'
        "</configProtectedData>"
    )
    settings = f'<appSettings><add key="a" value="{PASSWORD}" /></appSettings>'
    own.write(
        own.own("/portal"),
        web_config(SECTIONS, provider, settings, strings, HANDLERS, machine_key(f"{MODERN} {key(1)}")),
    )
    own.runtime(V4, "web.config", web_config(machine_key(f"{MODERN} {key(2)}")))


def test_the_plan_of_what_was_adopted_is_empty_and_nothing_was_touched(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, *NODES)
    (tmp_path / "sections.pem").write_text(pem("portal"), "utf-8")
    for node in NODES:
        layout.create(tmp_path / "more" / node, {"/shop": OTHER_KEYS})
        set_up(stand.node(node))
        stand.calls(node)
    before = shown(stand)

    ran = adopt(stand, "--container-key", f"Sections={tmp_path / 'sections.pem'}", "--format", "json")

    adoption = told(ran)
    assert ran.code == 0, ran.text
    assert shown(stand) == before
    assert {len(stand.calls(node)) for node in NODES} == {2}
    assert adoption["machine_keys"].keys() == {"portal", "machine"}
    assert adoption["differences"] == []
    assert [Path(each).name for each in adoption["written"]] == ["keydeploy.yml", "vault.yml"]
    assert (tmp_path / "group_vars/web/vault.yml").read_text("utf-8").startswith("$ANSIBLE_VAULT;1.1;AES256\n")
    plan = follow(stand, adoption["next"])
    assert plan.code == 0, plan.text
    declared = {operation["address"] for node in plan.of("web")["nodes"] for operation in node["operations"]}
    assert declared == {
        "applications.portal.machine_key",
        "applications.portal.session_tokens",
        "applications.portal.protected_sections.connectionStrings",
        "key_containers.Sections",
        "machine.machine_key.Framework.v4.0",
        "machine.machine_key.Framework64.v4.0",
    }
    text = (tmp_path / "group_vars/web/keydeploy.yml").read_text("utf-8")
    assert "    # Unknown:\n    #   # public key sha256:" in text
    assert f"# thumbprint {beside.thumbprint(issued('session', 'previous'))}" in text  # type: ignore[attr-defined]


def test_where_nodes_differ_the_plan_is_about_those_that_do_and_apply_mends_them(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, *NODES)
    stand.own_config("web2").write_bytes(DECLARED_KEYS)

    ran = adopt(stand)

    assert ran.code == 2
    lines = ran.out.splitlines()
    assert lines[0] == "farm web: adopted 1 machine key, 1 application from 3 nodes; they differ in 1 respect"
    assert "  applications.portal.machine_key" in lines
    assert [line.split()[:2] for line in lines if "sha256:" in line] == [
        ["web1,", "web3"],
        ["web2", line_of("web2", lines)],
    ]
    command = lines[-1].removeprefix("next: ")
    plan = follow(stand, command)
    assert plan.code == 2
    assert [node["node"] for node in plan.of("web")["nodes"] if node["changes"]] == ["web2"]
    applied = follow(stand, command.replace("keydeploy plan", "keydeploy apply"))
    assert (applied.code, reasons(applied.of("web"))) == (0, [])
    assert stand.own_config("web2").read_bytes() == OTHER_KEYS
    assert leaks(stand, ran, plan, applied) == []


def line_of(node: str, lines: list[str]) -> str:
    return next(line.split()[1] for line in lines if line.strip().startswith(f"{node} "))


def test_nothing_leaks_with_all_that_can_be_shown(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, *NODES)
    stand.configure(**HOSTILE)
    stand.own_config("web2").write_bytes(DECLARED_KEYS)
    stand.own_config("web3").write_bytes(OTHER_KEYS[:-20])
    for node in NODES:
        beside.hold(SandboxAtWork(stand.node(node)), "Sections", "portal", exportable=True)
    keys = tmp_path / "nodes" / "sections.pem"
    keys.write_text(pem("portal"), "utf-8")
    command: list[str | Path] = [COMMANDS / "keydeploy", "adopt", stand.inventory, "-vvvvv"]
    command += ["--container-key", f"Sections={keys}"]
    with subprocess.Popen(
        [*command, "--vault-password-file", tmp_path / "password"],
        cwd=tmp_path,
        env=stand.environment(**EVERYTHING),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "stderr").open("wb"),
    ) as child:
        seen: dict[str, bytes] = {}
        while child.poll() is None:
            seen |= processes(child.pid)
        assert child.stdout is not None
        out = child.stdout.read().decode()

    ran = Ran(child.returncode, out, (tmp_path / "stderr").read_text("utf-8"))
    assert ran.code == 2
    assert '"sealed"' in (tmp_path / "dump").read_text("utf-8")
    assert (tmp_path / "ansible.log").stat().st_size > 0
    assert any(b"vault" in content for content in seen.values())
    wanted = forms() | dict.fromkeys(forms_of_private(rsa_key("portal")), "the key that was brought")
    assert leaks(stand, ran) == []
    places = {**seen, "out": ran.text.encode()}
    places |= {
        str(file): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and "nodes" not in file.parts
    }
    assert [(place, which) for place, content in places.items() for which in find(content, wanted)] == []


def test_nothing_is_written_while_a_node_cannot_be_reached_unless_that_is_wanted(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, *NODES)
    stand.behave("web2", fault("file.read", "unreachable"))

    ran = adopt(stand)
    assert ran.code == 4
    assert "  ! web2: " in ran.out
    assert "nothing was written" in ran.err
    assert written(stand) == ["inventory.yml"]

    partial = adopt(stand, "--partial", "--format", "json")
    adoption = told(partial)
    assert partial.code == 4
    assert [node["state"] for node in adoption["nodes"]] == ["read", "unreachable", "read"]
    assert written(stand) == ["group_vars/web/keydeploy.yml", "group_vars/web/vault.yml", "inventory.yml"]
    stand.behave("web2")
    assert follow(stand, adoption["next"]).code == 0


def test_a_node_that_shares_its_configuration_is_told(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1")
    redirection = stand.node("web1") / "C/Windows/System32/inetsrv/config/redirection.config"
    redirection.write_text('<configuration><configurationRedirection enabled="true" /></configuration>', "utf-8")

    ran = adopt(stand)
    assert ran.code == 1
    assert "  ! web1: IIS shared configuration is on" in ran.out
    assert written(stand) == ["inventory.yml"]


def test_a_host_that_declares_something_is_refused_before_any_contact(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1", "web2")
    stand.set("web2", keydeploy={"farm": "portal"})

    ran = adopt(stand)
    assert ran.code == 1
    assert "keydeploy: error: web2 declares keydeploy already (inventory.yml:" in ran.err
    assert "keydeploy: hint: keydeploy plan " in ran.err
    assert stand.calls("web1") == stand.calls("web2") == []
    assert adopt(stand, "-l", "web1", "--output", str(tmp_path / "adopted")).code == 0


@pytest.mark.parametrize("name", ["keydeploy.yml", "vault.yml"])
def test_a_file_that_is_there_is_never_overwritten(tmp_path: Path, name: str) -> None:
    stand = stand_of(tmp_path, "web1")
    file = tmp_path / "group_vars" / "web" / name
    file.parent.mkdir(parents=True)
    file.write_text("kept: true\n", "utf-8")

    ran = adopt(stand)
    assert ran.code == 1
    assert f"group_vars/web/{name} is there already" in ran.err
    assert written(stand) == [f"group_vars/web/{name}", "inventory.yml"]
    assert file.read_text("utf-8") == "kept: true\n"


def test_hosts_without_a_group_of_their_own_get_one_in_another_folder(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, *NODES)

    refused = adopt(stand, "-l", "web1,web2")
    assert refused.code == 1
    assert "no group of the inventory holds exactly these 2 hosts" in refused.err

    ran = adopt(
        stand, "-l", "web1,web2", "--farm", "web", "--output", str(tmp_path / "two of them"), "--format", "json"
    )
    adoption = told(ran)
    assert ran.code == 0, ran.text
    assert [str(Path(each).relative_to(tmp_path / "two of them")) for each in adoption["written"]] == [
        "group_vars/keydeploy_web/keydeploy.yml",
        "group_vars/keydeploy_web/vault.yml",
        "hosts.yml",
    ], "the group web of the inventory has web3 too"
    plan = follow(stand, adoption["next"])
    assert plan.code == 0, plan.text
    assert [node["node"] for node in plan.of("web")["nodes"]] == ["web1", "web2"]
    assert plan.report["skipped"] == ["web3"]


def test_all_hosts_of_an_inventory_without_groups(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1", "web2", group="ungrouped")
    adoption = told(adopt(stand, "--format", "json"))

    assert adoption["farm"] == "default"
    assert written(stand) == ["group_vars/all/keydeploy.yml", "group_vars/all/vault.yml", "inventory.yml"]
    assert follow(stand, adoption["next"]).code == 0


def test_a_key_that_is_publicly_known_is_told_at_once(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1")
    hashes = hashlib.sha256(OLD_VALIDATION_KEY.encode()).hexdigest(), hashlib.sha256(b"another").hexdigest()
    (tmp_path / "list.csv").write_text(f"validationKey, decryptionKey\n{', '.join(hashes)}\n", "utf-8")
    public = ["--disclosed-keys", str(tmp_path / "list.csv")]
    ran = adopt(stand, *public, "--format", "json")

    adoption = told(ran)
    assert (ran.code, adoption["disclosed"]) == (6, ["portal"])
    assert "machine_keys.portal: this key is publicly known" in adoption["told"][0]
    assert follow(stand, adoption["next"]).code == 6
    assert leaks(stand, ran) == []


def test_one_of_several_vault_identities_encrypts(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1")
    identities = ["--vault-id", f"dev@{tmp_path}/password", "--vault-id", f"prod@{tmp_path}/password"]

    refused = stand.keydeploy("adopt", *identities)
    assert refused.code == 1
    assert "keydeploy: error: ansible-vault did not encrypt: several vault passwords are named" in refused.err
    assert "--encrypt-vault-id" in refused.err
    assert written(stand) == ["inventory.yml"]

    ran = stand.keydeploy("adopt", *identities, "--encrypt-vault-id", "prod", "--format", "json")
    assert ran.code == 0, ran.text
    assert (tmp_path / "group_vars/web/vault.yml").read_text("utf-8").startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")
    assert follow(stand, told(ran)["next"]).code == 0


def test_a_vault_password_that_ansible_knows_by_itself_encrypts(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1")
    stand.configure(vault_password_file=tmp_path / "password")
    ran = stand.keydeploy("adopt", "--format", "json")

    assert ran.code == 0, ran.text
    assert "--vault" not in told(ran)["next"]
    assert follow(stand, told(ran)["next"]).code == 0


def test_without_a_vault_password_nothing_is_written(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1")
    ran = stand.keydeploy("adopt")

    assert ran.code == 1
    assert "keydeploy: hint: name a file that holds it: --vault-password-file FILE" in ran.err
    assert stand.calls("web1") == []
    assert written(stand) == ["inventory.yml"]
    assert leaks(stand, ran) == []


def test_names_that_are_taken_or_look_like_expressions(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1")
    host = stand.node("web1") / "C/Windows/System32/inetsrv/config/applicationHost.config"
    host.write_text(host.read_text("utf-8").replace("Default Web Site", "A {{ b }} #1"), "utf-8")
    stand.variables["vault_portal"] = "of somebody else"
    stand.write_inventory()

    adoption = told(adopt(stand, "--format", "json"))
    declared = yaml.compose((tmp_path / "group_vars/web/keydeploy.yml").read_text("utf-8"))
    assert "vault_portal_2.validation_key" in yaml.serialize(declared)
    assert adoption["applications"][0]["site"] == "A {{ b }} #1"
    plan = follow(stand, adoption["next"])
    assert plan.code == 0, plan.text


def test_a_farm_without_any_key_gets_a_file_that_says_so(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1", web_config=b"<configuration />")
    ran = adopt(stand, "--format", "json")

    assert ran.code == 0
    assert written(stand) == ["group_vars/web/keydeploy.yml", "inventory.yml"]
    text = (tmp_path / "group_vars/web/keydeploy.yml").read_text("utf-8")
    assert "no key of its own; no file has a machineKey, so every node and account makes one up" in text
    assert follow(stand, told(ran)["next"]).code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--farm", "/"], "--farm: "),
        (["--container-key", "Sections"], "--container-key is not NAME=FILE"),
        (["--container-key", "Sections=absent.pem"], "absent.pem cannot be read"),
        (["--container-key", "Sections=ansible.cfg"], "ansible.cfg: "),
        (["-l", "nobody"], "the limit matches no host"),
    ],
)
def test_wrong_usage_is_told_before_any_contact(tmp_path: Path, arguments: list[str], message: str) -> None:
    stand = stand_of(tmp_path, "web1")
    ran = adopt(stand, *arguments)

    assert ran.code == 1
    assert f"keydeploy: error: {message}" in ran.err
    assert stand.calls("web1") == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "keydeploy_adoption_key is not set"),
        (("-e", "keydeploy_adoption_key=bm9uZQ=="), "keydeploy_adoption_key is no key to seal for"),
        (("-e", "keydeploy_adoption_key="), "keydeploy_adoption_key is no key to seal for"),
    ],
    ids=["none", "no key", "empty"],
)
def test_plain_ansible_fails_without_a_key_to_seal_for_and_says_what_to_do(
    tmp_path: Path, given: tuple[str, ...], message: str
) -> None:
    stand = stand_of(tmp_path, "web1", "web2")
    ran = stand.playbook("keydeploy.core.adopt", "-vvvvv", *given)

    assert ran.code == 2
    assert f"keydeploy: failed: {message}; run keydeploy adopt INVENTORY on the command line" in ran.out
    assert ran.results("adopt") == {}
    assert stand.calls("web1") == stand.calls("web2") == []
    assert VALIDATION_KEY not in ran.text
    assert leaks(stand, ran) == []


def test_plain_ansible_fails_for_a_node_that_cannot_be_read(tmp_path: Path) -> None:
    stand = stand_of(tmp_path, "web1", "web2")
    stand.behave("web2", fault("file.read", "unreachable"))
    ran = stand.playbook("keydeploy.core.adopt", "-e", f"keydeploy_adoption_key={Receiver().public}")

    assert ran.code == 2
    assert {host: result["state"] for host, result in ran.results("adopt").items()} == {
        "web1": "read",
        "web2": "unreachable",
    }
    assert "keydeploy: unreachable: " in ran.out
    assert leaks(stand, ran) == []
