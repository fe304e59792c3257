"""`--help` answers at once and with an example; wrong usage is exit code 1 with a hint."""

import argparse
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from keydeploy import __version__
from keydeploy.cli import main, parser

README = Path(__file__).parents[2] / "README.md"


def below(parser: argparse.ArgumentParser, *words: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of each command that *parser* knows."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield (*words, name)
                yield from below(command, *words, name)


COMMANDS = tuple(below(parser()))
VERBS = tuple(words[0] for words in COMMANDS if len(words) == 1)
HEAVY = ("ansible", "jsonschema", "rich", "yaml", "cryptography", "winrm", "jinja2", "shtab")


def answer(*arguments: str) -> int:
    """Run the command line in this process and answer its exit code, however it ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else -1


def test_help_lists_the_verbs_that_work_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer("--help") == 0
    text = capsys.readouterr().out

    assert tuple(re.findall(r"^    (\w+) ", text, re.MULTILINE)) == VERBS
    assert "5 roll-out incomplete · 6 policy · 130 interrupted" in text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_every_command_has_an_example_and_its_exit_codes(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert answer(*command, "--help") == 0
    text = capsys.readouterr().out
    assert f"example:\n  keydeploy {command[0]} " in text
    assert re.findall(r"^  (\d+) +\S", text.partition("exit codes:")[2], re.MULTILINE)[:2] == ["0", "1"]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_example_is_understood(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    answer(*command, "--help")
    examples = capsys.readouterr().out.partition("example:\n")[2].partition("\nexit codes:")[0]
    lines = [line.strip() for line in examples.splitlines() if line.strip()]
    assert lines
    for line in lines:
        for part in line.split(" | "):
            words = shlex.split(re.split(r" [<>] ", part)[0], comments=True)
            if words[0] == "keydeploy":
                assert parser().parse_args(words[1:]).run


def test_the_table_of_the_readme_names_every_command_and_no_other() -> None:
    rows = re.findall(r"^\| `([^`]+)`(.*?) \| ", README.read_text("utf-8").partition("## Commands")[2], re.MULTILINE)
    assert sorted(name.split()[0] for name, _ in rows) == sorted(VERBS)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("conjure",),
        ("plan",),
        ("plan", "inventory.yml", "--unknown"),
        ("plan", "inventory.yml", "--format", "xml"),
        ("apply", "inventory.yml", "--forks", "many"),
        ("apply", "inventory.yml", "--limit"),
        ("generate", "password"),
        ("sandbox",),
        ("sandbox", "create"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_an_error_with_a_hint(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(*arguments) == 1

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("keydeploy: error: ")
    assert "keydeploy: hint: keydeploy" in err


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer("--version") == 0
    assert capsys.readouterr().out == f"keydeploy {__version__}\n"


@pytest.mark.parametrize(
    "arguments", [("--help",), ("apply", "--help"), ("generate", "--help"), ("apply",)], ids=" ".join
)
def test_what_needs_no_ansible_imports_nothing_heavy(arguments: tuple[str, ...]) -> None:
    code = f"""
import sys
from keydeploy.cli import main, parser
try:
    main({arguments!r})
except SystemExit:
    print("imported:", sorted({HEAVY!r} & {{name.partition(".")[0] for name in sys.modules}}))
""".replace(repr(HEAVY), repr(set(HEAVY)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("imported: []\n")
