"""`keydeploy init` makes a farm that is valid as it stands, with keys that were never in clear on a disk."""

import json
import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from keydeploy.cli import main
from keydeploy.keys.machine_key import check_decryption_key, check_validation_key
from tests.cli.starting import VAULT_PASSWORD, Desk, opened
from tests.engine.farm import COMMANDS
from tests.engine.hunting import find, forms, processes

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/spec.schema.json").read_text("utf-8"))
MADE = (
    "inventory.yml",
    "group_vars/portal/connection.yml",
    "group_vars/portal/vault.yml",
    ".gitignore",
    ".githooks/pre-commit",
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def files_below(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if not file.is_dir())


def steps(told: str) -> list[str]:
    """Answer the commands that *told* shows as the next ones."""
    return [line.strip() for line in told.splitlines() if line.startswith("  ")]


def test_what_is_printed_as_next_works_to_the_end(desk: Desk) -> None:
    told = desk.init("my farm", "--farm", "shop-2", "--hosts", "n1,n2.example.com")

    commands = steps(told)
    codes = {"sandbox": 0, "validate": 0, "plan": 2, "apply": 0, "drift": 0, "init": 0, "-C": 0}
    assert [shlex.split(command)[1] for command in commands] == list(codes)
    for command in commands:
        desk.run("sh", "-c", command, code=codes[shlex.split(command)[1]])
    web_config = (desk.work / "my farm/nodes/n2.example.com/C/inetpub/shop-2/web.config").read_text("utf-8")
    assert (
        yaml.safe_load(opened(desk, desk.work / "my farm/group_vars/shop_2/vault.yml"))["vault_shop_2"][
            "validation_key"
        ]
        in web_config
    )
    assert desk.run("git", "-C", "my farm", "config", "core.hooksPath") == ".githooks\n"


def test_it_makes_these_files_and_no_other(desk: Desk) -> None:
    told = desk.init()

    assert files_below(desk.work) == sorted(MADE)
    assert [line.split()[1] for line in told.splitlines() if line.startswith("made ")] == list(MADE)
    for name in MADE:
        content = (desk.work / name).read_bytes()
        assert content.endswith(b"\n")
        assert b"\r" not in content
        assert not re.search(rb"@\w+@", content)
        assert bool((desk.work / name).stat().st_mode & stat.S_IXUSR) == (name == MADE[-1])
    assert files_below(desk.folder / "tmp") == []


def test_the_vault_holds_a_new_key_each_time(desk: Desk) -> None:
    desk.init("one")
    desk.init("two")

    texts = [opened(desk, desk.work / each / MADE[2]) for each in ("one", "two")]
    one, two = (yaml.safe_load(text) for text in texts)
    assert one.keys() == {"vault_portal"}
    assert one["vault_portal"]["validation_key"] != two["vault_portal"]["validation_key"]
    check_validation_key(one["vault_portal"]["validation_key"], "HMACSHA256")
    check_decryption_key(one["vault_portal"]["decryption_key"], "AES", "Framework45")
    assert "# The secrets of the farm portal." in texts[0]


def test_no_key_is_ever_in_clear_outside_its_process(desk: Desk) -> None:
    command: list[str | Path] = [COMMANDS / "keydeploy", "init", "farm", *desk.vault]
    seen: dict[str, bytes] = {}
    with subprocess.Popen(command, cwd=desk.work, env=desk.environment(), stdout=-1, stderr=-1) as child:
        while child.poll() is None:
            seen |= processes(child.pid)
        out, err = child.communicate()
    assert child.returncode == 0, err
    key = yaml.safe_load(opened(desk, desk.work / "farm" / MADE[2]))["vault_portal"]

    wanted = forms([key["validation_key"], key["decryption_key"]], [VAULT_PASSWORD])
    files = {str(file): file.read_bytes() for file in desk.folder.rglob("*") if file.is_file()}
    assert find(files.pop(str(desk.password_file)), wanted)  # the search finds what is there
    assert any(b"ansible\0vault\0encrypt" in content for content in seen.values())
    for place, content in {**seen, **files, "out": out, "err": err}.items():
        assert find(content, wanted) == set(), place


def uncommented(text: str) -> str:
    """Take the `#` away from every setting that is left out, as the file itself says."""
    return re.sub(r"^(\s*)# ", r"\1", text, flags=re.MULTILINE)


@pytest.mark.parametrize("kind", [(), ("--windows",)], ids=["sandbox", "windows"])
def test_it_is_valid_as_it_stands(desk: Desk, kind: tuple[str, ...]) -> None:
    desk.init("--farm", "a_b-c", "--hosts", "n1", *kind)

    told = desk.run("keydeploy", "validate", "inventory.yml", *desk.vault)

    assert "the spec is valid for 1 node\n" in told


def test_every_setting_that_is_left_out_is_valid_too_once_its_keys_are_made(desk: Desk) -> None:
    desk.init("--farm", "shop")
    inventory = desk.work / "inventory.yml"
    text = inventory.read_text("utf-8")
    commands = re.findall(r"##   (keydeploy generate .*)", text)
    assert len(commands) == 2
    for command in commands:
        desk.run("sh", "-c", command.replace("-J", shlex.join(desk.vault)))
    inventory.write_text(uncommented(text), "utf-8")

    told = desk.run("keydeploy", "validate", "inventory.yml", *desk.vault)

    assert "the spec is valid for 3 nodes\n" in told
    spec = yaml.safe_load(inventory.read_text("utf-8"))["all"]["children"]["shop"]["vars"]["keydeploy"]
    assert spec.keys() == SCHEMA["$defs"]["spec"]["properties"].keys()


def names_of(value: Any) -> Iterator[str]:
    """Yield the names of all settings that the schema *value* knows."""
    if isinstance(value, dict):
        yield from value.get("properties", {})
        for inner in value.values():
            yield from names_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from names_of(inner)


def test_every_setting_of_the_spec_is_shown(desk: Desk) -> None:
    desk.init()

    shown = set(re.findall(r"\w+", (desk.work / "inventory.yml").read_text("utf-8")))

    assert set(names_of(SCHEMA)) - shown == set()


def test_windows_servers_are_reached_over_https_and_sandbox_nodes_can_become_some(desk: Desk) -> None:
    told = desk.init("real", "--windows", "--hosts", "web1.example.com")
    desk.init("trial", "--hosts", "web1")

    real, trial = ((desk.work / each / MADE[1]).read_text("utf-8") for each in ("real", "trial"))
    assert yaml.safe_load(real) == {
        "ansible_connection": "winrm",
        "ansible_port": 5986,
        "ansible_winrm_transport": ["kerberos"],
        "ansible_user": "deploy@EXAMPLE.COM",
    }
    assert yaml.safe_load(trial).keys() == {"ansible_connection", "keydeploy_sandbox"}
    assert uncommented(real).splitlines()[1:] == uncommented(trial).split("installed on the servers.\n")[1].splitlines()
    for word in ("kerberos", "ntlm", "ansible_winrm_ca_trust_path", "keydeploy_call_timeout"):
        assert word in trial
    assert [shlex.split(step)[1] for step in steps(told)][:5] == ["validate", "doctor", "plan", "rehearse", "apply"]


def test_all_that_is_in_the_way_is_told_at_once_and_nothing_is_written(desk: Desk) -> None:
    for name in (".gitignore", "inventory.yml", "group_vars"):
        (desk.work / name).write_text("mine", "utf-8")

    told = desk.init(code=1)

    assert told.startswith(
        "keydeploy: error: inventory.yml, group_vars and .gitignore are there already; nothing was written\n"
    )
    assert "keydeploy: hint: name a new folder" in told
    assert files_below(desk.work) == [".gitignore", "group_vars", "inventory.yml"]
    assert {(desk.work / name).read_text("utf-8") for name in files_below(desk.work)} == {"mine"}


def test_what_is_written_halfway_is_taken_back(desk: Desk) -> None:
    told = desk.init("new/farm", "--farm", "p" * 300, code=1)

    assert told.startswith("keydeploy: error: new/farm cannot be written: File name too long; nothing was\n")
    assert list(desk.work.iterdir()) == []


def test_other_files_may_be_there(desk: Desk) -> None:
    (desk.work / "group_vars/all").mkdir(parents=True)
    (desk.work / "group_vars/all/mine.yml").write_text("a: 1\n", "utf-8")

    desk.init()

    assert files_below(desk.work) == sorted([*MADE, "group_vars/all/mine.yml"])


@pytest.mark.parametrize("option", [(), ("-J",), ("--vault-id", "prod@prompt")], ids=["none", "asks", "asks for one"])
def test_without_a_password_and_a_terminal_nothing_is_written(desk: Desk, option: tuple[str, ...]) -> None:
    told = desk.run("keydeploy", "init", "farm", *option, code=1)

    assert told.startswith("keydeploy: error: there is no vault password to encrypt the new keys with")
    assert "keydeploy: hint: name a file that holds it: --vault-password-file FILE" in told
    assert list(desk.work.iterdir()) == []


def test_a_password_file_that_is_not_there_is_told_and_nothing_is_written(desk: Desk) -> None:
    told = desk.run("keydeploy", "init", "farm", "--vault-password-file", "nowhere", code=1)

    assert told.startswith(
        "keydeploy: error: ansible-vault did not encrypt: the file with the vault password is not there: nowhere\n"
    )
    assert list(desk.work.iterdir()) == []


def test_of_several_passwords_none_is_chosen_and_that_is_told(desk: Desk) -> None:
    identities = ["--vault-id", f"dev@{desk.password_file}", "--vault-id", f"prod@{desk.password_file}"]

    told = desk.run("keydeploy", "init", "farm", *identities, code=1)
    assert told.startswith("keydeploy: error: ansible-vault did not encrypt: several vault passwords are named")
    assert list(desk.work.iterdir()) == []

    desk.run("keydeploy", "init", "farm", *identities, ANSIBLE_VAULT_ENCRYPT_IDENTITY="prod")
    assert (desk.work / "farm" / MADE[2]).read_text("ascii").startswith("$ANSIBLE_VAULT;1.2;AES256;prod\n")


def test_ansibles_own_settings_name_the_password_too(desk: Desk) -> None:
    told = desk.run("keydeploy", "init", "one", ANSIBLE_VAULT_PASSWORD_FILE=str(desk.password_file))
    (desk.work / "ansible.cfg").write_text(f"[defaults]\nvault_password_file = {desk.password_file}\n", "utf-8")
    desk.run("keydeploy", "init", "two")

    assert "  keydeploy validate one/inventory.yml\n" in told
    assert all(opened(desk, desk.work / each / MADE[2]) for each in ("one", "two"))


def test_at_a_terminal_the_password_is_asked_for_twice(desk: Desk) -> None:
    answers = {"New Vault password: ": VAULT_PASSWORD, "Confirm New Vault password: ": VAULT_PASSWORD}
    code, shown = desk.at_a_terminal(["keydeploy", "init", "farm"], answers)

    assert code == 0, shown
    assert "  keydeploy validate farm/inventory.yml -J\n" in shown
    assert VAULT_PASSWORD not in shown
    assert yaml.safe_load(opened(desk, desk.work / "farm" / MADE[2]))


def test_two_different_passwords_write_nothing(desk: Desk) -> None:
    answers = {"New Vault password: ": VAULT_PASSWORD, "Confirm New Vault password: ": "another"}
    code, shown = desk.at_a_terminal(["keydeploy", "init", "farm"], answers)

    assert code == 1
    told = "keydeploy: error: ansible-vault did not encrypt: the two vault passwords that were typed differ"
    assert told in " ".join(shown.split())  # apart from where the lines break
    assert list(desk.work.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--farm all", "that cannot be the name of a farm"),
        ("--farm windows", "that cannot be the name of a farm"),
        ("--farm 1st", "that cannot be the name of a farm"),
        ("--farm a.b", "that cannot be the name of a farm"),
        ("--farm a0123456789abcdef", "that cannot be the name of a farm"),
        ("--hosts web1,web1", "a host is named twice"),
        ("--hosts web1,", "'' cannot be the name of a host"),
        ("--hosts web[1:3]", "'web[1:3]' cannot be the name of a host"),
        ("--hosts portal", "'portal' cannot be the name of a host"),
        ("--hosts ../web1", "'../web1' cannot be the name of a host"),
    ],
)
def test_names_that_cannot_be_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["init", "--vault-password-file", "unused", *options.split()]) == 1

    err = capsys.readouterr().err
    assert err.startswith(f"keydeploy: error: {told}")
    assert "keydeploy: hint: " in err
    assert list(tmp_path.iterdir()) == []


def test_git_ignores_keys_and_passwords_and_takes_what_init_made(desk: Desk) -> None:
    desk.init()
    desk.run("git", "init")
    ignored = [
        "nodes/web1/C/inetpub/portal/web.config", "plan.json", "reports/drift.html", "session.pfx", "a b.key",
        "deep/down/server.pem", "vault-password", ".vault_pass", "vault_password.txt", ".vault.yml.keydeploy-before",
        "inventory.yml~",
    ]  # fmt: skip
    told = desk.run("git", "check-ignore", *ignored)
    desk.run("git", "add", "--all")

    assert [json.loads(line) if line.startswith('"') else line for line in told.splitlines()] == ignored
    assert sorted(desk.run("git", "ls-files").splitlines()) == sorted(MADE)
