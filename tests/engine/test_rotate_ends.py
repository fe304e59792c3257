"""However a rotation ends, files and nodes agree or the way on is told; and no secret is seen on the way."""

import os
import re
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine.farm import (
    COMMANDS,
    DECLARED_KEYS,
    DECRYPTION_KEY,
    OLD_VALIDATION_KEY,
    TIMEOUT,
    VALIDATION_KEY,
    Ran,
    fault,
    machine_key,
)
from tests.engine.hunting import find, forms, processes
from tests.engine.test_secrets import EVERYTHING
from tests.engine.vaults import (
    BOTH,
    KEYS,
    NODES,
    PASSWORDS,
    PLAIN,
    VaultStand,
    farm_in_vault,
    keys_of,
    on_nodes,
    outcome,
    told,
    two_farms,
    variables,
)

STRUCK = """\
import os, sys
from keydeploy.cli import main
from keydeploy.rotation.files import Rewriting

write = Rewriting.write

def struck(self):
    write(self)
    os.kill(os.getpid(), {number})

Rewriting.write = struck
sys.exit(main())
"""
"""The command line, to which a signal comes in the instant between its writing the files and its rolling out."""


@pytest.fixture
def stand(tmp_path: Path) -> VaultStand:
    return farm_in_vault(tmp_path)


def test_where_one_of_two_farms_goes_back_the_files_stay_and_apply_brings_it_along(tmp_path: Path) -> None:
    stand = two_farms(tmp_path)
    stand.behave("web2", fault("journal.commit", "fail"))

    ran = stand.rotate("one/portal", "two/portal")
    stand.behave("web2")
    healed = stand.keydeploy("apply", *PLAIN)

    assert outcome(ran) == (1, "kept"), ran.text
    assert [farm["verdict"] for farm in told(ran)["report"]["farms"]] == ["applied", "rolled_back"]
    assert "the files hold the new keys, and not every node does" in ran.err
    assert healed.code == 0, healed.text
    assert on_nodes(stand, VALIDATION_KEY) == [False, False]
    assert outcome(stand.rotate("one/portal", "two/portal")) == (0, "applied")
    assert stand.agrees()


def test_a_farm_that_goes_back_has_its_files_put_back_byte_for_byte(stand: VaultStand) -> None:
    stand.behave("web2", fault("journal.commit", "fail", when="after"))
    before = variables(stand)

    ran = stand.rotate("portal")

    assert (outcome(ran), variables(stand)) == ((1, "put_back"), before), ran.text
    assert [stand.own_config(node).read_bytes() for node in NODES] == [DECLARED_KEYS] * 2
    stand.behave("web2")
    assert stand.agrees()
    assert outcome(stand.rotate("portal"))[0] == 0


def test_a_farm_that_may_be_split_keeps_the_new_key_and_apply_heals_it(stand: VaultStand) -> None:
    stand.behave("web2", fault("journal.commit", "unreachable"), fault("journal.roll_back", "unreachable"))

    split = stand.rotate("portal")
    clear = stand.opened(stand.file("all/vault.yml"))
    kept = stand.file("all/.vault.yml.keydeploy-before")
    was = stand.opened(kept)
    stand.behave("web2")
    again = stand.rotate("portal", "--check")
    command = re.search(r"hint: keydeploy apply (.*) brings the nodes to them", split.err)
    assert command
    healed = stand.keydeploy("apply", *shlex.split(command[1])[1:])

    assert outcome(split) == (5, "kept"), split.text
    assert (clear != KEYS, was) == (True, KEYS)
    assert again.code in (1, 5)
    assert healed.code == 0, healed.text
    key = keys_of(yaml.safe_load(clear))[0]
    assert on_nodes(stand, key) == [True, True]
    assert outcome(stand.rotate("portal")) == (0, "applied")
    assert stand.agrees()


def test_compromised_keys_leave_no_backup(stand: VaultStand) -> None:
    ran = stand.rotate("portal", "--compromised")

    assert outcome(ran) == (0, "applied"), ran.text
    own = [file for node in NODES for file in (stand.node(node) / "C/ProgramData/keydeploy").rglob("*")]
    wanted = forms((VALIDATION_KEY, DECRYPTION_KEY), ())
    assert [file for file in own if file.is_file() and find(file.read_bytes(), wanted)] == []
    back = stand.keydeploy("rollback", *PLAIN)
    assert back.code != 0
    assert "they expire by number and by age, and --compromised removes them" in back.out
    assert on_nodes(stand, VALIDATION_KEY) == [False, False]


def test_the_run_can_be_taken_back_where_keys_are_not_compromised(stand: VaultStand) -> None:
    assert outcome(stand.rotate("portal")) == (0, "applied")
    assert stand.keydeploy("rollback", *PLAIN).code == 0
    assert on_nodes(stand, VALIDATION_KEY) == [True, True]


def test_the_way_back_that_is_told_leads_back_on_nodes_and_in_files(tmp_path: Path) -> None:
    stand = two_farms(tmp_path)
    keys = f"vault_one: {{validation_key: {VALIDATION_KEY}, decryption_key: {DECRYPTION_KEY}}}\n"
    stand.keep(keys, "all/one.yml")
    stand.groups["one"]["vars"]["keydeploy"]["machine_keys"] = {"portal": machine_key("vault_one")}
    stand.write_inventory()
    git = {"GIT_CONFIG_GLOBAL": os.devnull}
    for command in ("init -q", "add group_vars", "-c user.name=a -c user.email=a@b commit -qm one"):
        subprocess.run(["git", *command.split()], cwd=stand.folder, env=stand.environment(**git), check=True)

    ran = stand.keydeploy("rotate", "one/portal", "--yes", *PLAIN)
    way = re.search(
        r"the way back: (keydeploy rollback .*) takes the nodes back, and (git checkout .*) the files", ran.out
    )
    assert way, ran.text
    changed = on_nodes(stand, VALIDATION_KEY)
    stand.calls("web2")
    program, verb, _, *options = shlex.split(way[1])
    back = stand.keydeploy(verb, *options)
    subprocess.run(shlex.split(way[2]), cwd=stand.folder, env=stand.environment(**git), check=True)

    assert (program, back.code, changed) == ("keydeploy", 0, [False, True]), back.text
    assert stand.opened(stand.file("all/one.yml")) == keys
    assert on_nodes(stand, VALIDATION_KEY) == [True, True]
    assert stand.calls("web2") == []
    assert stand.agrees()


def test_nothing_leaks_and_no_process_shows_a_secret(stand: VaultStand) -> None:
    stand.behave("web2", fault("journal.begin", "late", seconds=1.0))
    command: list[str | Path] = [COMMANDS / "keydeploy", "rotate", stand.inventory, "portal", "--yes", "-vvvvv", *BOTH]
    seen: dict[str, bytes] = {}
    child = subprocess.Popen(
        command,
        cwd=stand.folder,
        env=stand.environment(**EVERYTHING),
        stdout=subprocess.PIPE,
        stderr=(stand.folder / "stderr").open("wb"),
        text=True,
    )
    while child.poll() is None:
        seen |= processes(child.pid)
        time.sleep(0.02)
    assert child.stdout is not None
    with child.stdout as stream:
        ran = Ran(child.returncode, stream.read(), "")

    new = keys_of(yaml.safe_load(stand.opened(stand.file("all/vault.yml"))))
    wanted = forms() | forms(new, tuple(PASSWORDS.values()))
    assert ran.code == 0, ran.text
    assert any(b"ansible" in shown for shown in seen.values())
    assert [place for place, shown in seen.items() if find(shown, wanted)] == []
    assert (stand.folder / "ansible.log").stat().st_size > 0
    assert stand.leaks(ran, keys=new) == []


def test_told_to_stop_before_the_switch_it_puts_the_files_back(stand: VaultStand) -> None:
    stand.behave("web2", fault("journal.begin", "late", seconds=1.5))
    before = stand.file("all/vault.yml").read_bytes()
    stand.calls("web1")
    with running(stand) as child:
        wait_until(lambda: "journal.begin" in log_of(stand, "web1"))
        child.send_signal(signal.SIGINT)
        code = child.wait(TIMEOUT)

    assert code == 130
    assert stand.file("all/vault.yml").read_bytes() == before
    assert stand.agrees()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_as_soon_as_the_files_are_written_it_puts_them_back_and_changes_no_node(
    stand: VaultStand, number: signal.Signals
) -> None:
    before = variables(stand)
    hook = stand.folder / "hook.py"
    hook.write_text(STRUCK.format(number=int(number)), "utf-8")
    stand.calls("web1")

    done = subprocess.run(
        [COMMANDS / "python", hook, "rotate", stand.inventory, "portal", "--yes", *BOTH],
        cwd=stand.folder,
        env=stand.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 130, done.stderr
    assert "put back byte for byte" in done.stdout
    assert done.stderr.endswith("keydeploy: error: interrupted\n")
    assert variables(stand) == before
    assert "journal.begin" not in log_of(stand, "web1")
    assert stand.agrees()


def test_a_command_line_that_is_killed_loses_nothing(stand: VaultStand) -> None:
    marker = stand.folder / "staging"
    stand.behave("web2", fault("journal.begin", "pause", marker=str(marker)))
    kept = stand.file("all/.vault.yml.keydeploy-before")
    with running(stand) as child:
        wait_until(marker.exists)
        children = {int(each.split()[0]) for each in processes(child.pid)} - {child.pid}
        child.kill()
        child.wait()
        for each in children:
            kill(each)
    stand.behave("web2")
    new = keys_of(yaml.safe_load(stand.opened(stand.file("all/vault.yml"))))
    was = stand.opened(kept)
    waiting = stand.keydeploy("rotate", "portal", "--yes", "--with-pending", *PLAIN)
    healed = stand.keydeploy("apply", *PLAIN)
    there = on_nodes(stand, new[0])
    again = stand.rotate("portal")

    assert (was, new[0] != VALIDATION_KEY) == (KEYS, True)
    assert waiting.code in (1, 2, 5), waiting.text
    assert "nothing was changed\nkeydeploy: hint: " in waiting.err
    assert (healed.code, there) == (0, [True, True]), healed.text
    assert outcome(again) == (0, "applied"), again.text
    assert stand.agrees()


def test_what_a_rotation_left_behind_is_told_with_the_way_on_and_the_way_back(stand: VaultStand) -> None:
    file = stand.file("all/vault.yml")
    file.rename(file.with_name(".vault.yml.keydeploy-before"))
    stand.keep(KEYS.replace(VALIDATION_KEY, OLD_VALIDATION_KEY), label="prod")

    told = stand.keydeploy("rotate", "portal", "--yes", "--with-pending", *PLAIN)
    back = re.search(r"(mv .*) goes back to what was", told.err)
    assert back
    subprocess.run(shlex.split(back[1]), cwd=stand.folder, check=True)

    assert told.code == 2, told.text
    assert "a rotation was cut off after it had written group_vars/all/vault.yml; nothing was changed" in told.err
    assert f"keydeploy apply {stand.inventory}" in told.err
    assert stand.agrees()


def kill(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def running(stand: VaultStand) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a rotation in the background, and end it."""
    child = subprocess.Popen(
        [COMMANDS / "keydeploy", "rotate", stand.inventory, "portal", "--yes", *BOTH],
        cwd=stand.folder,
        env=stand.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def log_of(stand: VaultStand, node: str) -> str:
    log = stand.folder / f"{node}.calls"
    return log.read_text("utf-8") if log.exists() else ""


def wait_until(holds: Any) -> None:
    end = time.monotonic() + TIMEOUT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
