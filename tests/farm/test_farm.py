"""Proves on a real ASP.NET farm that users stay logged in on every node, if and only if the keys agree.

Mono's System.Web issues and judges the tickets; nothing of keydeploy takes part in that. Mono 6.8 knows no
compatibilityMode and signs with HMACSHA256 whatever `validation` says, so that is what the tests declare.
"""

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from .mono_ticket import make_ticket
from .server import APPLICATION, BALANCER, Farm, missing_packages, running_farm

APP = Path(__file__).parent / "app"
NODES = ("node1", "node2")


@dataclass(frozen=True, slots=True)
class Keys:
    """The two keys of a machineKey, in hex."""

    validation: str
    decryption: str


@pytest.fixture(scope="module")
def inventory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of an inventory, not written yet, beside which the sandbox nodes live."""
    return tmp_path_factory.mktemp("farm") / "inventory.yml"


@pytest.fixture(scope="module")
def farm(inventory: Path) -> Iterator[Farm]:
    """Run a farm on new sandbox nodes. What keys it has is up to each test."""
    if missing := missing_packages():
        reason = f"a farm needs the Debian packages {' '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with running_farm({node: create_sandbox(inventory.parent / node) for node in NODES}) as farm:
        yield farm


@pytest.fixture
def generating(farm: Farm) -> Farm:
    """Return the farm with the application's own web.config, by which each node generates its keys."""
    original = (APP / "web.config").read_bytes()
    changed = [path for root in farm.roots.values() if (path := root / "web.config").read_bytes() != original]
    for path in changed:
        path.write_bytes(original)
    if changed:
        farm.recycle()
    return farm


def test_a_ticket_of_one_node_is_refused_by_the_other_while_each_generates_its_keys(generating: Farm) -> None:
    ticket = log_in(generating, "node1", "alice")

    assert user_at(generating, "node1", ticket) == "alice"
    assert user_at(generating, "node2", ticket) is None
    # This is what users tell: every second click leads to the login page.
    assert {user_at(generating, BALANCER, ticket) for _ in NODES} == {"alice", None}


def test_recycling_heals_no_farm_of_generated_keys(generating: Farm) -> None:
    ticket = log_in(generating, "node1", "alice")

    generating.recycle()

    assert user_at(generating, "node1", ticket) == "alice"
    assert user_at(generating, "node2", ticket) is None


def test_a_ticket_of_any_node_is_accepted_by_all_after_apply_and_not_before(generating: Farm, inventory: Path) -> None:
    farm, before = generating, log_in(generating, "node1", "alice")
    assert user_at(farm, "node2", before) is None

    roll_out(farm, inventory, new_keys())

    for issuer in (*NODES, BALANCER):
        ticket = log_in(farm, issuer, "alice")
        assert [user_at(farm, node, ticket) for node in NODES] == ["alice", "alice"]
        assert [user_at(farm, BALANCER, ticket) for _ in NODES] == ["alice", "alice"]
    assert [user_at(farm, node, before) for node in NODES] == [None, None]


def test_after_a_change_of_keys_old_tickets_are_refused_and_new_ones_accepted_everywhere(
    farm: Farm, inventory: Path
) -> None:
    roll_out(farm, inventory, new_keys())
    old = log_in(farm, "node1", "alice")
    assert user_at(farm, "node2", old) == "alice"

    roll_out(farm, inventory, new_keys())

    assert [user_at(farm, node, old) for node in NODES] == [None, None]
    new = log_in(farm, "node2", "bob")
    assert [user_at(farm, node, new) for node in NODES] == ["bob", "bob"]
    assert [user_at(farm, BALANCER, new) for _ in NODES] == ["bob", "bob"]


def test_after_a_rotation_by_one_command_old_tickets_are_refused_and_new_ones_accepted_everywhere(
    farm: Farm, inventory: Path
) -> None:
    vault = keep_in_a_vault(inventory.parent / "with vault", new_keys(), inventory.parent)
    keydeploy("apply", *vault)
    farm.recycle()
    old = {issuer: log_in(farm, issuer, "alice") for issuer in (*NODES, BALANCER)}
    assert [user_at(farm, node, ticket) for node in NODES for ticket in old.values()] == ["alice"] * 6

    keydeploy("rotate", *vault, "portal", "--yes")
    farm.recycle()

    assert [user_at(farm, node, ticket) for node in NODES for ticket in old.values()] == [None] * 6
    for issuer in (*NODES, BALANCER):
        new = log_in(farm, issuer, "bob")
        assert [user_at(farm, node, new) for node in NODES] == ["bob", "bob"]
        assert [user_at(farm, BALANCER, new) for _ in NODES] == ["bob", "bob"]
    keydeploy("drift", *vault)


def test_a_second_apply_restarts_no_application(farm: Farm, inventory: Path) -> None:
    roll_out(farm, inventory, new_keys())
    before = farm.starts()

    apply(inventory)

    assert farm.starts() == before


def test_a_ticket_made_elsewhere_with_the_declared_keys_is_understood_by_every_node(
    farm: Farm, inventory: Path
) -> None:
    keys, others = new_keys(), new_keys()

    roll_out(farm, inventory, keys)

    for node in NODES:
        assert user_at(farm, node, forge(keys)) == "carol"
        assert user_at(farm, node, forge(replace(keys, validation=others.validation))) is None
        assert user_at(farm, node, forge(replace(keys, decryption=others.decryption))) is None


def log_in(farm: Farm, address: str, user: str) -> str:
    """Return the ticket that *address* issues for *user*, as a cookie."""
    cookie = farm.get(address, f"login.ashx?user={user}").cookie
    assert cookie.startswith(".ASPXAUTH=")
    return cookie


def user_at(farm: Farm, address: str, ticket: str) -> str | None:
    """Return the user whom *address* takes the bearer of *ticket* for; None when it leads to the login page."""
    answer = farm.get(address, "whoami.ashx", ticket)
    if answer.status == 302:
        return None
    assert answer.status == 200, answer
    node, user = answer.text.split("\n")
    assert address in (node, BALANCER)
    return user


def forge(keys: Keys) -> str:
    """Return a ticket for carol, as a cookie, that no ASP.NET has made."""
    ticket = make_ticket(
        "carol",
        validation_key=keys.validation,
        decryption_key=keys.decryption,
        iv=secrets.token_bytes(16),
        issued=datetime.now(UTC),
    )
    return f".ASPXAUTH={ticket}"


def new_keys() -> Keys:
    """Return keys of 64 and 32 bytes."""
    return Keys(secrets.token_hex(64), secrets.token_hex(32))


def create_sandbox(directory: Path) -> Path:
    """Create a sandbox node that serves the application; return the application's directory on it."""
    keydeploy("sandbox", "create", str(directory), "--application", f"{APPLICATION}={APP / 'web.config'}")
    root = directory / "C" / "inetpub" / APPLICATION.removeprefix("/")
    for handler in APP.glob("*.ashx"):
        shutil.copy(handler, root)
    return root


def roll_out(farm: Farm, inventory: Path, keys: Keys) -> None:
    """Declare *keys* for the farm, apply them, and let the running applications see them."""
    inventory.write_text(yaml.safe_dump(declaration(inventory.parent, keys)))
    apply(inventory)
    farm.recycle()


def declaration(sandboxes: Path, keys: Keys) -> dict[str, object]:
    """Return the inventory of the nodes in *sandboxes* with *keys*."""
    machine_key = {
        "validation": "HMACSHA256",
        "decryption": "AES",
        "compatibility_mode": "omit",
        "validation_key": keys.validation,
        "decryption_key": keys.decryption,
    }
    application = {"site": "Default Web Site", "path": APPLICATION, "machine_key": "portal"}
    spec = {"farm": "portal", "machine_keys": {"portal": machine_key}, "applications": {"portal": application}}
    hosts = {node: {"keydeploy_sandbox": str(sandboxes / node)} for node in NODES}
    return {"all": {"hosts": hosts, "vars": {"ansible_connection": "local", "keydeploy": spec}}}


def keep_in_a_vault(folder: Path, keys: Keys, sandboxes: Path) -> tuple[str, ...]:
    """Write an inventory with *keys* in an encrypted file beside it; return what names both to the command line."""
    variables = folder / "group_vars" / "all"
    variables.mkdir(parents=True)
    password = folder / "password"
    password.write_text("the vault's own\n")
    inventory = yaml.safe_dump(
        declaration(sandboxes, Keys("{{ vault_portal.validation }}", "{{ vault_portal.decryption }}"))
    )
    (folder / "inventory.yml").write_text(inventory)
    option = ("--vault-password-file", str(password))
    clear = yaml.safe_dump({"vault_portal": {"validation": keys.validation, "decryption": keys.decryption}})
    command = [sys.executable, "-m", "ansible", "vault", "encrypt", *option, "--output", "-", "-"]
    encrypted = subprocess.run(command, input=clear, check=True, capture_output=True, text=True).stdout
    (variables / "vault.yml").write_text(encrypted)
    return (str(folder / "inventory.yml"), *option)


def apply(inventory: Path) -> None:
    """Bring the declared keys to every node."""
    keydeploy("apply", str(inventory))


def keydeploy(*arguments: str) -> None:
    """Run the command line and expect success."""
    command = [sys.executable, "-m", "keydeploy", *arguments]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
