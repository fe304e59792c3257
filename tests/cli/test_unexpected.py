"""What nobody expected is told by its type and place alone: its own text may quote a secret."""

import re
from pathlib import Path

import pytest

from tests.cli.starting import Desk
from tests.engine.farm import OTHER_KEYS, Ran
from tests.engine.test_adopt import stand_of
from tests.engine.vaults import farm_in_vault

FAILURE = '''\
"""Breaks one function of the command line: it fails with all that it was given and would answer in its text."""

import importlib
import os
import sys
from pathlib import Path


class Planted(Exception):
    pass


def clear(value):
    revealed = value.reveal() if hasattr(value, "reveal") else value
    return revealed.decode("utf-8", "replace") if isinstance(revealed, bytes) else repr(revealed)


def plant(place):
    module, _, name = place.rpartition(".")
    holder = importlib.import_module(module)
    whole = getattr(holder, name)

    def broken(*arguments, **named):
        answered = whole(*arguments, **named)
        shown = " ".join(map(clear, (*arguments, *named.values(), answered)))
        Path(os.environ["PLANTED_TEXT"]).write_text(shown, "utf-8")
        try:
            raise ValueError(shown)
        except ValueError as error:
            raise Planted(shown) from error

    setattr(holder, name, broken)


if Path(sys.orig_argv[1]).name == "keydeploy":
    plant(os.environ["PLANTED_IN"])
'''
_LONG = re.compile(r"[\w+/=]{12,}")
"""What a key looks like, whole or in part."""


def planted(folder: Path, place: str) -> dict[str, str]:
    """Answer the environment in which the function at *place* fails."""
    (folder / "planted").mkdir()
    (folder / "planted/sitecustomize.py").write_text(FAILURE, "utf-8")
    return {
        "PYTHONPATH": str(folder / "planted"),
        "PLANTED_IN": place,
        "PLANTED_TEXT": str(folder / "planted/text"),
    }


def is_told_without_its_text(folder: Path, told: str, secret: str) -> None:
    text = (folder / "planted/text").read_text("utf-8")
    assert re.search(secret, text), "the failure that was planted holds no secret"
    assert re.fullmatch(
        r"keydeploy: error: internal error: Planted at sitecustomize\.py:\d+, from \w+\.py:\d+\n"
        r"keydeploy: hint: report this line as a bug of keydeploy; what the error says is left out,"
        r" because it might quote a secret\n",
        told,
    )
    assert not {*_LONG.findall(text)} & {*_LONG.findall(told)}


HEX = "[0-9A-Fa-f]{64}"


@pytest.mark.parametrize(
    ("command", "place", "secret"),
    [
        ("lint --offline web.config", "keydeploy.webconfig.document.parse", HEX),
        ("explain key-in.txt", "keydeploy.explain.recognise", HEX),
        ("generate machine-key", "keydeploy.keys.variables.as_yaml", HEX),
        ("generate container-key", "keydeploy.keys.rsa_key.to_pem", "BEGIN PRIVATE KEY"),
        ("generate certificate --subject a", "keydeploy.keys.variables.as_yaml", "password: "),
        ("init farm VAULT", "keydeploy.starter.vault_text", HEX),
    ],
    ids=lambda value: value.split(" ")[0] if " " in value else "",
)
def test_a_failure_here_tells_no_secret(tmp_path: Path, command: str, place: str, secret: str) -> None:
    desk = Desk(tmp_path)
    (desk.work / "web.config").write_bytes(OTHER_KEYS)
    (desk.work / "key-in.txt").write_bytes(b"Unable to validate data.\n" + OTHER_KEYS)
    words = [part for word in command.split() for part in (desk.vault if word == "VAULT" else (word,))]

    told = desk.run("keydeploy", *words, code=1, cwd=None, **planted(tmp_path, place))

    is_told_without_its_text(tmp_path, told, secret)
    assert not (desk.work / "farm").exists()


@pytest.mark.parametrize(
    "place", ["keydeploy.adoption.vaulted.write", "keydeploy.adoption.vaulted.disclosed", "keydeploy.vault.encrypt"]
)
def test_a_failure_of_adopt_tells_no_secret_and_writes_nothing(tmp_path: Path, place: str) -> None:
    stand = stand_of(tmp_path, "web1")
    (tmp_path / "list.csv").write_text(f"validationKey, decryptionKey\n{'a' * 64}, {'b' * 64}\n", "utf-8")
    options = ["--vault-password-file", str(tmp_path / "password"), "--disclosed-keys", str(tmp_path / "list.csv")]

    ran = stand.keydeploy("adopt", *options, env=planted(tmp_path, place))

    assert ran.code == 1
    is_told_without_its_text(tmp_path, _of_keydeploy(ran), HEX)
    assert not (tmp_path / "group_vars").exists()


def test_a_failure_of_rotate_tells_no_secret(tmp_path: Path) -> None:
    stand = farm_in_vault(tmp_path)

    ran = stand.keydeploy(
        "rotate",
        "portal",
        "--print",
        "--vault-id",
        "prod@prod.password",
        env=planted(tmp_path, "keydeploy.rotation.printing.successors"),
    )

    assert ran.code == 1
    is_told_without_its_text(tmp_path, _of_keydeploy(ran), HEX)


def test_a_failure_while_the_command_line_is_read_is_told_so_too(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    told = desk.run("keydeploy", "generate", "machine-key", code=1, cwd=None, **planted(tmp_path, "argparse.Namespace"))
    assert told.startswith("keydeploy: error: internal error: Planted at sitecustomize.py:")


def _of_keydeploy(ran: Ran) -> str:
    """Answer what the command line wrote, which is all but the progress."""
    return ran.out + "".join(line for line in ran.err.splitlines(keepends=True) if line.startswith("keydeploy: "))
