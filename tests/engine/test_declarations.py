"""Places and problems as real Ansible tells them, wherever it lets a value live.

A comment `#! COLUMN ADDRESS: TEXT` in an inventory says what is wrong in its line. Every secret in them is made
of the digits of `MARKS`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.engine.farm import Ran, Stand

INVENTORIES = Path(__file__).parent / "inventories"
MARKS = ("C0FFEEC0FFEE", "c0ffeec0ffee", "FEEDC0FEEDC0", "47474747", "ENCRYPT")
PASSWORD, OTHER_PASSWORD = "the password", "another password"


def stand(folder: Path, name: str) -> Stand:
    """Set up the inventory *name*, with the vault's contents encrypted."""
    built = Stand(folder)
    copytree(INVENTORIES / name, folder, dirs_exist_ok=True)
    (folder / "password").write_text(PASSWORD, "utf-8")
    for file in folder.rglob("*.yml"):
        text = re.sub(r"( *)ENCRYPT(_OTHERWISE)? (\w+)\n", encrypted, file.read_text("utf-8"))
        file.write_text(text, "utf-8")
    return built


def encrypted(found: re.Match[str]) -> str:
    indent, otherwise, content = found.groups()
    password = OTHER_PASSWORD if otherwise else PASSWORD
    return "".join(f"{indent}{line}\n" for line in encrypt(content, password).splitlines())


def encrypt(content: str, password: str = PASSWORD) -> str:
    return str(VaultLib([("default", VaultSecret(password.encode()))]).encrypt(content).decode())


def mistakes(folder: Path) -> Iterator[str]:
    """Yield `FILE:LINE:COLUMN: ADDRESS: TEXT` for each mistake that a comment names."""
    for file in folder.rglob("*.yml"):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            for told in line.split("#! ")[1:]:
                column, mistake = told.strip().split(" ", 1)
                yield f"{file.relative_to(folder)}:{number}:{column}: {mistake}"


def run(built: Stand, playbook: str) -> Ran:
    vault = built.folder / "group_vars" / "shop" / "vault.yml"
    if vault.exists():
        vault.write_text(encrypt(vault.read_text("utf-8")), "utf-8")
    return built.playbook(playbook, "-vvvvv", "--vault-password-file", str(built.folder / "password"))


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Ran]:
    built = stand(tmp_path_factory.mktemp("mistakes"), "mistakes")
    expected = sorted(mistakes(built.folder))
    return expected, run(built, str(built.folder / "playbook.yml"))


def test_every_mistake_is_told_where_it_was_written_and_nothing_else(refused: tuple[list[str], Ran]) -> None:
    expected, ran = refused
    result = next(iter(ran.results("validate").values()))
    told = sorted(f"{found['place']}: {found['address']}: {found['text']}" for found in result["problems"])
    assert len(told) == len(expected), "\n".join(told)
    for line, mistake in zip(told, expected, strict=True):
        assert line.startswith(mistake)
    assert result["state"] == "invalid"


def test_the_last_task_fails_with_all_of_them(refused: tuple[list[str], Ran]) -> None:
    expected, ran = refused
    assert ran.code != 0
    reasons = next(iter(ran.results("accept").values()))["reasons"]
    assert len(reasons) == len(expected)


@pytest.mark.parametrize("mark", MARKS)
def test_no_secret_is_shown_at_the_highest_verbosity(refused: tuple[list[str], Ran], mark: str) -> None:
    _, ran = refused
    assert mark not in ran.text


def test_unusual_but_legal_specs_are_accepted(tmp_path: Path) -> None:
    ran = run(stand(tmp_path, "legal"), "keydeploy.core.validate")
    result = next(iter(ran.results("validate").values()))
    assert result["problems"] == []
    assert ran.code == 0
    assert {name: farm["members"] for name, farm in result["farms"].items()} == {
        "computed": ["computed1", "computed2"],
        "trimmed": ["trimmed1"],
        "written": ["written1", "written2"],
    }
    assert not [mark for mark in MARKS if mark in ran.text]
