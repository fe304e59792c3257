"""Commands that are told to be typed next are for the same inventory, and hold no secret."""

from argparse import Namespace
from pathlib import Path

import pytest

from keydeploy.cli.again import again, only, shown


def options(**given: object) -> Namespace:
    nothing: dict[str, object] = {"more": [], "extra_vars": [], "vault_id": [], "vault_password_file": []}
    return Namespace(**{"inventory": "the farm.yml", "ask_vault_pass": False, **nothing, **given})


def test_a_command_says_again_where_variables_and_passwords_are_and_no_value() -> None:
    given = options(more=["more.yml"], extra_vars=["@keys.yml", "key=MARKED"], vault_id=["prod@p"], ask_vault_pass=True)
    assert again("apply", given, "-l", "web1") == (
        "keydeploy apply 'the farm.yml' -i more.yml -e @keys.yml --vault-id prod@p --ask-vault-pass -l web1"
    )


def test_other_nodes_are_left_out_where_there_are_some() -> None:
    assert only(("web1", "web2"), ("web2", "web1")) == ()
    assert only(("web1", "web2"), ("web1", "web2", "shop1")) == ("-l", "web1,web2")


def test_a_file_is_named_as_it_is_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (shown(tmp_path / "a/b.yml"), shown("/elsewhere/b.yml")) == ("a/b.yml", "/elsewhere/b.yml")
