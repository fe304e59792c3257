"""A comment accepts a finding, with a reason, at one element or in a whole file; a bad comment is told."""

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from keydeploy.lint.files import look
from keydeploy.lint.model import Linted
from tests.lint.keys import DECRYPTION_KEY, VALIDATION_KEY, filled_in
from tests.lint.private_keys import PEM

KEY = (
    '<machineKey validation="HMACSHA256" decryption="AES" compatibilityMode="Framework45"'
    f' validationKey="{VALIDATION_KEY}" decryptionKey="{DECRYPTION_KEY}" />'
)
IN_CLEAR = "keydeploy: ignore key-in-clear: a test server"


def config(before_key: str = "", before_root: str = "", behind_key: str = "") -> str:
    web = f"<system.web>\n{before_key}\n{KEY}\n{behind_key}</system.web>"
    return f"{before_root}<configuration>\n{web}\n</configuration>\n"


def linted(folder: Path, text: str, name: str = "web.config") -> Linted:
    (folder / name).write_text(filled_in(text), "utf-8")
    return look([folder], None)


def told(linted: Linted) -> list[str]:
    return [finding.rule.id for finding in linted.findings]


def accepted(linted: Linted) -> list[tuple[str, str]]:
    return [(each.finding.rule.id, each.reason) for each in linted.suppressed]


@pytest.mark.parametrize(
    "text",
    [
        config(f"<!-- {IN_CLEAR} -->"),
        config(f"<!--{IN_CLEAR}-->"),
        config(f"<!-- {IN_CLEAR} -->\n<!-- why we do so -->"),
        config("<!-- KeyDeploy:  IGNORE key-in-clear :\n a test\n server -->"),
        config(before_root=f"<!-- {IN_CLEAR} -->\n"),
        config(before_root=f'<?xml version="1.0"?>\n<!-- other -->\n<!-- {IN_CLEAR} -->\n'),
        config().replace("<system.web>", f"<!-- {IN_CLEAR} --><system.web>"),
    ],
    ids=["before", "without blanks", "another comment between", "several lines", "file", "file, declared", "parent"],
)
def test_a_comment_accepts_what_it_stands_before(text: str, tmp_path: Path) -> None:
    found = linted(tmp_path, text)
    assert told(found) == []
    assert accepted(found) == [("key-in-clear", "a test server")]


def test_a_comment_elsewhere_accepts_nothing_and_is_told(tmp_path: Path) -> None:
    found = linted(tmp_path, config(behind_key=f"<!-- {IN_CLEAR} -->\n"))
    assert told(found) == ["key-in-clear", "unused-suppression"]
    assert not found.suppressed


def test_a_comment_about_another_rule_accepts_nothing(tmp_path: Path) -> None:
    found = linted(tmp_path, config("<!-- keydeploy: ignore mixed-keys: one day -->"))
    assert told(found) == ["unused-suppression", "key-in-clear"]


@pytest.mark.parametrize("comment", ["key-in-clear", "key-in-clear:", "key-in-clear:  ", "key-in-clear because"])
def test_a_comment_without_a_reason_does_not_count_and_is_told(comment: str, tmp_path: Path) -> None:
    found = linted(tmp_path, config(f"<!-- keydeploy: ignore {comment} -->"))
    assert told(found) == ["suppression-without-reason", "key-in-clear"]


@pytest.mark.parametrize("comment", ["keys-in-clear: a test server", ": a test server", "", "all: everything"])
def test_a_comment_about_no_rule_is_told(comment: str, tmp_path: Path) -> None:
    found = linted(tmp_path, config(f"<!-- keydeploy: ignore {comment} -->"))
    assert told(found) == ["unknown-suppression", "key-in-clear"]


@pytest.mark.parametrize(
    ("comment", "text"),
    [
        ("keys-in-clear: a test server", "no rule is called keys-in-clear"),
        (f"{VALIDATION_KEY}: a test server", "no rule has this id"),
        ("a1b2-c3d4-e5f6: a test server", "no rule has this id"),
    ],
)
def test_the_id_of_no_rule_is_told_unless_it_may_be_a_key(comment: str, text: str, tmp_path: Path) -> None:
    found = linted(tmp_path, config(f"<!-- keydeploy: ignore {comment} -->"))
    assert [each.text for each in found.findings if each.rule.id == "unknown-suppression"] == [text]


@pytest.mark.parametrize("rule", ["disclosed-key", "missing-certificate", "key-differs-between-nodes"])
def test_a_comment_about_a_rule_that_did_not_run_is_not_called_unused(rule: str, tmp_path: Path) -> None:
    found = linted(tmp_path, config(f"<!-- keydeploy: ignore {rule}: replaced next week --><!-- {IN_CLEAR} -->"))
    assert told(found) == []


def test_several_comments_before_one_element_all_count(tmp_path: Path) -> None:
    text = config(f"<!-- {IN_CLEAR} -->\n<!-- keydeploy: ignore legacy-algorithm: old clients -->")
    found = linted(tmp_path, text.replace("HMACSHA256", "SHA1"))
    assert told(found) == []
    assert {rule for rule, _ in accepted(found)} == {"key-in-clear", "legacy-algorithm"}


def test_what_looks_like_a_comment_in_a_value_is_none(tmp_path: Path) -> None:
    text = config(f'<pages theme="&lt;!-- {IN_CLEAR} -->" />')
    assert told(linted(tmp_path, text)) == ["key-in-clear"]


def test_a_comment_in_one_file_says_nothing_about_another(tmp_path: Path) -> None:
    (tmp_path / "other.config").write_text(config(), "utf-8")
    found = linted(tmp_path, config(before_root=f"<!-- {IN_CLEAR} -->\n"))
    assert [Path(each.file).name for each in found.findings] == ["other.config"]


INVENTORY = "all:\n  vars:\n    validation_key: $other_key{behind}\n    decryption_key: $key_48\n"
IN_INVENTORY = "# keydeploy: ignore key-in-inventory: a test key"


@pytest.mark.parametrize(
    "text",
    [
        INVENTORY.replace("{behind}", f"  {IN_INVENTORY}"),
        INVENTORY.replace("{behind}", "").replace(
            "    validation", f"    {IN_INVENTORY}\n\n    # other\n    validation"
        ),
    ],
    ids=["behind", "before"],
)
def test_a_comment_in_yaml_accepts_one_value(text: str, tmp_path: Path) -> None:
    found = linted(tmp_path, text, "inventory.yml")
    assert told(found) == ["key-in-inventory"]
    assert accepted(found) == [("key-in-inventory", "a test key")]
    assert found.findings[0].subject.endswith("decryption_key")


def test_a_comment_before_everything_else_in_yaml_accepts_all(tmp_path: Path) -> None:
    text = f"---\n{IN_INVENTORY}\n{INVENTORY.replace('{behind}', '')}"
    found = linted(tmp_path, text, "inventory.yml")
    assert told(found) == []
    assert len(found.suppressed) == 2


def test_a_bad_comment_in_yaml_is_told_at_its_place(tmp_path: Path) -> None:
    text = INVENTORY.replace("{behind}", "  # keydeploy: ignore key-in-inventory")
    found = linted(tmp_path, text, "inventory.yml")
    assert told(found).count("key-in-inventory") == 2
    [fault] = [each for each in found.findings if each.rule.id == "suppression-without-reason"]
    assert fault.line == 3


def test_a_comment_before_a_key_in_pem_accepts_it(tmp_path: Path) -> None:
    found = linted(tmp_path, f"# keydeploy: ignore private-key-file: opens nothing\n{PEM}", "key.pem")
    assert told(found) == []
    assert accepted(found) == [("private-key-file", "opens nothing")]


def crowded(count: int) -> str:
    """Answer a configuration with *count* comments beside one another, and as many one in the other."""
    comment = f"<!-- {IN_CLEAR} -->\n"
    beside = f"{comment}<a/>" * count + comment * count + "<b/>" * count
    return f"<configuration>{beside}{f'{comment}<a>' * count}{'</a>' * count}</configuration>"


def steps(folder: Path, count: int) -> int:
    """Answer how many lines of keydeploy run for a file with that many comments."""
    file = folder / f"{count}.config"
    file.write_text(crowded(count), "utf-8")
    taken = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal taken
        taken += event == "line"
        return trace if "keydeploy" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        look([file], None)
    finally:
        sys.settrace(before)
    return taken


def test_many_comments_take_as_many_times_longer_and_no_more(tmp_path: Path) -> None:
    look([tmp_path], None)
    once, twice = steps(tmp_path, 100), steps(tmp_path, 200)

    assert twice < 2.1 * once


def test_of_comments_within_one_another_the_innermost_gives_the_reason_and_all_are_in_use(tmp_path: Path) -> None:
    text = config(f"<!-- {IN_CLEAR} -->").replace(
        "<system.web>", "<!-- keydeploy: ignore key-in-clear: outside --><system.web>"
    )
    found = linted(tmp_path, f"<!-- keydeploy: ignore key-in-clear: all of it -->{text}")
    assert told(found) == []
    assert {reason for _, reason in accepted(found)} == {"a test server"}
