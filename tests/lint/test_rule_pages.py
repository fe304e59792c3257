"""Every rule has a page that says what the rule says, and whose examples are true."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from keydeploy.lint import farm
from keydeploy.lint.files import look
from keydeploy.lint.folders import assemble
from keydeploy.lint.model import Finding, Node, Rule
from keydeploy.lint.rules import RULES, check, isolate_modifier
from keydeploy.webconfig.document import parse
from tests.lint.disclosing import listing
from tests.lint.keys import DECRYPTION_KEY, VALIDATION_KEY, digits
from tests.lint.private_keys import ENCRYPTED_PEM, PEM

PAGES = Path(__file__).parents[2] / "docs/rules"
KEYS = {
    "ANOTHER-VALIDATION-KEY": digits("another", 128),
    "ANOTHER-DECRYPTION-KEY": digits("another", 64),
    "VALIDATION-KEY": VALIDATION_KEY,
    "DECRYPTION-KEY": DECRYPTION_KEY,
    "NOT-A-PASSWORD": "Xk3-made-up",
}
"""What stands for a key in a page, and what is put in its place here."""

ON_NODES = {"missing-certificate", "user-profile"}
MENDED_ELSEWHERE = {"disclosed-key", "impersonation", "missing-certificate"}
"""What another key, or a spec, mends."""

NODE = Node(name="web1", load_user_profile=False, thumbprints=frozenset())
EXAMPLES = [rule for rule in RULES if rule not in farm.RULES]
NAMED = re.compile(r"<!-- ([\w/]+\.config) -->\n")


def page(rule: Rule) -> str:
    return (PAGES / f"{rule.id}.md").read_text("utf-8")


def example(rule: Rule, heading: str) -> tuple[str, str]:
    """Answer the language and the text of the first block below *heading*."""
    found = re.search(rf"## {heading}\n.*?```(\w+)\n(.*?)```", page(rule).partition("## Accepting it")[0], re.DOTALL)
    assert found, rule.id
    text = found[2]
    for name, key in KEYS.items():
        text = text.replace(name, key)
    return found[1], text


def found(rule: Rule, language: str, text: str, folder: Path) -> list[Finding]:
    """Answer what lint finds in an example."""
    if rule.id in ON_NODES:
        [placed] = assemble({"web.config": parse(text.encode())}, on_farm=True, node=NODE)
        return [*check(placed.application, None)]
    for path, content in files(rule, language, text):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content, "utf-8")
    return [*look([folder], listing(VALIDATION_KEY) if rule.id == "disclosed-key" else None).findings]


def files(rule: Rule, language: str, text: str) -> Iterator[tuple[str, str]]:
    if rule.id == "private-key-file":
        yield "key.pem", ENCRYPTED_PEM if "ENCRYPTED" in text else PEM
    elif language == "yaml":
        yield "inventory.yml", text
    elif NAMED.search(text):
        names = NAMED.findall(text)
        yield from zip(names, NAMED.split(text)[2::2], strict=True)
    else:
        yield "web.config", text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_page_says_what_the_rule_says(rule: Rule) -> None:
    text = page(rule)
    assert text.startswith(f"# `{rule.id}`: {rule.title}\n")
    assert f"**{rule.severity.value.capitalize()}.** {rule.reason}" in text
    assert f"Source: {rule.source}." in text
    assert rule.remedy[1:] in text.partition("## Remedy")[2]
    assert "## Accepting it" in text


@pytest.mark.parametrize("rule", EXAMPLES, ids=lambda rule: rule.id)
def test_a_rule_strikes_at_the_example_of_its_page(rule: Rule, tmp_path: Path) -> None:
    assert rule in [finding.rule for finding in found(rule, *example(rule, "At fault"), tmp_path)]


@pytest.mark.parametrize(
    "rule", [rule for rule in EXAMPLES if rule.id not in MENDED_ELSEWHERE], ids=lambda rule: rule.id
)
def test_a_rule_does_not_strike_at_what_its_page_calls_mended(rule: Rule, tmp_path: Path) -> None:
    assert rule not in [finding.rule for finding in found(rule, *example(rule, "Remedy"), tmp_path)]


def test_the_table_lists_every_rule_and_nothing_else() -> None:
    rows = re.findall(
        r"^\| \[`(.+?)`\]\((.+?)\.md\) \| (\w+) \| (.+) \|$", (PAGES / "README.md").read_text("utf-8"), re.M
    )
    assert rows == [(rule.id, rule.id, rule.severity.value, rule.title) for rule in sorted(RULES, key=lambda r: r.id)]


def test_no_page_is_left_of_a_rule_that_is_gone() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {"README", *(rule.id for rule in RULES)}


def test_ids_are_unique_and_made_of_words() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
    assert all(re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", rule.id) for rule in RULES)


def test_texts_of_rules_read_as_one_sentence_each() -> None:
    for rule in RULES:
        assert not rule.title.endswith("."), rule.id
        assert not rule.remedy.endswith("."), rule.id
        assert not rule.source.endswith("."), rule.id
        assert rule.reason.endswith("."), rule.id


def test_the_remedy_for_a_modifier_keeps_to_what_framework45_takes(tmp_path: Path) -> None:
    text = (
        '<configuration><system.web><machineKey compatibilityMode="Framework45" validationKey="{0},IsolateApps"'
        ' decryptionKey="{0},IsolateApps" /></system.web></configuration>'
    )
    struck = []
    for key in ("AutoGenerate", DECRYPTION_KEY):
        (tmp_path / "web.config").write_text(text.format(key), "utf-8")
        struck.append({each.rule.id for each in look([tmp_path], None, on_farm=False).findings})

    assert struck[0] == set()
    assert "invalid-key" in struck[1]
    assert "refuses an explicit key with one" in isolate_modifier.RULE.remedy
