"""What is made from the program is as the program is, and what is written by hand names nothing that it has not."""

import argparse
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.generated import COMMANDS, page_of, parts_in, renewed, verbs
from tests.docs.pages import PAGES, ROOT, name_of, prose_of

WITH_PARTS = [page for page in PAGES if parts_in(page.read_text("utf-8"))]
SECTIONS = ("## When to use it", "## Example", "## Exit codes", "## See also")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("page", WITH_PARTS, ids=name_of)
def test_generated_parts_are_up_to_date(page: Path) -> None:
    text = page.read_text("utf-8")
    assert text == renewed(text), "python -m tests.docs.generated"


@pytest.mark.parametrize("verb", verbs())
def test_every_command_has_its_options_on_its_page(verb: str) -> None:
    assert ("command", verb) in parts_in(page_of(verb).read_text("utf-8"))


def test_no_page_is_left_of_a_command_that_is_gone() -> None:
    assert {page.stem for page in COMMANDS.glob("*.md")} == {"README", *(verb.partition(" ")[0] for verb in verbs())}


@pytest.mark.parametrize("verb", [verb for verb in verbs() if " " not in verb])
def test_the_page_of_a_command_tells_what_a_reader_asks(verb: str) -> None:
    text = page_of(verb).read_text("utf-8")
    assert text.startswith(f"# keydeploy {verb}\n")
    assert [section for section in SECTIONS if f"\n{section}\n" not in text] == []


def test_the_spec_has_a_table_for_everything_that_can_be_declared() -> None:
    parts = [name for kind, name in parts_in((ROOT / "docs/spec.md").read_text("utf-8")) if kind == "spec"]
    assert sorted(parts) == sorted(spec()["$defs"]["spec"]["properties"])


def test_every_setting_of_the_spec_says_what_it_means_and_shows_an_example() -> None:
    silent = [name for name, node in settings(spec()) if "description" not in node]
    without = [name for name, node in settings(spec()) if not {"x-example", "examples"} & {*node} and is_leaf(node)]
    assert (silent, without) == ([], [])


def spec() -> dict[str, Any]:
    content: dict[str, Any] = json.loads((ROOT / "schemas/spec.schema.json").read_text("utf-8"))
    return content


def settings(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each property of *schema* with what it refers to."""
    for name, definition in schema["$defs"].items():
        for key, value in definition.get("properties", {}).items():
            referred = schema["$defs"][value["$ref"].rpartition("/")[2]] if "$ref" in value else {}
            yield f"{name}.{key}", referred | value


def is_leaf(node: dict[str, Any]) -> bool:
    items = node.get("items", {})
    return "object" not in str(node["type"]) and "$ref" not in items


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_in_the_text_have_the_options_that_are_named(page: Path) -> None:
    unknown = [command for command in named(page) if not is_known(command)]
    assert unknown == []


def named(page: Path) -> list[str]:
    """Answer the commands of keydeploy that stand as code in the text of *page*; names of things may look like one."""
    found = re.findall(r"`(keydeploy ([a-z]+)[^`]*)`", prose_of(page))
    return [command for command, verb in found if verb in verbs() or re.search(r" --|\.yml", command)]


def is_known(command: str) -> bool:
    words = shlex.split(re.split(r" [|<>] |…", command)[0], comments=True)[1:]
    for length in (2, 1):
        if found := verbs().get(" ".join(words[:length])):
            options = {option for action in found._actions for option in action.option_strings}
            return {word.partition("=")[0] for word in words if word.startswith("--")} <= options
    return False


def test_a_command_with_another_option_is_noticed() -> None:
    assert is_known("keydeploy apply inventory.yml --leave-changed")
    assert not is_known("keydeploy apply inventory.yml --force")
    assert not is_known("keydeploy conjure")


def test_the_tests_that_the_security_model_names_are_there() -> None:
    found = TEST.findall((ROOT / "docs/security.md").read_text("utf-8"))
    assert len(found) > 10
    assert [name for file, name in found if f"def {name}(" not in (ROOT / file).read_text("utf-8")] == []


def test_options_that_are_hidden_from_help_are_hidden_here() -> None:
    shown = {page.stem: page.read_text("utf-8") for page in COMMANDS.glob("*.md")}
    for verb, found in verbs().items():
        for action in found._actions:
            if action.help == argparse.SUPPRESS:
                assert all(option not in shown[page_of(verb).stem] for option in action.option_strings)
