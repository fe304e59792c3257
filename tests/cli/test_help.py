"""`--help` answers at once and with an example; wrong usage is exit code 1 with a hint."""

import re
import subprocess
import sys

import pytest

from keydeploy import __version__
from keydeploy.cli import main

VERBS = (
    "init",
    "adopt",
    "validate",
    "plan",
    "show",
    "apply",
    "rollback",
    "rotate",
    "drift",
    "status",
    "doctor",
    "lint",
    "explain",
    "rehearse",
    "generate",
    "sandbox",
)
HEAVY = ("ansible", "jsonschema", "rich", "yaml", "cryptography", "winrm")


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


@pytest.mark.parametrize("verb", [*((verb,) for verb in VERBS), ("sandbox", "create")], ids=" ".join)
def test_the_help_of_every_verb_has_an_example(verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(*verb, "--help") == 0
    assert f"example:\n  keydeploy {verb[0]} " in capsys.readouterr().out


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
from keydeploy.cli import main
try:
    main({arguments!r})
except SystemExit:
    print("imported:", sorted({HEAVY!r} & {{name.partition(".")[0] for name in sys.modules}}))
""".replace(repr(HEAVY), repr(set(HEAVY)))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.endswith("imported: []\n")
