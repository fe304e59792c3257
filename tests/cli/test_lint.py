"""`keydeploy lint` without a node: which files it looks at, what it prints, and how it ends."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from keydeploy.cli import main
from keydeploy.lint.rules import RULES
from keydeploy.schema import validator
from tests.engine.farm import DECRYPTION_KEY, OTHER_KEYS, VALIDATION_KEY, Ran
from tests.engine.hunting import find, forms
from tests.lint import sarif_schema
from tests.lint.private_keys import OPENSSH_PEM

CLEAN = b'<configuration><system.web><compilation debug="false" targetFramework="4.8" /></system.web></configuration>'
WEAK = OTHER_KEYS.replace(b"HMACSHA256", b"MD5").replace(b' compatibilityMode="Framework45"', b"")
AUTOMATIC = b'<configuration><system.web><machineKey validationKey="AutoGenerate" /></system.web></configuration>'
INVENTORY = f"""
web:
  hosts: {{web1: {{}}}}
  vars:
    keydeploy:
      machine_keys:
        portal:
          validation_key: {VALIDATION_KEY}
          decryption_key: "{{{{ vault_portal.decryption_key }}}}"
"""

Lint = Callable[..., Ran]


@pytest.fixture
def lint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lint:
    """Answer what runs `keydeploy lint` in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        code = main(["lint", *arguments])
        out, err = capsys.readouterr()
        assert not find((out + err).encode(), forms())
        return Ran(code, out, err)

    return run


def test_a_clean_file_has_nothing_to_complain_about(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(CLEAN)
    ran = lint("web.config")

    assert (ran.code, ran.out.splitlines()[-1]) == (0, "nothing to complain about")


def test_findings_are_told_by_place_with_each_remedy_once(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a/web.config").write_bytes(AUTOMATIC)
    (tmp_path / "b/web.config").write_bytes(AUTOMATIC)
    ran = lint(".")

    assert ran.code == 6
    assert "a/web.config:1:40: error: " in ran.out
    assert "b/web.config:1:40: error: " in ran.out
    assert ran.out.count("\n[automatic-key] ") == 1
    assert ran.out.splitlines()[-1].endswith(" in 2 files")


def test_one_server_may_have_automatic_keys(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(AUTOMATIC)

    assert lint("web.config", "--single").code == 0


def test_warnings_count_only_where_it_is_strict(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(OTHER_KEYS)

    assert lint("web.config").code == 0
    assert lint("web.config", "--strict").code == 6


def test_a_key_in_clear_in_an_inventory_is_an_error_offline(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(INVENTORY, "utf-8")
    ran = lint("inventory.yml", "--offline")

    assert ran.code == 6
    assert "inventory.yml:8:" in ran.out


def test_a_disclosed_key_is_an_error_where_a_list_is_named(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(
        f'<configuration><system.web><machineKey validationKey="{VALIDATION_KEY.lower()}"'
        f' decryptionKey="{DECRYPTION_KEY}" /></system.web></configuration>'.encode()
    )
    digest = hashlib.sha256(VALIDATION_KEY.encode()).hexdigest()
    (tmp_path / "list.csv").write_text(f"validationKey, decryptionKey\n{digest},\n", "utf-8")
    named, unnamed = lint("web.config", "--disclosed-keys", "list.csv"), lint("web.config")

    assert (named.code, "[disclosed-key]" in named.out) == (6, True)
    assert (unnamed.code, "no list of disclosed keys was found" in unnamed.out) == (0, True)


def test_json_and_sarif_are_as_their_schemas_say(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(WEAK)
    (tmp_path / "broken.config").write_bytes(b"<configuration>")
    (tmp_path / "inventory.yml").write_text(INVENTORY, "utf-8")
    as_json, as_sarif = lint(".", "--format", "json"), lint(".", "--format", "sarif")

    value = json.loads(as_json.out)
    validator("lint").validate(value)
    assert (as_json.code, value["exit_code"]) == (1, 1)
    assert [each["file"] for each in value["unread"]] == ["broken.config"]
    log = json.loads(as_sarif.out)
    sarif_schema.validator().validate(log)
    told = {(each["rule"], each["line"]) for each in value["findings"]}
    assert {
        (result["ruleId"], result["locations"][0]["physicalLocation"]["region"]["startLine"])
        for result in log["runs"][0]["results"]
    } == told


def test_a_baseline_accepts_what_was_found_when_it_was_written(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(AUTOMATIC)
    written = lint(".", "--write-baseline", "known.json")
    (tmp_path / "web.config").write_bytes(AUTOMATIC.replace(b"<system.web>", b"\n\n<system.web>"))
    again = lint(".", "--baseline", "known.json")
    (tmp_path / "web.config").write_bytes(CLEAN)
    mended = lint(".", "--baseline", "known.json")

    assert (written.code, again.code, mended.code) == (0, 0, 0)
    assert "accepted in known.json" in written.out
    assert again.out.splitlines()[-1].startswith("nothing to complain about; ")
    assert "the baseline accepts what is not found any more; remove it: automatic-key in web.config" in mended.out


def test_a_comment_accepts_a_finding_and_sarif_says_so(lint: Lint, tmp_path: Path) -> None:
    comment = b"<!-- keydeploy: ignore automatic-key: a single test server -->"
    (tmp_path / "web.config").write_bytes(AUTOMATIC.replace(b"<machineKey", comment + b"<machineKey"))
    log = json.loads(lint("web.config", "--format", "sarif").out)

    suppressed = [result for result in log["runs"][0]["results"] if result["suppressions"]]
    assert [result["suppressions"][0]["justification"] for result in suppressed] == ["a single test server"]
    assert [result["suppressions"][0]["kind"] for result in suppressed] == ["inSource"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "there is nothing to look at"),
        (("empty",), "there is nothing to look at"),
        (("missing.config",), "there is no missing.config"),
        (("missing.config", "--offline"), "there is no missing.config"),
        (("-i", "missing.yml"), "there is no inventory missing.yml"),
        (("empty", "-i", "inventory.yml", "--offline"), "--offline asks no node"),
        (("--rule", "conjured"), "there is no such rule"),
        (("web.config", "--error", "conjured"), "there is no such rule: conjured"),
        (("web.config", "--error", "key-in-clear", "--error", VALIDATION_KEY), "there is no such rule\n"),
        (("web.config", "--baseline", "none.json"), "the baseline none.json cannot be read"),
        (("web.config", "--disclosed-keys", "none.csv"), "none.csv cannot be read"),
    ],
)
def test_what_cannot_be_looked_at_is_an_error_with_a_hint(
    lint: Lint, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "web.config").write_bytes(CLEAN)
    ran = lint(*arguments)

    assert (ran.code, ran.out) == (1, "")
    assert complaint in ran.err
    assert "keydeploy: hint: " in ran.err


def test_a_configuration_that_cannot_be_read_is_no_success_wherever_it_lies(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(b"<configuration>")

    assert lint("web.config").code == 1
    assert lint(".").code == 1
    assert "not looked at: web.config: " in lint(".").out
    assert lint(".").out.endswith("nothing found; 1 could not be looked at, see above\n")


def test_a_part_that_is_not_there_is_told_and_fails_only_where_it_is_strict(lint: Lint, tmp_path: Path) -> None:
    moved = b"<configuration><system.web><machineKey configSource='keys.config' /></system.web></configuration>"
    (tmp_path / "web.config").write_bytes(moved)

    assert lint(".").code == 0
    assert lint(".", "--strict").code == 1
    assert "not looked at: keys.config: " in lint(".").out


def test_the_rules_are_listed_and_told_one_by_one(lint: Lint) -> None:
    listed = lint("--rules")
    assert [line.split()[0] for line in listed.out.splitlines()] == [rule.id for rule in RULES]

    for rule in RULES:
        if rule.id in ("key-differs-between-nodes", "disclosed-key"):
            text = lint("--rule", rule.id).out
            assert all(part in text for part in (rule.title, rule.reason, rule.source, rule.remedy))
    assert [rule["id"] for rule in json.loads(lint("--rules", "--format", "json").out)] == [rule.id for rule in RULES]


def test_a_rule_that_is_not_there_is_told_with_what_comes_near(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(CLEAN)

    assert "did you mean key-in-clear" in lint("web.config", "--error", "keys-in-clear").err
    assert "did you mean weak-algorithm" in lint("--rule", "weak-algorithms").err


def test_a_rule_counts_as_an_error_where_that_is_wanted_and_is_shown_so(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(OTHER_KEYS)
    counting = ("web.config", "--error", "key-in-clear", "--error", "legacy-algorithm")
    text, told = lint(*counting), lint(*counting, "--format", "json")
    log = json.loads(lint(*counting, "--format", "sarif").out)

    assert (lint("web.config").code, text.code, told.code) == (0, 6, 6)
    assert text.out.splitlines()[-1].startswith("1 error")
    assert ": error: " in next(line for line in text.out.splitlines() if line.endswith("[key-in-clear]"))
    value = json.loads(told.out)
    validator("lint").validate(value)
    assert {each["severity"] for each in (*value["findings"], *value["rules"]) if "key-in-clear" in each.values()} == {
        "error"
    }
    assert value["summary"]["errors"] == 1
    sarif_schema.validator().validate(log)
    (run,) = log["runs"]
    assert {each["level"] for each in run["results"] if each["ruleId"] == "key-in-clear"} == {"error"}
    assert (run["invocations"][0]["executionSuccessful"], run["invocations"][0]["exitCode"]) == (True, 6)


def test_what_counts_as_an_error_can_still_be_accepted(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "web.config").write_bytes(OTHER_KEYS)

    assert lint("web.config", "--write-baseline", "known.json").code == 0
    assert lint("web.config", "--baseline", "known.json", "--error", "key-in-clear").code == 0


def test_nothing_to_look_at_is_no_error_in_a_folder_that_is_looked_at_offline(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty/notes.txt").write_text("hello", "utf-8")
    text, told = lint("empty", "--offline"), lint("empty", "--offline", "--format", "json")
    log = json.loads(lint("empty", "--offline", "--format", "sarif").out)

    assert (text.code, text.out.splitlines()[-1]) == (0, "there is nothing to look at")
    value = json.loads(told.out)
    validator("lint").validate(value)
    assert (told.code, "there is nothing to look at" in value["notes"]) == (0, True)
    sarif_schema.validator().validate(log)
    named = lint("empty/notes.txt", "--offline")
    assert (named.code, "not looked at: empty/notes.txt: nothing that lint knows" in named.out) == (1, True)


def test_a_private_key_that_is_named_is_taken_for_no_inventory(lint: Lint, tmp_path: Path) -> None:
    (tmp_path / "id_ed25519").write_text(OPENSSH_PEM, "utf-8")
    (tmp_path / "deploy").write_text(OPENSSH_PEM, "utf-8")

    for name in ("id_ed25519", "deploy"):
        ran = lint(name)
        assert (ran.code, ran.err) == (6, "")
        assert f"{name}:1:1: error: a private key stands in clear [private-key-file]" in ran.out


def test_a_baseline_holds_however_the_same_files_are_named(
    lint: Lint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tree/10").mkdir(parents=True)
    (tmp_path / "tree/10/web.config").write_bytes(AUTOMATIC)
    assert lint("tree/10", "--write-baseline", "known.json").code == 0
    entries = json.loads((tmp_path / "known.json").read_text("utf-8"))["entries"]

    for path in ("tree/10", "tree", ".", "tree/10/web.config", f"{tmp_path}/tree/10"):
        ran = lint(path, "--baseline", "known.json")
        assert (ran.code, "is not found any more" in ran.out) == (0, False)
    monkeypatch.chdir(tmp_path / "tree/10")
    assert lint(".", "--baseline", "../../known.json").code == 0
    assert lint(".", "--baseline", "../../known.json", "--write-baseline", "../../known.json").code == 0
    assert json.loads((tmp_path / "known.json").read_text("utf-8"))["entries"] == entries
    assert {entry["file"] for entry in entries} == {"tree/10/web.config"}


def test_a_folder_that_cannot_be_opened_is_no_success(
    lint: Lint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web.config").write_bytes(CLEAN)
    name = "a" * 250
    for _ in range(20):  # Deeper than a path may be long.
        os.mkdir(name)  # noqa: PTH102
        monkeypatch.chdir(name)
    monkeypatch.chdir(tmp_path)
    ran = lint(str(tmp_path))

    assert ran.code == 1
    assert ran.out.endswith("nothing found; 1 could not be looked at, see above\n")
